//! `PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype>

use homeserver::{Session, account_data};
use ruma::api::client::config::set_room_account_data::v3::{Request, Response};

use super::check_own;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_room_account_data(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let room = account_data::room_of(&hs, &session, &request.room_id).await?;
    let (kind, content) =
        (request.event_type.to_string(), request.data.json().get().to_owned().into());
    account_data::set_in_room_by_client(&hs, &session, room, &kind, content).await?;
    Ok(Typed(Response::new()))
}
