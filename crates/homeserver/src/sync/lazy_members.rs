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

/// The members that a device was told of, by a keyed hash of room and name, and up to where the answer went that told it.
/// Everybody in a ward has told everybody's device: names would be the largest part of what a waiting client costs.
type Sent = HashMap<u64, Pos>;

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
        let devices = self.devices.lock();
        devices.get(&device).and_then(|sent| sent.get(&member)).is_some_and(|told| *told <= since)
    }

    /// The device is told of a member in the answer up to `upto`.
    pub fn tell(&self, device: DeviceNid, room: RoomNid, user: &str, upto: Pos) {
        let member = self.hasher.hash_one((room, user));
        let mut devices = self.devices.lock();
        if devices.len() >= MAX_DEVICES && !devices.contains_key(&device) {
            devices.clear();
        }
        let members = devices.entry(device).or_default();
        if members.len() >= MAX_MEMBERS {
            members.clear();
        }
        members.insert(member, upto);
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
    }
}
