//! Who is in a room: invite, join, knock, leave, kick, ban.

use base::{EventNid, UserNid};
use room::{Content, Proposal, Refused};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, RoomId, UserId};
use serde_json::{Map, Value, json};
use store::rooms as rows;

use super::{
    Core, Room, WriteError, personal,
    write::{Rows, write},
};
use crate::{
    Homeserver, Session,
    accounts::{self, AccountError},
    profiles,
    sync::ignored,
};

/// A change of somebody's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into the room.
    Join,
    /// A request to be let in.
    Knock,
    /// Somebody is asked in.
    Invite,
    /// Out of the room, by oneself.
    Leave,
    /// Out of the room, by another.
    Kick,
    /// Out of the room for good.
    Ban,
    /// The ban is over.
    Unban,
}

impl Step {
    fn membership(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Knock => "knock",
            Self::Invite => "invite",
            Self::Leave | Self::Kick | Self::Unban => "leave",
            Self::Ban => "ban",
        }
    }
}

impl From<AccountError> for WriteError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Store(error) => Self::Store(error),
            AccountError::Commit(error) => Self::Commit(error),
            AccountError::BadName
            | AccountError::Taken
            | AccountError::WeakPassword
            | AccountError::Unknown => Self::UnknownUser,
        }
    }
}

/// Changes the membership of `target`. What is so already makes no new event.
pub async fn step(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    target: &UserId,
    step: Step,
    reason: Option<&str>,
) -> Result<(), WriteError> {
    let mut content = Map::new();
    content.insert("membership".to_owned(), step.membership().into());
    if let Some(reason) = reason {
        content.insert("reason".to_owned(), reason.into());
    }
    change(hs, session, room_id, target, Some(step), content, None).await?;
    Ok(())
}

/// A membership event sent through the state endpoint.
pub(super) async fn from_state(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    state_key: &str,
    content: Content,
    at: Option<MilliSecondsSinceUnixEpoch>,
) -> Result<OwnedEventId, WriteError> {
    let target = UserId::parse(state_key)
        .map_err(|_| Refused::BadEvent("the state key is not a user id".to_owned()))?;
    let content: Map<String, Value> = content.read()?;
    change(hs, session, room_id, &target, None, content, at).await
}

/// Key of the content that names who vouches for a join into a restricted room.
const VOUCHER: &str = "join_authorised_via_users_server";

async fn change(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    target: &UserId,
    step: Option<Step>,
    mut content: Map<String, Value>,
    at: Option<MilliSecondsSinceUnixEpoch>,
) -> Result<OwnedEventId, WriteError> {
    let target_nid = accounts::user_nid(hs, target).await?.ok_or(WriteError::UnknownUser)?;
    let wanted = content.get("membership").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_local = target.server_name() == hs.server_name;
    if content.contains_key("third_party_invite") {
        return Err(super::send::third_party_invite().into());
    }
    if wanted == "invite" && is_local && blocks_invites(hs, target_nid).await? {
        return Err(WriteError::InviteBlocked);
    }
    if matches!(wanted.as_str(), "join" | "invite" | "knock") && is_local && step.is_some() {
        add_profile(&mut content, profiles::member_fields(hs, target_nid).await?);
    }
    // Who vouches is the server's word alone.
    content.remove(VOUCHER);
    let content = Content::from_value(&content)?;
    let event = EventNid(hs.db.nids().next().await?);
    let now = at.unwrap_or_else(|| hs.origin_server_ts());
    // The rooms that admit into a restricted one are looked up before its lock is taken.
    let allowed = super::open(hs, room_id).await?.core.lock().allowed_rooms();
    for room in &allowed {
        let _ = super::room_nid(hs, room).await;
    }
    let (event_id, predecessor) = write(hs, room_id, |core, room, batch| {
        let current = core.membership(target);
        let entry = core.entry("m.room.member", target.as_str());
        if let Some(entry) = entry
            && is_so_already(step, current.as_deref(), &entry.pdu, &session.user_id, &content)
        {
            return Ok((entry.pdu.event_id.clone(), None));
        }
        check_step(step, current.as_deref())?;
        let content = vouched(hs, core, room, session, target, &content)?;
        let proposal = Proposal {
            kind: "m.room.member".into(),
            state_key: Some(target.to_string()),
            sender: session.user_id.clone(),
            content,
            redacts: None,
            origin_server_ts: now,
        };
        let rows =
            Rows { event, sender: session.user, target: Some(target_nid), transaction: None };
        let event_id = core.append(room, batch, proposal, rows, &hs.signing_key)?;
        let enters = wanted == "join" && current.as_deref() != Some("join");
        Ok((event_id, core.predecessor().filter(|_| enters)))
    })
    .await?;
    if let Some(old) = predecessor {
        personal::follow_upgrade(hs, session, &old, room_id).await?;
    }
    Ok(event_id)
}

