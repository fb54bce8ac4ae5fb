//! `GET /_matrix/client/v3/room_keys/keys/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomid>

use homeserver::{
    Session,
    backup::{self, Scope},
};
use ruma::api::client::backup::get_backup_keys_for_room::v3::Request;

use super::write_sessions;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_backup_keys_for_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let scope = Scope::Room(request.room_id.as_str());
    let keys = backup::keys(&hs, &session, &request.version, scope).await?;
    let mut body = Vec::new();
    write_sessions(&mut body, &keys);
    Ok(Json(body.into()))
}
