//! The rooms of a space and of the spaces in it.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#discovering-rooms-within-spaces>

use std::{collections::HashSet, fmt, str::FromStr};

use base::RoomNid;
use bytes::Bytes;
use db::{Error, params};
use ruma::{OwnedRoomId, RoomId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::rooms as rows;

use super::{OpenRoomError, read::ReadError, summary::Outside};
use crate::{Homeserver, Session};

/// Rooms in an answer whose client asked for no number, and at most.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;
/// How deep spaces are followed into each other at most.
const MAX_DEPTH: u64 = 32;
/// Rooms that one walk comes to at most.
const MAX_ROOMS: usize = 10_000;

/// What is wanted of a space.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only rooms that the space suggests.
    pub suggested_only: bool,
    /// Most rooms in the answer.
    pub limit: Option<u64>,
    /// How deep to go.
    pub max_depth: Option<u64>,
    /// Where an answer before ended.
    pub from: Option<PageToken>,
}

/// Where an answer ended: after so many rooms of a walk that was asked for like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    shown: usize,
    max_depth: u64,
    suggested_only: bool,
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, max_depth, suggested_only } = self;
        write!(f, "h{shown}_{max_depth}_{}", u8::from(*suggested_only))
    }
}

impl FromStr for PageToken {
    type Err = super::BadToken;

    fn from_str(text: &str) -> Result<Self, super::BadToken> {
        let parse = || {
            let mut parts = text.strip_prefix('h')?.split('_');
            let token = Self {
                shown: parts.next()?.parse().ok()?,
                max_depth: parts.next()?.parse().ok()?,
                suggested_only: match parts.next()? {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                },
            };
            parts.next().is_none().then_some(token)
        };
        parse().ok_or(super::BadToken)
    }
}

/// Why a space is not shown.
#[derive(Debug, thiserror::Error)]
pub enum HierarchyError {
    /// A page was asked for with other wishes than the one before.
    #[error("depth and suggestions stay the same from page to page")]
    Changed,
    /// The space could not be read, or not by this user.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<Error> for HierarchyError {
    fn from(error: Error) -> Self {
        Self::Read(error.into())
    }
}

/// Some rooms of a space.
#[derive(Debug)]
pub struct Page {
    /// Summaries, with the children of those that are spaces.
    pub rooms: Vec<Map<String, Value>>,
    /// Where the next page begins.
    pub next: Option<PageToken>,
}

/// Walks through a space, depth first, and gives a part of what the user may know of.
pub async fn hierarchy(
    hs: &Homeserver,
    session: &Session,
    space: &RoomId,
    wanted: Wanted,
) -> Result<Page, HierarchyError> {
    let max_depth = match (wanted.from, wanted.max_depth) {
        (Some(from), Some(depth)) if from.max_depth != depth.min(MAX_DEPTH) => {
            return Err(HierarchyError::Changed);
        }
        (Some(from), _) if from.suggested_only != wanted.suggested_only => {
            return Err(HierarchyError::Changed);
        }
        (Some(from), _) => from.max_depth.min(MAX_DEPTH),
        (None, depth) => depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH),
    };
    let skipped = wanted.from.map_or(0, |from| from.shown);
    let limit = wanted.limit.map_or(DEFAULT_LIMIT, |limit| {
        usize::try_from(limit).unwrap_or(MAX_LIMIT).clamp(1, MAX_LIMIT)
    });
    let (mut rooms, mut shown) = (Vec::new(), 0);
    let mut met = HashSet::from([space.to_owned()]);
    let mut open = vec![(space.to_owned(), 0_u64)];
    while let Some((room_id, depth)) = open.pop() {
        let known = known_to(hs, session, &room_id).await?;
        let Some(outside) = known else {
            if depth == 0 {
                return Err(ReadError::NotInRoom.into());
            }
            continue;
        };
        if rooms.len() == limit {
            let suggested_only = wanted.suggested_only;
            return Ok(Page { rooms, next: Some(PageToken { shown, max_depth, suggested_only }) });
        }
        let children = match outside.room_type() {
            Some("m.space") => children(hs, outside.room, wanted.suggested_only).await?,
            _ => Vec::new(),
        };
        shown += 1;
        if shown > skipped {
            let mut summary = outside.summary();
            let stripped: Vec<&Value> = children.iter().map(|child| &child.stripped).collect();
            summary.insert("children_state".to_owned(), json!(stripped));
            rooms.push(summary);
        }
        if depth < max_depth && shown < MAX_ROOMS {
            // The last one that is put on the pile is the first to be taken: in reverse order.
            let new: Vec<_> =
                children.into_iter().filter(|child| met.insert(child.room_id.clone())).collect();
            open.extend(new.into_iter().rev().map(|child| (child.room_id, depth + 1)));
        }
    }
    Ok(Page { rooms, next: None })
}

