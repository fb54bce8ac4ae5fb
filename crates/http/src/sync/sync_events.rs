//! `GET /_matrix/client/v3/sync`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync>

use homeserver::{
    Homeserver, Session,
    sync::{SyncRequest, SyncToken, sync},
};
use ruma::api::client::{
    filter::FilterDefinition,
    sync::sync_events::v3::{Filter, Request},
};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn sync_events(
    Call { hs, request, parts }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    // A request may wait for minutes: only what is needed is kept of it.
    drop(parts);
    let request = Box::pin(read(&hs, &session, request)).await?;
    Ok(Json(sync(&hs, &session, request).await?))
}

async fn read(
    hs: &Homeserver,
    session: &Session,
    request: Request,
) -> Result<SyncRequest, ApiError> {
    let since = request.since.as_deref().filter(|since| !since.is_empty());
    let since = since.map(str::parse::<SyncToken>).transpose();
    let since =
        since.map_err(|_| ApiError::invalid_param("since is not a token of this server"))?;
    let filter = match request.filter {
        None => None,
        Some(Filter::FilterDefinition(filter)) => Some(filter),
        // What begins like an object and is none that we understand has arrived as a name.
        Some(Filter::FilterId(id)) if id.trim_start().starts_with('{') => {
            return Err(ApiError::invalid_param("filter is not a valid filter"));
        }
        Some(Filter::FilterId(id)) => Some(stored(hs, session, &id).await?),
        Some(_) => return Err(ApiError::invalid_param("This kind of filter is not known")),
    };
    let is_empty = |filter: &FilterDefinition| filter.is_empty();
    Ok(SyncRequest {
        since,
        filter: filter.filter(|filter| !is_empty(filter)).map(Box::new),
        full_state: request.full_state,
        use_state_after: request.use_state_after,
        timeout: request.timeout.unwrap_or_default(),
    })
}

async fn stored(
    hs: &Homeserver,
    session: &Session,
    id: &str,
) -> Result<FilterDefinition, ApiError> {
    let filter = homeserver::filters::get(hs, session, id).await?;
    filter.ok_or_else(|| ApiError::not_found("There is no such filter"))
}
