//! Receipts and read markers.

use axum::http::Method;
use homeserver::receipts::MarkError;

use crate::{Endpoints, error::ApiError};

pub mod create_receipt;
pub mod delivered;
pub mod set_read_marker;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(create_receipt::create_receipt).user(set_read_marker::set_read_marker).raw(
        Method::GET,
        "/_konsil/rooms/{room_id}/delivered",
        delivered::delivered,
    )
}

impl From<MarkError> for ApiError {
    fn from(error: MarkError) -> Self {
        match error {
            MarkError::NotInRoom => Self::forbidden("The user is not in the room"),
            MarkError::UnknownEvent => Self::not_found("There is no such event in the room"),
            MarkError::BadThread => Self::invalid_param("thread_id does not name a thread"),
            MarkError::Store(error) => error.into(),
            MarkError::Commit(error) => error.into(),
        }
    }
}
