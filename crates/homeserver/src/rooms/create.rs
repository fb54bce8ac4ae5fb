//! New rooms: from the wishes of `createRoom` to one batch that holds the whole room.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#creation>

use std::sync::Arc;

use base::{EventNid, RoomNid, UserNid};
use db::{Batch, params};
use parking_lot::Mutex;
use rand::Rng;
use room::{Accepted, Content, Power, Proposal, Refused, RoomVersion};
use ruma::{OwnedRoomId, OwnedUserId, RoomAliasId, UserId};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::rooms as rows;

use super::{Room, WriteError, aliases, membership, personal, send, write};
use crate::{Homeserver, Session, accounts, appservices, policy, profiles};

/// Most events that a client may ask for at the start of a room.
const MAX_INITIAL_STATE: usize = 100;
/// Most people who can be invited at once.
const MAX_INVITES: usize = 500;

/// What the creator of a room wants.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Room version, if not the hospital's default.
    pub version: Option<String>,
    /// Further content of the create event.
    pub creation_content: Map<String, Value>,
    /// Which defaults.
    pub preset: Preset,
    /// Whether the room directory lists it.
    pub public: bool,
    /// Local part of an alias.
    pub alias_localpart: Option<String>,
    /// Name in clear.
    pub name: Option<String>,
    /// Topic in clear.
    pub topic: Option<String>,
    /// Who is invited.
    pub invite: Vec<OwnedUserId>,
    /// Whether the invitations are to a direct chat.
    pub is_direct: bool,
    /// Further state, in order: type, state key, content.
    pub initial_state: Vec<(String, String, Content)>,
    /// Overrides of the default power levels.
    pub power_levels: Option<Map<String, Value>>,
}

/// The specification's presets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// By invitation.
    #[default]
    PrivateChat,
    /// By invitation, and all have the creator's power.
    TrustedPrivateChat,
    /// Whoever wants may join.
    PublicChat,
}

/// What a preset stands for.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom>
struct Defaults {
    join_rule: &'static str,
    history_visibility: &'static str,
    guest_access: &'static str,
}

impl Preset {
    fn defaults(self) -> Defaults {
        match self {
            Self::PrivateChat | Self::TrustedPrivateChat => Defaults {
                join_rule: "invite",
                history_visibility: "shared",
                guest_access: "can_join",
            },
            Self::PublicChat => Defaults {
                join_rule: "public",
                history_visibility: "shared",
                guest_access: "forbidden",
            },
        }
    }
}

/// One event of a new room.
pub(super) struct Planned {
    pub kind: String,
    pub state_key: String,
    pub content: Content,
    /// Whom it is about, if it is a membership.
    pub target: Option<UserNid>,
}

impl Planned {
    /// A part of the state with an empty state key.
    pub(super) fn state(kind: &str, content: &(impl Serialize + ?Sized)) -> Result<Self, Refused> {
        let content = Content::from_value(content)?;
        Ok(Self { kind: kind.to_owned(), state_key: String::new(), content, target: None })
    }

    /// A membership.
    pub(super) fn member(
        user: &UserId,
        nid: UserNid,
        content: &Map<String, Value>,
    ) -> Result<Self, Refused> {
        let content = Content::from_value(content)?;
        let (kind, state_key) = ("m.room.member".to_owned(), user.to_string());
        Ok(Self { kind, state_key, content, target: Some(nid) })
    }
}

