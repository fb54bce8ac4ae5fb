//! `POST /_konsil/lock/biometrics/unlock`: `{"biometric_verifier": "…"}`, which the device derives from what its authenticator gives out
//! for the right finger or face, is answered as a right PIN is at `/_konsil/lock/unlock`.
//!
//! 403 `DE.KONSIL.PIN_NEEDED`, which is no try, with `why`: `"too_long"` when the PIN was typed more than `lock.pin_hours` ago,
//! `"not_allowed"` where the hospital does not allow it, `"not_set_up"` where it has ended. All else is as at `/_konsil/lock/unlock`:
//! wrong ones are counted together with wrong PINs, and the right one makes good for no wrong PIN.

use axum::{extract::Request, response::Response};
use homeserver::app_lock::biometrics;
use serde::Deserialize;

use super::{LockedCall, body, decoded, unlocked};
use crate::{Tenants, error::ApiError};

#[derive(Deserialize)]
struct Body {
    biometric_verifier: String,
}

pub async fn unlock_by_biometrics(
    tenants: Tenants,
    request: Request,
) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    let Body { biometric_verifier } = body(&call.body)?;
    let verifier = decoded(&biometric_verifier)?;
    let opened = biometrics::unlock(&call.hs, &call.token, &verifier).await?;
    unlocked(&call.hs, &opened)
}
