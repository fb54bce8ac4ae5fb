//! `POST /_matrix/client/v3/rooms/{roomId}/upgrade`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade>

use homeserver::{Session, rooms::upgrade};
use ruma::api::client::room::upgrade_room::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn upgrade_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let version = request.new_version.as_str();
    let creators = &request.additional_creators;
    let new = upgrade::upgrade(&hs, &session, &request.room_id, version, creators).await?;
    Ok(Typed(Response::new(new)))
}
