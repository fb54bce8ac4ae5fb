//! The devices of a user.

use axum::http::StatusCode;
use base::Timestamp;
use homeserver::devices::DeviceError;
use serde_json::{Value, json};

use crate::{Endpoints, error::ApiError};

pub mod delete_devices;
pub mod get_devices;
pub mod update_device;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(get_devices::get_devices)
        .user(get_devices::get_device)
        .user(update_device::update_device)
        .user(delete_devices::delete_device)
        .user(delete_devices::delete_devices)
}

impl From<DeviceError> for ApiError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Unknown => Self::not_found("The device is not known"),
            DeviceError::BadName => Self::new(
                StatusCode::BAD_REQUEST,
                ruma::api::error::ErrorKind::InvalidParam,
                "The device's name is too long or has a NUL",
            ),
            DeviceError::Store(error) => error.into(),
            DeviceError::Commit(error) => error.into(),
        }
    }
}

/// `last_seen_ip` is never kept (II.c); `last_seen_ts` is the sign-in, the only time that is known. What is not known is not
/// there: ruma writes `null`, which the specification does not know.
fn described(device: store::accounts::Device) -> Value {
    let Timestamp(created) = device.created;
    let mut described = json!({ "device_id": device.device_id, "last_seen_ts": created });
    if let Some(name) = device.display_name {
        described["display_name"] = name.into();
    }
    described
}
