//! `GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event>

use homeserver::{Session, rooms::read};
use ruma::api::{
    Direction,
    client::room::get_event_by_timestamp::v1::{Request, Response},
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_event_by_timestamp(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let backwards = request.dir == Direction::Backward;
    let found = read::event_at_time(&hs, &session, &request.room_id, request.ts, backwards);
    let (event_id, ts) = found.await?;
    Ok(Typed(Response::new(event_id, ts)))
}
