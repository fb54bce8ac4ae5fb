//! Aliases: readable addresses of rooms.

use db::{Batch, params};
use room::{Content, Refused};
use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId, RoomId};
use serde::Deserialize;
use store::rooms as rows;

use super::WriteError;
use crate::{Homeserver, Session};

/// The room that an alias names.
pub async fn resolve(
    hs: &Homeserver,
    alias: &RoomAliasId,
) -> Result<Option<OwnedRoomId>, db::Error> {
    Ok(rows::alias(&hs.db, alias).await?.map(|(_, room_id, _)| room_id))
}

/// Gives a room a further alias.
pub async fn add(
    hs: &Homeserver,
    session: &Session,
    alias: &RoomAliasId,
    room_id: &RoomId,
) -> Result<(), WriteError> {
    let room = super::room_nid(hs, room_id).await?;
    if alias.server_name() != hs.server_name || !hs.feeds.is_joined(room, session.user) {
        let reason = "aliases are given by members of the room, on their own server";
        return Err(Refused::Forbidden(reason.to_owned()).into());
    }
    let mut batch = Batch::new();
    batch.expect_one(&rows::CLAIM_ALIAS, params![alias.as_str(), room.0, session.user.0]);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => Err(WriteError::AliasTaken),
        other => other.map(drop).map_err(WriteError::from),
    }
}

/// Takes an alias away; whoever made it may.
pub async fn remove(
    hs: &Homeserver,
    session: &Session,
    alias: &RoomAliasId,
) -> Result<(), WriteError> {
    let (_, _, creator) = rows::alias(&hs.db, alias).await?.ok_or(WriteError::UnknownRoom)?;
    if creator != session.user {
        return Err(Refused::Forbidden("only who made an alias may remove it".to_owned()).into());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::DROP_ALIAS, params![alias.as_str()]);
    hs.db.commit(batch).await?;
    Ok(())
}

/// The aliases of a room, for its members.
pub async fn of_room(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Vec<OwnedRoomAliasId>, WriteError> {
    let room = super::room_nid(hs, room_id).await?;
    if !hs.feeds.is_joined(room, session.user) {
        return Err(Refused::Forbidden("only members see a room's aliases".to_owned()).into());
    }
    Ok(rows::aliases(&hs.db, room).await?)
}

/// A canonical alias must name the room that it stands in.
pub(super) async fn check_canonical(
    hs: &Homeserver,
    room_id: &RoomId,
    content: &Content,
) -> Result<(), WriteError> {
    #[derive(Deserialize)]
    struct Canonical {
        alias: Option<String>,
        #[serde(default)]
        alt_aliases: Vec<String>,
    }
    let canonical: Canonical = content.read()?;
    for alias in canonical.alias.iter().chain(&canonical.alt_aliases) {
        let alias = RoomAliasId::parse(alias.as_str())
            .map_err(|_| Refused::BadEvent("the alias is not valid".to_owned()))?;
        if resolve(hs, &alias).await?.as_deref() != Some(room_id) {
            return Err(WriteError::BadState("the alias does not point to this room"));
        }
    }
    Ok(())
}
