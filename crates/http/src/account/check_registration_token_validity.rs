//! `GET /_matrix/client/v1/register/m.login.registration_token/validity`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity>

use homeserver::accounts;
use ruma::api::client::account::check_registration_token_validity::v1::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn check_registration_token_validity(
    Call { hs, request, .. }: Call<Request>,
) -> Result<Typed<Response>, ApiError> {
    Ok(Typed(Response::new(accounts::is_registration_token(&hs, &request.token))))
}
