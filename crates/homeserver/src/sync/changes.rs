//! What may have changed for a user since a position: from the feed, or from the tables where the feed does not reach back.

use std::collections::HashMap;

use base::{DeviceNid, Pos, RoomNid};
use db::{Error, ReadSet, params};
use store::timeline::{CHANGED_ROOMS, LOG_FLOOR};

use crate::{
    Homeserver, Session,
    feeds::{Feed, Touch},
};

/// What may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rooms where something changed.
    pub rooms: HashMap<RoomNid, RoomChange>,
    /// Global account data.
    pub account_data: bool,
    /// Messages for the device.
    pub to_device: bool,
    /// Keys or devices of somebody, or with whom rooms are shared.
    pub device_lists: bool,
}

/// What may have changed in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// There are events in the timeline.
    pub timeline: bool,
    /// The user's own membership.
    pub membership: bool,
    /// Receipts.
    pub receipts: bool,
    /// The user's account data for the room.
    pub account_data: bool,
}

impl RoomChange {
    /// Everything may have changed.
    pub const ALL: Self =
        Self { timeline: true, membership: true, receipts: true, account_data: true };

    /// What changed in either.
    pub fn and(self, other: Self) -> Self {
        Self {
            timeline: self.timeline || other.timeline,
            membership: self.membership || other.membership,
            receipts: self.receipts || other.receipts,
            account_data: self.account_data || other.account_data,
        }
    }
}

/// From the touches of a feed, for one device.
fn from_touches(touches: &[(Pos, Touch)], device: DeviceNid) -> Changes {
    let mut changes = Changes::default();
    for (_, touch) in touches {
        match *touch {
            Touch::Room(room) => changes.rooms.entry(room).or_default().timeline = true,
            Touch::Membership(room) => {
                let change = changes.rooms.entry(room).or_default();
                // Who was out has not been told of receipts either.
                (change.membership, change.timeline, change.receipts) = (true, true, true);
                changes.device_lists = true;
            }
            Touch::Members(_) | Touch::DeviceList(_) => changes.device_lists = true,
            Touch::Receipt(room) => changes.rooms.entry(room).or_default().receipts = true,
            Touch::AccountData => changes.account_data = true,
            Touch::RoomAccountData(room) => {
                let change = changes.rooms.entry(room).or_default();
                // A private receipt is touched like account data: only its owner's devices are told.
                (change.account_data, change.receipts) = (true, true);
            }
            Touch::ToDevice(touched) => changes.to_device |= touched == device,
        }
    }
    changes
}

/// What may have changed after `since`; `None` if that is too long ago to be told, so that the device begins anew.
pub async fn since(
    hs: &Homeserver,
    session: &Session,
    feed: &Feed,
    since: Pos,
    upto: Pos,
) -> Result<Option<Changes>, Error> {
    if since > upto {
        // From a database that was restored to an earlier time.
        return Ok(None);
    }
    if let Some(touches) = feed.since(since) {
        return Ok(Some(from_touches(&touches, session.device)));
    }
    let set = ReadSet::new()
        .get(&LOG_FLOOR, params![])
        .get(&CHANGED_ROOMS, params![session.user.0, since]);
    let answer = hs.db.read(set).await?;
    let floor = answer[0].first().map(|row| row.get::<Option<Pos>>(0)).transpose()?.flatten();
    if floor.is_some_and(|floor| since.next() < floor) {
        return Ok(None);
    }
    let rooms = answer[1].iter().map(|row| Ok((RoomNid(row.get(0)?), RoomChange::ALL)));
    let rooms = rooms.collect::<Result<_, Error>>()?;
    Ok(Some(Changes { rooms, account_data: true, to_device: true, device_lists: true }))
}

#[cfg(test)]
mod tests {
    use base::UserNid;

    use super::*;

    #[test]
    fn only_the_rooms_that_were_touched_are_read() {
        let (quiet, loud) = (RoomNid(1), RoomNid(2));
        let touches = [
            (Pos::new(3), Touch::Room(loud)),
            (Pos::new(4), Touch::ToDevice(DeviceNid(8))),
            (Pos::new(5), Touch::Receipt(loud)),
            (Pos::new(6), Touch::DeviceList(UserNid(3))),
        ];
        let changes = from_touches(&touches, DeviceNid(9));
        assert_eq!(changes.rooms.get(&quiet), None);
        let expected = RoomChange { timeline: true, receipts: true, ..RoomChange::default() };
        assert_eq!(changes.rooms.get(&loud), Some(&expected));
        assert!(!changes.to_device, "a message for another device");
        assert!(changes.device_lists && !changes.account_data);
        assert!(from_touches(&touches, DeviceNid(8)).to_device);
    }

    #[test]
    fn a_joining_of_ones_own_bears_on_device_lists() {
        let changes = from_touches(&[(Pos::new(1), Touch::Membership(RoomNid(1)))], DeviceNid(1));
        assert!(changes.device_lists && changes.rooms[&RoomNid(1)].membership);
    }
}
