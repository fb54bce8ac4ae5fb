//! Aliases: readable addresses of rooms.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#room-aliases>

use std::collections::HashSet;

use base::EventNid;
use db::{Batch, params};
use room::{Content, Proposal, Refused};
use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId, RoomId};
use serde_json::{Map, Value};
use store::rooms as rows;

use super::{
    Core, Viewer, WriteError,
    read::ReadError,
    write::{Rows, write},
};
use crate::{Homeserver, Session, appservices};

const CANONICAL_ALIAS: &str = "m.room.canonical_alias";

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
    if alias.server_name() != hs.server_name {
        return Err(WriteError::InvalidAlias);
    }
    let room = super::room_nid(hs, room_id).await?;
    if !appservices::may_use_alias(hs, session, alias) {
        return Err(WriteError::AliasExclusive);
    }
    // A service rules its namespace, also for rooms in which it is not.
    if !hs.feeds.is_joined(room, session.user) && !appservices::owns_alias(session, alias) {
        let reason = "aliases are given by members of the room";
        return Err(Refused::Forbidden(reason.to_owned()).into());
    }
    let mut batch = Batch::new();
    batch.expect_one(&rows::CLAIM_ALIAS, params![alias.as_str(), room.0, session.user.0]);
    match hs.db.commit(batch).await {
        Err(db::CommitError::Conflict { .. }) => Err(WriteError::AliasTaken),
        other => other.map(drop).map_err(WriteError::from),
    }
}

