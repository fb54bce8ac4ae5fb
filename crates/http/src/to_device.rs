//! Messages from device to device.

use axum::http::Method;
use homeserver::to_device::SendError;

use crate::{Endpoints, error::ApiError};

pub mod send_event_to_device;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw_user(
        Method::PUT,
        send_event_to_device::PATHS,
        send_event_to_device::send_event_to_device,
    )
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::BadContent => Self::bad_json("A message is no object, or nests too deep"),
            SendError::BadName => {
                Self::invalid_param("The event type or the transaction id is not valid")
            }
            SendError::TooMuch => {
                Self::too_large("There are too many messages, or one is too large")
            }
            SendError::InClear => {
                Self::forbidden("Messages of this type go from device to device only encrypted")
            }
            SendError::SignedOut => Self::unknown_token(false),
            SendError::Store(error) => error.into(),
            SendError::Commit(error) => error.into(),
        }
    }
}
