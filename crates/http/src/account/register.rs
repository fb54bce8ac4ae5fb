//! `POST /_matrix/client/v3/register`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register>

use axum::http::StatusCode;
use homeserver::{
    accounts::{self, AccountError, Admission, DeviceWish},
    limits::Subject,
    uiaa,
};
use ruma::api::{
    client::account::register::{
        RegistrationKind,
        v3::{Request, Response},
    },
    error::ErrorKind,
};

use crate::{
    endpoint::{Call, Typed},
    error::ApiError,
    session::login::check_wish,
};

/// Public registration is closed (IV.a): who comes in knows a token of the operator, or is made by the operator.
pub async fn register(
    Call { hs, request, .. }: Call<Request>,
) -> Result<Typed<Response>, ApiError> {
    if request.kind == RegistrationKind::Guest {
        let message = "There are no guests here";
        return Err(ApiError::new(StatusCode::FORBIDDEN, ErrorKind::GuestAccessForbidden, message));
    }
    if accounts::admission(&hs) == Admission::Closed {
        return Err(ApiError::forbidden("Accounts are made by the hospital"));
    }
    check_wish(request.device_id.as_deref(), request.initial_device_display_name.as_deref())?;
    if let Some(name) = &request.username {
        let user_id = accounts::check_name(&hs, &name.to_lowercase())?;
        if accounts::is_taken(&hs, &user_id).await? {
            return Err(AccountError::Taken.into());
        }
    }
    hs.count(Subject::Registration)?;
    uiaa::authorise_registration(&hs, request.auth.as_ref())?;
    let Some(password) = &request.password else {
        return Err(ApiError::missing_param("A password is needed"));
    };
    let localpart =
        request.username.map_or_else(accounts::random_localpart, |name| name.to_lowercase());
    let (user, user_id) = accounts::create(&hs, &localpart, Some(password)).await?;
    let mut response = Response::new(user_id.clone());
    if !request.inhibit_login {
        let wish = DeviceWish {
            device_id: request.device_id,
            display_name: request.initial_device_display_name,
            refresh: request.refresh_token,
        };
        let signed_in = accounts::sign_in(&hs, user, &user_id, wish).await?;
        response.access_token = Some(signed_in.access_token.expose().clone());
        response.device_id = Some(signed_in.device_id);
        response.refresh_token = signed_in.refresh_token.map(|token| token.expose().clone());
        response.expires_in = signed_in.expires_in;
    }
    Ok(Typed(response))
}
