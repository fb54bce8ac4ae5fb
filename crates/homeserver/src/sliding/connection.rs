//! What a connection has sent, and which of it has arrived.
//!
//! Each answer is a step from what is confirmed. The step is taken when the client comes back with the answer's position; if it
//! comes back with the position before, the answer was lost, and another one is made from where the connection was.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base::{Pos, RoomNid};

use super::SlidingError;
use crate::{
    sync::{changes::RoomChange, unread::Count},
    typing::TypingSeq,
};

/// A connection of a device.
#[derive(Debug)]
pub struct Connection {
    /// Tells positions of this connection from those of one before it.
    epoch: u64,
    confirmed: Snapshot,
    confirmed_id: u64,
    proposed: Option<(u64, Step)>,
    last_id: u64,
    ticket: u64,
}

/// What the client has.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Up to which position; `None` at the beginning.
    pub since: Option<Pos>,
    /// Up to which typing change.
    pub typing: TypingSeq,
    /// The rooms that were sent.
    pub rooms: HashMap<RoomNid, SentRoom>,
    /// What changed in rooms that were sent, while they were not looked at.
    pub unseen: HashMap<RoomNid, RoomChange>,
    /// The lengths of the lists.
    pub counts: BTreeMap<String, u64>,
}

/// What the client has of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRoom {
    /// Up to which position.
    pub upto: Pos,
    /// As who: invitations are sent in another form.
    pub joined: bool,
    /// Most events that were asked for.
    pub timeline_limit: usize,
    /// Which state was asked for.
    pub required_state: BTreeSet<(String, String)>,
    /// Lazily loaded members that were sent.
    pub members: BTreeSet<String>,
    /// Unread messages that were told.
    pub unread: Count,
}

/// What an answer changes.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Up to which position.
    pub since: Pos,
    /// Up to which typing change.
    pub typing: TypingSeq,
    /// The rooms that were sent; `None` for those that the client no longer has.
    pub rooms: Vec<(RoomNid, Option<SentRoom>)>,
    /// What changed in rooms that were not looked at.
    pub unseen: Vec<(RoomNid, RoomChange)>,
    /// The lengths of the lists.
    pub counts: BTreeMap<String, u64>,
}

impl Snapshot {
    fn take(&mut self, step: Step) {
        self.since = Some(step.since);
        self.typing = step.typing;
        self.counts = step.counts;
        for (room, change) in step.unseen {
            let known = self.unseen.entry(room).or_default();
            *known = known.and(change);
        }
        for (room, sent) in step.rooms {
            self.unseen.remove(&room);
            match sent {
                Some(sent) => self.rooms.insert(room, sent),
                None => self.rooms.remove(&room),
            };
        }
    }
}

