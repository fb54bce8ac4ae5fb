//! `POST /_matrix/client/v3/refresh`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh>

use homeserver::accounts::{self, LoginError};
use ruma::api::client::session::refresh_token::v3::{Request, Response};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
};

pub async fn refresh_token(
    Call { hs, request, .. }: Call<Request>,
) -> Result<Typed<Response>, ApiError> {
    let renewed = match accounts::refresh(&hs, &request.refresh_token).await {
        Err(LoginError::Refused) => return Err(ApiError::unknown_token(false)),
        other => other?,
    };
    let mut response = Response::new(renewed.access_token.expose().clone());
    response.refresh_token = renewed.refresh_token.map(|token| token.expose().clone());
    response.expires_in_ms = renewed.expires_in;
    Ok(Typed(response))
}
