//! `GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype>

use homeserver::{Session, account_data};
use ruma::api::client::config::get_room_account_data::v3::Request;

use super::check_own;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_room_account_data(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    check_own(&session, &request.user_id)?;
    let room = account_data::room_of(&hs, &session, &request.room_id).await?;
    let content =
        account_data::in_room(&hs, session.user, room, &request.event_type.to_string()).await?;
    content.map(Json).ok_or_else(|| ApiError::not_found("There is no account data of this type"))
}
