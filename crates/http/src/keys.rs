//! End-to-end encryption keys.

use axum::http::StatusCode;
use homeserver::keys::{ClaimError, CrossSigningError, QueryError, SignaturesError, UploadError};
use ruma::api::error::ErrorKind;
use serde_json::json;

use crate::{Endpoints, error::ApiError};

pub mod claim_keys;
pub mod dehydrated_device;
pub mod get_key_changes;
pub mod get_keys;
pub mod upload_keys;
pub mod upload_signatures;
pub mod upload_signing_keys;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(upload_keys::upload_keys)
        .user(get_keys::get_keys)
        .user(claim_keys::claim_keys)
        .user(get_key_changes::get_key_changes)
        .user(upload_signing_keys::upload_signing_keys)
        .user(upload_signatures::upload_signatures)
        .with(dehydrated_device::routes)
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::BadDeviceKeys => {
                Self::bad_json("The device keys do not have the form of the specification")
            }
            UploadError::NotThisDevice => {
                Self::invalid_param("The device keys name another user or device")
            }
            UploadError::BadKey => Self::bad_json("A key does not have the form of its algorithm"),
            UploadError::TooMuch => Self::too_large("There are too many keys, or one is too large"),
            // Clients recognise this by its first words, as well as by the status.
            UploadError::NameTaken => {
                Self::invalid_param("One time key already exists, with another content")
            }
            UploadError::SignedOut => Self::unknown_token(false),
            UploadError::Store(error) => error.into(),
            UploadError::Commit(error) => error.into(),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TooMany => Self::too_large("There are too many users"),
            QueryError::Store(error) => error.into(),
        }
    }
}

impl From<ClaimError> for ApiError {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::TooMany => Self::too_large("There are too many devices"),
            ClaimError::Store(error) => error.into(),
            ClaimError::Commit(error) => error.into(),
        }
    }
}

impl From<CrossSigningError> for ApiError {
    fn from(error: CrossSigningError) -> Self {
        match error {
            CrossSigningError::BadKey => {
                Self::bad_json("A key does not have the form of the specification")
            }
            CrossSigningError::NotForThis => {
                Self::invalid_param("A key belongs to another user or use")
            }
            CrossSigningError::NoMaster => Self::missing_param("There is no master key"),
            CrossSigningError::BadSignature => Self::json(
                StatusCode::BAD_REQUEST,
                json!({ "errcode": "M_INVALID_SIGNATURE", "error": "A key is not signed by the master key" }),
            ),
            CrossSigningError::NameTaken => Self::new(
                StatusCode::FORBIDDEN,
                ErrorKind::Forbidden,
                "A device has the key's name for its id",
            ),
            CrossSigningError::Authentication(error) => error.into(),
            CrossSigningError::Store(error) => error.into(),
            CrossSigningError::Commit(error) => error.into(),
        }
    }
}

impl From<SignaturesError> for ApiError {
    fn from(error: SignaturesError) -> Self {
        match error {
            SignaturesError::TooMany => Self::too_large("There are too many signed keys"),
            SignaturesError::Store(error) => error.into(),
            SignaturesError::Commit(error) => error.into(),
        }
    }
}

/// What stands in `failures` for a server that cannot be asked.
fn unreachable() -> serde_json::Value {
    json!({ "errcode": "M_UNREACHABLE", "error": "This server does not exchange keys with that one" })
}
