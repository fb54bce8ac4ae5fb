//! Filters that clients store for sync.

use homeserver::filters::CreateError;

use crate::{Endpoints, error::ApiError};

pub mod create_filter;
pub mod get_filter;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(create_filter::create_filter).user(get_filter::get_filter)
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::TooLarge => {
                Self::too_large("The filter is too large, or there are too many")
            }
            CreateError::Store(error) => error.into(),
            CreateError::Commit(error) => error.into(),
        }
    }
}
