//! `POST /_matrix/client/unstable/org.matrix.msc4174/pushers/ack`
//!
//! A browser gives back the token that it got by Web Push (MSC4174): from now on its pusher wakes it.

use axum::{
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::pushers;
use serde::Deserialize;

use crate::{Tenants, endpoint, error::ApiError};

pub const PATH: &str = "/_matrix/client/unstable/org.matrix.msc4174/pushers/ack";

#[derive(Deserialize)]
struct Acknowledgement {
    app_id: String,
    ack_token: String,
}

pub async fn activate_pusher(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = endpoint::authenticate(&hs, &parts).await?;
    let (_, body, _) = endpoint::split(Request::from_parts(parts, body)).await?;
    let given: Acknowledgement = serde_json::from_slice(&body)
        .map_err(|_| ApiError::bad_json("app_id and ack_token are needed"))?;
    pushers::activate(&hs, &session, &given.app_id, &given.ack_token).await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "{}").into_response())
}