/// Makes a room with all its first events in one batch: it is there as a whole or not at all.
pub async fn create(
    hs: &Homeserver,
    session: &Session,
    mut wishes: Wishes,
) -> Result<OwnedRoomId, WriteError> {
    let version = match &wishes.version {
        Some(version) => version.parse()?,
        None => RoomVersion::try_from(&hs.policy.default_room_version)?,
    };
    if wishes.initial_state.len() > MAX_INITIAL_STATE || wishes.invite.len() > MAX_INVITES {
        return Err(Refused::BadEvent("too many events for one request".to_owned()).into());
    }
    let alias = match &wishes.alias_localpart {
        Some(localpart) => Some(
            RoomAliasId::parse(format!("#{localpart}:{}", hs.server_name))
                .map_err(|_| WriteError::InvalidAlias)?,
        ),
        None => None,
    };
    if alias.as_ref().is_some_and(|alias| !appservices::may_use_alias(hs, session, alias)) {
        return Err(WriteError::AliasExclusive);
    }
    if let Some(alias) = &alias
        && rows::alias(&hs.db, alias).await?.is_some()
    {
        return Err(WriteError::AliasTaken);
    }
    let invites = invited(hs, session, std::mem::take(&mut wishes.invite)).await?;

    let now = hs.rooms.creation_time(hs.origin_server_ts());
    if wishes.preset == Preset::TrustedPrivateChat
        && version.rules().authorization.explicitly_privilege_room_creators
    {
        let creators =
            wishes.creation_content.entry("additional_creators").or_insert_with(|| json!([]));
        if let Some(creators) = creators.as_array_mut() {
            for (user, ..) in &invites {
                if !creators.iter().any(|known| known.as_str() == Some(user.as_str())) {
                    creators.push(user.as_str().into());
                }
            }
        }
    }
    let creation = Content::from_value(&wishes.creation_content)?;
    let opaque = opaque_id();
    let created =
        room::create_room(version, &session.user_id, &creation, &opaque, now, &hs.signing_key)
            .map_err(|refused| match refused {
                Refused::Forbidden(reason) => Refused::BadEvent(reason),
                other => other,
            })?;
    for (kind, _, content) in &wishes.initial_state {
        if kind == "m.room.power_levels" {
            // Malformed state to begin with has an error of its own, other than a malformed `power_level_content_override`.
            Power::new(version, &created.pdu, None).check_levels(content).map_err(|refused| {
                match refused {
                    Refused::BadEvent(reason) => WriteError::InvalidRoomState(reason),
                    other => other.into(),
                }
            })?;
        }
    }
    let planned = plan(hs, session, version, &wishes, alias.as_deref(), &invites).await?;
    let mut nids = hs.db.nids().take(nids_for(&planned)).await?;
    let mut batch = Batch::new();
    let room =
        assemble(hs, session, &mut batch, version, created, planned, &mut nids, wishes.public)
            .map_err(|refused| match refused {
                Refused::Forbidden(reason) => WriteError::InvalidRoomState(reason),
                other => other.into(),
            })?;
    batch.lane(room.room.0);
    if let Some(alias) = &alias {
        batch.expect_one(&rows::CLAIM_ALIAS, params![alias.as_str(), room.room.0, session.user.0]);
    }
    match hs.db.commit(batch).await {
        Ok(_) => {}
        Err(db::CommitError::Conflict { statement }) if statement == rows::CLAIM_ALIAS.name => {
            return Err(WriteError::AliasTaken);
        }
        Err(error) => return Err(error.into()),
    }
    let room_id = room.room_id.clone();
    let predecessor = room.core.lock().predecessor();
    enter_memory(hs, room);
    if let Some(old) = predecessor {
        // Who makes the room by hand that replaces another is its first member.
        personal::take_over(hs, session, &old, &room_id).await?;
    }
    Ok(room_id)
}

/// The random part of a room's id up to version 11.
pub(super) fn opaque_id() -> String {
    let mut rng = rand::rng();
    (0..18).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect()
}

/// How many row numbers [`assemble`] takes.
pub(super) fn nids_for(planned: &[Planned]) -> u32 {
    u32::try_from(planned.len() + 2).expect("a room begins with few events")
}

