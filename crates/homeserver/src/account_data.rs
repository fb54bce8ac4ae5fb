//! Account data and tags: what a user's clients keep for themselves on the server.
//! <https://spec.matrix.org/v1.19/client-server-api/#client-config>
//!
//! For sync: [`all_global`] and [`changed_global`] give the account's entries (the push rules among them, also before the
//! first change of a rule), [`all_in_room`], [`changed_in_room`] and [`changed_in_rooms`] those of rooms. Each entry has
//! type, content as JSON bytes, and the position at which it was set; the log says `Touched::AccountData` and
//! `Touched::RoomAccountData` there. Whoever owns a type that clients must not write themselves (`m.fully_read`) writes it
//! with [`set_in_room`]; what clients may write is decided by [`client_may_write`].

use base::{Pos, RoomNid, UserNid};
use bytes::Bytes;
use db::{Batch, CommitError, Error};
use ruma::RoomId;
use serde_json::{Map, Value};
use store::Touched;
pub use store::account_data::Entry;

use crate::{Homeserver, Session, push_rules};

/// Largest content of one piece, in bytes of JSON. Direct chats and ignored people are one piece each, hence more than an event has.
pub const MAX_CONTENT_BYTES: usize = 256 * 1024;
/// Longest type, in bytes, as for events.
pub const MAX_TYPE_BYTES: usize = 255;
/// Most pieces per account, and per room of an account.
pub const MAX_PIECES: u64 = 1_000;
/// Most tags of a room, and the longest tag in bytes as the specification has it.
const MAX_TAGS: usize = 100;
const MAX_TAG_BYTES: usize = 255;
/// How often a change is tried when another device of the same person is quicker.
const ATTEMPTS: u32 = 5;

/// Type of the push rules.
pub const PUSH_RULES: &str = "m.push_rules";
/// Type of the read marker.
pub const FULLY_READ: &str = "m.fully_read";
const TAG: &str = "m.tag";

/// Why account data was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The type is managed by the server.
    #[error("this type is set by another endpoint")]
    Managed,
    /// The type is empty, too long or has a control character.
    #[error("the type is not valid")]
    InvalidType,
    /// The content is no JSON object, or too deep.
    #[error("the content is not a JSON object")]
    NotAnObject,
    /// The content is too large, or there are too many pieces.
    #[error("the account data is too large")]
    TooLarge,
    /// The user has and had no part in the room.
    #[error("the user is not in this room")]
    NotInRoom,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Whether a client may write this type with the general endpoints.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-15>
pub fn client_may_write(kind: &str) -> bool {
    !matches!(kind, FULLY_READ | PUSH_RULES)
}

/// Checks a type and a content that came from a client.
fn check(kind: &str, content: &[u8]) -> Result<(), SetError> {
    if kind.is_empty() || kind.len() > MAX_TYPE_BYTES || kind.chars().any(char::is_control) {
        return Err(SetError::InvalidType);
    }
    if content.len() > MAX_CONTENT_BYTES {
        return Err(SetError::TooLarge);
    }
    match serde_json::from_slice::<Map<String, Value>>(content) {
        Ok(_) => Ok(()),
        Err(_) => Err(SetError::NotAnObject),
    }
}

