//! `DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag>

use homeserver::{Session, account_data};
use ruma::api::client::tag::delete_tag::v3::{Request, Response};

use super::check_own;
use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_tag(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    check_own(&session, &request.user_id)?;
    let room = account_data::room_of(&hs, &session, &request.room_id).await?;
    account_data::remove_tag(&hs, session.user, room, &request.tag).await?;
    Ok(Typed(Response::new()))
}
