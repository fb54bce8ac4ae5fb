//! `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/4186>

use homeserver::{Session, policy::VERSION_HEADER, sliding};
use ruma::api::client::sync::sync_events::v5::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn sliding_sync(
    Call { hs, request, parts }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let is_app = parts.headers.contains_key(VERSION_HEADER);
    // A request may wait for minutes: the head of it is no longer needed.
    drop(parts);
    Ok(Json(sliding::sync(&hs, &session, Box::new(request), is_app).await?))
}