/// The row number of a room in which the user has, or had, a part.
pub async fn room_of(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<RoomNid, SetError> {
    let room = store::rooms::room_by_id(&hs.db, room_id).await?.ok_or(SetError::NotInRoom)?;
    let member = store::rooms::member(&hs.db, room.room, session.user).await?;
    member.map(|_| room.room).ok_or(SetError::NotInRoom)
}

/// One piece of global account data; the push rules are there before any was changed.
pub async fn global(
    hs: &Homeserver,
    session: &Session,
    kind: &str,
) -> Result<Option<Bytes>, Error> {
    if kind == PUSH_RULES {
        let rules = push_rules::ruleset(hs, session).await?;
        return Ok(Some(push_rules::content_of(&rules)));
    }
    Ok(store::account_data::global(&hs.db, session.user, kind).await?.map(|entry| entry.content))
}

/// Global account data that was set after `since`, oldest first.
pub async fn changed_global(
    hs: &Homeserver,
    user: UserNid,
    since: Pos,
) -> Result<Vec<Entry>, Error> {
    store::account_data::global_after(&hs.db, user, since).await
}

/// All global account data, with the push rules.
pub async fn all_global(hs: &Homeserver, session: &Session) -> Result<Vec<Entry>, Error> {
    let mut entries = store::account_data::global_after(&hs.db, session.user, Pos::ZERO).await?;
    if !entries.iter().any(|entry| entry.kind == PUSH_RULES) {
        let content = push_rules::content_of(&push_rules::default_of(&session.user_id));
        entries.push(Entry { kind: PUSH_RULES.to_owned(), content, pos: Pos::ZERO });
    }
    Ok(entries)
}

/// Sets a piece of global account data at a client's wish. An empty object stays as such: the specification knows no deletion.
pub async fn set_global(
    hs: &Homeserver,
    session: &Session,
    kind: &str,
    content: Bytes,
) -> Result<(), SetError> {
    if !client_may_write(kind) {
        return Err(SetError::Managed);
    }
    check(kind, &content)?;
    let known = store::account_data::global(&hs.db, session.user, kind).await?;
    if known.as_ref().is_some_and(|entry| entry.content == content) {
        return Ok(());
    }
    if known.is_none()
        && store::account_data::count_global(&hs.db, session.user).await? >= MAX_PIECES
    {
        return Err(SetError::TooLarge);
    }
    let mut batch = Batch::new();
    let pos = batch.change(Touched::AccountData { user: session.user }.into());
    store::account_data::put_global(&mut batch, session.user, kind, content, pos);
    hs.db.commit(batch).await?;
    Ok(())
}

/// One piece of a room's account data.
pub async fn in_room(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    kind: &str,
) -> Result<Option<Bytes>, Error> {
    Ok(store::account_data::in_room(&hs.db, user, room, kind).await?.map(|entry| entry.content))
}

/// Account data of a room that was set after `since`, oldest first.
pub async fn changed_in_room(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    since: Pos,
) -> Result<Vec<Entry>, Error> {
    store::account_data::in_room_after(&hs.db, user, room, since).await
}

/// All account data of a room.
pub async fn all_in_room(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
) -> Result<Vec<Entry>, Error> {
    changed_in_room(hs, user, room, Pos::ZERO).await
}

/// Account data of any room that was set after `since`, oldest first; all of it with [`Pos::ZERO`].
pub async fn changed_in_rooms(
    hs: &Homeserver,
    user: UserNid,
    since: Pos,
) -> Result<Vec<(RoomNid, Entry)>, Error> {
    store::account_data::in_rooms_after(&hs.db, user, since).await
}

/// Sets a piece of a room's account data at a client's wish.
pub async fn set_in_room_by_client(
    hs: &Homeserver,
    session: &Session,
    room: RoomNid,
    kind: &str,
    content: Bytes,
) -> Result<(), SetError> {
    if !client_may_write(kind) {
        return Err(SetError::Managed);
    }
    check(kind, &content)?;
    let known = store::account_data::in_room(&hs.db, session.user, room, kind).await?;
    if known.as_ref().is_some_and(|entry| entry.content == content) {
        return Ok(());
    }
    if known.is_none()
        && store::account_data::count_in_room(&hs.db, session.user, room).await? >= MAX_PIECES
    {
        return Err(SetError::TooLarge);
    }
    Ok(set_in_room(hs, session.user, room, kind, content).await?)
}

/// Sets a piece of a room's account data, whatever its type. `content` is a JSON object that the server wrote or has checked.
pub async fn set_in_room(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    kind: &str,
    content: Bytes,
) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    add_in_room(&mut batch, user, room, kind, content);
    hs.db.commit(batch).await.map(|_| ())
}

/// As [`set_in_room`], as a part of a larger batch.
pub fn add_in_room(batch: &mut Batch, user: UserNid, room: RoomNid, kind: &str, content: Bytes) {
    let pos = batch.change(Touched::RoomAccountData { user, room }.into());
    store::account_data::put_in_room(batch, user, room, kind, content, pos);
}

/// Reads a piece of global account data, lets `edit` decide what it becomes, and writes that unless another device was
/// quicker, in which case `edit` decides again.
pub(crate) async fn edit_global<E>(
    hs: &Homeserver,
    user: UserNid,
    kind: &str,
    edit: impl Fn(Option<&[u8]>) -> Result<Bytes, E>,
) -> Result<(), E>
where
    E: From<Error> + From<CommitError>,
{
    let mut attempts = 1..=ATTEMPTS;
    loop {
        let read = store::account_data::global(&hs.db, user, kind).await?;
        let content = edit(read.as_ref().map(|entry| &entry.content[..]))?;
        if read.as_ref().is_some_and(|read| read.content == content) {
            return Ok(());
        }
        let mut batch = Batch::new();
        store::account_data::expect_global(&mut batch, user, kind, read.as_ref());
        let pos = batch.change(Touched::AccountData { user }.into());
        store::account_data::put_global(&mut batch, user, kind, content, pos);
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) if attempts.next().is_some() => {}
            done => return Ok(done.map(|_| ())?),
        }
    }
}

/// Why tags were not read or written.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// The tag is too long, or the order is no number between 0 and 1.
    #[error("the tag is not valid")]
    Invalid,
    /// The room has too many tags.
    #[error("the room has too many tags")]
    TooMany,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The tags of a room, as the object `{"m.favourite": {"order": 0.1}, …}`.
pub async fn tags(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
) -> Result<Map<String, Value>, Error> {
    let entry = store::account_data::in_room(&hs.db, user, room, TAG).await?;
    Ok(tags_of(entry.as_ref().map(|entry| &entry.content[..])))
}

/// Adds or changes a tag.
pub async fn set_tag(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    tag: &str,
    content: Map<String, Value>,
) -> Result<(), TagError> {
    edit_tags(hs, user, room, |tags| add_tag(tags, tag, content.clone())).await
}

