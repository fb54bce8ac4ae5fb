//! Which events of a room one reader may see, and what the reader was at each: decided in memory from two short histories.

use base::Pos;
use bytes::Bytes;
use room::{Viewpoint, visible};
use ruma::{
    UserId,
    events::room::{history_visibility::HistoryVisibility, member::MembershipState},
};
use serde::Deserialize;
use store::{
    rooms::{EventRow, OPEN},
    timeline::StateVersion,
};

use super::erased::{Erased, Veil};

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
    /// When the reader joined first.
    came: Option<Pos>,
    veil: Option<Veil>,
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
        let mut came = None;
        let membership = membership.iter().filter_map(|version| {
            let membership = content::<Member>(&version.client)?.membership;
            if membership == MembershipState::Join && came.is_none() {
                came = version.pos;
            }
            Some((version.from, version.to, membership))
        });
        let (visibility, membership) = (visibility.collect(), membership.collect());
        Self { visibility, membership, came, veil: None }
    }

    /// The same, but for what the reader does not see of people who are erased.
    pub fn veiled(self, erased: &Erased) -> Self {
        Self { veil: erased.veil(self.came), ..self }
    }

    /// What the reader was at a version.
    pub fn membership_at(&self, version: i64) -> Option<&MembershipState> {
        at(&self.membership, version)
    }

    /// Whether the reader joined at any time after a version.
    pub fn joins_after(&self, version: i64) -> bool {
        let joins = |state: &MembershipState| *state == MembershipState::Join;
        self.membership.iter().any(|(from, _, state)| *from > version && joins(state))
    }

    fn sees_at(&self, version: i64) -> bool {
        visible(&Viewpoint {
            visibility: at(&self.visibility, version),
            membership: self.membership_at(version),
            joined_later: self.joins_after(version),
        })
    }

    /// Whether the reader may see an event of this kind and state key that made this version.
    fn sees(&self, user_id: &str, event: &EventRow, version: i64) -> bool {
        // These two events are seen from either side of the change that they make.
        let own = event.kind == "m.room.member" && event.state_key.as_deref() == Some(user_id);
        // Else an invitation would stay for ever that was declined or taken back.
        let is_outside = || {
            let membership = self.membership_at(event.state_ver);
            matches!(membership, Some(MembershipState::Leave | MembershipState::Ban))
        };
        if own && is_outside() {
            return true;
        }
        let either_side = own || event.kind == "m.room.history_visibility";
        self.sees_at(version) || (either_side && self.sees_at(version - 1))
    }

    /// Whether all the world may read the room at present.
    pub fn is_world_readable(&self) -> bool {
        at(&self.visibility, OPEN - 1) == Some(&HistoryVisibility::WorldReadable)
    }

    /// Whether all the world could read the room at any time.
    pub fn was_world_readable(&self) -> bool {
        self.visibility.iter().any(|(.., rule)| *rule == HistoryVisibility::WorldReadable)
    }

    /// The version at which the reader left the room last: the present for who is in it, `None` for who never was.
    pub fn last_seen_version(&self) -> Option<i64> {
        let joins = self.membership.iter().filter(|(.., state)| *state == MembershipState::Join);
        joins.map(|(_, to, _)| (*to).min(OPEN - 1)).max()
    }
}

impl Sight {
    /// Whether the reader gets what this person wrote as deleted. Who was there throughout does not: nobody writes after
    /// their erasure.
    ///
    /// That a room is encrypted stays: a device that took it for one in clear could write nothing there (II.a), and it is nothing
    /// that a person has written.
    pub fn veils(&self, sender: &UserId, kind: &str) -> bool {
        self.veil().is_some_and(|veil| veil.covers(sender)) && kind != "m.room.encryption"
    }

    /// What the reader does not see of people who are erased, if anybody is.
    pub fn veil(&self) -> Option<&Veil> {
        match self {
            Self::Member => None,
            Self::Varying(histories) => histories.veil.as_ref(),
        }
    }

    /// Whether the reader may see an event.
    pub fn sees(&self, user_id: &str, event: &EventRow) -> bool {
        match self {
            Self::Member => true,
            Self::Varying(histories) => histories.sees(user_id, event, event.state_ver),
        }
    }

    /// Whether the reader may see what stood in the place of this state event at a version.
    pub fn sees_at_version(&self, user_id: &str, event: &EventRow, version: i64) -> bool {
        match self {
            Self::Member => true,
            Self::Varying(histories) => histories.sees(user_id, event, version),
        }
    }

    /// Whether the reader may see a message at a version.
    pub fn sees_messages_at(&self, version: i64) -> bool {
        match self {
            Self::Member => true,
            Self::Varying(histories) => histories.sees_at(version),
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

    fn version(from: i64, to: i64, key: &str, value: &str) -> StateVersion {
        StateVersion {
            pos: None,
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
            related: false,
            apart: None,
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
    fn the_state_that_a_reader_sees_is_that_of_the_last_leaving() {
        let histories = |memberships: &[(i64, i64, &str)]| {
            let memberships: Vec<_> = memberships
                .iter()
                .map(|(from, to, state)| version(*from, *to, "membership", state))
                .collect();
            Histories::new(&[version(2, OPEN, "history_visibility", "shared")], &memberships)
        };
        assert_eq!(histories(&[(5, OPEN, "invite")]).last_seen_version(), None);
        assert_eq!(histories(&[(5, 6, "invite"), (6, OPEN, "leave")]).last_seen_version(), None);
        assert_eq!(histories(&[(5, 8, "join"), (8, OPEN, "leave")]).last_seen_version(), Some(8));
        let back = histories(&[(5, 8, "join"), (8, 9, "leave"), (9, OPEN, "invite")]);
        assert_eq!(back.last_seen_version(), Some(8), "an invitation shows nothing new");
        assert_eq!(histories(&[(5, OPEN, "join")]).last_seen_version(), Some(OPEN - 1));
        assert!(!back.is_world_readable());
    }

    #[test]
    fn who_leaves_sees_their_own_leaving() {
        assert!(guest("joined").sees("@anna:x", &event(8, Some("@anna:x"))));
        assert!(!guest("joined").sees("@anna:x", &event(8, Some("@jonas:x"))));
        let invited =
            [version(5, 8, "membership", "invite"), version(8, OPEN, "membership", "leave")];
        let declined = Sight::Varying(Histories::new(&[], &invited));
        assert!(declined.sees("@anna:x", &event(8, Some("@anna:x"))));
        assert!(!declined.sees("@anna:x", &event(7, None)));
        assert_eq!(guest("joined").membership_at(8), "leave");
        assert_eq!(guest("joined").membership_at(6), "join");
        assert_eq!(guest("joined").membership_at(1), "leave");
    }
}
