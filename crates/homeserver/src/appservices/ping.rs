//! Whether a service can be reached. <https://spec.matrix.org/v1.19/application-service-api/#pinging>

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use super::{
    Appservice,
    call::{Ask, ask},
};
use crate::Homeserver;

/// Most of a service's answer that is given back, in characters.
const SHOWN: usize = 2_000;

/// Why a ping did not come back.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// The service has no address.
    #[error("the application service has no address")]
    NoUrl,
    /// It was answered with an error.
    #[error("the ping was answered with {status}")]
    BadStatus { status: u16, body: String },
    /// No answer came in time.
    #[error("the application service did not answer in time")]
    TimedOut,
    /// Nobody is there.
    #[error("the application service cannot be reached")]
    Unreached,
}

/// Asks the service whether it is there; how long that took.
pub async fn ping(
    hs: &Homeserver,
    service: &Appservice,
    transaction_id: Option<&str>,
) -> Result<Duration, PingError> {
    let mut body = json!({});
    if let Some(id) = transaction_id {
        body["transaction_id"] = id.into();
    }
    let question = Ask {
        method: Method::POST,
        path: "/_matrix/app/v1/ping",
        legacy_path: None,
        query: "",
        body: Some(body.to_string().into()),
    };
    let started = Instant::now();
    match ask(hs, service, question).await.ok_or(PingError::NoUrl)? {
        Ok(answer) if answer.status().is_success() => Ok(started.elapsed()),
        Ok(answer) => Err(PingError::BadStatus {
            status: answer.status().as_u16(),
            body: String::from_utf8_lossy(answer.body()).chars().take(SHOWN).collect(),
        }),
        Err(net::Error::TimedOut) => Err(PingError::TimedOut),
        Err(_) => Err(PingError::Unreached),
    }
}
