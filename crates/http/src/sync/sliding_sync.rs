//! `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/4186>

use homeserver::{Session, sliding};
use ruma::api::client::sync::sync_events::v5::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn sliding_sync(
    Call { hs, request, parts }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    // A request may wait for minutes: the head of it is no longer needed.
    drop(parts);
    Ok(Json(sliding::sync(&hs, &session, Box::new(request)).await?))
}
