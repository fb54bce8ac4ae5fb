//! `POST /_matrix/client/v3/rooms/{roomId}/report`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreport>

use homeserver::{Session, reports};
use ruma::api::client::room::report_room::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn report_room(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    reports::room(&hs, &session, &request.room_id, &request.reason).await?;
    Ok(Typed(Response::new()))
}