/// Adds a new room with its first events to the batch.
#[expect(
    clippy::too_many_arguments,
    reason = "all that a room begins with, called from two places"
)]
pub(super) fn assemble(
    hs: &Homeserver,
    session: &Session,
    batch: &mut Batch,
    version: RoomVersion,
    created: Accepted,
    planned: Vec<Planned>,
    nids: &mut impl Iterator<Item = i64>,
    public: bool,
) -> Result<Arc<Room>, Refused> {
    let mut nid = || nids.next().expect("as many as planned");
    let room_id = created.room_id.clone();
    let (create, now) = (created.pdu.clone(), created.pdu.origin_server_ts);
    let room = Arc::new(Room {
        room: RoomNid(nid()),
        room_id: room_id.clone(),
        version,
        core: Mutex::new(write::new_core()),
    });
    let mut core = room.core.lock();
    let own =
        |event, target| write::Rows { event, sender: session.user, target, transaction: None };
    core.enter(&room, batch, created, own(EventNid(nid()), None));
    for event in planned {
        if event.kind == "m.room.power_levels" {
            Power::new(version, &create, None).check_levels(&event.content)?;
        }
        let proposal = Proposal {
            kind: event.kind.into(),
            state_key: Some(event.state_key),
            sender: session.user_id.clone(),
            content: event.content,
            redacts: None,
            origin_server_ts: now,
        };
        let rows = own(EventNid(nid()), event.target);
        core.append(&room, batch, proposal, rows, &hs.signing_key)?;
    }
    let extremities: Vec<_> =
        core.extremities.iter().map(|e| (e.event_id.clone(), e.depth)).collect();
    batch.expect_one(
        &rows::NEW_ROOM,
        params![
            room.room.0,
            room_id.as_str(),
            version.as_str(),
            core.head,
            core.state_ver,
            core.notifying,
            rows::extremities_text(&extremities),
            public,
        ],
    );
    drop(core);
    Ok(room)
}

/// Keeps a room that was made. Only after the commit: before, nobody else could know of it.
pub(super) fn enter_memory(hs: &Homeserver, room: Arc<Room>) {
    hs.rooms.nids.write().insert(room.room_id.clone(), room.room);
    hs.rooms.open.write().insert(room.room_id.clone(), room);
}

/// Those who are to be invited, each once and without the creator.
async fn invited(
    hs: &Homeserver,
    session: &Session,
    wanted: Vec<OwnedUserId>,
) -> Result<Vec<Invited>, WriteError> {
    let mut invites: Vec<Invited> = Vec::new();
    for user in wanted {
        if user == session.user_id || invites.iter().any(|(known, ..)| *known == user) {
            continue;
        }
        let nid = accounts::user_nid(hs, &user).await?.ok_or(WriteError::UnknownUser)?;
        let profile = match user.server_name() == hs.server_name {
            true if membership::blocks_invites(hs, nid).await? => {
                return Err(WriteError::InviteBlocked);
            }
            true => profiles::member_fields(hs, nid).await?,
            false => (None, None),
        };
        invites.push((user, nid, profile));
    }
    Ok(invites)
}

type Invited = (OwnedUserId, UserNid, (Option<String>, Option<String>));

