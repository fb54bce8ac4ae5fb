//! `GET /_matrix/client/v3/rooms/{roomId}/initialSync`, deprecated and still called
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync>

use homeserver::{Session, rooms::initial};
use ruma::RoomId;

use crate::{
    endpoint::{Json, RawCall},
    error::ApiError,
};

pub(crate) const PATHS: &[&str] = &[
    "/_matrix/client/v3/rooms/{room_id}/initialSync",
    "/_matrix/client/r0/rooms/{room_id}/initialSync",
];

pub async fn initial_sync(call: RawCall, session: Session) -> Result<Json, ApiError> {
    let room_id = call.paths.first().and_then(|room_id| RoomId::parse(room_id.as_str()).ok());
    let room_id = room_id.ok_or_else(|| ApiError::invalid_param("This is no room id"))?;
    let limit = match limit(call.parts.uri.query().unwrap_or_default()) {
        None => initial::DEFAULT_LIMIT,
        Some(limit) => limit.parse().map_err(|_| ApiError::invalid_param("`limit` is a number"))?,
    };
    Ok(Json(initial::room(&call.hs, &session, &room_id, limit).await?.into()))
}

fn limit(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("limit="))
}
