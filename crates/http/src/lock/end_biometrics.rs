//! `POST /_konsil/lock/biometrics/end`: from now on only the PIN opens this device. It needs no PIN, since it opens nothing.

use axum::{extract::Request, response::Response};
use homeserver::app_lock::biometrics;

use super::LockedCall;
use crate::{
    Tenants,
    endpoint::{Answer, Json},
    error::ApiError,
};

pub async fn end_biometrics(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    biometrics::end(&call.hs, &call.token).await?;
    Json("{}".into()).into_answer()
}
