//! Rooms: each has a queue of its own, in which events are decided one after the other.
//!
//! A room's writer is a [`Core`] in memory: head, extremities and current state. Deciding an event is pure and happens
//! under the room's lock, together with enqueueing its batch; the next event builds on it at once and does not wait for
//! the disk. Every batch is guarded by `rooms.head`, so if one falls, those behind it fall too, and the core is read anew.

pub(crate) mod aggregations;
pub mod aliases;
mod bearing;
pub mod create;
pub mod directory;
pub mod hierarchy;
pub mod initial;
pub mod membership;
mod personal;
pub mod read;
pub mod relations;
pub mod send;
pub mod summary;
mod token;
pub mod upgrade;
mod visibility;
mod write;

use std::{collections::HashMap, sync::Arc};

use base::{RoomNid, UserNid};
use parking_lot::{Mutex, RwLock};
use room::{Extremity, Pdu, Power, Refused, RoomVersion};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedRoomId, OwnedUserId, RoomId, ServerName, UInt, UserId,
    events::room::power_levels::UserPowerLevel, state_res::events::RoomPowerLevelsIntField,
};
use serde_json::{Map, Value};
use store::rooms as rows;

use crate::Homeserver;
pub use token::{BadToken, TimelineToken};
pub use visibility::Viewer;

/// Rooms that were written to lately.
#[derive(Debug, Default)]
pub struct Rooms {
    open: RwLock<HashMap<OwnedRoomId, Arc<Room>>>,
    /// Row numbers of the rooms met so far: they never change.
    nids: RwLock<HashMap<OwnedRoomId, RoomNid>>,
    /// When the newest room was made.
    last_creation: Mutex<UInt>,
}

impl Rooms {
    /// The time of a new room: no two rooms of this server are made in the same millisecond. From version 12 on a room's
    /// id is the hash of its create event, so two alike ones would be the same room.
    fn creation_time(&self, now: MilliSecondsSinceUnixEpoch) -> MilliSecondsSinceUnixEpoch {
        let mut last = self.last_creation.lock();
        *last = now.get().max(last.saturating_add(UInt::from(1_u8)));
        MilliSecondsSinceUnixEpoch(*last)
    }
}

/// A room with its writer.
#[derive(Debug)]
pub struct Room {
    /// Row number.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// The rules that it follows.
    pub version: RoomVersion,
    core: Mutex<Core>,
}

/// What the next event is decided on.
#[derive(Debug)]
struct Core {
    head: i64,
    state_ver: i64,
    notifying: i64,
    extremities: Vec<Extremity>,
    state: HashMap<String, HashMap<String, StateEntry>>,
    /// A batch of this core fell: it no longer says what is stored.
    stale: bool,
}

/// A part of the current state.
#[derive(Clone, Debug)]
struct StateEntry {
    pdu: Arc<Pdu>,
}

