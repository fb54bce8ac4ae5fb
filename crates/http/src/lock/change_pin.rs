//! `POST /_konsil/lock/change`: `{"verifier": "…", "new_verifier": "…"}` is answered with `{"generation": 2}`; the share stays. A
//! wrong verifier is a try as at `/_konsil/lock/unlock`.

use axum::{extract::Request, response::Response};
use homeserver::app_lock::{self, SECRET_BYTES};
use serde::Deserialize;
use serde_json::json;

use super::{LockedCall, body, decoded};
use crate::{
    Tenants,
    endpoint::{Answer, Json},
    error::ApiError,
};

#[derive(Deserialize)]
struct Body {
    verifier: String,
    new_verifier: String,
}

pub async fn change_pin(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    let Body { verifier, new_verifier } = body(&call.body)?;
    let new = decoded(&new_verifier)?;
    if new.len() != SECRET_BYTES {
        return Err(ApiError::invalid_param("The verifier has 32 bytes"));
    }
    let changed = app_lock::change(&call.hs, &call.token, &decoded(&verifier)?, &new).await?;
    Json(json!({ "generation": changed }).to_string().into()).into_answer()
}
