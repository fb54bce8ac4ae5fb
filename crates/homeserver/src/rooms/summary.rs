//! A room in a few words, for who considers joining it.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias>

use std::collections::HashMap;

use base::RoomNid;
use bytes::Bytes;
use db::{Error, ReadSet, Row, params};
use ruma::{OwnedRoomId, RoomId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::rooms as rows;

use super::OpenRoomError;
use crate::{Homeserver, Session};

/// What people outside of a room get to know of it.
#[derive(Debug)]
pub struct Outside {
    /// The room.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// Joined members.
    pub joined: u64,
    contents: HashMap<String, Map<String, Value>>,
}

/// Statements of one room in [`push_reads`].
const READS: usize = 2;

fn push_reads(set: &mut ReadSet, room: RoomNid) {
    set.push(&rows::OUTSIDE_VIEW, params![room.0]);
    set.push(&rows::JOINED_COUNT, params![room.0]);
}

impl Outside {
    /// Reads what is told of these rooms, in their order.
    pub async fn read(
        hs: &Homeserver,
        rooms: impl IntoIterator<Item = (RoomNid, OwnedRoomId)>,
    ) -> Result<Vec<Self>, Error> {
        let (mut set, mut asked) = (ReadSet::new(), Vec::new());
        for (room, room_id) in rooms {
            push_reads(&mut set, room);
            asked.push((room, room_id));
        }
        let answers = hs.db.read(set).await?;
        asked
            .into_iter()
            .zip(answers.chunks_exact(READS))
            .map(|((room, room_id), answers)| Self::from_rows(room, room_id, answers))
            .collect()
    }

    fn from_rows(room: RoomNid, room_id: OwnedRoomId, answers: &[Vec<Row>]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Event {
            content: Map<String, Value>,
        }
        let mut contents = HashMap::new();
        for row in &answers[0] {
            let client: Bytes = row.get(1)?;
            if let Ok(event) = serde_json::from_slice::<Event>(&client) {
                contents.insert(row.get(0)?, event.content);
            }
        }
        let joined = answers[1].first().map_or(Ok(0), |row| row.get(0))?;
        Ok(Self { room, room_id, joined, contents })
    }

    /// A text of a part of the state; empty texts count as absent.
    pub fn text(&self, kind: &str, field: &str) -> Option<&str> {
        let text = self.contents.get(kind)?.get(field)?.as_str()?;
        Some(text).filter(|text| !text.is_empty())
    }

    /// The room's type, such as `m.space`.
    pub fn room_type(&self) -> Option<&str> {
        self.text("m.room.create", "type")
    }

    fn join_rule(&self) -> &str {
        self.text("m.room.join_rules", "join_rule").unwrap_or("invite")
    }

    fn is_restricted(&self) -> bool {
        matches!(self.join_rule(), "restricted" | "knock_restricted")
    }

    fn is_world_readable(&self) -> bool {
        self.text("m.room.history_visibility", "history_visibility") == Some("world_readable")
    }

    /// The rooms whose members may join a restricted room.
    fn allowed(&self) -> Vec<&RoomId> {
        let rules = self.contents.get("m.room.join_rules").filter(|_| self.is_restricted());
        let allow = rules.and_then(|rules| rules.get("allow")).and_then(Value::as_array);
        let rooms =
            allow.into_iter().flatten().filter(|allow| allow["type"] == "m.room_membership");
        rooms.filter_map(|allow| allow["room_id"].as_str()?.try_into().ok()).collect()
    }

    /// Whether the room is shown to a user with this membership; `is_admitted`: the user is in one of the allowed rooms.
    ///
    /// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy>
    fn is_shown_to(&self, membership: Option<&str>, is_admitted: bool) -> bool {
        if membership == Some("ban") && !self.is_world_readable() {
            return false;
        }
        matches!(membership, Some("join" | "invite" | "knock"))
            || matches!(self.join_rule(), "public" | "knock" | "knock_restricted")
            || (self.is_restricted() && is_admitted)
            || self.is_world_readable()
    }

    /// Whether the session's user may know of the room, and what the user is there.
    pub async fn standing(
        &self,
        hs: &Homeserver,
        session: &Session,
    ) -> Result<(bool, Option<String>), Error> {
        let member = rows::member(&hs.db, self.room, session.user).await?;
        let membership = member.map(|member| member.membership);
        let mut is_admitted = false;
        for allowed in self.allowed() {
            let room = match super::room_nid(hs, allowed).await {
                Ok(room) => room,
                Err(OpenRoomError::Unknown) => continue,
                Err(OpenRoomError::Store(error)) => return Err(error),
            };
            is_admitted |= hs.feeds.is_joined(room, session.user);
        }
        Ok((self.is_shown_to(membership.as_deref(), is_admitted), membership))
    }

    /// What the room directory tells of a room.
    ///
    /// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms>
    pub fn directory_entry(&self) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("room_id".to_owned(), json!(self.room_id));
        entry.insert("num_joined_members".to_owned(), json!(self.joined));
        entry.insert("world_readable".to_owned(), json!(self.is_world_readable()));
        let guests = self.text("m.room.guest_access", "guest_access") == Some("can_join");
        entry.insert("guest_can_join".to_owned(), json!(guests));
        entry.insert("join_rule".to_owned(), json!(self.join_rule()));
        for (name, text) in [
            ("name", self.text("m.room.name", "name")),
            ("topic", self.text("m.room.topic", "topic")),
            ("avatar_url", self.text("m.room.avatar", "url")),
            ("canonical_alias", self.text("m.room.canonical_alias", "alias")),
            ("room_type", self.room_type()),
        ] {
            if let Some(text) = text {
                entry.insert(name.to_owned(), text.into());
            }
        }
        entry
    }

    /// As [`Outside::directory_entry`], with what a summary has besides.
    pub fn summary(&self) -> Map<String, Value> {
        let mut summary = self.directory_entry();
        if let Some(algorithm) = self.text("m.room.encryption", "algorithm") {
            summary.insert("encryption".to_owned(), algorithm.into());
        }
        if let Some(version) = self.text("m.room.create", "room_version") {
            summary.insert("room_version".to_owned(), version.into());
        }
        if self.is_restricted() {
            summary.insert("allowed_room_ids".to_owned(), json!(self.allowed()));
        }
        summary
    }

    /// Whether a word stands in the name, the topic or the alias, whatever its case.
    pub fn mentions(&self, lowercase: &str) -> bool {
        let texts = [
            self.text("m.room.name", "name"),
            self.text("m.room.topic", "topic"),
            self.text("m.room.canonical_alias", "alias"),
        ];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(lowercase))
    }
}

