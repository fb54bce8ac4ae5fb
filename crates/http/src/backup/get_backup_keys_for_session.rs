//! `GET /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomidsessionid>

use homeserver::{
    Session,
    backup::{self, Scope},
};
use ruma::api::client::backup::get_backup_keys_for_session::v3::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_backup_keys_for_session(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let scope = Scope::Session(request.room_id.as_str(), &request.session_id);
    let mut keys = backup::keys(&hs, &session, &request.version, scope).await?;
    let (_, _, json) = keys.pop().expect("a key that is not there is an error");
    Ok(Json(json))
}
