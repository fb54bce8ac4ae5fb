//! The app lock (I.b): Konsil's own, since Matrix has nothing like it. [`homeserver::app_lock`] says what is behind it.
//!
//! All but two ask with the lock's own token, `Authorization: Bearer ksl_…`: a locked device has no other. Values are unpadded
//! Base64 of 32 bytes.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use homeserver::{
    Homeserver,
    app_lock::{self, Allowance, SECRET_BYTES, SetUpError, UnlockError, biometrics::PinNeeded},
    limits::{Exceeded, Subject},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    Endpoints, Tenants, address,
    endpoint::{Answer, Json, bearer, split},
    error::ApiError,
};

pub mod change_pin;
pub mod end_biometrics;
pub mod get_policy;
pub mod get_state;
pub mod set_up;
pub mod set_up_biometrics;
pub mod sign_out;
pub mod unlock;
pub mod unlock_by_biometrics;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw(Method::GET, "/_konsil/lock/policy", get_policy::get_policy)
        .raw_user(Method::POST, &["/_konsil/lock/setup"], set_up::set_up)
        .raw(Method::GET, "/_konsil/lock/state", get_state::get_state)
        .raw(Method::POST, "/_konsil/lock/unlock", unlock::unlock)
        .raw(Method::POST, "/_konsil/lock/change", change_pin::change_pin)
        .raw(Method::POST, "/_konsil/lock/sign_out", sign_out::sign_out)
        .raw(Method::POST, "/_konsil/lock/biometrics/setup", set_up_biometrics::set_up_biometrics)
        .raw(
            Method::POST,
            "/_konsil/lock/biometrics/unlock",
            unlock_by_biometrics::unlock_by_biometrics,
        )
        .raw(Method::POST, "/_konsil/lock/biometrics/end", end_biometrics::end_biometrics)
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

/// A verifier that is to hold from now on.
fn new_verifier(text: &str) -> Result<[u8; SECRET_BYTES], ApiError> {
    let long = |_| ApiError::invalid_param("The verifier has 32 bytes");
    decoded(text)?.try_into().map_err(long)
}

/// Until when something is allowed: `{"now_ts": …, "until_ts": …}`; `null` where it is not at all.
fn told(allowance: Option<Allowance>) -> serde_json::Value {
    let told = |it: Allowance| json!({ "now_ts": it.now.0, "until_ts": it.until.0 });
    allowance.map_or(serde_json::Value::Null, told)
}

/// What the right verifier is answered: `{"share": "…", "offline": null, "biometrics": null}`.
fn unlocked(hs: &Homeserver, unlocked: &app_lock::Unlocked) -> Result<Response, ApiError> {
    let answer = json!({
        "share": encoded(unlocked.share.expose()),
        "offline": told(app_lock::offline(hs)),
        "biometrics": told(unlocked.biometrics),
    });
    Json(answer.to_string().into()).into_answer()
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
            UnlockError::PinNeeded(why) => {
                let why = match why {
                    PinNeeded::NotAllowed => "not_allowed",
                    PinNeeded::NotSetUp => "not_set_up",
                    PinNeeded::TooLong => "too_long",
                };
                Self::json(
                    StatusCode::FORBIDDEN,
                    json!({
                        "errcode": "DE.KONSIL.PIN_NEEDED",
                        "error": "Only the PIN opens it now",
                        "why": why,
                    }),
                )
            }
            UnlockError::Store(error) => error.into(),
            UnlockError::Commit(error) => error.into(),
        }
    }
}
