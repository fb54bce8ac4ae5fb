//! Events that refer to another: answers in threads, edits, annotations.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events>

use std::collections::{HashMap, HashSet};

use base::{Pos, RoomNid};
use bytes::Bytes;
use db::{Error, ReadSet, params};
use room::{Content, Refused};
use ruma::{EventId, OwnedEventId, RoomId};
use serde::Deserialize;
use store::rooms::{self as rows, EventRow};

use super::{
    TimelineToken, Viewer, WriteError,
    read::{self, ReadError},
};
use crate::{Homeserver, Session, sync::event::content_of};

/// How far relations of relations are followed, and how many events at most.
const MAX_DEPTH: u32 = 3;
const MAX_RELATED: usize = 10_000;
/// Threads that are looked at together.
const THREADS_AT_ONCE: i64 = 100;

#[derive(Deserialize)]
struct WithRelation {
    #[serde(rename = "m.relates_to")]
    relates_to: Option<RelatesTo>,
    #[serde(rename = "m.new_content")]
    new_content: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct RelatesTo {
    rel_type: Option<String>,
    event_id: Option<String>,
    key: Option<serde_json::Value>,
}

/// The event that one of this kind and content refers to, and how: `m.relates_to` stands in clear beside the ciphertext.
/// What breaks the rules of its relation has none.
pub(crate) fn relation_of(kind: &str, content: &str) -> Option<(String, String)> {
    if !content.contains("m.relates_to") {
        return None;
    }
    let content: WithRelation = serde_json::from_str(content).ok()?;
    let relates_to = content.relates_to?;
    let (rel_type, target) = (relates_to.rel_type?, relates_to.event_id?);
    // The new content of an encrypted edit is in the ciphertext.
    let is_empty_edit =
        rel_type == "m.replace" && kind != "m.room.encrypted" && content.new_content.is_none();
    (target.len() <= 255 && rel_type.len() <= 255 && !is_empty_edit).then_some((target, rel_type))
}

/// As [`relation_of`], of an event in client form.
pub(crate) fn relation_in(client: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        content: &'a serde_json::value::RawValue,
        #[serde(rename = "type", default)]
        kind: String,
    }
    let event: Event<'_> = serde_json::from_slice(client).ok()?;
    relation_of(&event.kind, event.content.get())
}

