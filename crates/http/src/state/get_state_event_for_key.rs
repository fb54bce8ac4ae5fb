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
    let (room_id, state_key) = (&request.room_id, &request.state_key);
    let answer = if request.format == StateEventFormat::Event {
        read::state_event(&hs, &session, room_id, &kind, state_key).await?
    } else {
        read::state_content(&hs, &session, room_id, &kind, state_key).await?
    };
    Ok(Json(answer))
}
