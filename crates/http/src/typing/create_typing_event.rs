//! `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid>

use homeserver::{Session, typing};
use ruma::api::client::typing::create_typing_event::v3::{Request, Response, Typing};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_typing_event(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let timeout = match request.state {
        Typing::No => None,
        Typing::Yes(typing) => Some(typing.timeout),
    };
    typing::set(&hs, &session, &request.room_id, &request.user_id, timeout).await?;
    Ok(Typed(Response::new()))
}
