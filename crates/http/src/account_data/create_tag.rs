//! `PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag>

use homeserver::{Session, account_data};
use ruma::api::client::tag::create_tag::v3::{Request, Response};
use serde_json::Value;

use super::check_own;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn create_tag(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let room = account_data::room_of(&hs, &session, &request.room_id).await?;
    let Ok(Value::Object(content)) = serde_json::to_value(&request.tag_info) else {
        return Err(ApiError::bad_json("A tag is a JSON object"));
    };
    account_data::set_tag(&hs, session.user, room, &request.tag, content).await?;
    Ok(Typed(Response::new()))
}