/// Takes an alias away; whoever made it may, and whoever may set the room's canonical alias. Where the room names it as
/// its own, that is taken away too, if the user may.
pub async fn remove(
    hs: &Homeserver,
    session: &Session,
    alias: &RoomAliasId,
) -> Result<(), WriteError> {
    if !hs.appservices.leaves_alias_to(alias, session.appservice.as_deref()) {
        return Err(WriteError::AliasExclusive);
    }
    let (_, room_id, creator) = rows::alias(&hs.db, alias).await?.ok_or(WriteError::UnknownRoom)?;
    let room = super::open(hs, &room_id).await?;
    let (may_set, named) = {
        let core = room.core.lock();
        let named = canonical(&core).is_some_and(|content| without(content, alias).is_some());
        (core.may_set(&room, &session.user_id, CANONICAL_ALIAS), named)
    };
    let own = creator == session.user || appservices::owns_alias(session, alias);
    if !own && !may_set {
        let reason = "only who made an alias, or may set the room's aliases, may remove it";
        return Err(Refused::Forbidden(reason.to_owned()).into());
    }
    if may_set && named && forget_as_canonical(hs, session, &room_id, alias).await? {
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::DROP_ALIAS, params![alias.as_str()]);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Removes the alias together with its mention in the room's state; `false` if there was none any more.
async fn forget_as_canonical(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    alias: &RoomAliasId,
) -> Result<bool, WriteError> {
    let event = EventNid(hs.db.nids().next().await?);
    let now = hs.origin_server_ts();
    write(hs, room_id, |core, room, batch| {
        let Some(content) = canonical(core).and_then(|content| without(content, alias)) else {
            return Ok(false);
        };
        let proposal = Proposal {
            kind: CANONICAL_ALIAS.into(),
            state_key: Some(String::new()),
            sender: session.user_id.clone(),
            content: Content::from_value(&content)?,
            redacts: None,
            origin_server_ts: now,
        };
        let rows = Rows { event, sender: session.user, target: None, transaction: None };
        core.append(room, batch, proposal, rows, &hs.signing_key)?;
        batch.exec(&rows::DROP_ALIAS, params![alias.as_str()]);
        Ok(true)
    })
    .await
}

fn canonical(core: &Core) -> Option<Map<String, Value>> {
    core.content(CANONICAL_ALIAS, "")
}

/// The content without this alias; `None` if it does not name it.
fn without(mut content: Map<String, Value>, alias: &RoomAliasId) -> Option<Map<String, Value>> {
    let is_main = content.get("alias").and_then(Value::as_str) == Some(alias.as_str());
    if is_main {
        content.remove("alias");
    }
    let mut was_further = false;
    if let Some(further) = content.get_mut("alt_aliases").and_then(Value::as_array_mut) {
        let before = further.len();
        further.retain(|known| known.as_str() != Some(alias.as_str()));
        was_further = further.len() < before;
        if further.is_empty() {
            content.remove("alt_aliases");
        }
    }
    (is_main || was_further).then_some(content)
}

/// The aliases of a room, for its members, and for all if the world may read the room.
pub async fn of_room(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Vec<OwnedRoomAliasId>, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    if !viewer.is_joined() && !viewer.is_world_readable() {
        return Err(ReadError::NotInRoom);
    }
    Ok(rows::aliases(&hs.db, viewer.room).await?)
}

/// Aliases that a canonical alias names anew must be valid and point to its room; those that stand there already, or are
/// taken away, are not looked at.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey>
pub(super) async fn check_canonical(
    hs: &Homeserver,
    room_id: &RoomId,
    content: &Content,
) -> Result<(), WriteError> {
    let wanted = named_in(&content.read()?)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let room = super::open(hs, room_id).await?;
    let known = canonical(&room.core.lock()).map(|known| named_in(&known));
    let known: HashSet<String> =
        known.and_then(Result::ok).unwrap_or_default().into_iter().collect();
    for alias in wanted.into_iter().filter(|alias| !known.contains(alias)) {
        let alias = RoomAliasId::parse(alias).map_err(|_| WriteError::InvalidAlias)?;
        if resolve(hs, &alias).await?.as_deref() != Some(room_id) {
            return Err(WriteError::BadAlias);
        }
    }
    Ok(())
}

/// A new room's own alias is the only one that it can name.
pub(super) fn check_first_canonical(
    content: &Content,
    own: Option<&RoomAliasId>,
) -> Result<(), WriteError> {
    for alias in named_in(&content.read()?)? {
        let alias = RoomAliasId::parse(alias).map_err(|_| WriteError::InvalidAlias)?;
        if own != Some(&*alias) {
            return Err(WriteError::BadAlias);
        }
    }
    Ok(())
}

fn named_in(content: &Map<String, Value>) -> Result<Vec<String>, WriteError> {
    let text = |alias: &Value| alias.as_str().map(str::to_owned).ok_or(WriteError::InvalidAlias);
    let mut named = Vec::new();
    match content.get("alias") {
        None | Some(Value::Null) => {}
        // The empty text is how older clients take the alias away.
        Some(Value::String(none)) if none.is_empty() => {}
        Some(alias) => named.push(text(alias)?),
    }
    match content.get("alt_aliases") {
        None | Some(Value::Null) => {}
        Some(Value::Array(further)) => {
            for alias in further {
                named.push(text(alias)?);
            }
        }
        Some(_) => return Err(WriteError::InvalidAlias),
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use ruma::room_alias_id;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn an_alias_is_taken_out_wherever_it_stands() {
        let content = object(json!({ "alias": "#a:x", "alt_aliases": ["#a:x", "#b:x"], "z": 1 }));
        let left = without(content, room_alias_id!("#a:x")).expect("it is named");
        assert_eq!(Value::Object(left), json!({ "alt_aliases": ["#b:x"], "z": 1 }));
        assert!(without(object(json!({ "alias": "#b:x" })), room_alias_id!("#a:x")).is_none());
    }

    #[test]
    fn what_is_no_text_is_no_alias() {
        let named = |value| named_in(&object(value)).ok();
        assert_eq!(named(json!({})), Some(vec![]));
        assert_eq!(named(json!({ "alias": "" })), Some(vec![]));
        let both = json!({ "alias": "#a:x", "alt_aliases": ["#b:x"] });
        assert_eq!(named(both), Some(vec!["#a:x".to_owned(), "#b:x".to_owned()]));
        for bad in
            [json!({ "alias": 7 }), json!({ "alt_aliases": "#a:x" }), json!({ "alt_aliases": [7] })]
        {
            assert_eq!(named(bad), None);
        }
    }
}
