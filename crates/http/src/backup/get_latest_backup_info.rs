//! `GET /_matrix/client/v3/room_keys/version`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversion>

use homeserver::{Session, backup};
use ruma::api::client::backup::get_latest_backup_info::v3::Request;

use super::described;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_latest_backup_info(
    Call { hs, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    described(&backup::latest(&hs, &session).await?)
}
