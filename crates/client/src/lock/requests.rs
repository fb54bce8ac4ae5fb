//! The endpoints of the app lock, which the hospital's server alone has. `crates/http/src/lock` says what they answer.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use matrix_sdk::{Client, HttpError, config::RequestConfig};
use ruma::api::{
    BytesBody, IncomingResponse, Metadata, OutgoingRequest,
    auth_scheme::{AccessToken, NoAuthentication},
    error::{DeserializationError, Error, ErrorKind, IntoHttpError, RetryAfter},
    path_builder::{PathBuilder, SinglePath},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{LockPolicy, UnlockError};
use crate::trouble::Trouble;

/// Longer than a working server takes.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A request with a token of the lock's own, or with none.
macro_rules! endpoint {
    ($name:ident, $method:ident, $path:literal, $authentication:ty) => {
        #[derive(Clone)]
        struct $name {
            token: Option<String>,
            body: Value,
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl Metadata for $name {
            const METHOD: http::Method = http::Method::$method;
            const RATE_LIMITED: bool = true;
            type Authentication = $authentication;
            type PathBuilder = SinglePath;
            const PATH_BUILDER: SinglePath = SinglePath::new($path);
        }

        impl OutgoingRequest for $name {
            type Body = BytesBody;
            type EndpointError = Error;
            type IncomingResponse = Answer;

            fn try_into_http_request_inner(
                self,
                base_url: &str,
                path: <Self::PathBuilder as PathBuilder>::Input<'_>,
            ) -> Result<http::Request<Self::Body>, IntoHttpError> {
                let url = Self::PATH_BUILDER.make_endpoint_url(path, base_url, &[], "")?;
                let mut request = http::Request::builder().method(Self::METHOD).uri(url);
                if let Some(token) = self.token {
                    request =
                        request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
                }
                let body =
                    if self.body.is_null() { Vec::new() } else { self.body.to_string().into() };
                Ok(request
                    .header(http::header::CONTENT_TYPE, "application/json")
                    .body(BytesBody(body))?)
            }
        }
    };
}

endpoint!(Policy, GET, "/_konsil/lock/policy", NoAuthentication);
endpoint!(SetUp, POST, "/_konsil/lock/setup", AccessToken);
endpoint!(State, GET, "/_konsil/lock/state", NoAuthentication);
endpoint!(Unlock, POST, "/_konsil/lock/unlock", NoAuthentication);
endpoint!(Change, POST, "/_konsil/lock/change", NoAuthentication);
endpoint!(SignOut, POST, "/_konsil/lock/sign_out", NoAuthentication);

/// Any JSON.
struct Answer(Value);

impl IncomingResponse for Answer {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        response: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        Ok(Self(serde_json::from_slice(response.body())?))
    }
}

impl Answer {
    fn read<T: serde::de::DeserializeOwned>(self) -> Result<T, UnlockError> {
        serde_json::from_value(self.0).map_err(|_| unexpected())
    }
}

fn unexpected() -> UnlockError {
    UnlockError::Failed("unexpected answer".into())
}

macro_rules! ask {
    ($client:expr, $request:expr) => {
        $client
            .send($request)
            // Trying again is for the person to decide: each try counts.
            .with_request_config(RequestConfig::new().disable_retry().timeout(TIMEOUT))
            .await
            .map_err(|error| trouble(&error))
    };
}

fn trouble(error: &HttpError) -> UnlockError {
    let kind = error.client_api_error_kind();
    match kind {
        Some(ErrorKind::UnknownToken(_)) => return UnlockError::SignedOut,
        Some(ErrorKind::UserLocked) => return UnlockError::AccountLocked,
        Some(ErrorKind::LimitExceeded(limit)) => {
            let retry_after_ms = match &limit.retry_after {
                Some(RetryAfter::Delay(delay)) => u64::try_from(delay.as_millis()).ok(),
                _ => None,
            };
            return UnlockError::TooSoon { retry_after_ms: retry_after_ms.unwrap_or(1_000) };
        }
        _ => {}
    }
    let own = kind.and_then(|kind| Some((kind.errcode().to_string(), kind.custom_json_data()?)));
    if let Some((code, data)) = own {
        let number = |name: &str| data.get(name).and_then(Value::as_u64);
        match code.as_str() {
            "DE.KONSIL.SHARE_DESTROYED" => return UnlockError::Destroyed,
            "DE.KONSIL.WRONG_PIN" => {
                return UnlockError::Wrong {
                    tries_left: number("tries_left").unwrap_or(1),
                    retry_after_ms: number("pause_ms"),
                };
            }
            _ => {}
        }
    }
    match Trouble::of_http(error) {
        Trouble::NoConnection => UnlockError::NoConnection,
        other => UnlockError::Failed(other.code()),
    }
}

fn encoded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// The hospital's policy.
pub(super) async fn policy(client: &Client) -> Result<LockPolicy, UnlockError> {
    ask!(client, Policy { token: None, body: Value::Null })?.read()
}

/// The lock's token and the server's share.
pub(super) async fn set_up(
    client: &Client,
    verifier: &[u8],
) -> Result<(String, Vec<u8>), UnlockError> {
    #[derive(Deserialize)]
    struct Said {
        token: String,
        share: String,
    }
    let body = json!({ "verifier": encoded(verifier) });
    let said: Said = ask!(client, SetUp { token: None, body })?.read()?;
    let share = STANDARD_NO_PAD.decode(said.share).map_err(|_| unexpected())?;
    Ok((said.token, share))
}

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Standing {
    pub generation: u64,
    pub tries_left: u64,
    pub retry_after_ms: Option<u64>,
}

pub(super) async fn state(client: &Client, token: &str) -> Result<Standing, UnlockError> {
    ask!(client, State { token: Some(token.to_owned()), body: Value::Null })?.read()
}

/// The server's share, for the right verifier.
pub(super) async fn unlock(
    client: &Client,
    token: &str,
    verifier: &[u8],
) -> Result<Vec<u8>, UnlockError> {
    #[derive(Deserialize)]
    struct Said {
        share: String,
    }
    let body = json!({ "verifier": encoded(verifier) });
    let said: Said = ask!(client, Unlock { token: Some(token.to_owned()), body })?.read()?;
    STANDARD_NO_PAD.decode(said.share).map_err(|_| unexpected())
}

/// Has another verifier hold from now on; tells its generation.
pub(super) async fn change(
    client: &Client,
    token: &str,
    verifier: &[u8],
    new: &[u8],
) -> Result<u64, UnlockError> {
    #[derive(Deserialize)]
    struct Said {
        generation: u64,
    }
    let body = json!({ "verifier": encoded(verifier), "new_verifier": encoded(new) });
    let said: Said = ask!(client, Change { token: Some(token.to_owned()), body })?.read()?;
    Ok(said.generation)
}

/// Takes the device out of the account.
pub(super) async fn sign_out(client: &Client, token: &str) -> Result<(), UnlockError> {
    ask!(client, SignOut { token: Some(token.to_owned()), body: json!({}) }).map(drop)
}
