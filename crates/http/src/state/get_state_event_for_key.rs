//! `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey>

use homeserver::{Session, rooms::read};
use ruma::api::client::state::get_state_event_for_key::v3::{Request, StateEventFormat};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_state_event_for_key(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let kind = request.event_type.to_string();
    let event =
        read::state_entry(&hs, &session, &request.room_id, &kind, &request.state_key).await?;
    if request.format == StateEventFormat::Event {
        return Ok(Json(event));
    }
    let content = read::content_of(&event)
        .ok_or_else(|| ApiError::internal("a stored event has no content"))?;
    Ok(Json(content.into()))
}
