//! `GET /_konsil/lock/policy`: when the app locks itself, and what opens it. For everybody, since a locked app asks too.
//!
//! `{"idle_minutes": 5, "hidden_seconds": 0, "min_length": 6, "offline_hours": 0, "biometrics": false, "pin_hours": 12,
//! "show_names": false}`

use axum::{extract::Request, response::Response};
use serde_json::json;

use crate::{
    Tenants,
    endpoint::{Answer, Json},
    error::ApiError,
};

pub async fn get_policy(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let policy = &hs.policy.lock;
    let body = json!({
        "idle_minutes": policy.idle_minutes,
        "hidden_seconds": policy.hidden_seconds,
        "min_length": policy.min_length,
        "offline_hours": policy.offline_hours,
        "biometrics": policy.biometrics,
        "pin_hours": policy.pin_hours,
        "show_names": policy.show_names,
    });
    Json(body.to_string().into()).into_answer()
}
