//! `POST /_konsil/lock/change`: `{"verifier": "…", "new_verifier": "…"}` is answered with `{"generation": 2}`; the share stays, and
//! what fingerprint or face opens. A wrong verifier is a try as at `/_konsil/lock/unlock`.

use axum::{extract::Request, response::Response};
use homeserver::app_lock;
use serde::Deserialize;
use serde_json::json;

use super::{LockedCall, body, decoded, new_verifier as checked};
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
    let new = checked(&new_verifier)?;
    let changed = app_lock::change(&call.hs, &call.token, &decoded(&verifier)?, &new).await?;
    Json(json!({ "generation": changed }).to_string().into()).into_answer()
}
