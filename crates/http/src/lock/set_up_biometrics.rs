//! `POST /_konsil/lock/biometrics/setup`: from now on fingerprint or face may stand in for the PIN, for `lock.pin_hours` after it:
//! `{"verifier": "…", "biometric_verifier": "…"}` is answered as at `/_konsil/lock/unlock`. An earlier one ends.
//!
//! 403 `DE.KONSIL.PIN_NEEDED` with `"why": "not_allowed"` where the hospital does not allow it, which is no try; else errors are those of
//! `/_konsil/lock/unlock`, and a wrong verifier is a try.

use axum::{extract::Request, response::Response};
use homeserver::app_lock::biometrics;
use serde::Deserialize;

use super::{LockedCall, body, decoded, new_verifier, unlocked};
use crate::{Tenants, error::ApiError};

#[derive(Deserialize)]
struct Body {
    verifier: String,
    biometric_verifier: String,
}

pub async fn set_up_biometrics(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    let Body { verifier, biometric_verifier } = body(&call.body)?;
    let (verifier, new) = (decoded(&verifier)?, new_verifier(&biometric_verifier)?);
    let opened = biometrics::set_up(&call.hs, &call.token, &verifier, &new).await?;
    unlocked(&call.hs, &opened)
}
