//! Push rules and pushers.

use axum::http::{Method, StatusCode};
use homeserver::{
    push_rules::RuleError,
    pushers::{ActivateError, SetError},
};
use ruma::api::error::ErrorKind;
use serde_json::json;

use crate::{Endpoints, error::ApiError};

pub mod activate_pusher;
pub mod delete_pushrule;
pub mod get_notifications;
pub mod get_pushers;
pub mod get_pushrule;
pub mod get_pushrules;
pub mod set_pusher;
pub mod set_pushrule;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(get_pushrules::get_pushrules_all)
        .user(get_pushrules::get_pushrules_global_scope)
        .user(get_pushrule::get_pushrule)
        .user(get_pushrule::get_pushrule_enabled)
        .user(get_pushrule::get_pushrule_actions)
        .user(set_pushrule::set_pushrule)
        .user(set_pushrule::set_pushrule_enabled)
        .user(set_pushrule::set_pushrule_actions)
        .user(delete_pushrule::delete_pushrule)
        .user(get_pushers::get_pushers)
        .user(set_pusher::set_pusher)
        .raw(Method::POST, activate_pusher::PATH, activate_pusher::activate_pusher)
        .user(get_notifications::get_notifications)
}

impl From<RuleError> for ApiError {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::NotFound => Self::not_found("There is no such push rule"),
            RuleError::UnknownNeighbour => {
                Self::not_found("The rule named in before or after does not exist")
            }
            RuleError::Default => {
                Self::invalid_param("A default rule cannot be replaced or deleted")
            }
            RuleError::Invalid => Self::invalid_param("The rule's id or place is not valid"),
            RuleError::TooMany => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                ErrorKind::TooLarge,
                "There are too many push rules, or they are too large",
            ),
            RuleError::Store(error) => error.into(),
            RuleError::Commit(error) => error.into(),
        }
    }
}

impl From<SetError> for ApiError {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Invalid(message) => Self::invalid_param(message),
            SetError::NotAllowed => {
                Self::forbidden("This hospital does not let its server ask this push gateway")
            }
            SetError::TooLarge => Self::too_large("The pusher is too large, or there are too many"),
            SetError::Store(error) => error.into(),
            SetError::Commit(error) => error.into(),
        }
    }
}

/// The codes of MSC4174.
impl From<ActivateError> for ApiError {
    fn from(error: ActivateError) -> Self {
        let coded = |status, code: &str, message: &str| {
            Self::json(status, json!({ "errcode": code, "error": message }))
        };
        match error {
            ActivateError::NoPusher => Self::not_found("There is no such pusher"),
            ActivateError::UnknownToken => coded(
                StatusCode::BAD_REQUEST,
                "M_UNKNOWN_ACTIVATION_TOKEN",
                "The token is not known",
            ),
            ActivateError::Expired => {
                coded(StatusCode::GONE, "M_EXPIRED_ACTIVATION_TOKEN", "The token has ended")
            }
            ActivateError::Store(error) => error.into(),
            ActivateError::Commit(error) => error.into(),
        }
    }
}
