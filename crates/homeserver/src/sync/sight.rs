//! Which events of a room one reader may see, and what the reader was at each: decided in memory from two short histories.

use bytes::Bytes;
use room::{Viewpoint, visible};
use ruma::events::room::{history_visibility::HistoryVisibility, member::MembershipState};
use serde::Deserialize;
use store::{rooms::EventRow, timeline::StateVersion};

/// A reader's sight of a room.
#[derive(Clone, Debug)]
pub enum Sight {
    /// The reader is in the room, and was throughout what is looked at.
    Member,
    /// It depends.
    Varying(Histories),
}

/// What a reader's sight depends on, by state version.
#[derive(Clone, Debug, Default)]
pub struct Histories {
    visibility: Vec<(i64, i64, HistoryVisibility)>,
    membership: Vec<(i64, i64, MembershipState)>,
}

#[derive(Deserialize)]
struct WithContent<T> {
    content: T,
}

#[derive(Deserialize)]
struct Visibility {
    history_visibility: HistoryVisibility,
}

#[derive(Deserialize)]
struct Member {
    membership: MembershipState,
}

fn content<T: for<'a> Deserialize<'a>>(client: &Bytes) -> Option<T> {
    serde_json::from_slice::<WithContent<T>>(client).ok().map(|event| event.content)
}

fn at<T>(versions: &[(i64, i64, T)], version: i64) -> Option<&T> {
    versions.iter().find(|(from, to, _)| *from <= version && version < *to).map(|(.., value)| value)
}

impl Histories {
    /// From all versions of the room's history visibility and of the reader's membership.
    pub fn new(visibility: &[StateVersion], membership: &[StateVersion]) -> Self {
        let visibility = visibility.iter().filter_map(|version| {
            content::<Visibility>(&version.client)
                .map(|content| (version.from, version.to, content.history_visibility))
        });
        let membership = membership.iter().filter_map(|version| {
            content::<Member>(&version.client)
                .map(|content| (version.from, version.to, content.membership))
        });
        Self { visibility: visibility.collect(), membership: membership.collect() }
    }

    /// What the reader was at a version.
    pub fn membership_at(&self, version: i64) -> Option<&MembershipState> {
        at(&self.membership, version)
    }

    fn sees_at(&self, version: i64) -> bool {
        let joined_later = self
            .membership
            .iter()
            .any(|(from, _, state)| *from > version && *state == MembershipState::Join);
        visible(&Viewpoint {
            visibility: at(&self.visibility, version),
            membership: self.membership_at(version),
            joined_later,
        })
    }

    fn sees(&self, user_id: &str, event: &EventRow) -> bool {
        // These two events are seen from either side of the change that they make.
        let own = event.kind == "m.room.member" && event.state_key.as_deref() == Some(user_id);
        let either_side = own || event.kind == "m.room.history_visibility";
        self.sees_at(event.state_ver) || (either_side && self.sees_at(event.state_ver - 1))
    }
}

impl Sight {
    /// Whether the reader may see an event.
    pub fn sees(&self, user_id: &str, event: &EventRow) -> bool {
        match self {
            Self::Member => true,
            Self::Varying(histories) => histories.sees(user_id, event),
        }
    }

    /// What the reader was when the event happened, for `unsigned.membership`.
    pub fn membership_at(&self, version: i64) -> &str {
        match self {
            Self::Member => "join",
            Self::Varying(histories) => {
                histories.membership_at(version).map_or("leave", MembershipState::as_str)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{EventNid, RoomNid, Timestamp};
    use ruma::{owned_event_id, owned_user_id};

    use super::*;

    const OPEN: i64 = i64::MAX;

    fn version(from: i64, to: i64, key: &str, value: &str) -> StateVersion {
        StateVersion {
            from,
            to,
            client: format!("{{\"content\":{{\"{key}\":\"{value}\"}}}}").into(),
        }
    }

    fn event(state_ver: i64, member: Option<&str>) -> EventRow {
        EventRow {
            event: EventNid(1),
            room: RoomNid(1),
            event_id: owned_event_id!("$a"),
            pos: None,
            kind: if member.is_some() { "m.room.member" } else { "m.room.encrypted" }.to_owned(),
            state_key: member.map(str::to_owned),
            sender: owned_user_id!("@x:x"),
            ts: Timestamp(0),
            state_ver,
            notifying: 0,
            redacted_because: None,
            transaction: None,
            client: Bytes::from_static(b"{}"),
        }
    }

    /// Joined by version 5, left by version 8.
    fn guest(visibility: &str) -> Sight {
        let memberships =
            [version(5, 8, "membership", "join"), version(8, OPEN, "membership", "leave")];
        Sight::Varying(Histories::new(
            &[version(2, OPEN, "history_visibility", visibility)],
            &memberships,
        ))
    }

    #[test]
    fn who_joined_later_sees_what_was_shared_and_not_what_came_after_leaving() {
        let sees = |visibility, ver| guest(visibility).sees("@anna:x", &event(ver, None));
        assert!(sees("shared", 4) && sees("shared", 5) && sees("shared", 7) && !sees("shared", 8));
        assert!(!sees("joined", 4) && sees("joined", 5) && !sees("joined", 8));
        assert!(sees("world_readable", 9));
    }

    #[test]
    fn who_leaves_sees_their_own_leaving() {
        assert!(guest("joined").sees("@anna:x", &event(8, Some("@anna:x"))));
        assert!(!guest("joined").sees("@anna:x", &event(8, Some("@jonas:x"))));
        assert_eq!(guest("joined").membership_at(8), "leave");
        assert_eq!(guest("joined").membership_at(6), "join");
        assert_eq!(guest("joined").membership_at(1), "leave");
    }
}
