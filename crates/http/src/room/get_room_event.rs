//! `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid>

use homeserver::{
    Session,
    rooms::read::{self, ReadError},
};
use ruma::api::client::room::get_room_event::v3::Request;

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_room_event(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    match read::event(&hs, &session, &request.room_id, &request.event_id).await {
        Ok(event) => Ok(Json(event)),
        Err(ReadError::UnknownRoom | ReadError::NotInRoom) => {
            Err(ApiError::not_found("The event is not known here"))
        }
        Err(error) => Err(error.into()),
    }
}
