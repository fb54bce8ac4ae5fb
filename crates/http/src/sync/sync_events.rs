//! `GET /_matrix/client/v3/sync`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync>
//!
//! Read by hand, since nothing is asked more often: filters are parsed once for all who send the same one.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Query, Request},
    http::Method,
    response::Response,
};
use homeserver::{
    Homeserver, Session, filters,
    limits::Subject,
    presence,
    sync::{SyncRequest, SyncToken, sync},
};
use ruma::presence::PresenceState;
use serde::Deserialize;

use crate::{
    Endpoints, Tenants,
    endpoint::{Answer, Json, authenticate},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw(Method::GET, "/_matrix/client/v3/sync", sync_events).raw(
        Method::GET,
        "/_matrix/client/r0/sync",
        sync_events,
    )
}

#[derive(Deserialize)]
struct Arguments {
    filter: Option<String>,
    since: Option<String>,
    #[serde(default)]
    full_state: bool,
    #[serde(default)]
    set_presence: PresenceState,
    timeout: Option<u64>,
    #[serde(default)]
    use_state_after: bool,
}

pub async fn sync_events(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    // A request may wait for minutes: only what is needed is kept of it.
    let (hs, session, request) = Box::pin(read(tenants, request)).await?;
    Json(sync(&hs, &session, request).await?).into_answer()
}

async fn read(
    tenants: Tenants,
    request: Request,
) -> Result<(Arc<Homeserver>, Session, SyncRequest), ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = authenticate(&hs, &parts).await?;
    hs.count(Subject::Request(session.user))?;
    let Query(arguments) = Query::<Arguments>::try_from_uri(&parts.uri)
        .map_err(|_| ApiError::invalid_param("A query parameter is not valid"))?;
    let since = arguments.since.as_deref().filter(|since| !since.is_empty());
    let since = since.map(str::parse::<SyncToken>).transpose();
    let since =
        since.map_err(|_| ApiError::invalid_param("since is not a token of this server"))?;
    let filter = match arguments.filter.as_deref() {
        None => None,
        Some(text) if text.trim_start().starts_with('{') => filters::inline(&hs, text)
            .map_err(|_| ApiError::invalid_param("filter is not a valid filter"))?,
        Some(name) => {
            let stored = filters::stored(&hs, &session, name).await?;
            stored.ok_or_else(|| ApiError::not_found("There is no such filter"))?
        }
    };
    let timeout = Duration::from_millis(arguments.timeout.unwrap_or_default());
    presence::connected(&hs, &session, &arguments.set_presence, timeout);
    let request = SyncRequest {
        since,
        filter,
        full_state: arguments.full_state,
        use_state_after: arguments.use_state_after,
        timeout,
    };
    Ok((hs, session, request))
}
