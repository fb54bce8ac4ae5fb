//! `PUT /_matrix/client/v3/room_keys/keys/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomid>

use homeserver::{Session, backup};
use ruma::{
    UInt,
    api::client::backup::add_backup_keys_for_room::v3::{Request, Response},
};

use super::sessions_of;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn add_backup_keys_for_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let keys: Vec<_> = sessions_of(request.room_id.as_str(), &request.sessions).collect();
    let state = backup::put_keys(&hs, &session, &request.version, &keys).await?;
    Ok(Typed(Response::new(state.etag, UInt::new_saturating(state.count))))
}
