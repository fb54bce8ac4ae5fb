//! `GET /_konsil/lock/state`: `{"generation": 1, "tries_left": 10, "offline": null, "biometrics": null}`, and `retry_after_ms`
//! while no try is taken. `offline`, `biometrics` and errors are those of `/_konsil/lock/unlock`.

use axum::{extract::Request, response::Response};
use homeserver::app_lock;
use serde_json::json;

use super::{LockedCall, ms, told};
use crate::{
    Tenants,
    endpoint::{Answer, Json},
    error::ApiError,
};

pub async fn get_state(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    let standing = app_lock::state(&call.hs, &call.token).await?;
    let mut body = json!({
        "generation": standing.generation,
        "tries_left": standing.tries_left,
        "offline": told(app_lock::offline(&call.hs)),
        "biometrics": told(standing.biometrics),
    });
    if let Some(rest) = standing.retry_after {
        body["retry_after_ms"] = ms(rest).into();
    }
    Json(body.to_string().into()).into_answer()
}
