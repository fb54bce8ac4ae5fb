//! Asking the server for a session.
//!
//! The request is sent before any store is opened, so that a wrong password leaves nothing behind on the device.

use ruma::api::{
    client::{
        session::login::v3::{LoginInfo, Password, Request},
        uiaa::{MatrixUserIdentifier, UserIdentifier},
    },
    error::{ErrorKind, RetryAfter},
};

use super::{Credentials, LoginError, Settings};
use crate::{network, people::is_same, trouble::Trouble, vault::Secrets, version};

/// How a login by password is asked for.
pub(super) fn by_password(credentials: &Credentials) -> LoginInfo {
    let user =
        UserIdentifier::Matrix(MatrixUserIdentifier::new(credentials.user.trim().to_owned()));
    LoginInfo::Password(Password::new(user, credentials.password.clone()))
}

/// Logs in as `user` and gives the secrets of a new session, with no database name yet, and whether it is on the `earlier` device (user and
/// device id), which then goes on with its own store.
pub(super) async fn request_session(
    settings: &Settings,
    user: &str,
    login: LoginInfo,
    earlier: Option<(&str, &str)>,
) -> Result<(Secrets, bool), LoginError> {
    network::prepare();
    let client = version::client(&settings.homeserver)
        .build()
        .await
        .map_err(|error| LoginError::Failed(error.to_string()))?;
    let mut request = Request::new(login);
    request.initial_device_display_name = Some(settings.device_name.clone());
    request.refresh_token = true;
    let earlier = earlier.filter(|(earlier, _)| is_same(earlier, user));
    request.device_id = earlier.map(|(_, device)| device.into());
    let response = client.send(request).await.map_err(|error| login_error(&error))?;
    let is_earlier = earlier
        .is_some_and(|(user, device)| response.user_id == user && response.device_id == device);
    let secrets = Secrets {
        database: String::new(),
        passphrase: crate::vault::new_passphrase(),
        user_id: response.user_id.to_string(),
        device_id: response.device_id.to_string(),
        access_token: response.access_token,
        refresh_token: response.refresh_token,
        authenticator: None,
        biometrics: None,
    };
    Ok((secrets, is_earlier))
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
