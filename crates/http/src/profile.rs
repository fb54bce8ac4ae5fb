//! Profiles. Unlike elsewhere they are shown only to people with an account here (IV.b).

use axum::http::{StatusCode, request::Parts};
use homeserver::{Homeserver, profiles::SetError};
use ruma::api::error::ErrorKind;

use crate::{Endpoints, endpoint, error::ApiError};

pub mod delete_profile_field;
pub mod get_profile;
pub mod get_profile_field;
pub mod set_profile_field;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .public(get_profile::get_profile)
        .public(get_profile_field::get_profile_field)
        .user(set_profile_field::set_profile_field)
        .user(delete_profile_field::delete_profile_field)
}

/// Strangers are shown no profile; the specification lets a server say so with 403.
async fn check_reader(hs: &Homeserver, parts: &Parts) -> Result<(), ApiError> {
    if !endpoint::has_token(parts) {
        return Err(ApiError::forbidden("Profiles are shown to people with an account here"));
    }
    endpoint::authenticate(hs, parts).await.map(drop)
}

impl From<SetError> for ApiError {
    fn from(error: SetError) -> Self {
        let bad = |kind, message: &str| Self::new(StatusCode::BAD_REQUEST, kind, message);
        match error {
            SetError::NotYours => Self::forbidden("The profile belongs to another user"),
            SetError::Reserved => Self::forbidden("This field is set by the hospital"),
            SetError::InvalidKey => Self::invalid_param("The name of the field is not valid"),
            SetError::KeyTooLarge => {
                bad(ErrorKind::KeyTooLarge, "The name of the field is too long")
            }
            SetError::InvalidValue => {
                bad(ErrorKind::BadJson, "The value is not valid for this field")
            }
            SetError::ProfileTooLarge => {
                bad(ErrorKind::ProfileTooLarge, "The profile would be too large")
            }
            SetError::Rooms(error) => error.into(),
            SetError::Store(error) => error.into(),
            SetError::Commit(error) => error.into(),
        }
    }
}