/// Whether being told again changes nothing.
fn is_so_already(
    step: Option<Step>,
    current: Option<&str>,
    known: &room::Pdu,
    sender: &UserId,
    content: &Content,
) -> bool {
    match step {
        Some(step @ (Step::Join | Step::Knock | Step::Leave)) => current == Some(step.membership()),
        Some(Step::Invite | Step::Ban) | None => {
            known.sender == sender && known.content.get() == content.as_str()
        }
        Some(Step::Kick | Step::Unban) => false,
    }
}

/// What the endpoints promise beyond the room's rules.
fn check_step(step: Option<Step>, current: Option<&str>) -> Result<(), WriteError> {
    let forbidden = |reason: &str| Err(Refused::Forbidden(reason.to_owned()).into());
    match (step, current) {
        (Some(Step::Unban), current) if current != Some("ban") => {
            Err(WriteError::BadState("the user is not banned"))
        }
        (Some(Step::Kick), None | Some("leave" | "ban")) => {
            forbidden("the user is not in the room")
        }
        (Some(Step::Invite), Some("join")) => forbidden("the user is in the room already"),
        _ => Ok(()),
    }
}

/// Whether a local user takes no invitations.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#invite-permission>
pub(super) async fn blocks_invites(hs: &Homeserver, user: UserNid) -> Result<bool, db::Error> {
    let entry = store::account_data::global(&hs.db, user, ignored::INVITE_PERMISSION).await?;
    Ok(entry.is_some_and(|entry| ignored::refuses_invitations(&entry.content)))
}

/// A join into a restricted room names a member who could invite; the server vouches for the condition.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms>
fn vouched(
    hs: &Homeserver,
    core: &Core,
    room: &Room,
    session: &Session,
    target: &UserId,
    content: &Content,
) -> Result<Content, WriteError> {
    let mut object: Map<String, Value> = content.read()?;
    let joins = object.get("membership").and_then(Value::as_str) == Some("join")
        && target == session.user_id;
    let known = core.membership(target);
    if !joins || matches!(known.as_deref(), Some("join" | "invite")) || !core.is_restricted() {
        return Ok(content.clone());
    }
    let admitted = core.allowed_rooms().iter().any(|allowed| {
        let known = hs.rooms.nids.read().get(allowed).copied();
        known.is_some_and(|nid| hs.feeds.is_joined(nid, session.user))
    });
    let Some(voucher) = core.who_may_invite(room, &hs.server_name).filter(|_| admitted) else {
        return Ok(content.clone());
    };
    object.insert(VOUCHER.to_owned(), voucher.as_str().into());
    Ok(Content::from_value(&object)?)
}

/// Name and picture as members of a room see them.
pub(super) fn add_profile(
    content: &mut Map<String, Value>,
    (name, avatar): (Option<String>, Option<String>),
) {
    if let Some(name) = name {
        content.insert("displayname".to_owned(), name.into());
    }
    if let Some(avatar) = avatar {
        content.insert("avatar_url".to_owned(), avatar.into());
    }
}

/// Brings the user's member events up to date after a change of name or picture.
pub async fn refresh_profile(hs: &Homeserver, session: &Session) -> Result<(), WriteError> {
    for room in hs.feeds.joined_rooms(session.user) {
        let Some(row) = rows::room_by_nid(&hs.db, room).await? else { continue };
        let mut content = Map::new();
        content.insert("membership".to_owned(), "join".into());
        add_profile(&mut content, profiles::member_fields(hs, session.user).await?);
        match change(hs, session, &row.room_id, &session.user_id, None, content, None).await {
            // A room whose rules refuse it keeps the old name; the others follow.
            Ok(_) | Err(WriteError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes a room that the user has left out of the user's sight, and keeps nothing of what the user noted of it (II.c).
///
/// # Errors
/// [`WriteError::BadState`] if the user is still in it.
pub async fn forget(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<(), WriteError> {
    let room = super::room_nid(hs, room_id).await?;
    match rows::member(&hs.db, room, session.user).await? {
        None => Err(WriteError::UnknownRoom),
        Some(member) if !matches!(member.membership.as_str(), "leave" | "ban") => {
            Err(WriteError::BadState("the user is still in the room"))
        }
        Some(_) => {
            let mut batch = db::Batch::new();
            batch.exec(&rows::FORGET, db::params![room.0, session.user.0]);
            // Tags, read marker and receipts go with it (II.c).
            store::account_data::forget_room(&mut batch, session.user, room);
            batch.exec(&store::receipts::FORGET_ROOM, db::params![session.user.0, room.0]);
            hs.db.commit(batch).await?;
            Ok(())
        }
    }
}

/// The rooms that the user has joined.
pub async fn joined_rooms(
    hs: &Homeserver,
    session: &Session,
) -> Result<Vec<OwnedRoomId>, db::Error> {
    let memberships = rows::memberships(&hs.db, session.user).await?;
    Ok(memberships
        .into_iter()
        .filter(|(.., m)| m.membership == "join")
        .map(|(_, id, _)| id)
        .collect())
}

/// The content of the creator's own join.
pub(super) fn join_content(profile: (Option<String>, Option<String>)) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert("membership".to_owned(), json!("join"));
    add_profile(&mut content, profile);
    content
}
