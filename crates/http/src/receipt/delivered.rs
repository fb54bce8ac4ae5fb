//! `GET /_konsil/rooms/{roomId}/delivered`: on whose devices the asker's messages are.
//!
//! Konsil's own, since Matrix knows only what was read. The answer has the asker's latest events, newest first, and for each
//! other member from which of them on all are on a device of theirs: `{"events": ["$b", "$a"], "people": {"@jonas:klinikum.example": 1}}`.
//! Whoever has read that one is left out.

use axum::{extract::Request, response::Response};
use homeserver::arrivals;
use ruma::RoomId;
use serde_json::json;

use crate::{
    Tenants,
    endpoint::{Answer, Json, PathArguments, authenticate},
    error::ApiError,
};

pub async fn delivered(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = authenticate(&hs, &parts).await?;
    let path = parts.extensions.remove::<PathArguments>().map(|path| path.0).unwrap_or_default();
    let room = path.first().map(String::as_str).unwrap_or_default();
    let room = RoomId::parse(room)
        .map_err(|_| ApiError::invalid_param("The path does not name a room"))?;
    let delivered = arrivals::delivered(&hs, &session, &room).await?;
    let body = json!({ "events": delivered.events, "people": delivered.people });
    Json(body.to_string().into()).into_answer()
}
