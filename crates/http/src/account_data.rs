//! Account data and tags: what a user's clients keep for themselves.

use axum::http::StatusCode;
use homeserver::{
    Session,
    account_data::{SetError, TagError},
};
use ruma::{UserId, api::error::ErrorKind};

use crate::{Endpoints, error::ApiError};

pub mod create_tag;
pub mod delete_tag;
pub mod get_global_account_data;
pub mod get_room_account_data;
pub mod get_tags;
pub mod set_global_account_data;
pub mod set_room_account_data;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(get_global_account_data::get_global_account_data)
        .user(set_global_account_data::set_global_account_data)
        .user(get_room_account_data::get_room_account_data)
        .user(set_room_account_data::set_room_account_data)
        .user(get_tags::get_tags)
        .user(create_tag::create_tag)
        .user(delete_tag::delete_tag)
}

/// What is a user's own is nobody else's to read or write.
pub(crate) fn check_own(session: &Session, user: &UserId) -> Result<(), ApiError> {
    if session.user_id == user {
        Ok(())
    } else {
        Err(ApiError::forbidden("This belongs to another user"))
    }
}

impl From<SetError> for ApiError {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Managed => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                ErrorKind::BadJson,
                "This type of account data is set by another endpoint",
            ),
            SetError::InvalidType => {
                Self::invalid_param("The type is empty, too long or not printable")
            }
            SetError::NotAnObject => Self::bad_json("Account data is a JSON object"),
            SetError::TooLarge => Self::too_large("The account data is too large"),
            SetError::NotInRoom => Self::forbidden("You are not in this room"),
            SetError::Store(error) => error.into(),
            SetError::Commit(error) => error.into(),
        }
    }
}

impl From<TagError> for ApiError {
    fn from(error: TagError) -> Self {
        match error {
            TagError::Invalid => {
                Self::invalid_param("A tag has at most 255 bytes, its order lies between 0 and 1")
            }
            TagError::TooMany => Self::too_large("The room has too many tags"),
            TagError::Store(error) => error.into(),
            TagError::Commit(error) => error.into(),
        }
    }
}
