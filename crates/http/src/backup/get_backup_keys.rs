//! `GET /_matrix/client/v3/room_keys/keys`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeys>

use homeserver::{
    Session,
    backup::{self, Scope},
};
use ruma::api::client::backup::get_backup_keys::v3::Request;

use super::write_rooms;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_backup_keys(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let scope = Scope::Backup;
    let keys = backup::keys(&hs, &session, &request.version, scope).await?;
    let mut body = Vec::new();
    write_rooms(&mut body, &keys);
    Ok(Json(body.into()))
}
