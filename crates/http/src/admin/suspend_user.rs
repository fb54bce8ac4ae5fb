//! `GET` and `PUT /_matrix/client/v1/admin/suspend/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid>

use homeserver::{
    Session,
    moderation::{self, Measure},
};
use ruma::api::client::admin::{is_user_suspended, suspend_user};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn is_user_suspended(
    Call { hs, request, .. }: Call<is_user_suspended::v1::Request>,
    session: Session,
) -> Result<Typed<is_user_suspended::v1::Response>, ApiError> {
    let holds = moderation::holds(&hs, &session, &request.user_id, Measure::Suspend).await?;
    Ok(Typed(is_user_suspended::v1::Response::new(holds)))
}

pub async fn suspend_user(
    Call { hs, request, .. }: Call<suspend_user::v1::Request>,
    session: Session,
) -> Result<Typed<suspend_user::v1::Response>, ApiError> {
    let (user, suspended) = (&request.user_id, request.suspended);
    moderation::impose(&hs, &session, user, Measure::Suspend, suspended).await?;
    Ok(Typed(suspend_user::v1::Response::new(suspended)))
}
