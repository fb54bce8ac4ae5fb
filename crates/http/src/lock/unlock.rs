//! `POST /_konsil/lock/unlock`: `{"verifier": "…"}` is answered with `{"share": "…", "offline": null, "biometrics": null}` if it is the
//! right one. Where `lock.offline_hours` allows it, `offline` is `{"now_ts": …, "until_ts": …}`: so long the device may be unlocked
//! without us. Where fingerprint or face was set up, `biometrics` is the same: so long they may stand in for the PIN.
//!
//! Otherwise: 403 `DE.KONSIL.WRONG_PIN` with `tries_left` and perhaps `pause_ms`; 429 `M_LIMIT_EXCEEDED` for who does not
//! wait, which is no try; 410 `DE.KONSIL.SHARE_DESTROYED` after the tenth; 401 `M_USER_LOCKED` while an administrator has locked
//! the account; 401 `M_UNKNOWN_TOKEN` for a device that was signed out.

use axum::{extract::Request, response::Response};
use homeserver::app_lock;
use serde::Deserialize;

use super::{LockedCall, body, decoded, unlocked};
use crate::{Tenants, error::ApiError};

#[derive(Deserialize)]
struct Body {
    verifier: String,
}

pub async fn unlock(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    let Body { verifier } = body(&call.body)?;
    let opened = app_lock::unlock(&call.hs, &call.token, &decoded(&verifier)?).await?;
    unlocked(&call.hs, &opened)
}
