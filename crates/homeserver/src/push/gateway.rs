//! What a push gateway is told. <https://spec.matrix.org/v1.19/push-gateway-api/#post_matrixpushv1notify>

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri, header};
use net::Allowance;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{
    push::Pusher,
    rooms::{self as rows, EventRow},
};

use super::{Sent, evaluate::Notice};
use crate::{Homeserver, sync::event::content_text};

const ALLOWANCE: Allowance = Allowance { time: Duration::from_secs(20), body_bytes: 64 * 1024 };

/// Tells the gateway of an event, or (`None`) only how much is unread.
pub async fn notify(
    hs: &Homeserver,
    pusher: &Pusher,
    url: &Uri,
    event: Option<(&EventRow, &Notice)>,
    unread: u64,
) -> Result<Sent, db::Error> {
    let json: Value =
        serde_json::from_slice(&pusher.json).map_err(|_| db::Error::corrupt("pushers.pusher"))?;
    let mut data = json["data"].as_object().cloned().unwrap_or_default();
    data.remove("url");
    let only_ids =
        hs.policy.push.event_id_only || data.get("format") == Some(&json!("event_id_only"));
    let details = match event {
        Some((event, _)) if !only_ids => details(hs, pusher, event).await?,
        _ => Map::new(),
    };
    let body = notification(pusher, data, event, details, unread, only_ids);
    let request = Request::post(url.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()));
    let Ok(request) = request else { return Ok(Sent::Dropped) };
    let answer = match hs.outbound.by_others.send(request, ALLOWANCE).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(%error, "A push gateway was not reached");
            return Ok(Sent::Later(None));
        }
    };
    if !answer.status().is_success() {
        tracing::info!(status = answer.status().as_u16(), "A push gateway refused a notification");
        return Ok(Sent::Later(None));
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        rejected: Vec<String>,
    }
    let rejected = serde_json::from_slice::<Answer>(answer.body()).map(|answer| answer.rejected);
    match rejected {
        Ok(rejected) if rejected.contains(&pusher.key.pushkey) => Ok(Sent::Rejected),
        _ => Ok(Sent::Done),
    }
}

/// The body of a request.
fn notification(
    pusher: &Pusher,
    data: Map<String, Value>,
    event: Option<(&EventRow, &Notice)>,
    details: Map<String, Value>,
    unread: u64,
    only_ids: bool,
) -> Value {
    let mut device = json!({
        "app_id": pusher.key.app_id,
        "pushkey": pusher.key.pushkey,
        "pushkey_ts": pusher.set.0 / 1000,
        "data": data,
    });
    let mut notification = details;
    if let Some((event, notice)) = event {
        if !only_ids {
            device["tweaks"] = Value::Object(notice.tweaks.clone());
        }
        notification.insert("event_id".to_owned(), event.event_id.as_str().into());
        notification.insert("room_id".to_owned(), notice.room_id.as_str().into());
        notification.insert("prio".to_owned(), priority(event, notice).into());
    }
    // "Counts whose value is zero should be omitted."
    let counts = if unread == 0 { json!({}) } else { json!({ "unread": unread }) };
    notification.insert("counts".to_owned(), counts);
    notification.insert("devices".to_owned(), json!([device]));
    json!({ "notification": notification })
}

/// What is encrypted could be anything, so that the device has to look at once.
fn priority(event: &EventRow, notice: &Notice) -> &'static str {
    let loud = notice.urgent || notice.highlight || notice.tweaks.contains_key("sound");
    if loud || event.kind == "m.room.encrypted" { "high" } else { "low" }
}

/// "All of the event-related fields", which the hospital lets out only where its policy says so.
async fn details(
    hs: &Homeserver,
    pusher: &Pusher,
    event: &EventRow,
) -> Result<Map<String, Value>, db::Error> {
    let version = event.state_ver;
    let state = |kind: &'static str, key: String| async move {
        rows::state_entry_at(&hs.db, event.room, kind, &key, version)
            .await
            .map(|entry| entry.map(|(.., client)| client))
    };
    let text = |client: Option<Bytes>, field: &str| content_text(&client?, field);
    let sender = text(state("m.room.member", event.sender.to_string()).await?, "displayname");
    let name = text(state("m.room.name", String::new()).await?, "name");
    let alias = text(state("m.room.canonical_alias", String::new()).await?, "alias");
    let client: Value =
        serde_json::from_slice(&event.client).map_err(|_| db::Error::corrupt("events.client"))?;
    let mut details = Map::new();
    details.insert("type".to_owned(), event.kind.as_str().into());
    details.insert("sender".to_owned(), event.sender.as_str().into());
    details.insert("content".to_owned(), client["content"].clone());
    for (field, value) in
        [("sender_display_name", sender), ("room_name", name), ("room_alias", alias)]
    {
        if let Some(value) = value {
            details.insert(field.to_owned(), value.into());
        }
    }
    if event.kind == "m.room.member" {
        let reader = store::accounts::user_id(&hs.db, pusher.key.user).await?;
        let about = reader.as_deref().map(|id| id.as_str()) == event.state_key.as_deref();
        details.insert("user_is_target".to_owned(), about.into());
    }
    Ok(details)
}
