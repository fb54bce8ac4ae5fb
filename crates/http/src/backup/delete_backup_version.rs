//! `DELETE /_matrix/client/v3/room_keys/version/{version}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keysversionversion>

use homeserver::{Session, backup};
use ruma::api::client::backup::delete_backup_version::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_backup_version(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    backup::delete(&hs, &session, &request.version).await?;
    Ok(Typed(Response::new()))
}
