//! `POST /_konsil/lock/sign_out`: whoever gives up what the locked device has stored also takes the device out of the account, so
//! that nothing is encrypted to it any more. A copy of the device could do no more harm with it than with ten wrong tries.

use axum::{extract::Request, response::Response};
use homeserver::app_lock;

use super::LockedCall;
use crate::{
    Tenants,
    endpoint::{Answer, Json},
    error::ApiError,
};

pub async fn sign_out(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let call = LockedCall::of(&tenants, request).await?;
    app_lock::sign_out(&call.hs, &call.token).await?;
    Json("{}".into()).into_answer()
}
