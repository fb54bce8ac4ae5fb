//! The latest events of busy rooms, in memory: whoever waits for a room reads them once for all.
//!
//! A room's memory covers the positions `(after, upto]` without gap and grows when a reader comes with a later position. Of
//! a hundred members who are woken by one message, one reads it from the database. A redaction changes stored events, so
//! that what came before it is forgotten when it is met.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, Row, params};
use parking_lot::Mutex;
use store::rooms::{self as rows, EventRow};

use super::event::{Replaced, TimelineEvent, content_of};
use crate::{Homeserver, rooms::relations::relation_in};

/// Most events of one room.
const MAX_EVENTS: usize = 32;
/// Most bytes of events of one room.
const MAX_BYTES: usize = 64 * 1024;
/// Most rooms.
const MAX_ROOMS: usize = 1_000;

/// The rooms that were read lately.
#[derive(Debug, Default)]
pub struct LiveRooms {
    rooms: Mutex<HashMap<RoomNid, Arc<LiveRoom>>>,
}

#[derive(Debug)]
struct LiveRoom {
    /// An asynchronous lock: who waits for it finds what the one before has read.
    recent: tokio::sync::Mutex<Recent>,
}

#[derive(Debug)]
struct Recent {
    after: Pos,
    upto: Pos,
    bytes: usize,
    events: VecDeque<Arc<TimelineEvent>>,
}

impl Recent {
    fn starting_at(pos: Pos) -> Self {
        Self { after: pos, upto: pos, bytes: 0, events: VecDeque::new() }
    }

    /// Takes in the events of `(self.upto, upto]`, oldest first.
    fn extend(&mut self, events: Vec<TimelineEvent>, upto: Pos) {
        for event in events {
            if event.row.kind == "m.room.redaction" {
                self.forget_before(event.row.pos.unwrap_or(upto));
            }
            if let Some((target, _)) = relation_in(&event.row.client) {
                self.mark_related(&target);
            }
            self.bytes += event.row.client.len();
            self.events.push_back(Arc::new(event));
        }
        while self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.row.client.len();
            self.after = oldest.row.pos.unwrap_or(upto);
        }
        self.upto = upto;
    }

    /// Another event refers to this one, which was not so when it was read.
    fn mark_related(&mut self, target: &str) {
        for known in &mut self.events {
            if known.row.event_id.as_str() == target {
                Arc::make_mut(known).row.related = true;
            }
        }
    }

    fn forget_before(&mut self, pos: Pos) {
        self.events.clear();
        self.bytes = 0;
        self.after = Pos::new(pos.get().saturating_sub(1));
    }

    fn between(&self, since: Pos, upto: Pos) -> Option<Vec<Arc<TimelineEvent>>> {
        if since < self.after || upto > self.upto {
            return None;
        }
        let inside = |event: &&Arc<TimelineEvent>| {
            event.row.pos.is_some_and(|pos| pos > since && pos <= upto)
        };
        Some(self.events.iter().filter(inside).cloned().collect())
    }
}

impl LiveRooms {
    fn room(&self, room: RoomNid, since: Pos) -> Arc<LiveRoom> {
        let mut rooms = self.rooms.lock();
        if rooms.len() >= MAX_ROOMS && !rooms.contains_key(&room) {
            // Whoever still reads one of them keeps it until done; busy rooms are back with their next message.
            rooms.clear();
        }
        let fresh =
            || Arc::new(LiveRoom { recent: tokio::sync::Mutex::new(Recent::starting_at(since)) });
        rooms.entry(room).or_insert_with(fresh).clone()
    }

    /// Forgets what was read of a room: some of it is deleted.
    pub fn forget(&self, room: RoomNid) {
        self.rooms.lock().remove(&room);
    }

    /// All events of a room in `(since, upto]`, oldest first; `None` if they are too many or too old to be kept here.
    pub async fn between(
        &self,
        hs: &Homeserver,
        room: RoomNid,
        since: Pos,
        upto: Pos,
    ) -> Result<Option<Vec<Arc<TimelineEvent>>>, Error> {
        let live = self.room(room, since);
        let mut recent = live.recent.lock().await;
        if recent.upto < upto {
            let (more, events) = latest(hs, room, recent.upto, upto).await?;
            if more {
                let first = events.first().and_then(|event| event.row.pos).unwrap_or(upto);
                recent.forget_before(first);
            }
            recent.extend(events, upto);
        }
        Ok(recent.between(since, upto))
    }
}

/// The last events in `(after, upto]`, oldest first, and whether there are more.
async fn latest(
    hs: &Homeserver,
    room: RoomNid,
    after: Pos,
    upto: Pos,
) -> Result<(bool, Vec<TimelineEvent>), Error> {
    let limit = u32::try_from(MAX_EVENTS).expect("a small number");
    let mut events = rows::timeline(&hs.db, room, after, upto, limit + 1, true).await?;
    let more = events.len() > MAX_EVENTS;
    events.truncate(MAX_EVENTS);
    events.reverse();
    Ok((more, with_prev_content(hs, events).await?))
}

