//! Where a new device and one that is signed in meet (J.1): the new one shows the id and a key as a QR code, the other reads it. What they
//! write to each other is encrypted by them; the server passes it on for some minutes. The id comes in the body, so that no address and no
//! log has it.
//!
//! This is the purpose of the rendezvous session of [MSC4108](https://github.com/matrix-org/matrix-spec-proposals/pull/4108), whose login
//! needs an OAuth 2.0 server; here the login is `m.login.token` of the specification.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use homeserver::{
    Homeserver,
    limits::Subject,
    rendezvous::{self, LIFE, MeetingError},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Endpoints, Tenants, address, endpoint, error::ApiError};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw(Method::POST, "/_konsil/rendezvous", open)
        .raw(Method::POST, "/_konsil/rendezvous/append", append)
        .raw(Method::POST, "/_konsil/rendezvous/read", read)
        .raw(Method::POST, "/_konsil/rendezvous/close", close)
}

#[derive(Deserialize)]
struct Append {
    id: String,
    place: usize,
    message: String,
}

#[derive(Deserialize)]
struct Read {
    id: String,
    place: usize,
}

#[derive(Deserialize)]
struct Close {
    id: String,
}

/// `POST /_konsil/rendezvous`: the `id` of a new meeting, and how long it lasts (`ends_in_ms`).
async fn open(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    address::count(&hs, &parts, Subject::SignInFrom)?;
    Ok(answer(&json!({ "id": rendezvous::open(&hs), "ends_in_ms": LIFE.as_millis() as u64 })))
}

/// `POST /_konsil/rendezvous/append`: puts `message` at `place` of the meeting `id`, counted from 0. 409 `DE.KONSIL.PLACE_TAKEN` if
/// something else stands there or a place before it is empty.
async fn append(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (hs, Append { id, place, message }) = asked(&tenants, request).await?;
    rendezvous::append(&hs, &id, place, message)?;
    Ok(answer(&json!({})))
}

/// `POST /_konsil/rendezvous/read`: the `message` at `place`; `null` if there is none yet.
async fn read(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (hs, Read { id, place }) = asked(&tenants, request).await?;
    Ok(answer(&json!({ "message": rendezvous::read(&hs, &id, place)? })))
}

/// `POST /_konsil/rendezvous/close`: ends the meeting, also one that has ended.
async fn close(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (hs, Close { id }) = asked(&tenants, request).await?;
    rendezvous::close(&hs, &id);
    Ok(answer(&json!({})))
}

async fn asked<T: DeserializeOwned>(
    tenants: &Tenants,
    request: Request,
) -> Result<(std::sync::Arc<Homeserver>, T), ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    address::count(&hs, &parts, Subject::Stranger)?;
    let (_, body, _) = endpoint::split(Request::from_parts(parts, body)).await?;
    let asked = serde_json::from_slice(&body)
        .map_err(|_| ApiError::bad_json("id, place or message is missing"))?;
    Ok((hs, asked))
}

fn answer(body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}

impl From<MeetingError> for ApiError {
    fn from(error: MeetingError) -> Self {
        match error {
            MeetingError::Unknown => Self::not_found("There is no such meeting"),
            MeetingError::Taken => Self::json(
                StatusCode::CONFLICT,
                json!({ "errcode": "DE.KONSIL.PLACE_TAKEN", "error": "This place is taken" }),
            ),
            MeetingError::TooLarge => Self::json(
                StatusCode::PAYLOAD_TOO_LARGE,
                json!({ "errcode": "M_TOO_LARGE", "error": "That is too much" }),
            ),
        }
    }
}
