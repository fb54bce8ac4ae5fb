//! `GET` and `PUT /_matrix/client/v1/admin/lock/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid>

use homeserver::{
    Session,
    moderation::{self, Measure},
};
use ruma::api::client::admin::{is_user_locked, lock_user};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn is_user_locked(
    Call { hs, request, .. }: Call<is_user_locked::v1::Request>,
    session: Session,
) -> Result<Typed<is_user_locked::v1::Response>, ApiError> {
    let holds = moderation::holds(&hs, &session, &request.user_id, Measure::Lock).await?;
    Ok(Typed(is_user_locked::v1::Response::new(holds)))
}

pub async fn lock_user(
    Call { hs, request, .. }: Call<lock_user::v1::Request>,
    session: Session,
) -> Result<Typed<lock_user::v1::Response>, ApiError> {
    let (user, locked) = (&request.user_id, request.locked);
    moderation::impose(&hs, &session, user, Measure::Lock, locked).await?;
    Ok(Typed(lock_user::v1::Response::new(locked)))
}
