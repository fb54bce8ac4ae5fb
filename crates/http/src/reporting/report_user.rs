//! `POST /_matrix/client/v3/users/{userId}/report`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3usersuseridreport>

use homeserver::{Session, reports};
use ruma::api::client::reporting::report_user::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn report_user(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    reports::user(&hs, &session, &request.user_id, &request.reason).await?;
    Ok(Typed(Response::new()))
}
