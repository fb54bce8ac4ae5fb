//! The room versions that Konsil speaks.

use std::{fmt, str::FromStr};

use ruma::{RoomVersionId, room_version_rules::RoomVersionRules};

use crate::Refused;

/// A room version whose rules are built in and tested.
///
/// Spec: <https://spec.matrix.org/latest/rooms/>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoomVersion {
    /// The version of the TI-Messenger profile.
    V10,
    /// Redaction rules tidied, `creator` dropped.
    V11,
    /// The room ID is the create event's hash; creators stand above all power levels; state
    /// resolution 2.1.
    V12,
}

impl RoomVersion {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::V10, Self::V11, Self::V12];

    /// The name on the wire, for example `"12"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V10 => "10",
            Self::V11 => "11",
            Self::V12 => "12",
        }
    }

    /// The version as ruma names it.
    pub fn id(self) -> RoomVersionId {
        match self {
            Self::V10 => RoomVersionId::V10,
            Self::V11 => RoomVersionId::V11,
            Self::V12 => RoomVersionId::V12,
        }
    }

    /// The version's rules, as data.
    pub fn rules(self) -> &'static RoomVersionRules {
        static V10: RoomVersionRules = RoomVersionRules::V10;
        static V11: RoomVersionRules = RoomVersionRules::V11;
        static V12: RoomVersionRules = RoomVersionRules::V12;
        match self {
            Self::V10 => &V10,
            Self::V11 => &V11,
            Self::V12 => &V12,
        }
    }

    /// Whether the room's ID is the hash of its create event (version 12 and later).
    pub fn room_id_is_create_hash(self) -> bool {
        self.rules().authorization.room_create_event_id_as_room_id
    }

    /// Whether a redaction names its target in `content` (version 11 and later) instead of at the
    /// top level.
    pub fn redacts_in_content(self) -> bool {
        self.rules().redaction.content_field_redacts
    }
}

impl fmt::Display for RoomVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RoomVersion {
    type Err = Refused;

    fn from_str(version: &str) -> Result<Self, Refused> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == version)
            .ok_or(Refused::UnsupportedVersion)
    }
}

impl TryFrom<&RoomVersionId> for RoomVersion {
    type Error = Refused;

    fn try_from(version: &RoomVersionId) -> Result<Self, Refused> {
        version.as_str().parse()
    }
}