/// Why a room could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenRoomError {
    /// There is no such room here.
    #[error("the room is not known here")]
    Unknown,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// Why an event was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no such room here.
    #[error("the room is not known here")]
    UnknownRoom,
    /// There is no such event in the room.
    #[error("the event is not known here")]
    UnknownEvent,
    /// There is no such user.
    #[error("the user is not known here")]
    UnknownUser,
    /// The hospital's policy refuses it (II.a).
    #[error("this hospital accepts only encrypted messages")]
    Unencrypted,
    /// The room engine refuses it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What is asked does not fit the state of things, for example an alias that points elsewhere.
    #[error("{0}")]
    BadState(&'static str),
    /// The alias is taken.
    #[error("the alias is taken")]
    AliasTaken,
    /// This is no alias, or none of this server.
    #[error("the alias is not valid")]
    InvalidAlias,
    /// The alias does not point to the room that calls itself so.
    #[error("the alias does not point to this room")]
    BadAlias,
    /// The events that a new room is to begin with do not go together.
    #[error("the room cannot begin like this: {0}")]
    InvalidRoomState(String),
    /// The invited user takes no invitations.
    #[error("the user takes no invitations")]
    InviteBlocked,
    /// The event itself refers to another one, so that no thread can begin there.
    #[error("no thread begins at an event that refers to another")]
    NoThreadRoot,
    /// The user has annotated the event so already.
    #[error("the event has this annotation already")]
    DuplicateAnnotation,
    /// The alias is an application service's, or not one of the service that asks.
    #[error("the alias lies in the namespace of an application service")]
    AliasExclusive,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

impl From<OpenRoomError> for WriteError {
    fn from(error: OpenRoomError) -> Self {
        match error {
            OpenRoomError::Unknown => Self::UnknownRoom,
            OpenRoomError::Store(error) => Self::Store(error),
        }
    }
}

impl Core {
    fn entry(&self, kind: &str, state_key: &str) -> Option<&StateEntry> {
        self.state.get(kind)?.get(state_key)
    }

    fn membership(&self, user: &UserId) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Member {
            membership: String,
        }
        let entry = self.entry("m.room.member", user.as_str())?;
        entry.pdu.read_content::<Member>().ok().map(|member| member.membership)
    }

    fn may_redact(&self, room: &Room, user: &UserId, author: &UserId) -> Result<bool, Refused> {
        let Some(power) = self.power(room) else { return Ok(user == author) };
        power.may_redact(user, author)
    }

    /// Whether the user is in the room and has the power to set a part of the state with an empty state key.
    fn may_set(&self, room: &Room, user: &UserId, kind: &str) -> bool {
        let Some(power) = self.power(room) else { return false };
        let needed = power.needed_to_send(&kind.into(), Some(""));
        self.membership(user).as_deref() == Some("join")
            && needed.is_ok_and(|needed| {
                power.of(user).is_ok_and(|level| level >= UserPowerLevel::Int(needed))
            })
    }

    /// The content of a part of the state.
    fn content(&self, kind: &str, state_key: &str) -> Option<Map<String, Value>> {
        self.entry(kind, state_key)?.pdu.read_content().ok()
    }

    fn power(&self, room: &Room) -> Option<Power<'_>> {
        let create = &self.entry("m.room.create", "")?.pdu;
        Some(Power::new(
            room.version,
            create,
            self.entry("m.room.power_levels", "").map(|entry| &*entry.pdu),
        ))
    }

    /// The room that this one replaces.
    fn predecessor(&self) -> Option<OwnedRoomId> {
        let create = self.content("m.room.create", "")?;
        RoomId::parse(create.get("predecessor")?.get("room_id")?.as_str()?).ok()
    }

    /// The room that replaces this one.
    fn replacement(&self) -> Option<OwnedRoomId> {
        let tombstone = self.content("m.room.tombstone", "")?;
        RoomId::parse(tombstone.get("replacement_room")?.as_str()?).ok()
    }

    /// Whether members of other rooms may join on their own.
    fn is_restricted(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct JoinRules {
            join_rule: String,
        }
        let rule = self
            .entry("m.room.join_rules", "")
            .and_then(|entry| entry.pdu.read_content::<JoinRules>().ok());
        rule.is_some_and(|rule| {
            matches!(rule.join_rule.as_str(), "restricted" | "knock_restricted")
        })
    }

    /// The rooms whose members a restricted room lets in.
    fn allowed_rooms(&self) -> Vec<OwnedRoomId> {
        #[derive(serde::Deserialize)]
        struct JoinRules {
            #[serde(default)]
            allow: Vec<serde_json::Value>,
        }
        let rule = self
            .entry("m.room.join_rules", "")
            .and_then(|entry| entry.pdu.read_content::<JoinRules>().ok());
        let allow = rule.map(|rule| rule.allow).unwrap_or_default();
        let rooms = allow.iter().filter(|allow| allow["type"] == "m.room_membership");
        rooms.filter_map(|allow| RoomId::parse(allow["room_id"].as_str()?).ok()).collect()
    }

    /// A joined local user who has the power to invite.
    fn who_may_invite(&self, room: &Room, server: &ServerName) -> Option<OwnedUserId> {
        let power = self.power(room)?;
        let needed = UserPowerLevel::Int(power.needed_to(RoomPowerLevelsIntField::Invite).ok()?);
        let members = self.state.get("m.room.member")?.keys();
        members.filter_map(|id| UserId::parse(id.as_str()).ok()).find(|user| {
            user.server_name() == server
                && self.membership(user).as_deref() == Some("join")
                && power.of(user).is_ok_and(|level| level >= needed)
        })
    }

    /// Follows a redaction of an event that is part of the current state.
    fn redact_state(&mut self, event: &rows::EventRow, pdu: &[u8]) -> Result<(), Refused> {
        let Some(state_key) = &event.state_key else { return Ok(()) };
        let Some(entry) = self.state.get_mut(&event.kind).and_then(|keys| keys.get_mut(state_key))
        else {
            return Ok(());
        };
        if entry.pdu.event_id == event.event_id {
            let pdu = Pdu::from_stored(event.event_id.clone(), pdu)?;
            *entry = StateEntry { pdu: Arc::new(pdu) };
        }
        Ok(())
    }
}

