//! `POST /_matrix/client/v3/rooms/{roomId}/forget`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget>

use axum::http::StatusCode;
use homeserver::{
    Session,
    rooms::{WriteError, membership},
};
use ruma::api::{
    client::membership::forget_room::v3::{Request, Response},
    error::ErrorKind,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn forget_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    match membership::forget(&hs, &session, &request.room_id).await {
        Ok(()) => Ok(Typed(Response::new())),
        Err(WriteError::BadState(message)) => {
            Err(ApiError::new(StatusCode::BAD_REQUEST, ErrorKind::Unknown, message))
        }
        Err(error) => Err(error.into()),
    }
}
