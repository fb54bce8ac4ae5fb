//! `PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey>

use homeserver::{Session, limits::Subject, rooms::send};
use room::Content;
use ruma::api::client::state::send_state_event::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn send_state_event(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    hs.count(Subject::Send(session.user))?;
    let content = Content::try_from(&request.body)?;
    let kind = request.event_type.to_string();
    let at = request.timestamp.filter(|_| session.appservice.is_some());
    let sent =
        send::send_state(&hs, &session, &request.room_id, &kind, &request.state_key, content, at);
    Ok(Typed(Response::new(sent.await?)))
}