/// What the user may know of a room; `None` if that is nothing.
async fn known_to(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Option<Outside>, Error> {
    let room = match super::room_nid(hs, room_id).await {
        Ok(room) => room,
        Err(OpenRoomError::Unknown) => return Ok(None),
        Err(OpenRoomError::Store(error)) => return Err(error),
    };
    let outside = Outside::read(hs, [(room, room_id.to_owned())]).await?.pop();
    let Some(outside) = outside else { return Ok(None) };
    let (is_shown, _) = outside.standing(hs, session).await?;
    Ok(is_shown.then_some(outside))
}

#[derive(Debug)]
struct Child {
    room_id: OwnedRoomId,
    order: Option<String>,
    ts: u64,
    stripped: Value,
}

async fn children(
    hs: &Homeserver,
    space: RoomNid,
    suggested_only: bool,
) -> Result<Vec<Child>, Error> {
    let mut children = Vec::new();
    for row in &hs.db.query(&rows::SPACE_CHILDREN, params![space.0]).await? {
        let client: Bytes = row.get(1)?;
        children.extend(child_of(row.get(0)?, &client, suggested_only));
    }
    sort(&mut children);
    Ok(children)
}

/// The child that an event names; without `via` it was taken out.
fn child_of(state_key: &str, client: &[u8], suggested_only: bool) -> Option<Child> {
    #[derive(Deserialize)]
    struct Event {
        content: Map<String, Value>,
        sender: String,
        origin_server_ts: u64,
    }
    let room_id = RoomId::parse(state_key).ok()?;
    let event: Event = serde_json::from_slice(client).ok()?;
    event.content.get("via").filter(|via| via.is_array())?;
    if suggested_only && event.content.get("suggested") != Some(&Value::Bool(true)) {
        return None;
    }
    let order = event.content.get("order").and_then(Value::as_str).map(str::to_owned);
    let is_printable = |order: &String| {
        order.len() <= 50 && order.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    };
    let stripped = json!({
        "type": "m.space.child", "state_key": state_key, "content": event.content,
        "sender": event.sender, "origin_server_ts": event.origin_server_ts,
    });
    Some(Child { room_id, order: order.filter(is_printable), ts: event.origin_server_ts, stripped })
}

/// <https://spec.matrix.org/v1.19/client-server-api/#ordering-of-children-within-a-space>
fn sort(children: &mut [Child]) {
    children.sort_by(|a, b| {
        let place = |child: &Child| (child.order.is_none(), child.order.clone(), child.ts);
        place(a).cmp(&place(b)).then_with(|| a.room_id.cmp(&b.room_id))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(room: &str, order: Option<&str>, ts: u64) -> Child {
        let mut content = json!({ "via": ["x"] });
        if let Some(order) = order {
            content["order"] = order.into();
        }
        let client = json!({ "content": content, "sender": "@a:x", "origin_server_ts": ts });
        child_of(room, client.to_string().as_bytes(), false).expect("a child")
    }

    #[test]
    fn children_stand_in_the_order_of_the_specification() {
        let mut children = vec![
            child("!d:x", None, 1_640_741_000_000),
            child("!c:x", Some("first"), 1_640_841_000_000),
            child("!e:x", None, 1_640_641_000_000),
            child("!a:x", Some("aaaa"), 1_640_141_000_000),
            child("!b:x", Some(" "), 1_640_341_000_000),
            child("!f:x", Some("\u{1F44D}"), 1_640_940_000_000),
        ];
        sort(&mut children);
        let order: Vec<_> = children.iter().map(|child| child.room_id.as_str()).collect();
        assert_eq!(order, ["!b:x", "!a:x", "!c:x", "!e:x", "!d:x", "!f:x"]);
    }

    #[test]
    fn what_has_no_via_is_no_child() {
        let client = br#"{"content":{},"sender":"@a:x","origin_server_ts":1}"#;
        assert!(child_of("!a:x", client, false).is_none());
        let client = br#"{"content":{"via":["x"]},"sender":"@a:x","origin_server_ts":1}"#;
        assert!(child_of("!a:x", client, false).is_some());
        assert!(child_of("!a:x", client, true).is_none(), "it is not suggested");
        assert!(child_of("nonsense", client, false).is_none());
    }

    #[test]
    fn tokens_survive_the_wire_and_others_are_refused() {
        let token = PageToken { shown: 7, max_depth: 3, suggested_only: true };
        assert_eq!(token.to_string().parse(), Ok(token));
        for bad in ["", "h", "h1_2", "h1_2_3", "t1_2_0", "h1_2_0_4", "h-1_2_0"] {
            assert!(bad.parse::<PageToken>().is_err(), "{bad}");
        }
    }
}
