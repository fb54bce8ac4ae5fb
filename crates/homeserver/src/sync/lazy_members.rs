//! Which members a device was told of, so that lazily loaded ones are not sent again with each message.
//! <https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members>
//!
//! A member counts as known only when the device came back with the token of the answer that held it.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use base::{DeviceNid, Pos, RoomNid};
use parking_lot::Mutex;

/// Most members that are remembered of one device.
const MAX_MEMBERS: usize = 4_096;
/// Most devices.
const MAX_DEVICES: usize = 20_000;
/// Most answers that are told apart of one device.
const MAX_ANSWERS: usize = 8;

/// The members that a device was told of, by the answers that told it: up to where each went, and a keyed hash of room and
/// name for each member. Everybody in a ward has told everybody's device: names, or a map, would be the largest part of
/// what a waiting client costs.
#[derive(Debug, Default)]
struct Sent(Vec<(Pos, Vec<u64>)>);

impl Sent {
    fn len(&self) -> usize {
        self.0.iter().map(|(_, members)| members.len()).sum()
    }

    /// Whether an answer at or before `since` told of the member.
    fn knows(&self, member: u64, since: Pos) -> bool {
        self.0.iter().any(|(told, members)| *told <= since && members.contains(&member))
    }

    fn tell(&mut self, member: u64, upto: Pos) {
        match self.0.last_mut() {
            Some((told, members)) if *told == upto => members.push(member),
            _ => self.0.push((upto, vec![member])),
        }
        // Two old answers count as one that went as far as the later: it is told again, at worst.
        if self.0.len() > MAX_ANSWERS {
            let (told, members) = self.0.remove(0);
            let next = &mut self.0[0];
            next.0 = next.0.max(told);
            next.1.extend(members);
        }
    }
}

/// The members that devices were told of.
#[derive(Debug, Default)]
pub struct LazyMembers {
    hasher: RandomState,
    devices: Mutex<HashMap<DeviceNid, Sent>>,
}

impl LazyMembers {
    /// Whether the device was told of a member in an answer up to `since`.
    pub fn knows(&self, device: DeviceNid, room: RoomNid, user: &str, since: Option<Pos>) -> bool {
        let Some(since) = since else { return false };
        let member = self.hasher.hash_one((room, user));
        self.devices.lock().get(&device).is_some_and(|sent| sent.knows(member, since))
    }

    /// The device begins anew, and has nothing of what it was told.
    pub fn forget(&self, device: DeviceNid) {
        self.devices.lock().remove(&device);
    }

    /// The device is told of a member in the answer up to `upto`.
    pub fn tell(&self, device: DeviceNid, room: RoomNid, user: &str, upto: Pos) {
        let member = self.hasher.hash_one((room, user));
        let mut devices = self.devices.lock();
        if devices.len() >= MAX_DEVICES && !devices.contains_key(&device) {
            devices.clear();
        }
        let sent = devices.entry(device).or_default();
        if sent.len() >= MAX_MEMBERS {
            sent.0.clear();
        }
        sent.tell(member, upto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_known_when_the_answer_has_arrived() {
        let (members, device, room) = (LazyMembers::default(), DeviceNid(1), RoomNid(1));
        members.tell(device, room, "@anna:x", Pos::new(7));
        assert!(members.knows(device, room, "@anna:x", Some(Pos::new(7))));
        assert!(
            !members.knows(device, room, "@anna:x", Some(Pos::new(6))),
            "a request that is repeated"
        );
        assert!(!members.knows(device, room, "@anna:x", None), "a device that begins anew");
        assert!(!members.knows(DeviceNid(2), room, "@anna:x", Some(Pos::new(9))));
        members.forget(device);
        assert!(!members.knows(device, room, "@anna:x", Some(Pos::new(9))));
    }

    #[test]
    fn many_answers_are_told_apart_as_far_as_they_may_be_repeated() {
        let mut sent = Sent::default();
        for answer in 1..=20 {
            sent.tell(answer, Pos::new(answer));
        }
        assert_eq!((sent.0.len(), sent.len()), (MAX_ANSWERS, 20));
        assert!((1..=20).all(|member| sent.knows(member, Pos::new(20))));
        assert!(sent.knows(19, Pos::new(19)) && !sent.knows(20, Pos::new(19)));
        assert!(!sent.knows(1, Pos::new(1)), "it is told again rather than not at all");
    }
}
