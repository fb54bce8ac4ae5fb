//! Accounts: registration, password, end.

use axum::http::{Method, StatusCode};
use homeserver::accounts::{AccountError, DeactivateError};
use ruma::api::error::ErrorKind;

use crate::{Endpoints, error::ApiError};

pub mod change_password;
pub mod check_registration_token_validity;
pub mod deactivate;
pub mod get_3pids;
pub mod get_username_availability;
pub mod register;
pub mod request_openid_token;
pub mod whoami;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .public(register::register)
        .public(get_username_availability::get_username_availability)
        .public(check_registration_token_validity::check_registration_token_validity)
        .user(whoami::whoami)
        .user(change_password::change_password)
        .user(deactivate::deactivate)
        .user(get_3pids::get_3pids)
        .user(request_openid_token::request_openid_token)
        .raw(Method::GET, "/_matrix/federation/v1/openid/userinfo", request_openid_token::userinfo)
}

impl From<DeactivateError> for ApiError {
    fn from(error: DeactivateError) -> Self {
        match error {
            DeactivateError::Leave(error) => error.into(),
            DeactivateError::Store(error) => error.into(),
            DeactivateError::Commit(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let bad = |kind, message: &str| Self::new(StatusCode::BAD_REQUEST, kind, message);
        match error {
            AccountError::BadName => {
                bad(ErrorKind::InvalidUsername, "The user name is not allowed")
            }
            AccountError::Taken => bad(ErrorKind::UserInUse, "The user name is taken"),
            AccountError::WeakPassword => {
                bad(ErrorKind::WeakPassword, "The password needs 8 to 512 characters")
            }
            AccountError::Unknown => Self::not_found("There is no such account"),
            AccountError::Store(error) => error.into(),
            AccountError::Commit(error) => error.into(),
        }
    }
}
