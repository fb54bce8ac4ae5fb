//! `GET /_matrix/client/v3/rooms/{roomId}/state`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate>

use homeserver::{Session, rooms::read};
use ruma::api::client::state::get_state_events::v3::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
    room::array,
};

pub async fn get_state_events(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let state = read::state(&hs, &session, &request.room_id).await?;
    Ok(Json(array(state.iter().map(|part| &part.client)).into()))
}
