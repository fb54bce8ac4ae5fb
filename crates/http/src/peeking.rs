//! The event stream of before `/sync`. <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events>

use std::time::Duration;

use axum::{
    extract::{FromRequestParts, Query, Request},
    http::Method,
    response::Response,
};
use homeserver::rooms::read::{self, ReadError};
use ruma::EventId;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Endpoints, Tenants,
    endpoint::{self, Answer, Json, PathArguments},
    error::ApiError,
};

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

pub(crate) fn routes(mut endpoints: Endpoints) -> Endpoints {
    for path in ["/_matrix/client/v3/events", "/_matrix/client/r0/events"] {
        endpoints = endpoints.raw(Method::GET, path, listen_to_new_events);
    }
    for path in ["/_matrix/client/v3/events/{event_id}", "/_matrix/client/r0/events/{event_id}"] {
        endpoints = endpoints.raw(Method::GET, path, get_event);
    }
    endpoints
}

#[derive(Deserialize)]
struct Stream {
    from: Option<String>,
    timeout: Option<u64>,
}

/// `GET /_matrix/client/v3/events`: old clients ask at start; nothing ever comes here, all is in `/sync`.
async fn listen_to_new_events(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    endpoint::authenticate(&hs, &parts).await?;
    let Query(stream) = Query::<Stream>::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| ApiError::invalid_param("A query parameter is not valid"))?;
    let timeout = Duration::from_millis(stream.timeout.unwrap_or_default());
    tokio::time::sleep(timeout.min(LONGEST)).await;
    let at = stream.from.unwrap_or_else(|| "0".to_owned());
    Json(json!({ "chunk": [], "start": at, "end": at }).to_string().into()).into_answer()
}

/// `GET /_matrix/client/v3/events/{eventId}`
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3eventseventid>
async fn get_event(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = endpoint::authenticate(&hs, &parts).await?;
    let path = parts.extensions.remove::<PathArguments>().map(|path| path.0).unwrap_or_default();
    let event_id = path.first().and_then(|id| EventId::parse(id.as_str()).ok());
    let event_id = event_id.ok_or_else(|| ApiError::invalid_param("An identifier is not valid"))?;
    match read::event_anywhere(&hs, &session, &event_id).await {
        Ok(event) => Json(event).into_answer(),
        Err(ReadError::Store(error)) => Err(error.into()),
        // Whether there is such an event in a room is nothing that strangers learn.
        Err(ReadError::UnknownRoom | ReadError::UnknownEvent | ReadError::NotInRoom) => {
            Err(ApiError::not_found("The event is not known here"))
        }
    }
}
