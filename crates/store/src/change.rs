//! What a row of the change log says: the meaning of [`db::Change`]'s three numbers.

use base::{DeviceNid, EventNid, RoomNid, UserNid};
use db::Change;

/// What a change touched, so that the right people are woken and read only that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touched {
    /// An event entered a room's timeline.
    Timeline { room: RoomNid, event: EventNid },
    /// A user joined a room. Always beside the `Timeline` change of the member event, and before it.
    Joined { room: RoomNid, user: UserNid },
    /// A user was invited to a room, or knocked.
    Invited { room: RoomNid, user: UserNid },
    /// A user left a room, or was kicked or banned. After the `Timeline` change, so that the leaver is still woken by it.
    Left { room: RoomNid, user: UserNid },
    /// A receipt in a room moved.
    Receipt { room: RoomNid, user: UserNid },
    /// Global account data (or push rules, `m.direct`, …) of a user changed.
    AccountData { user: UserNid },
    /// Room account data (tags, read markers, …) of a user changed.
    RoomAccountData { user: UserNid, room: RoomNid },
    /// A message waits for a device.
    ToDevice { user: UserNid, device: DeviceNid },
    /// The keys or devices of a user changed: all who share a room with them are told.
    DeviceList { user: UserNid },
    /// A user signed the keys of another: only the signer's own devices are told.
    Signed { user: UserNid, target: UserNid },
}

impl From<Touched> for Change {
    fn from(touched: Touched) -> Change {
        let (kind, subject, object) = match touched {
            Touched::Timeline { room, event } => (1, room.0, event.0),
            Touched::Joined { room, user } => (2, room.0, user.0),
            Touched::Invited { room, user } => (3, room.0, user.0),
            Touched::Left { room, user } => (4, room.0, user.0),
            Touched::Receipt { room, user } => (5, room.0, user.0),
            Touched::AccountData { user } => (6, user.0, 0),
            Touched::RoomAccountData { user, room } => (7, user.0, room.0),
            Touched::ToDevice { user, device } => (8, user.0, device.0),
            Touched::DeviceList { user } => (9, user.0, 0),
            Touched::Signed { user, target } => (10, user.0, target.0),
        };
        Change { kind, subject, object }
    }
}

impl Touched {
    /// Reads a row of the log. `None` for a kind that this version does not know.
    pub fn from_change(change: &Change) -> Option<Self> {
        let (subject, object) = (change.subject, change.object);
        Some(match change.kind {
            1 => Self::Timeline { room: RoomNid(subject), event: EventNid(object) },
            2 => Self::Joined { room: RoomNid(subject), user: UserNid(object) },
            3 => Self::Invited { room: RoomNid(subject), user: UserNid(object) },
            4 => Self::Left { room: RoomNid(subject), user: UserNid(object) },
            5 => Self::Receipt { room: RoomNid(subject), user: UserNid(object) },
            6 => Self::AccountData { user: UserNid(subject) },
            7 => Self::RoomAccountData { user: UserNid(subject), room: RoomNid(object) },
            8 => Self::ToDevice { user: UserNid(subject), device: DeviceNid(object) },
            9 => Self::DeviceList { user: UserNid(subject) },
            10 => Self::Signed { user: UserNid(subject), target: UserNid(object) },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_touch_survives_the_log() {
        let (room, user) = (RoomNid(7), UserNid(8));
        for touched in [
            Touched::Timeline { room, event: EventNid(9) },
            Touched::Joined { room, user },
            Touched::Invited { room, user },
            Touched::Left { room, user },
            Touched::Receipt { room, user },
            Touched::AccountData { user },
            Touched::RoomAccountData { user, room },
            Touched::ToDevice { user, device: DeviceNid(3) },
            Touched::DeviceList { user },
            Touched::Signed { user, target: UserNid(12) },
        ] {
            assert_eq!(Touched::from_change(&touched.into()), Some(touched));
        }
    }
}
