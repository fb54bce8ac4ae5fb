//! Small things kept on this device, in the SDK's encrypted store.

use matrix_sdk::Client;
use serde::{Serialize, de::DeserializeOwned};

/// Reads what is kept under this name; `None` if there is nothing or it cannot be read any more.
pub(crate) async fn read<T: DeserializeOwned>(client: &Client, name: &str) -> Option<T> {
    let bytes = match client.state_store().get_custom_value(name.as_bytes()).await {
        Ok(bytes) => bytes?,
        Err(_) => {
            tracing::warn!(name, "Something kept on this device could not be read");
            return None;
        }
    };
    serde_json::from_slice(&bytes).ok()
}

/// Keeps a value under this name instead of the earlier one.
pub(crate) async fn write<T: Serialize>(client: &Client, name: &str, value: &T) {
    let bytes = serde_json::to_vec(value).expect("plain data serializes");
    if client.state_store().set_custom_value_no_read(name.as_bytes(), bytes).await.is_err() {
        tracing::warn!(name, "Something could not be kept on this device");
    }
}
