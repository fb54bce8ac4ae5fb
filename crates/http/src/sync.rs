//! Sync: what is new, for clients that wait for it.

use axum::http::StatusCode;
use homeserver::{sliding::SlidingError, sync::SyncError};
use ruma::api::error::ErrorKind;

use crate::{Endpoints, error::ApiError};

pub mod sliding_sync;
pub mod sync_events;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.with(sync_events::routes).user(sliding_sync::sliding_sync)
}

impl From<SyncError> for ApiError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::Acknowledge(error) => error.into(),
        }
    }
}

impl From<SlidingError> for ApiError {
    fn from(error: SlidingError) -> Self {
        match error {
            SlidingError::UnknownPos => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::UnknownPos,
                "The position is not known; begin anew",
            ),
            SlidingError::TooLarge => Self::invalid_param("Too many lists, or a name is too long"),
            SlidingError::BadToken => Self::invalid_param("The to-device token is not valid"),
            SlidingError::Store(error) => error.into(),
            SlidingError::Acknowledge(error) => error.into(),
        }
    }
}
