//! `DELETE /_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomidsessionid>

use homeserver::{
    Session,
    backup::{self, Scope},
};
use ruma::{
    UInt,
    api::client::backup::delete_backup_keys_for_session::v3::{Request, Response},
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_backup_keys_for_session(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let scope = Scope::Session(request.room_id.as_str(), &request.session_id);
    let state = backup::delete_keys(&hs, &session, &request.version, scope).await?;
    Ok(Typed(Response::new(state.etag, UInt::new_saturating(state.count))))
}