/// Refuses what must not refer to its target: an answer to a thread that cannot be one, and the same annotation twice.
pub(super) async fn check(
    hs: &Homeserver,
    session: &Session,
    room: RoomNid,
    kind: &str,
    content: &Content,
) -> Result<(), WriteError> {
    let Some((target, rel_type)) = relation_of(kind, content.as_str()) else { return Ok(()) };
    match rel_type.as_str() {
        "m.thread" => {
            let Ok(target) = EventId::parse(target) else { return Ok(()) };
            let root = rows::event_by_id(&hs.db, &target).await?.filter(|root| root.room == room);
            // <https://spec.matrix.org/v1.19/client-server-api/#validation-of-mthread-relationships>
            match root {
                Some(root) if relation_in(&root.client).is_some() => Err(WriteError::NoThreadRoot),
                _ => Ok(()),
            }
        }
        "m.annotation" => {
            let Some(key) = annotation_key(content.as_str().as_bytes()) else { return Ok(()) };
            let known = hs.db.query(&rows::RELATED, params![target, room.0]).await?;
            for row in &known {
                let event = EventRow::from_row(row)?;
                let is_same = event.sender == session.user_id
                    && event.kind == kind
                    && row.get::<&str>(16)? == "m.annotation"
                    && content_of(&event.client)
                        .is_some_and(|content| annotation_key(&content).as_ref() == Some(&key));
                if is_same {
                    return Err(WriteError::DuplicateAnnotation);
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What an annotation says, if it says so in clear.
fn annotation_key(content: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_slice::<WithRelation>(content).ok()?.relates_to?.key
}

/// A tombstone that points to its own room leads nowhere.
pub(super) fn check_tombstone(
    room_id: &RoomId,
    kind: &str,
    content: &Content,
) -> Result<(), Refused> {
    #[derive(Deserialize)]
    struct Tombstone {
        replacement_room: Option<String>,
    }
    if kind != "m.room.tombstone" {
        return Ok(());
    }
    match content.read::<Tombstone>() {
        Ok(tombstone) if tombstone.replacement_room.as_deref() == Some(room_id.as_str()) => {
            Err(Refused::BadEvent("a room is not replaced by itself".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Which relations.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Only this relation type.
    pub rel_type: Option<&'a str>,
    /// Only this event type; ciphertext is `m.room.encrypted`.
    pub kind: Option<&'a str>,
    /// Oldest first.
    pub forwards: bool,
    /// Where to begin.
    pub from: Option<TimelineToken>,
    /// Where to stop.
    pub to: Option<TimelineToken>,
    /// Most events.
    pub limit: u32,
    /// Also what refers to the events that refer to it.
    pub recurse: bool,
}

/// Events in one answer and where the next begins.
#[derive(Debug)]
pub struct Related {
    /// Events in client form.
    pub events: Vec<Bytes>,
    /// Where the next page begins.
    pub next: Option<TimelineToken>,
    /// How far relations of relations were followed, if that was asked for.
    pub depth: Option<u32>,
}

/// The events that refer to `target`.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#relationships-api>
pub async fn relations(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    target: &EventId,
    wanted: Wanted<'_>,
) -> Result<Related, ReadError> {
    let (viewer, row) = read::event_row(hs, session, room_id, target).await?;
    let depth = if wanted.recurse { MAX_DEPTH } else { 1 };
    let mut found = children(hs, viewer.room, row.event_id, depth).await?;
    found.retain(|(event, rel_type)| {
        wanted.rel_type.is_none_or(|wanted| wanted == rel_type)
            && wanted.kind.is_none_or(|wanted| wanted == event.kind)
            && is_between(event.pos.unwrap_or_default(), &wanted)
            && viewer.sees(event)
    });
    found.sort_unstable_by_key(|(event, _)| event.pos);
    if !wanted.forwards {
        found.reverse();
    }
    let limit = wanted.limit.clamp(1, read::MAX_PAGE) as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    // A token stands behind its event: going backwards, the next page begins before the last one shown.
    let behind = |event: &EventRow| {
        let pos = event.pos.unwrap_or_default();
        TimelineToken(if wanted.forwards { pos } else { Pos::new(pos.get().saturating_sub(1)) })
    };
    let next = found.last().filter(|_| more).map(|(event, _)| behind(event));
    let events = found.into_iter().map(|(event, _)| event).collect();
    Ok(Related {
        events: read::present(hs, session, &viewer, events).await?,
        next,
        depth: wanted.recurse.then_some(depth),
    })
}

fn is_between(pos: Pos, wanted: &Wanted<'_>) -> bool {
    let (first, last) =
        if wanted.forwards { (wanted.from, wanted.to) } else { (wanted.to, wanted.from) };
    first.is_none_or(|first| pos > first.0) && last.is_none_or(|last| pos <= last.0)
}

/// What refers to an event, and what refers to that, each once with its relation.
async fn children(
    hs: &Homeserver,
    room: RoomNid,
    target: OwnedEventId,
    depth: u32,
) -> Result<Vec<(EventRow, String)>, Error> {
    let mut met = HashSet::from([target.clone()]);
    let (mut parents, mut found) = (vec![target], Vec::new());
    for _ in 0..depth {
        let mut set = ReadSet::new();
        for parent in &parents {
            set.push(&rows::RELATED, params![parent.as_str(), room.0]);
        }
        parents.clear();
        for row in hs.db.read(set).await?.iter().flatten() {
            let event = EventRow::from_row(row)?;
            if found.len() < MAX_RELATED && met.insert(event.event_id.clone()) {
                if event.related {
                    parents.push(event.event_id.clone());
                }
                found.push((event, row.get(16)?));
            }
        }
        if parents.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The roots of a room's threads, the latest answered first; those that the user takes part in, or all.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads>
pub async fn threads(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    from: Option<TimelineToken>,
    limit: u32,
    participated: bool,
) -> Result<Related, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let limit = limit.clamp(1, read::MAX_PAGE) as usize;
    let mut before = from.map_or(i64::MAX, |from| i64::try_from(from.0.get()).unwrap_or(i64::MAX));
    let (mut events, mut next) = (Vec::new(), None);
    'pages: loop {
        let roots = hs
            .db
            .query(&rows::THREAD_ROOTS, params![viewer.room.0, before, THREADS_AT_ONCE])
            .await?;
        let mut latest = HashMap::new();
        let mut set = ReadSet::new();
        for root in &roots {
            let (target, pos): (String, Pos) = (root.get(0)?, root.get(1)?);
            set.push(&rows::EVENT_BY_ID, params![target.as_str()]);
            before = i64::try_from(pos.get()).unwrap_or(i64::MAX);
            latest.insert(target, pos);
        }
        for row in hs.db.read(set).await?.iter().filter_map(|answer| answer.first()) {
            let row = EventRow::from_row(row)?;
            if row.room != viewer.room
                || !viewer.may_see(&row)
                || relation_in(&row.client).is_some()
            {
                continue;
            }
            if participated && !takes_part(hs, session, &row).await? {
                continue;
            }
            if events.len() == limit {
                break 'pages;
            }
            next = latest.get(row.event_id.as_str()).copied().map(TimelineToken);
            events.push(row);
        }
        if roots.len() < usize::try_from(THREADS_AT_ONCE).expect("a small number") {
            next = None;
            break;
        }
    }
    let version = super::open(hs, room_id).await?.version;
    for row in events.iter_mut().filter(|row| viewer.ignores(&row.sender)) {
        // As if the client itself had gathered the thread from what it is shown.
        row.client =
            room::redact(version, &row.client).map_err(|_| Error::corrupt("events.client"))?.into();
    }
    let events = read::present(hs, session, &viewer, events).await?;
    Ok(Related { events, next, depth: None })
}

/// Whether the user began a thread or answered in it.
async fn takes_part(hs: &Homeserver, session: &Session, root: &EventRow) -> Result<bool, Error> {
    if root.sender == session.user_id {
        return Ok(true);
    }
    let children =
        hs.db.query(&rows::CHILDREN, params![root.event_id.as_str(), root.room.0]).await?;
    for child in &children {
        let child = rows::ChildRow::from_row(child)?;
        if child.rel_type == "m.thread" && child.sender == session.user_id {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_beside_the_ciphertext() {
        let content = r#"{"ciphertext":"m.relates_to","m.relates_to":{"event_id":"$a","rel_type":"m.thread"}}"#;
        let relation = relation_of("m.room.encrypted", content);
        assert_eq!(relation, Some(("$a".to_owned(), "m.thread".to_owned())));
        for none in [
            r#"{"ciphertext":"m.relates_to"}"#,
            r#"{"m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}"#,
            r#"{"m.relates_to":7}"#,
            "{}",
        ] {
            assert_eq!(relation_of("m.room.encrypted", none), None, "{none}");
        }
    }

    #[test]
    fn an_edit_in_clear_has_a_new_content() {
        let edit = r#"{"m.relates_to":{"event_id":"$a","rel_type":"m.replace"}}"#;
        assert!(relation_of("m.room.encrypted", edit).is_some());
        assert!(relation_of("m.room.message", edit).is_none());
        let whole =
            r#"{"m.new_content":{},"m.relates_to":{"event_id":"$a","rel_type":"m.replace"}}"#;
        assert!(relation_of("m.room.message", whole).is_some());
    }
}
