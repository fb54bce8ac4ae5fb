//! A room is replaced by one of another version.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-19>

use std::sync::Arc;

use base::{EventNid, UserNid};
use db::{Batch, params};
use parking_lot::MutexGuard;
use room::{Accepted, Content, Proposal, Refused, RoomVersion};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde_json::{Map, Value, json};
use store::rooms as rows;

use super::{
    Core, Room, WriteError,
    create::{self, Planned},
    membership, personal,
    write::{Rows, write},
};
use crate::{Homeserver, Session, profiles};

const POWER_LEVELS: &str = "m.room.power_levels";
const CANONICAL_ALIAS: &str = "m.room.canonical_alias";

/// State with an empty state key that the new room takes over, in this order.
const TRANSFERRED: [&str; 8] = [
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.server_acl",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    CANONICAL_ALIAS,
];

/// Row numbers for events that came into the old room after they were counted.
const SPARE_NIDS: usize = 64;

/// Replaces a room: makes the new one and closes the old one, in one batch.
///
/// # Errors
/// [`Refused::UnsupportedVersion`]; [`Refused::Forbidden`] for who may not set the old room's tombstone.
pub async fn upgrade(
    hs: &Homeserver,
    session: &Session,
    old_id: &RoomId,
    version: &str,
    additional_creators: &[OwnedUserId],
) -> Result<OwnedRoomId, WriteError> {
    let old = super::open(hs, old_id).await?;
    let version: RoomVersion = version.parse()?;
    let banned: Vec<(UserNid, OwnedUserId)> = rows::members(&hs.db, old.room)
        .await?
        .into_iter()
        .filter(|(.., membership)| membership == "ban")
        .map(|(nid, user, _)| (nid, user))
        .collect();
    let children = old.core.lock().state.get("m.space.child").map_or(0, |children| children.len());
    let count = TRANSFERRED.len() + banned.len() + children + SPARE_NIDS;
    let count = u32::try_from(count).map_err(|_| WriteError::BadState("the room is too large"))?;
    let nids: Vec<i64> = hs.db.nids().take(count).await?.collect();
    let upgrade = Upgrade {
        hs,
        session,
        version,
        additional_creators,
        banned,
        join: membership::join_content(profiles::member_fields(hs, session.user).await?),
        public: rows::room_by_id(&hs.db, old_id).await?.is_some_and(|row| row.public),
        now: hs.rooms.creation_time(hs.origin_server_ts()),
        opaque: create::opaque_id(),
        nids,
    };
    let new = write(hs, old_id, |core, old, batch| upgrade.decide(core, old, batch)).await?;
    let new_id = new.room_id.clone();
    create::enter_memory(hs, new);
    personal::take_over(hs, session, old_id, &new_id).await?;
    Ok(new_id)
}

struct Upgrade<'a> {
    hs: &'a Homeserver,
    session: &'a Session,
    version: RoomVersion,
    additional_creators: &'a [OwnedUserId],
    banned: Vec<(UserNid, OwnedUserId)>,
    join: Map<String, Value>,
    public: bool,
    now: MilliSecondsSinceUnixEpoch,
    opaque: String,
    nids: Vec<i64>,
}

