//! How far people's devices have come: what a device has acknowledged with its sync is on it.
//!
//! One position per person, in memory alone, that the next one replaces; a restart forgets all, and the next sync of a device
//! brings it back. Nothing says when a device was there, and nobody is told of what was read already (II.c).

use std::collections::{BTreeMap, HashMap};

use base::{Pos, UserNid};
use parking_lot::Mutex;
use ruma::{OwnedEventId, OwnedUserId, RoomId};

use crate::{
    Homeserver, Session,
    rooms::{Viewer, read::ReadError},
};

/// Most people whose place is kept.
const MAX_PEOPLE: usize = 100_000;
/// How many of a room's latest events are looked at.
const LOOKED_AT: i64 = 200;

/// The latest position that a device of each person has acknowledged.
#[derive(Debug, Default)]
pub struct Arrivals(Mutex<HashMap<UserNid, Pos>>);

impl Arrivals {
    /// A device of this person has everything up to here.
    pub fn note(&self, user: UserNid, pos: Pos) {
        let mut places = self.0.lock();
        if places.len() >= MAX_PEOPLE && !places.contains_key(&user) {
            places.clear();
        }
        let place = places.entry(user).or_insert(pos);
        *place = pos.max(*place);
    }

    fn of(&self, user: UserNid) -> Option<Pos> {
        self.0.lock().get(&user).copied()
    }
}

/// What of the asker's is where.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The asker's latest events in the room, newest first.
    pub events: Vec<OwnedEventId>,
    /// For each other member with unread ones among them: from which of these events on all are on a device of theirs.
    pub people: BTreeMap<OwnedUserId, usize>,
}

/// Which of the asker's latest events are on a device of each other member and not read yet.
pub async fn delivered(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Delivered, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let room = viewer.room;
    if !viewer.is_joined() {
        return Err(ReadError::NotInRoom);
    }
    let own = store::timeline::latest_of_sender(&hs.db, room, session.user, LOOKED_AT).await?;
    if own.is_empty() {
        return Ok(Delivered::default());
    }
    let read: HashMap<UserNid, Pos> =
        store::receipts::read_up_to(&hs.db, room).await?.into_iter().collect();
    let members = store::rooms::members(&hs.db, room).await?;
    let others = members
        .into_iter()
        .filter(|(user, _, membership)| *user != session.user && membership == "join");
    let people = others.filter_map(|(user, user_id, _)| {
        let place = place(&own, hs.arrivals.of(user)?, read.get(&user).copied())?;
        Some((user_id, place))
    });
    let people = people.collect();
    Ok(Delivered { events: own.into_iter().map(|(event, _)| event).collect(), people })
}

/// From which event on all have arrived; `None` if none has, or the latest of those was read. `own` stands newest first.
fn place(own: &[(OwnedEventId, Pos)], arrived: Pos, read: Option<Pos>) -> Option<usize> {
    let place = own.iter().position(|(_, pos)| *pos <= arrived)?;
    read.is_none_or(|read| read < own[place].1).then_some(place)
}

#[cfg(test)]
mod tests {
    use ruma::EventId;

    use super::*;

    #[test]
    fn a_place_only_moves_forwards() {
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.of(UserNid(1)), None);
        arrivals.note(UserNid(1), Pos::new(7));
        arrivals.note(UserNid(1), Pos::new(5));
        assert_eq!(arrivals.of(UserNid(1)), Some(Pos::new(7)));
        assert_eq!(arrivals.of(UserNid(2)), None);
    }

    #[test]
    fn what_was_read_is_not_told_as_delivered() {
        let event = |id: &str| EventId::parse(id).unwrap();
        let own =
            [(event("$c"), Pos::new(9)), (event("$b"), Pos::new(6)), (event("$a"), Pos::new(3))];
        let told = |arrived, read: Option<u64>| place(&own, Pos::new(arrived), read.map(Pos::new));
        assert_eq!(told(2, None), None);
        assert_eq!(told(7, None), Some(1));
        assert_eq!(told(7, Some(3)), Some(1));
        assert_eq!(told(7, Some(6)), None);
        assert_eq!(told(20, Some(6)), Some(0));
    }
}
