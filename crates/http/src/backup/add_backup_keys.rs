//! `PUT /_matrix/client/v3/room_keys/keys`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeys>

use homeserver::{Session, backup};
use ruma::{
    UInt,
    api::client::backup::add_backup_keys::v3::{Request, Response},
};

use super::sessions_of;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn add_backup_keys(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let rooms = request.rooms.iter();
    let keys: Vec<_> =
        rooms.flat_map(|(room, backup)| sessions_of(room.as_str(), &backup.sessions)).collect();
    let state = backup::put_keys(&hs, &session, &request.version, &keys).await?;
    Ok(Typed(Response::new(state.etag, UInt::new_saturating(state.count))))
}