/// The summary; `None` if there is no such room, or it is none of the user's business.
pub async fn summary(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Option<Value>, Error> {
    let room = match super::room_nid(hs, room_id).await {
        Ok(room) => room,
        Err(OpenRoomError::Unknown) => return Ok(None),
        Err(OpenRoomError::Store(error)) => return Err(error),
    };
    let Some(outside) = Outside::read(hs, [(room, room_id.to_owned())]).await?.pop() else {
        return Ok(None);
    };
    let (is_shown, membership) = outside.standing(hs, session).await?;
    if !is_shown {
        return Ok(None);
    }
    let mut summary = outside.summary();
    if let Some(membership) = membership {
        summary.insert("membership".to_owned(), membership.into());
    }
    Ok(Some(Value::Object(summary)))
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;

    use super::*;

    fn room(join_rule: &str, visibility: &str) -> Outside {
        let contents = [
            ("m.room.join_rules", json!({ "join_rule": join_rule })),
            ("m.room.history_visibility", json!({ "history_visibility": visibility })),
        ];
        let contents = contents.into_iter().filter_map(|(kind, content)| match content {
            Value::Object(content) => Some((kind.to_owned(), content)),
            _ => None,
        });
        Outside {
            room: RoomNid(1),
            room_id: owned_room_id!("!a:x"),
            joined: 1,
            contents: contents.collect(),
        }
    }

    #[test]
    fn a_room_is_shown_to_those_who_may_come_in_or_ask_to() {
        let private = room("invite", "shared");
        for (membership, shown) in
            [(Some("join"), true), (Some("invite"), true), (Some("leave"), false), (None, false)]
        {
            assert_eq!(private.is_shown_to(membership, false), shown, "{membership:?}");
        }
        for (rule, outside, admitted) in [
            ("public", true, true),
            ("knock", true, true),
            ("knock_restricted", true, true),
            ("restricted", false, true),
            ("invite", false, false),
        ] {
            let room = room(rule, "shared");
            assert_eq!(room.is_shown_to(None, false), outside, "{rule}");
            assert_eq!(room.is_shown_to(None, true), admitted, "{rule}");
        }
        assert!(room("invite", "world_readable").is_shown_to(None, false));
        assert!(!room("public", "shared").is_shown_to(Some("ban"), true));
    }
}
