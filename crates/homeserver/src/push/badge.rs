//! How many messages a person has not read, over all rooms. Only rooms in which something changed are counted anew.

use std::collections::{HashMap, HashSet};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, params};
use ruma::RoomId;
use store::{
    receipts::{OWN_RECEIPTS, OwnReceipt, UNTHREADED},
    rooms::ROOM_ID,
    timeline::{LAST_OWN_EVENT, NOTIFYING},
};

use super::evaluate::Reader;
use crate::{
    Homeserver,
    sync::{
        preferences::preferences_of,
        unread::{self, Found},
    },
};

/// Rooms that are read with one question.
const AT_ONCE: usize = 50;

/// The count, by room.
#[derive(Debug, Default)]
pub struct Badge {
    rooms: HashMap<RoomNid, u64>,
    whole: bool,
}

impl Badge {
    /// Brings the count up to date; `changed` are the rooms where something happened, `None` stands for any.
    pub async fn follow(
        &mut self,
        hs: &Homeserver,
        reader: &Reader,
        changed: Option<&HashSet<RoomNid>>,
        upto: Pos,
    ) -> Result<u64, Error> {
        let mut rooms = hs.feeds.joined_rooms(reader.user);
        match changed {
            Some(changed) if self.whole => {
                for room in changed {
                    self.rooms.remove(room);
                }
                rooms.retain(|room| changed.contains(room));
            }
            _ => self.rooms.clear(),
        }
        let preferences = preferences_of(hs, reader.user, &reader.user_id).await?;
        let who = (reader.user, &*reader.user_id);
        for rooms in rooms.chunks(AT_ONCE) {
            let generation = hs.feeds.memory.read_places.generation();
            let mut set = ReadSet::new();
            for room in rooms {
                unread::push_reads(&mut set, reader.user, reader.user_id.as_str(), *room, upto);
                set.push(&NOTIFYING, params![room.0]);
                set.push(&ROOM_ID, params![room.0]);
            }
            let answers = hs.db.read(set).await?;
            for (room, answers) in rooms.iter().zip(answers.chunks_exact(unread::READS + 2)) {
                let (place, rest) = answers.split_at(unread::READS);
                let [newest, room_id] = rest else { continue };
                let Some(room_id) = room_id.first() else { continue };
                let room_id = RoomId::parse(room_id.get::<&str>(0)?)
                    .map_err(|_| Error::corrupt("rooms.room_id"))?;
                let newest = newest.first().map_or(Ok(0), |row| row.get(0))?;
                let found = (&Found::read(place)?, generation);
                let of = (*room, &*room_id);
                let counts =
                    unread::settle(hs, who, &preferences, of, found, (upto, Some(newest))).await?;
                let unread = counts.map_or(0, |counts| counts.total().notifications);
                self.rooms.insert(*room, unread);
            }
        }
        self.whole = true;
        Ok(self.rooms.values().sum())
    }
}

/// Up to which position the reader has read a room, or written in it.
pub async fn read_up_to(
    hs: &Homeserver,
    reader: &Reader,
    room: RoomNid,
    upto: Pos,
) -> Result<Pos, Error> {
    let mut set = ReadSet::new();
    set.push(&OWN_RECEIPTS, params![room.0, reader.user.0]);
    set.push(&LAST_OWN_EVENT, params![room.0, Pos::ZERO, upto, reader.user.0, 100]);
    let answers = hs.db.read(set).await?;
    let [receipts, own] = &answers[..] else { return Ok(Pos::ZERO) };
    let mut read = own.first().map_or(Ok(Pos::ZERO), |row| row.get(0))?;
    for row in receipts {
        let receipt = OwnReceipt::from_row(row)?;
        if matches!(receipt.thread.as_str(), UNTHREADED | "main") {
            read = read.max(receipt.event_pos);
        }
    }
    Ok(read)
}
