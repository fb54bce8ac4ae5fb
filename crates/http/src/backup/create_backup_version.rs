//! `POST /_matrix/client/v3/room_keys/version`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3room_keysversion>

use homeserver::{Session, backup};
use ruma::api::client::backup::create_backup_version::v3::{Request, Response};

use super::wish;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_backup_version(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let version = backup::create(&hs, &session, &wish(&request.algorithm)?).await?;
    Ok(Typed(Response::new(version)))
}
