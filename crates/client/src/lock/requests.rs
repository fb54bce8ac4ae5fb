//! The endpoints of the app lock, which the hospital's server alone has. `crates/http/src/lock` says what they answer.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use matrix_sdk::{Client, HttpError, config::RequestConfig};
use ruma::api::{
    auth_scheme::{AccessToken, NoAuthentication},
    error::{ErrorKind, RetryAfter},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{LockPolicy, UnlockError, now_ms, offline::Allowed};
use crate::{
    endpoint::{Answer, Parts, endpoint},
    trouble::Trouble,
};

/// Longer than a working server takes.
const TIMEOUT: Duration = Duration::from_secs(15);

endpoint!(Policy, GET, "/_konsil/lock/policy", NoAuthentication, Answer);
endpoint!(SetUp, POST, "/_konsil/lock/setup", AccessToken, Answer);
endpoint!(State, GET, "/_konsil/lock/state", NoAuthentication, Answer);
endpoint!(Unlock, POST, "/_konsil/lock/unlock", NoAuthentication, Answer);
endpoint!(Change, POST, "/_konsil/lock/change", NoAuthentication, Answer);
endpoint!(SignOut, POST, "/_konsil/lock/sign_out", NoAuthentication, Answer);

fn read<T: serde::de::DeserializeOwned>(answer: Answer) -> Result<T, UnlockError> {
    answer.read().map_err(|_| unexpected())
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
    read(ask!(client, Policy(Parts::json(None, &Value::Null)))?)
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
    let said: Said = read(ask!(client, SetUp(Parts::json(None, &body)))?)?;
    let share = STANDARD_NO_PAD.decode(said.share).map_err(|_| unexpected())?;
    Ok((said.token, share))
}

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Standing {
    pub generation: u64,
    pub tries_left: u64,
    pub retry_after_ms: Option<u64>,
    /// `None` where nothing opens without the server.
    #[serde(default)]
    pub offline: Option<Allowed>,
}

/// Beside what the server's clock shows stands what that of the device does.
fn by_own_clock(allowed: Option<Allowed>) -> Option<Allowed> {
    allowed.map(|allowed| Allowed { clock_ms: now_ms(), ..allowed })
}

pub(super) async fn state(client: &Client, token: &str) -> Result<Standing, UnlockError> {
    let said: Standing = read(ask!(client, State(Parts::json(Some(token), &Value::Null)))?)?;
    Ok(Standing { offline: by_own_clock(said.offline), ..said })
}

/// The server's share, for the right verifier, and for how long it may open without the server.
pub(super) async fn unlock(
    client: &Client,
    token: &str,
    verifier: &[u8],
) -> Result<(Vec<u8>, Option<Allowed>), UnlockError> {
    #[derive(Deserialize)]
    struct Said {
        share: String,
        #[serde(default)]
        offline: Option<Allowed>,
    }
    let body = json!({ "verifier": encoded(verifier) });
    let said: Said = read(ask!(client, Unlock(Parts::json(Some(token), &body)))?)?;
    let share = STANDARD_NO_PAD.decode(said.share).map_err(|_| unexpected())?;
    Ok((share, by_own_clock(said.offline)))
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
    let said: Said = read(ask!(client, Change(Parts::json(Some(token), &body)))?)?;
    Ok(said.generation)
}

/// Takes the device out of the account.
pub(super) async fn sign_out(client: &Client, token: &str) -> Result<(), UnlockError> {
    ask!(client, SignOut(Parts::json(Some(token), &json!({})))).map(drop)
}
