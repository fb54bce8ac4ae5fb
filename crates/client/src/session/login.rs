//! Asking the server for a session.
//!
//! The request is sent before any store is opened, so that a wrong password leaves nothing behind on the device.

use matrix_sdk::Client;
use ruma::api::{
    client::{
        session::login::v3::{LoginInfo, Password, Request},
        uiaa::{MatrixUserIdentifier, UserIdentifier},
    },
    error::{ErrorKind, RetryAfter},
};

use super::{Credentials, LoginError, Settings};
use crate::{network, trouble::Trouble, vault::Secrets};

/// Logs in and gives the secrets of the new session, with a new passphrase and no database name yet.
pub(super) async fn request_session(
    settings: &Settings,
    credentials: &Credentials,
) -> Result<Secrets, LoginError> {
    network::prepare();
    let client = Client::builder()
        .homeserver_url(&settings.homeserver)
        .build()
        .await
        .map_err(|error| LoginError::Failed(error.to_string()))?;
    let user =
        UserIdentifier::Matrix(MatrixUserIdentifier::new(credentials.user.trim().to_owned()));
    let mut request =
        Request::new(LoginInfo::Password(Password::new(user, credentials.password.clone())));
    request.initial_device_display_name = Some(settings.device_name.clone());
    request.refresh_token = true;
    let response = client.send(request).await.map_err(|error| login_error(&error))?;
    Ok(Secrets {
        database: String::new(),
        passphrase: crate::vault::new_passphrase(),
        user_id: response.user_id.to_string(),
        device_id: response.device_id.to_string(),
        access_token: response.access_token,
        refresh_token: response.refresh_token,
    })
}

fn login_error(error: &matrix_sdk::HttpError) -> LoginError {
    match error.client_api_error_kind() {
        Some(ErrorKind::Forbidden) => LoginError::WrongCredentials,
        Some(ErrorKind::UserDeactivated | ErrorKind::UserLocked | ErrorKind::UserSuspended) => {
            LoginError::Blocked
        }
        Some(ErrorKind::LimitExceeded(limit)) => LoginError::TooManyTries {
            retry_after_ms: limit.retry_after.as_ref().and_then(|after| match after {
                RetryAfter::Delay(delay) => u64::try_from(delay.as_millis()).ok(),
                RetryAfter::DateTime(_) => None,
            }),
        },
        _ => match Trouble::of_http(error) {
            Trouble::NoConnection => LoginError::NoConnection,
            trouble => LoginError::Failed(trouble.code()),
        },
    }
}
