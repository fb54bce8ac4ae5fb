//! The app lock (I.b): Konsil's own, since Matrix has nothing like it. [`homeserver::app_lock`] says what is behind it.
//!
//! All but two ask with the lock's own token, `Authorization: Bearer ksl_…`: a locked device has no other. Values are unpadded
//! Base64 of 32 bytes.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{Method, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use homeserver::{
    Homeserver,
    app_lock::{self, SetUpError, UnlockError},
    limits::{Exceeded, Subject},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    Endpoints, Tenants, address,
    endpoint::{bearer, split},
    error::ApiError,
};

pub mod change_pin;
pub mod get_policy;
pub mod get_state;
pub mod set_up;
pub mod sign_out;
pub mod unlock;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw(Method::GET, "/_konsil/lock/policy", get_policy::get_policy)
        .raw_user(Method::POST, &["/_konsil/lock/setup"], set_up::set_up)
        .raw(Method::GET, "/_konsil/lock/state", get_state::get_state)
        .raw(Method::POST, "/_konsil/lock/unlock", unlock::unlock)
        .raw(Method::POST, "/_konsil/lock/change", change_pin::change_pin)
        .raw(Method::POST, "/_konsil/lock/sign_out", sign_out::sign_out)
}

/// What a locked device asks.
struct LockedCall {
    hs: Arc<Homeserver>,
    token: String,
    body: Bytes,
}

impl LockedCall {
    async fn of(tenants: &Tenants, request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let hs = tenants.of(&parts)?;
        address::count(&hs, &parts, Subject::Stranger)?;
        let token = bearer(&parts)?;
        let (_, body, _) = split(Request::from_parts(parts, body)).await?;
        Ok(Self { hs, token, body })
    }
}

/// The body of a request.
fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|_| ApiError::bad_json("The JSON does not have the form that this endpoint needs"))
}

fn decoded(text: &str) -> Result<Vec<u8>, ApiError> {
    STANDARD_NO_PAD
        .decode(text)
        .map_err(|_| ApiError::invalid_param("A value is not unpadded Base64"))
}

fn encoded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// For how long the device may be unlocked without the server: `{"now_ts": …, "until_ts": …}`; `null` where it may not.
fn offline(hs: &Homeserver) -> serde_json::Value {
    let told = |it: app_lock::Offline| json!({ "now_ts": it.now.0, "until_ts": it.until.0 });
    app_lock::offline(hs).map_or(serde_json::Value::Null, told)
}

/// Milliseconds, never too few.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

impl From<SetUpError> for ApiError {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Invalid(message) => Self::invalid_param(message),
            SetUpError::Commit(error) => error.into(),
        }
    }
}

impl From<UnlockError> for ApiError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Unknown => Self::unknown_token(false),
            UnlockError::AccountLocked => Self::locked(),
            UnlockError::Destroyed => Self::json(
                StatusCode::GONE,
                json!({
                    "errcode": "DE.KONSIL.SHARE_DESTROYED",
                    "error": "There were too many wrong tries: what the device has stored stays closed",
                }),
            ),
            UnlockError::TooSoon(retry_after) => Exceeded { retry_after }.into(),
            UnlockError::Wrong(standing) => {
                let mut body = json!({
                    "errcode": "DE.KONSIL.WRONG_PIN",
                    "error": "The PIN is wrong",
                    "tries_left": standing.tries_left,
                });
                // Not `retry_after_ms`: ruma takes that away from codes that it does not know.
                if let Some(rest) = standing.retry_after {
                    body["pause_ms"] = ms(rest).into();
                }
                Self::json(StatusCode::FORBIDDEN, body)
            }
            UnlockError::Store(error) => error.into(),
            UnlockError::Commit(error) => error.into(),
        }
    }
}