impl Connection {
    /// A connection that has sent nothing. `epoch` is random.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch,
            confirmed: Snapshot::default(),
            confirmed_id: 0,
            proposed: None,
            last_id: 0,
            ticket: 0,
        }
    }

    fn position(&self, id: u64) -> String {
        format!("{:016x}_{id}", self.epoch)
    }

    /// Goes on from the position that the client has; `None` is a new connection. Gives the request's ticket.
    pub fn resume(&mut self, pos: Option<&str>) -> Result<u64, SlidingError> {
        if let Some(pos) = pos {
            let arrived = self.proposed.as_ref().is_some_and(|(id, _)| self.position(*id) == pos);
            if arrived {
                if let Some((id, step)) = self.proposed.take() {
                    self.confirmed.take(step);
                    self.confirmed_id = id;
                }
            } else if self.confirmed_id > 0 && self.position(self.confirmed_id) == pos {
                self.proposed = None;
            } else {
                return Err(SlidingError::UnknownPos);
            }
        }
        self.ticket += 1;
        Ok(self.ticket)
    }

    /// Whether no other request came after this one.
    pub fn is_current(&self, ticket: u64) -> bool {
        self.ticket == ticket
    }

    /// What the client has.
    pub fn confirmed(&self) -> &Snapshot {
        &self.confirmed
    }

    /// An answer goes out: gives its position.
    pub fn propose(&mut self, step: Step) -> String {
        self.last_id += 1;
        self.proposed = Some((self.last_id, step));
        self.position(self.last_id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: RoomNid = RoomNid(1);

    fn sent(upto: u64) -> SentRoom {
        SentRoom {
            upto: Pos::new(upto),
            joined: true,
            timeline_limit: 1,
            required_state: BTreeSet::new(),
            members: BTreeSet::new(),
            unread: Count::default(),
        }
    }

    fn step(since: u64) -> Step {
        Step { since: Pos::new(since), rooms: vec![(ROOM, Some(sent(since)))], ..Step::default() }
    }

    #[test]
    fn an_answer_counts_when_the_client_comes_back_with_it() {
        let mut connection = Connection::new(7);
        connection.resume(None).expect("new");
        let first = connection.propose(step(10));
        assert_eq!(connection.confirmed().since, None, "it may still be lost");
        connection.resume(Some(&first)).expect("arrived");
        assert_eq!(connection.confirmed().since, Some(Pos::new(10)));
        assert_eq!(connection.confirmed().rooms[&ROOM], sent(10));
    }

    #[test]
    fn a_lost_answer_is_made_again_from_where_the_client_is() {
        let mut connection = Connection::new(7);
        connection.resume(None).expect("new");
        let first = connection.propose(step(10));
        connection.resume(Some(&first)).expect("arrived");
        let lost = connection.propose(step(20));
        connection.resume(Some(&first)).expect("the client has the first answer still");
        assert_eq!(connection.confirmed().since, Some(Pos::new(10)));
        assert!(matches!(connection.resume(Some(&lost)), Err(SlidingError::UnknownPos)));
    }

    #[test]
    fn positions_of_another_connection_are_unknown() {
        let mut before = Connection::new(7);
        before.resume(None).expect("new");
        let pos = before.propose(step(10));
        let mut after = Connection::new(8);
        after.resume(None).expect("new");
        after.propose(step(10));
        for pos in [pos.as_str(), "", "0", "0000000000000008_0", "0000000000000008_2"] {
            assert!(matches!(after.resume(Some(pos)), Err(SlidingError::UnknownPos)), "{pos}");
        }
    }

    #[test]
    fn what_was_not_looked_at_is_remembered_until_it_is_sent() {
        let mut connection = Connection::new(7);
        connection.resume(None).expect("new");
        let timeline = RoomChange { timeline: true, ..RoomChange::default() };
        let receipts = RoomChange { receipts: true, ..RoomChange::default() };
        for change in [timeline, receipts] {
            let pos = connection.propose(Step { unseen: vec![(ROOM, change)], ..Step::default() });
            connection.resume(Some(&pos)).expect("arrived");
        }
        assert_eq!(connection.confirmed().unseen[&ROOM], timeline.and(receipts));
        let pos = connection.propose(step(10));
        connection.resume(Some(&pos)).expect("arrived");
        assert!(connection.confirmed().unseen.is_empty());
    }

    #[test]
    fn an_older_request_knows_that_it_was_overtaken() {
        let mut connection = Connection::new(7);
        let ticket = connection.resume(None).expect("new");
        assert!(connection.is_current(ticket));
        let pos = connection.propose(step(10));
        connection.resume(Some(&pos)).expect("arrived");
        assert!(!connection.is_current(ticket));
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn any_other_position_is_unknown_and_changes_nothing(
            pos in prop_oneof![any::<String>(), "[0-9a-f]{0,16}_[-+0-9]{0,21}", "0{15}7_[0-9]{1,2}"],
        ) {
            let mut connection = Connection::new(7);
            connection.resume(None).expect("new");
            let first = connection.propose(step(10));
            connection.resume(Some(&first)).expect("arrived");
            let second = connection.propose(step(20));
            prop_assume!(pos != first && pos != second);
            prop_assert!(matches!(connection.resume(Some(&pos)), Err(SlidingError::UnknownPos)));
            prop_assert_eq!(connection.confirmed().since, Some(Pos::new(10)));
            connection.resume(Some(&second)).expect("still on its way");
            prop_assert_eq!(connection.confirmed().since, Some(Pos::new(20)));
        }
    }
}
