//! `POST /_matrix/client/v3/register`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register>

use axum::http::{StatusCode, request::Parts};
use base::UserNid;
use homeserver::{
    Homeserver,
    accounts::{self, AccountError, Admission, DeviceWish},
    limits::Subject,
    uiaa,
};
use ruma::{
    OwnedUserId,
    api::{
        client::account::register::{LoginType, RegistrationKind, v3::Request},
        error::ErrorKind,
    },
};
use serde_json::json;

use crate::{
    address,
    endpoint::{self, Call, Json},
    error::ApiError,
    session::login::check_wish,
};

/// Public registration is closed (IV.a): who comes in knows a token of the operator, or is made by the operator.
pub async fn register(Call { hs, request, parts }: Call<Request>) -> Result<Json, ApiError> {
    if request.login_type == Some(LoginType::ApplicationService) {
        return by_service(&hs, request, &parts).await;
    }
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
        if !hs.appservices.leaves_user_to(&user_id, None) {
            return Err(ApiError::exclusive());
        }
        if accounts::is_taken(&hs, &user_id).await? {
            return Err(AccountError::Taken.into());
        }
    }
    hs.count(Subject::Registration)?;
    address::count(&hs, &parts, Subject::SignInFrom)?;
    uiaa::authorise_registration(&hs, request.auth.as_ref()).await?;
    let Some(password) = &request.password else {
        return Err(ApiError::missing_param("A password is needed"));
    };
    let localpart = request
        .username
        .as_ref()
        .map_or_else(accounts::random_localpart, |name| name.to_lowercase());
    let made = accounts::create(&hs, &localpart, Some(password)).await?;
    answer(&hs, made, request).await
}

/// An application service makes a user of its namespaces, without a password.
///
/// <https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions>
async fn by_service(hs: &Homeserver, request: Request, parts: &Parts) -> Result<Json, ApiError> {
    let service = endpoint::appservice(hs, parts)?;
    check_wish(request.device_id.as_deref(), request.initial_device_display_name.as_deref())?;
    let Some(name) = &request.username else {
        return Err(ApiError::missing_param("A user name is needed"));
    };
    let user_id = accounts::check_name(hs, &name.to_lowercase())?;
    if !service.is_its_user(&user_id) || !hs.appservices.leaves_user_to(&user_id, Some(&service)) {
        return Err(ApiError::exclusive());
    }
    let made = accounts::create(hs, user_id.localpart(), None).await?;
    answer(hs, made, request).await
}

async fn answer(
    hs: &Homeserver,
    (user, user_id): (UserNid, OwnedUserId),
    request: Request,
) -> Result<Json, ApiError> {
    let mut body = json!({ "user_id": user_id });
    if !request.inhibit_login {
        let wish = DeviceWish {
            device_id: request.device_id,
            display_name: request.initial_device_display_name,
            refresh: request.refresh_token,
        };
        let signed_in = accounts::sign_in(hs, user, &user_id, wish).await?;
        body["access_token"] = signed_in.access_token.expose().as_str().into();
        body["device_id"] = signed_in.device_id.as_str().into();
        if let Some(token) = &signed_in.refresh_token {
            body["refresh_token"] = token.expose().as_str().into();
        }
        if let Some(expires_in) = signed_in.expires_in {
            body["expires_in_ms"] = json!(expires_in.as_millis());
        }
    }
    Ok(Json(body.to_string().into()))
}