async fn plan(
    hs: &Homeserver,
    session: &Session,
    version: RoomVersion,
    wishes: &Wishes,
    alias: Option<&RoomAliasId>,
    invites: &[Invited],
) -> Result<Vec<Planned>, WriteError> {
    let defaults = wishes.preset.defaults();
    let wished = |kind: &str| {
        wishes.initial_state.iter().any(|(wished, key, _)| wished == kind && key.is_empty())
    };
    let creator = membership::join_content(profiles::member_fields(hs, session.user).await?);
    let mut planned = vec![
        Planned::member(&session.user_id, session.user, &creator)?,
        Planned::state("m.room.power_levels", &power_levels(session, version, wishes, invites))?,
    ];
    // Encrypted from the first event that could carry anything (II.a).
    if hs.policy.require_encryption && !wished("m.room.encryption") {
        planned.push(encryption()?);
    }
    if let Some(alias) = alias {
        planned.push(Planned::state("m.room.canonical_alias", &json!({ "alias": alias }))?);
    }
    for (kind, field, value) in [
        ("m.room.join_rules", "join_rule", defaults.join_rule),
        ("m.room.history_visibility", "history_visibility", defaults.history_visibility),
        ("m.room.guest_access", "guest_access", defaults.guest_access),
    ] {
        if !wished(kind) {
            planned.push(Planned::state(kind, &json!({ field: value }))?);
        }
    }
    for (kind, state_key, content) in &wishes.initial_state {
        let refused = match kind.as_str() {
            "m.room.create" => Some("a room is created once"),
            "m.room.member" => Some("members come in by invitation"),
            "m.room.encryption" if !policy::admits_encryption(&hs.policy, content) => {
                Some("this hospital's rooms are encrypted with m.megolm.v1.aes-sha2")
            }
            "m.room.canonical_alias" => {
                aliases::check_first_canonical(content, alias)?;
                None
            }
            "m.room.third_party_invite" => return Err(send::third_party_invite().into()),
            _ => None,
        };
        if let Some(reason) = refused {
            return Err(Refused::BadEvent(reason.to_owned()).into());
        }
        let (kind, state_key) = (kind.clone(), state_key.clone());
        planned.push(Planned { kind, state_key, content: content.clone(), target: None });
    }
    if let Some(name) = &wishes.name {
        planned.push(Planned::state("m.room.name", &json!({ "name": name }))?);
    }
    if let Some(topic) = &wishes.topic {
        let plain = json!({ "m.text": [{ "body": topic }] });
        let content = json!({ "topic": topic, "m.topic": plain });
        planned.push(Planned::state("m.room.topic", &content)?);
    }
    for (user, nid, profile) in invites {
        let mut content = Map::new();
        content.insert("membership".to_owned(), "invite".into());
        if wishes.is_direct {
            content.insert("is_direct".to_owned(), true.into());
        }
        membership::add_profile(&mut content, profile.clone());
        planned.push(Planned::member(user, *nid, &content)?);
    }
    Ok(planned)
}

/// That messages are encrypted.
pub(super) fn encryption() -> Result<Planned, Refused> {
    Planned::state("m.room.encryption", &json!({ "algorithm": "m.megolm.v1.aes-sha2" }))
}

fn power_levels(
    session: &Session,
    version: RoomVersion,
    wishes: &Wishes,
    invites: &[Invited],
) -> Value {
    let mut users = Map::new();
    if !version.rules().authorization.explicitly_privilege_room_creators {
        users.insert(session.user_id.to_string(), 100.into());
        if wishes.preset == Preset::TrustedPrivateChat {
            users.extend(invites.iter().map(|(user, ..)| (user.to_string(), 100.into())));
        }
    }
    let mut levels = default_levels(version);
    levels["users"] = users.into();
    if let Some(overrides) = &wishes.power_levels
        && let Some(levels) = levels.as_object_mut()
    {
        levels.extend(overrides.clone());
    }
    levels
}

/// The levels of a new room, before anybody has one of their own.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom>, step 3
pub(super) fn default_levels(version: RoomVersion) -> Value {
    let privileged = version.rules().authorization.explicitly_privilege_room_creators;
    let tombstone = if privileged { 150 } else { 100 };
    json!({
        "users": {},
        "users_default": 0,
        "events_default": 0,
        "state_default": 50,
        "ban": 50, "kick": 50, "redact": 50, "invite": 0, "historical": 100,
        "notifications": { "room": 50 },
        "events": {
            "m.room.name": 50, "m.room.power_levels": 100, "m.room.history_visibility": 100,
            "m.room.canonical_alias": 50, "m.room.avatar": 50, "m.room.tombstone": tombstone,
            "m.room.server_acl": 100, "m.room.encryption": 100,
        },
    })
}