/// Removes a tag; one that is not there is removed already.
pub async fn remove_tag(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    tag: &str,
) -> Result<(), TagError> {
    edit_tags(hs, user, room, |tags| Ok(tags.remove(tag).is_some())).await
}

/// What the tags of a room become, `false` for no change.
fn add_tag(
    tags: &mut Map<String, Value>,
    tag: &str,
    content: Map<String, Value>,
) -> Result<bool, TagError> {
    if tag.is_empty() || tag.len() > MAX_TAG_BYTES || tag.chars().any(char::is_control) {
        return Err(TagError::Invalid);
    }
    if let Some(order) = content.get("order")
        && !order.as_f64().is_some_and(|order| (0.0..=1.0).contains(&order))
    {
        return Err(TagError::Invalid);
    }
    let content = Value::Object(content);
    if tags.get(tag) == Some(&content) {
        return Ok(false);
    }
    tags.insert(tag.to_owned(), content);
    if tags.len() > MAX_TAGS { Err(TagError::TooMany) } else { Ok(true) }
}

async fn edit_tags(
    hs: &Homeserver,
    user: UserNid,
    room: RoomNid,
    edit: impl Fn(&mut Map<String, Value>) -> Result<bool, TagError>,
) -> Result<(), TagError> {
    let mut attempts = 1..=ATTEMPTS;
    loop {
        let read = store::account_data::in_room(&hs.db, user, room, TAG).await?;
        let mut tags = tags_of(read.as_ref().map(|entry| &entry.content[..]));
        if !edit(&mut tags)? {
            return Ok(());
        }
        let content = serde_json::to_vec(&serde_json::json!({ "tags": tags }))
            .expect("a JSON value serialises");
        if content.len() > MAX_CONTENT_BYTES {
            return Err(TagError::TooMany);
        }
        let mut batch = Batch::new();
        store::account_data::expect_in_room(&mut batch, user, room, TAG, read.as_ref());
        add_in_room(&mut batch, user, room, TAG, content.into());
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) if attempts.next().is_some() => {}
            done => return Ok(done.map(|_| ())?),
        }
    }
}

/// The tags in the content of `m.tag`, which a client may also have written itself in any form.
fn tags_of(content: Option<&[u8]>) -> Map<String, Value> {
    let content = content.and_then(|content| serde_json::from_slice::<Value>(content).ok());
    match content.and_then(|mut content| content.get_mut("tags").map(Value::take)) {
        Some(Value::Object(tags)) => tags,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn the_server_keeps_push_rules_and_read_markers_to_itself() {
        assert!(!client_may_write("m.push_rules"));
        assert!(!client_may_write("m.fully_read"));
        assert!(client_may_write("m.direct"));
    }

    #[test]
    fn only_objects_with_a_decent_type_are_taken() {
        assert!(check("m.direct", b"{}").is_ok());
        for content in [&b"[]"[..], b"7", b"null", b"{", b"{\"a\":1}x", b""] {
            assert!(matches!(check("m.direct", content), Err(SetError::NotAnObject)));
        }
        for kind in ["", "a\0b", "line\nbreak", &"x".repeat(256)] {
            assert!(matches!(check(kind, b"{}"), Err(SetError::InvalidType)), "{kind:?}");
        }
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_CONTENT_BYTES));
        assert!(matches!(check("m.direct", large.as_bytes()), Err(SetError::TooLarge)));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
        assert!(matches!(check("m.direct", deep.as_bytes()), Err(SetError::NotAnObject)));
    }

    #[test]
    fn a_tag_needs_an_order_between_0_and_1_or_none() {
        let mut tags = Map::new();
        assert!(add_tag(&mut tags, "m.favourite", Map::new()).unwrap());
        assert!(
            !add_tag(&mut tags, "m.favourite", Map::new()).unwrap(),
            "the same again changes nothing"
        );
        assert!(add_tag(&mut tags, "m.favourite", object(json!({ "order": 0.5 }))).unwrap());
        for order in [json!(1.5), json!(-0.1), json!("0.5"), json!(null)] {
            assert!(
                add_tag(&mut tags, "u.x", object(json!({ "order": order }))).is_err(),
                "{order}"
            );
        }
        assert_eq!(Value::Object(tags), json!({ "m.favourite": { "order": 0.5 } }));
    }

    #[test]
    fn a_room_has_only_so_many_tags() {
        let mut tags = Map::new();
        for number in 0..MAX_TAGS {
            add_tag(&mut tags, &format!("u.{number}"), Map::new()).unwrap();
        }
        assert!(matches!(add_tag(&mut tags, "u.more", Map::new()), Err(TagError::TooMany)));
    }

    #[test]
    fn tags_of_any_form_are_read_without_complaint() {
        assert!(tags_of(None).is_empty());
        assert!(tags_of(Some(b"{\"tags\":7}")).is_empty());
        assert!(tags_of(Some(b"{}")).is_empty());
        assert_eq!(tags_of(Some(b"{\"tags\":{\"u.a\":{}}}")).len(), 1);
    }
}
