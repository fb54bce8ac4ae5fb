//! `GET /_matrix/client/v3/register/available`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3registeravailable>

use homeserver::accounts::{self, AccountError, Admission};
use ruma::api::client::account::get_username_availability::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn get_username_availability(
    Call { hs, request, .. }: Call<Request>,
) -> Result<Typed<Response>, ApiError> {
    if accounts::admission(&hs) == Admission::Closed {
        return Err(ApiError::forbidden("Accounts are made by the hospital"));
    }
    let user_id = accounts::check_name(&hs, &request.username)?;
    if !hs.appservices.leaves_user_to(&user_id, None) {
        return Err(ApiError::exclusive());
    }
    if accounts::is_taken(&hs, &user_id).await? {
        return Err(AccountError::Taken.into());
    }
    Ok(Typed(Response::new(true)))
}
