//! A room in a few words, for who considers joining it.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias>

use ruma::RoomId;
use serde_json::{Map, Value, json};
use store::rooms as rows;

use crate::{Homeserver, Session};

/// The summary; `None` if there is no such room, or it is none of the user's business.
pub async fn summary(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Option<Value>, db::Error> {
    let Some(row) = rows::room_by_id(&hs.db, room_id).await? else { return Ok(None) };
    let content = async |kind: &str| -> Result<Value, db::Error> {
        let entry = rows::state_entry_at(&hs.db, row.room, kind, "", row.state_ver).await?;
        let event = entry.and_then(|(.., client)| serde_json::from_slice::<Value>(&client).ok());
        Ok(event.map_or(Value::Null, |event| event["content"].clone()))
    };
    let membership =
        rows::member(&hs.db, row.room, session.user).await?.map(|member| member.membership);
    let join_rule =
        content("m.room.join_rules").await?["join_rule"].as_str().unwrap_or("invite").to_owned();
    let world_readable =
        content("m.room.history_visibility").await?["history_visibility"] == "world_readable";
    let invited = matches!(membership.as_deref(), Some("join" | "invite" | "knock"));
    let open = matches!(join_rule.as_str(), "public" | "knock" | "restricted" | "knock_restricted");
    if !(invited || open || world_readable) {
        return Ok(None);
    }
    let joined =
        rows::members(&hs.db, row.room).await?.iter().filter(|(.., m)| m == "join").count();
    let create = content("m.room.create").await?;
    let mut summary = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            summary.insert(name.to_owned(), value);
        }
    };
    add("room_id", json!(row.room_id));
    add("room_version", json!(row.version));
    add("num_joined_members", json!(joined));
    add("join_rule", json!(join_rule));
    add("world_readable", json!(world_readable));
    add("guest_can_join", json!(false));
    add("membership", json!(membership));
    add("room_type", create["type"].clone());
    add("name", content("m.room.name").await?["name"].clone());
    add("topic", content("m.room.topic").await?["topic"].clone());
    add("avatar_url", content("m.room.avatar").await?["url"].clone());
    add("canonical_alias", content("m.room.canonical_alias").await?["alias"].clone());
    add("encryption", content("m.room.encryption").await?["algorithm"].clone());
    Ok(Some(Value::Object(summary)))
}
