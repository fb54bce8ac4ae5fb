//! `PUT /_matrix/client/v3/profile/{userId}/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname>

use homeserver::{Session, profiles};
use ruma::api::client::profile::set_profile_field::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn set_profile_field(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Typed<Response>, ApiError> {
    let (key, value) = (request.value.field_name(), request.value.value());
    profiles::set_field(&hs, &session, &request.user_id, key.as_str(), &value).await?;
    Ok(Typed(Response::new()))
}