/// Adds to state events what they replaced.
pub async fn with_prev_content(
    hs: &Homeserver,
    events: Vec<EventRow>,
) -> Result<Vec<TimelineEvent>, Error> {
    let mut set = ReadSet::new();
    for row in &events {
        if let Some(state_key) = &row.state_key {
            let before = row.state_ver - 1;
            set.push(
                &rows::STATE_ENTRY_AT,
                params![row.room.0, row.kind.as_str(), state_key.as_str(), before],
            );
        }
    }
    let mut replaced = hs.db.read(set).await?.into_iter();
    let with = |row: EventRow| {
        let before = row.state_key.as_ref().and_then(|_| replaced.next()).unwrap_or_default();
        let replaced = before.first().map(replaced_of).transpose()?;
        Ok(TimelineEvent { row, replaced, relations: None })
    };
    events.into_iter().map(with).collect()
}

fn replaced_of(row: &Row) -> Result<Replaced, Error> {
    let client = row.get(2)?;
    Ok(Replaced { event_id: row.get(1)?, state_ver: row.get(3)?, content: content_of(&client) })
}

#[cfg(test)]
mod tests {
    use base::{EventNid, Timestamp};
    use bytes::Bytes;
    use ruma::{owned_event_id, owned_user_id};

    use super::*;

    fn event(pos: u64, kind: &str, bytes: usize) -> TimelineEvent {
        let row = EventRow {
            event: EventNid(1),
            room: RoomNid(1),
            event_id: owned_event_id!("$a"),
            pos: Some(Pos::new(pos)),
            kind: kind.to_owned(),
            state_key: None,
            sender: owned_user_id!("@x:x"),
            ts: Timestamp(0),
            state_ver: 1,
            notifying: 0,
            redacted_because: None,
            transaction: None,
            client: Bytes::from(vec![b'x'; bytes]),
            related: false,
            apart: None,
        };
        row.into()
    }

    fn positions(recent: &Recent, since: u64, upto: u64) -> Option<Vec<u64>> {
        let events = recent.between(Pos::new(since), Pos::new(upto))?;
        Some(events.iter().filter_map(|event| event.row.pos).map(Pos::get).collect())
    }

    #[test]
    fn a_range_is_answered_only_if_it_is_whole() {
        let mut recent = Recent::starting_at(Pos::new(10));
        recent.extend(
            vec![event(12, "m.room.encrypted", 1), event(15, "m.room.encrypted", 1)],
            Pos::new(16),
        );
        assert_eq!(positions(&recent, 10, 16), Some(vec![12, 15]));
        assert_eq!(positions(&recent, 12, 14), Some(vec![]));
        assert_eq!(positions(&recent, 9, 16), None);
        assert_eq!(positions(&recent, 10, 17), None);
    }

    #[test]
    fn a_redaction_makes_forget_what_it_may_have_changed() {
        let mut recent = Recent::starting_at(Pos::new(10));
        recent.extend(vec![event(12, "m.room.encrypted", 1)], Pos::new(12));
        recent.extend(
            vec![event(13, "m.room.redaction", 1), event(14, "m.room.encrypted", 1)],
            Pos::new(14),
        );
        assert_eq!(positions(&recent, 10, 14), None);
        assert_eq!(positions(&recent, 12, 14), Some(vec![13, 14]));
    }

    #[test]
    fn an_event_is_marked_when_another_comes_that_refers_to_it() {
        let mut recent = Recent::starting_at(Pos::new(10));
        recent.extend(vec![event(12, "m.room.encrypted", 1)], Pos::new(12));
        let mut answer = event(13, "m.room.encrypted", 1);
        let client = r#"{"content":{"m.relates_to":{"rel_type":"m.thread","event_id":"$a"}}}"#;
        answer.row.client = Bytes::from_static(client.as_bytes());
        answer.row.event_id = owned_event_id!("$b");
        recent.extend(vec![answer], Pos::new(13));
        let marks: Vec<_> = recent.events.iter().map(|event| event.row.related).collect();
        assert_eq!(marks, [true, false]);
    }

    #[test]
    fn a_room_keeps_a_bounded_number_of_events_and_bytes() {
        let mut recent = Recent::starting_at(Pos::new(0));
        recent.extend((1..=100).map(|pos| event(pos, "m", 1)).collect(), Pos::new(100));
        assert_eq!(recent.events.len(), MAX_EVENTS);
        assert_eq!(
            positions(&recent, 100 - MAX_EVENTS as u64, 100).map(|events| events.len()),
            Some(MAX_EVENTS)
        );
        assert_eq!(positions(&recent, 99 - MAX_EVENTS as u64, 100), None);
        recent.extend(vec![event(101, "m", MAX_BYTES)], Pos::new(101));
        assert_eq!(positions(&recent, 100, 101), Some(vec![101]));
        assert_eq!(positions(&recent, 99, 101), None);
    }
}
