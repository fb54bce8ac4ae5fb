//! `GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidtags>

use homeserver::{Session, account_data};
use ruma::api::client::tag::get_tags::v3::Request;
use serde_json::json;

use super::check_own;
use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn get_tags(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    check_own(&session, &request.user_id)?;
    let room = account_data::room_of(&hs, &session, &request.room_id).await?;
    let tags = account_data::tags(&hs, session.user, room).await?;
    Ok(Json(json!({ "tags": tags }).to_string().into()))
}
