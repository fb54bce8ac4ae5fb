//! Unread counts: the room's running number of messages, less its value where the reader has read to.
//! <https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications>
//!
//! No row is written per member and message. Who writes in a room has read it: own messages never count. How far that is
//! costs a look back through the room, so that it is remembered and then follows the events as they are read.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use super::timelines::Timeline;
use base::{Pos, RoomNid, UserNid};
use db::{Error, ReadSet, Row, params};
use parking_lot::Mutex;
use store::{
    receipts::{OWN_RECEIPTS, OwnReceipt, UNTHREADED},
    timeline::{LAST_OWN_EVENT, NOTIFYING_AT_JOIN},
};

/// How far back an own message is looked for. Behind as many unread messages the exact number is of no use.
const LOOKED_AT: u32 = 500;
/// Most places that are remembered.
const MAX_PLACES: usize = 500_000;

/// How far readers have read, as a running number of messages.
#[derive(Debug, Default)]
pub struct ReadPlaces {
    places: Mutex<HashMap<(UserNid, RoomNid), ReadPlace>>,
    /// Raised when a receipt moves: what was read from the tables before must not be remembered afterwards.
    generation: AtomicU64,
}

/// How far a reader has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlace {
    /// Own events up to here are taken into account.
    pub as_of: Pos,
    /// Running number of messages there.
    pub notifying: i64,
}

impl ReadPlaces {
    /// What is remembered of a reader in a room.
    pub fn get(&self, user: UserNid, room: RoomNid) -> Option<ReadPlace> {
        self.places.lock().get(&(user, room)).copied()
    }

    /// To be taken before places are read from the tables.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Remembers a place that was read from the tables at `generation`.
    pub fn remember(&self, user: UserNid, room: RoomNid, place: ReadPlace, generation: u64) {
        let mut places = self.places.lock();
        if self.generation() != generation {
            return;
        }
        if places.len() >= MAX_PLACES {
            places.clear();
        }
        places.insert((user, room), place);
    }

    /// Follows an own event, or that nothing of the reader's own came up to `as_of`.
    fn follow(&self, user: UserNid, room: RoomNid, place: ReadPlace) {
        if let Some(known) = self.places.lock().get_mut(&(user, room)) {
            known.as_of = known.as_of.max(place.as_of);
            known.notifying = known.notifying.max(place.notifying);
        }
    }

    /// How far a reader has read, if that is remembered and the timeline goes on from there.
    pub fn followed(
        &self,
        user: UserNid,
        room: RoomNid,
        timeline: &Timeline,
        since: Option<Pos>,
        upto: Pos,
    ) -> Option<ReadPlace> {
        let known = self.get(user, room)?;
        let goes_on = timeline.whole && since.is_some_and(|since| since <= known.as_of);
        if !goes_on && known.as_of < upto {
            return None;
        }
        let notifying = timeline.last_own.map_or(known.notifying, |own| own.max(known.notifying));
        let place = ReadPlace { as_of: upto.max(known.as_of), notifying };
        self.follow(user, room, place);
        Some(place)
    }

    /// A receipt moved to where the running number of messages is `notifying`.
    pub fn moved(&self, user: UserNid, room: RoomNid, notifying: i64) {
        let mut places = self.places.lock();
        self.generation.fetch_add(1, Ordering::SeqCst);
        if let Some(known) = places.get_mut(&(user, room)) {
            known.notifying = known.notifying.max(notifying);
        }
    }
}

/// Adds to the set what a place is read from.
pub fn push_reads(set: &mut ReadSet, user: UserNid, user_id: &str, room: RoomNid, upto: Pos) {
    set.push(&OWN_RECEIPTS, params![room.0, user.0]);
    set.push(&NOTIFYING_AT_JOIN, params![room.0, user_id]);
    set.push(&LAST_OWN_EVENT, params![room.0, Pos::ZERO, upto, user.0, LOOKED_AT]);
}

/// The place from the three answers of [`push_reads`].
pub fn place_of(
    receipts: &[Row],
    membership: &[Row],
    own: &[Row],
    as_of: Pos,
) -> Result<ReadPlace, Error> {
    let mut notifying = membership.first().map_or(Ok(0), |row| row.get(0))?;
    if let Some(row) = own.first() {
        notifying = notifying.max(row.get(1)?);
    }
    for row in receipts {
        notifying = notifying.max(read_by(&OwnReceipt::from_row(row)?));
    }
    Ok(ReadPlace { as_of, notifying })
}

/// Up to which message of the room as a whole a receipt says that it is read: a thread's receipt says nothing of that.
fn read_by(receipt: &OwnReceipt) -> i64 {
    match receipt.thread.as_str() {
        UNTHREADED | "main" => receipt.notifying,
        _ => 0,
    }
}

/// How many messages are unread where the room's running number is `newest`.
pub fn unread(newest: i64, place: ReadPlace) -> u64 {
    u64::try_from(newest - place.notifying).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserNid = UserNid(1);
    const ROOM: RoomNid = RoomNid(1);

    fn place(as_of: u64, notifying: i64) -> ReadPlace {
        ReadPlace { as_of: Pos::new(as_of), notifying }
    }

    #[test]
    fn what_came_after_the_place_is_unread() {
        assert_eq!(unread(12, place(0, 7)), 5);
        assert_eq!(unread(7, place(0, 7)), 0);
        assert_eq!(
            unread(5, place(0, 7)),
            0,
            "a receipt ahead of the answer leaves nothing unread"
        );
    }

    #[test]
    fn the_receipt_of_a_thread_leaves_the_room_unread() {
        let receipt = |thread: &str| OwnReceipt {
            kind: "m.read".to_owned(),
            thread: thread.to_owned(),
            event_id: "$a".to_owned(),
            event_pos: Pos::new(3),
            notifying: 7,
        };
        assert_eq!(read_by(&receipt(UNTHREADED)), 7);
        assert_eq!(read_by(&receipt("main")), 7);
        assert_eq!(read_by(&receipt("$root")), 0);
    }

    #[test]
    fn a_place_never_moves_backwards() {
        let places = ReadPlaces::default();
        places.remember(ANNA, ROOM, place(10, 5), places.generation());
        places.moved(ANNA, ROOM, 3);
        places.follow(ANNA, ROOM, place(9, 4));
        assert_eq!(places.get(ANNA, ROOM), Some(place(10, 5)));
        places.follow(ANNA, ROOM, place(12, 6));
        assert_eq!(places.get(ANNA, ROOM), Some(place(12, 6)));
    }

    #[test]
    fn what_was_read_before_a_receipt_moved_is_not_remembered() {
        let places = ReadPlaces::default();
        let generation = places.generation();
        places.moved(ANNA, ROOM, 9);
        places.remember(ANNA, ROOM, place(10, 5), generation);
        assert_eq!(places.get(ANNA, ROOM), None);
    }
}
