//! `DELETE /_matrix/client/v3/profile/{userId}/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3profileuseridkeyname>

use homeserver::{Session, profiles};
use ruma::api::client::profile::delete_profile_field::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn delete_profile_field(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    profiles::delete_field(&hs, &session, &request.user_id, request.field.as_str()).await?;
    Ok(Typed(Response::new()))
}