/// Opens a room for writing.
pub async fn open(hs: &Homeserver, room_id: &RoomId) -> Result<Arc<Room>, OpenRoomError> {
    if let Some(room) = hs.rooms.open.read().get(room_id) {
        return Ok(room.clone());
    }
    let row = rows::room_by_id(&hs.db, room_id).await?.ok_or(OpenRoomError::Unknown)?;
    let version: RoomVersion =
        row.version.parse().map_err(|_| db::Error::corrupt("rooms.version"))?;
    let mut state: HashMap<String, HashMap<String, StateEntry>> = HashMap::new();
    for part in rows::state_at(&hs.db, row.room, row.state_ver).await? {
        let pdu = Pdu::from_stored(part.event_id, &part.pdu)
            .map_err(|_| db::Error::corrupt("pdus.pdu"))?;
        let entry = StateEntry { pdu: Arc::new(pdu) };
        state.entry(part.kind).or_default().insert(part.state_key, entry);
    }
    let extremities =
        row.extremities.into_iter().map(|(event_id, depth)| Extremity { event_id, depth });
    let core = Core {
        head: row.head,
        state_ver: row.state_ver,
        notifying: row.notifying,
        extremities: extremities.collect(),
        state,
        stale: false,
    };
    let room = Arc::new(Room {
        room: row.room,
        room_id: row.room_id.clone(),
        version,
        core: Mutex::new(core),
    });
    // Whoever came first wins: two cores of one room would only fell each other's batches.
    Ok(hs.rooms.open.write().entry(row.room_id).or_insert(room).clone())
}

/// The row number of a room.
pub async fn room_nid(hs: &Homeserver, room_id: &RoomId) -> Result<RoomNid, OpenRoomError> {
    if let Some(room) = hs.rooms.nids.read().get(room_id) {
        return Ok(*room);
    }
    let row = hs.db.query_opt(&rows::ROOM_NID, db::params![room_id.as_str()]).await?;
    let room = RoomNid(row.ok_or(OpenRoomError::Unknown)?.get(0)?);
    hs.rooms.nids.write().insert(room_id.to_owned(), room);
    Ok(room)
}

/// The local users that a room's state names as joined, with their row numbers.
pub async fn joined_members(
    hs: &Homeserver,
    room: RoomNid,
) -> Result<Vec<(UserNid, OwnedUserId)>, db::Error> {
    let members = rows::members(&hs.db, room).await?;
    Ok(members.into_iter().filter(|(.., m)| m == "join").map(|(nid, id, _)| (nid, id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rooms_are_made_in_the_same_millisecond() {
        let rooms = Rooms::default();
        let at = |ms: u32| MilliSecondsSinceUnixEpoch(UInt::from(ms));
        assert_eq!(rooms.creation_time(at(1_000)), at(1_000));
        assert_eq!(rooms.creation_time(at(1_000)), at(1_001));
        assert_eq!(rooms.creation_time(at(900)), at(1_002), "also if the clock goes back");
        assert_eq!(rooms.creation_time(at(5_000)), at(5_000));
    }
}
