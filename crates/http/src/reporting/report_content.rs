//! `POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreporteventid>

use homeserver::{Session, reports};
use ruma::api::client::room::report_content::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn report_content(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let reason = request.reason.as_deref().unwrap_or_default();
    reports::event(&hs, &session, &request.room_id, &request.event_id, reason).await?;
    Ok(Typed(Response::new()))
}
