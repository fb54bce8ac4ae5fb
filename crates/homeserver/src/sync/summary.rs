//! What a room is called, who is in it and how many: the same for all readers, and so kept by the version of the room's state.

use std::{collections::HashMap, sync::Arc};

use base::RoomNid;
use db::{Error, ReadSet, Row, params};
use parking_lot::Mutex;
use store::timeline::{HEROES, LOOKS, MEMBER_COUNTS, PAST_HEROES, STATE_VERSION, StatePart};

use super::event::content_text;
use crate::json_writer::Object;

/// How many others name a room without a name. <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync_response-200_roomsummary>
const HEROES_SHOWN: usize = 5;
/// Most rooms of which a summary is kept.
const MAX_ROOMS: usize = 10_000;
/// Answers of one summary in a set of reads.
pub const READS: usize = 5;

/// What readers see of a room in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The version of the room's state that this is.
    pub state_ver: i64,
    /// Name, or else the canonical alias.
    pub name: Option<String>,
    /// Picture, `mxc://…`.
    pub avatar: Option<String>,
    /// Joined people.
    pub joined: u64,
    /// Invited people.
    pub invited: u64,
    /// Some of those who are here, one more than are shown, so that the reader can be left out.
    present: Vec<Hero>,
    /// Some of those who left, for a room where nobody else is.
    past: Vec<Hero>,
}

/// Somebody after whom a room without a name is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hero {
    /// Matrix user id.
    pub user_id: String,
    /// Their name in the room.
    pub name: Option<String>,
    /// Their picture in the room.
    pub avatar: Option<String>,
}

/// Summaries that were read lately.
#[derive(Debug, Default)]
pub struct Summaries {
    rooms: Mutex<HashMap<RoomNid, Arc<Summary>>>,
}

impl Summaries {
    /// The summary at a version of the room's state, if it is kept.
    pub fn at(&self, room: RoomNid, state_ver: i64) -> Option<Arc<Summary>> {
        self.rooms.lock().get(&room).filter(|summary| summary.state_ver == state_ver).cloned()
    }

    /// Keeps a summary.
    pub fn keep(&self, room: RoomNid, summary: Summary) -> Arc<Summary> {
        let summary = Arc::new(summary);
        let mut rooms = self.rooms.lock();
        if rooms.len() >= MAX_ROOMS {
            rooms.clear();
        }
        rooms.insert(room, summary.clone());
        summary
    }
}

/// Adds to the set what a summary is read from: [`READS`] answers.
pub fn push_reads(set: &mut ReadSet, room: RoomNid) {
    let limit = HEROES_SHOWN + 1;
    set.push(&STATE_VERSION, params![room.0]);
    set.push(&LOOKS, params![room.0]);
    set.push(&MEMBER_COUNTS, params![room.0]);
    set.push(&HEROES, params![room.0, limit]);
    set.push(&PAST_HEROES, params![room.0, limit]);
}

/// The summary from the answers of [`push_reads`].
pub fn summary_of(answers: &[Vec<Row>]) -> Result<Summary, Error> {
    let [version, looks, counts, present, past] = answers else { return Ok(Summary::default()) };
    let mut summary = Summary {
        state_ver: version.first().map_or(Ok(0), |row| row.get(0))?,
        ..Summary::default()
    };
    let mut alias = None;
    for row in looks {
        let part = StatePart::from_row(row)?;
        match part.kind.as_str() {
            "m.room.name" => summary.name = content_text(&part.client, "name"),
            "m.room.avatar" => summary.avatar = content_text(&part.client, "url"),
            _ => alias = content_text(&part.client, "alias"),
        }
    }
    summary.name = summary.name.or(alias);
    for row in counts {
        match row.get(0)? {
            "join" => summary.joined = row.get(1)?,
            "invite" => summary.invited = row.get(1)?,
            _ => {}
        }
    }
    let hero = |row: &Row| {
        let client: &[u8] = row.get(2)?;
        Ok(Hero {
            user_id: row.get(0)?,
            name: content_text(client, "displayname"),
            avatar: content_text(client, "avatar_url"),
        })
    };
    summary.present = present.iter().map(hero).collect::<Result<_, Error>>()?;
    summary.past = past.iter().map(hero).collect::<Result<_, Error>>()?;
    Ok(summary)
}

impl Summary {
    /// Those after whom the room is called for this reader.
    pub fn heroes(&self, reader: &str) -> Vec<&Hero> {
        let others = |heroes: &'_ [Hero]| -> Vec<usize> {
            let found = heroes.iter().enumerate().filter(|(_, hero)| hero.user_id != reader);
            found.map(|(index, _)| index).take(HEROES_SHOWN).collect()
        };
        let present = others(&self.present);
        if present.is_empty() {
            return others(&self.past).into_iter().map(|index| &self.past[index]).collect();
        }
        present.into_iter().map(|index| &self.present[index]).collect()
    }

    /// Writes the summary of `/v3/sync`.
    pub fn write(&self, object: &mut Object<'_>, reader: &str) {
        if self.name.is_none() {
            let ids = self.heroes(reader).into_iter().map(|hero| hero.user_id.as_str());
            super::event::write_texts(object, "m.heroes", ids);
        }
        object.number("m.joined_member_count", self.joined);
        object.number("m.invited_member_count", self.invited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hero(id: &str) -> Hero {
        Hero { user_id: id.to_owned(), name: None, avatar: None }
    }

    #[test]
    fn a_room_is_called_after_five_others_at_most() {
        let present = ["@a", "@b", "@c", "@d", "@e", "@f"].map(hero).into();
        let summary = Summary { present, ..Summary::default() };
        let ids = |reader| {
            summary.heroes(reader).into_iter().map(|hero| hero.user_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids("@c"), ["@a", "@b", "@d", "@e", "@f"]);
        assert_eq!(ids("@z"), ["@a", "@b", "@c", "@d", "@e"]);
    }

    #[test]
    fn a_room_that_others_have_left_is_called_after_them() {
        let summary =
            Summary { present: vec![hero("@me")], past: vec![hero("@gone")], ..Summary::default() };
        assert_eq!(summary.heroes("@me"), [&hero("@gone")]);
    }
}