impl Upgrade<'_> {
    fn decide(
        &self,
        core: &mut MutexGuard<'_, Core>,
        old: &Room,
        batch: &mut Batch,
    ) -> Result<Arc<Room>, WriteError> {
        let planned = self.plan(core, old)?;
        let mut nids = self.nids.iter().copied();
        let mut closing = || nids.next().map(EventNid).expect("far more are spare");
        let (tombstone, cleared, closed) = (closing(), closing(), closing());
        if nids.len() < create::nids_for(&planned) as usize {
            return Err(WriteError::BadState("the room grew meanwhile; try again"));
        }
        let levels = core.content(POWER_LEVELS, "").unwrap_or_default();
        let aliases = core.content(CANONICAL_ALIAS, "").unwrap_or_default();
        let replaced_by = |new: &RoomId| json!({ "body": "This room has been replaced", "replacement_room": new });
        // Up to version 11 the new room's id is known before its create event, which can so name the tombstone.
        let created = if self.version.room_id_is_create_hash() {
            let created = self.create(core, old, None)?;
            let content = replaced_by(&created.room_id);
            self.append(core, old, batch, tombstone, "m.room.tombstone", &content)?;
            created
        } else {
            let new_id = format!("!{}:{}", self.opaque, self.hs.server_name);
            let new_id =
                RoomId::parse(new_id).map_err(|error| Refused::BadEvent(error.to_string()))?;
            let content = replaced_by(&new_id);
            let id = self.append(core, old, batch, tombstone, "m.room.tombstone", &content)?;
            self.create(core, old, Some(&id))?
        };
        let new = create::assemble(
            self.hs,
            self.session,
            batch,
            self.version,
            created,
            planned,
            &mut nids,
            self.public,
        )?;
        batch.exec(&rows::MOVE_ALIASES, params![old.room.0, new.room.0]);
        batch.exec(&rows::SET_PUBLIC, params![old.room.0, false]);
        // Who may replace a room may not always close it: what is refused stays as it is.
        if !aliases.is_empty() {
            self.try_append(core, old, batch, cleared, CANONICAL_ALIAS, &json!({}))?;
        }
        if let Some(levels) = closed_levels(levels) {
            self.try_append(core, old, batch, closed, POWER_LEVELS, &Value::Object(levels))?;
        }
        Ok(new)
    }

    fn append(
        &self,
        core: &mut Core,
        old: &Room,
        batch: &mut Batch,
        event: EventNid,
        kind: &str,
        content: &Value,
    ) -> Result<OwnedEventId, Refused> {
        let proposal = Proposal {
            kind: kind.into(),
            state_key: Some(String::new()),
            sender: self.session.user_id.clone(),
            content: Content::from_value(content)?,
            redacts: None,
            origin_server_ts: self.now,
        };
        let rows = Rows { event, sender: self.session.user, target: None, transaction: None };
        core.append(old, batch, proposal, rows, &self.hs.signing_key)
    }

    fn try_append(
        &self,
        core: &mut Core,
        old: &Room,
        batch: &mut Batch,
        event: EventNid,
        kind: &str,
        content: &Value,
    ) -> Result<(), Refused> {
        match self.append(core, old, batch, event, kind, content) {
            Ok(_) | Err(Refused::Forbidden(_)) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    fn create(
        &self,
        core: &Core,
        old: &Room,
        tombstone: Option<&OwnedEventId>,
    ) -> Result<Accepted, Refused> {
        let before = core.content("m.room.create", "").unwrap_or_default();
        let mut content = Map::new();
        for kept in ["type", "m.federate"] {
            if let Some(value) = before.get(kept) {
                content.insert(kept.to_owned(), value.clone());
            }
        }
        let mut predecessor = json!({ "room_id": old.room_id });
        if let Some(tombstone) = tombstone {
            predecessor["event_id"] = json!(tombstone);
        }
        content.insert("predecessor".to_owned(), predecessor);
        if privileges_creators(self.version) && !self.additional_creators.is_empty() {
            content.insert("additional_creators".to_owned(), json!(self.additional_creators));
        }
        let (creator, key) = (&self.session.user_id, &self.hs.signing_key);
        let content = Content::from_value(&content)?;
        room::create_room(self.version, creator, &content, &self.opaque, self.now, key)
    }

    /// What the new room begins with besides its create event.
    fn plan(&self, core: &Core, old: &Room) -> Result<Vec<Planned>, Refused> {
        let creators = match core.power(old) {
            Some(power) if privileges_creators(old.version) => power.creators()?,
            _ => Vec::new(),
        };
        let me = &self.session.user_id;
        let levels = match core.content(POWER_LEVELS, "") {
            Some(levels) => Value::Object(levels),
            None => create::default_levels(self.version),
        };
        let levels = new_levels(levels, self.version, me, self.additional_creators, &creators);
        let first = levels_to_begin_with(&levels, self.version, me);
        let mut planned = vec![Planned::member(me, self.session.user, &self.join)?];
        planned.push(Planned::state(POWER_LEVELS, first.as_ref().unwrap_or(&levels))?);
        match core.content("m.room.encryption", "") {
            Some(content) => planned.push(Planned::state("m.room.encryption", &content)?),
            None if self.hs.policy.require_encryption => planned.push(create::encryption()?),
            None => {}
        }
        for kind in TRANSFERRED {
            if let Some(content) = core.content(kind, "").filter(|content| !content.is_empty()) {
                planned.push(Planned::state(kind, &content)?);
            } else if kind == "m.room.join_rules" {
                planned.push(Planned::state(kind, &json!({ "join_rule": "invite" }))?);
            }
        }
        for (child, entry) in core.state.get("m.space.child").into_iter().flatten() {
            let content: Map<String, Value> = entry.pdu.read_content()?;
            if !content.is_empty() {
                let content = Content::from_value(&content)?;
                let (kind, state_key) = ("m.space.child".to_owned(), child.clone());
                planned.push(Planned { kind, state_key, content, target: None });
            }
        }
        // Whoever is kept out of the old room must not come in by the new one.
        for (nid, user) in &self.banned {
            let Some(content) = core.content("m.room.member", user.as_str()) else { continue };
            if content.get("membership").and_then(Value::as_str) == Some("ban") {
                planned.push(Planned::member(user, *nid, &content)?);
            }
        }
        if first.is_some() {
            planned.push(Planned::state(POWER_LEVELS, &levels)?);
        }
        Ok(planned)
    }
}

fn privileges_creators(version: RoomVersion) -> bool {
    version.rules().authorization.explicitly_privilege_room_creators
}

fn level(levels: &Map<String, Value>, field: &str, default: i64) -> i64 {
    levels.get(field).and_then(Value::as_i64).unwrap_or(default)
}

/// The old room's levels so that only moderators still write and invite; `None` if they are so already.
fn closed_levels(mut levels: Map<String, Value>) -> Option<Map<String, Value>> {
    let least = level(&levels, "users_default", 0).saturating_add(1).max(50);
    let mut changed = false;
    for field in ["events_default", "invite"] {
        if level(&levels, field, 0) < least {
            levels.insert(field.to_owned(), least.into());
            changed = true;
        }
    }
    changed.then_some(levels)
}

/// The levels of the new room: creators that stand above all levels are not named, and those that did and no longer do are.
fn new_levels(
    mut levels: Value,
    version: RoomVersion,
    upgrader: &UserId,
    additional_creators: &[OwnedUserId],
    old_creators: &[OwnedUserId],
) -> Value {
    let was_privileged = !old_creators.is_empty();
    let state_default = levels["state_default"].as_i64().unwrap_or(50);
    let users = levels["users"].as_object().cloned().unwrap_or_default();
    let mut users: Map<String, Value> = users;
    if privileges_creators(version) {
        users.retain(|user, _| {
            user != upgrader.as_str() && !additional_creators.iter().any(|creator| creator == user)
        });
        if !was_privileged {
            let tombstone = levels["events"]["m.room.tombstone"].as_i64().unwrap_or(state_default);
            if !levels["events"].is_object() {
                levels["events"] = json!({});
            }
            let least = state_default.saturating_add(1).max(150);
            levels["events"]["m.room.tombstone"] = tombstone.max(least).into();
        }
    } else {
        let highest = users.values().filter_map(Value::as_i64).max().unwrap_or(0).max(100);
        for creator in old_creators {
            users.insert(creator.to_string(), highest.into());
        }
    }
    levels["users"] = users.into();
    levels
}

/// Levels with which the upgrader can set all of the new room's first state, if their own do not suffice.
fn levels_to_begin_with(levels: &Value, version: RoomVersion, upgrader: &UserId) -> Option<Value> {
    if privileges_creators(version) {
        return None;
    }
    let fields = ["state_default", "ban", "kick", "invite", "redact", "events_default"];
    let needed = fields.iter().filter_map(|field| levels[field].as_i64());
    let by_type = levels["events"].as_object().into_iter().flat_map(Map::values);
    let by_user = levels["users"].as_object().into_iter().flat_map(Map::values);
    let needed = needed.chain(by_type.chain(by_user).filter_map(Value::as_i64)).max();
    let needed = needed.unwrap_or(0).max(100);
    let default = levels["users_default"].as_i64().unwrap_or(0);
    let own = levels["users"][upgrader.as_str()].as_i64().unwrap_or(default);
    (own < needed).then(|| {
        let mut first = levels.clone();
        first["users"][upgrader.as_str()] = needed.into();
        first
    })
}

#[cfg(test)]
mod tests {
    use ruma::{owned_user_id, user_id};

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn an_old_room_is_closed_to_all_but_moderators() {
        let closed = |levels| closed_levels(object(levels)).map(Value::Object);
        assert_eq!(closed(json!({})), Some(json!({ "events_default": 50, "invite": 50 })));
        let all_are_high = json!({ "users_default": 80, "invite": 90 });
        let expected = json!({ "users_default": 80, "events_default": 81, "invite": 90 });
        assert_eq!(closed(all_are_high), Some(expected));
        assert_eq!(closed(json!({ "events_default": 60, "invite": 50 })), None);
    }

    #[test]
    fn creators_of_version_12_are_not_named_and_named_again_when_they_are_none() {
        let (anna, jonas) = (user_id!("@anna:x"), owned_user_id!("@jonas:x"));
        let levels = json!({ "users": { "@anna:x": 100, "@jonas:x": 100, "@lena:x": 50 } });
        let creators = std::slice::from_ref(&jonas);
        let up = new_levels(levels.clone(), RoomVersion::V12, anna, creators, &[]);
        assert_eq!(up["users"], json!({ "@lena:x": 50 }));
        assert_eq!(up["events"]["m.room.tombstone"], 150);
        let down = json!({ "users": { "@lena:x": 120 } });
        let down = new_levels(down, RoomVersion::V11, anna, &[], &[anna.to_owned(), jonas]);
        assert_eq!(down["users"], json!({ "@anna:x": 120, "@jonas:x": 120, "@lena:x": 120 }));
        assert_eq!(down.get("events"), None);
    }

    #[test]
    fn who_has_little_power_has_more_only_while_the_room_is_made() {
        let anna = user_id!("@anna:x");
        let levels = json!({ "users": { "@anna:x": 50 }, "events": { "m.room.name": 110 } });
        let first = levels_to_begin_with(&levels, RoomVersion::V11, anna).expect("too little");
        assert_eq!(first["users"]["@anna:x"], 110);
        assert_eq!(levels_to_begin_with(&levels, RoomVersion::V12, anna), None);
        let enough = json!({ "users": { "@anna:x": 100 } });
        assert_eq!(levels_to_begin_with(&enough, RoomVersion::V11, anna), None);
    }
}
