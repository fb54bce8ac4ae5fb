//! `PUT /_matrix/client/v3/room_keys/version/{version}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keysversionversion>

use homeserver::{Session, backup};
use ruma::api::client::backup::update_backup_version::v3::{Request, Response};

use super::wish;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn update_backup_version(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    backup::update(&hs, &session, &request.version, &wish(&request.algorithm)?).await?;
    Ok(Typed(Response::new()))
}
