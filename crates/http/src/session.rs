//! Signing in and out.

use axum::http::StatusCode;
use homeserver::accounts::LoginError;
use ruma::api::error::ErrorKind;

use crate::{Endpoints, error::ApiError};

pub mod get_login_token;
pub mod get_login_types;
pub mod login;
pub mod logout;
pub mod refresh_token;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .public(get_login_types::get_login_types)
        .public(login::login)
        .user(get_login_token::get_login_token)
        .user(logout::logout)
        .user(logout::logout_all)
        .public(refresh_token::refresh_token)
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::forbidden("User or password is wrong"),
            LoginError::Deactivated => Self::new(
                StatusCode::FORBIDDEN,
                ErrorKind::UserDeactivated,
                "The account is closed",
            ),
            LoginError::Locked => Self::locked(),
            LoginError::TooManyDevices => Self::new(
                StatusCode::FORBIDDEN,
                ErrorKind::Forbidden,
                "The user has too many devices; sign one of them out first",
            ),
            LoginError::Store(error) => error.into(),
            LoginError::Commit(error) => error.into(),
        }
    }
}
