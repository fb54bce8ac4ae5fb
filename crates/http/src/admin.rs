//! What the hospital's administrators do with accounts.
//! <https://spec.matrix.org/v1.19/client-server-api/#server-administration>

use axum::http::StatusCode;
use homeserver::moderation::ModerationError;
use ruma::api::error::ErrorKind;

use crate::{Endpoints, error::ApiError};

pub mod get_user_info;
pub mod lock_user;
pub mod suspend_user;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(get_user_info::get_user_info)
        .user(lock_user::is_user_locked)
        .user(lock_user::lock_user)
        .user(suspend_user::is_user_suspended)
        .user(suspend_user::suspend_user)
}

impl From<ModerationError> for ApiError {
    fn from(error: ModerationError) -> Self {
        match error {
            ModerationError::Forbidden => {
                Self::forbidden("Only administrators may, and not with each other")
            }
            ModerationError::NotHere => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::InvalidParam,
                "The user belongs to another server",
            ),
            ModerationError::Unknown => Self::not_found("There is no such account"),
            ModerationError::Store(error) => error.into(),
            ModerationError::Commit(error) => error.into(),
        }
    }
}
