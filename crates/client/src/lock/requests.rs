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

use super::{LockPolicy, PinNeeded, UnlockError, now_ms, offline::Allowed};
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
endpoint!(SetUpBiometrics, POST, "/_konsil/lock/biometrics/setup", NoAuthentication, Answer);
endpoint!(UnlockByBiometrics, POST, "/_konsil/lock/biometrics/unlock", NoAuthentication, Answer);
endpoint!(EndBiometrics, POST, "/_konsil/lock/biometrics/end", NoAuthentication, Answer);
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
            "DE.KONSIL.PIN_NEEDED" => {
                let why = data.get("why").cloned().and_then(|it| serde_json::from_value(it).ok());
                return UnlockError::PinNeeded(why.unwrap_or(PinNeeded::TooLong));
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
    /// `None` where finger and face open nothing.
    #[serde(default)]
    pub biometrics: Option<Allowed>,
}

/// Beside what the server's clock shows stands what that of the device does.
fn by_own_clock(allowed: Option<Allowed>) -> Option<Allowed> {
    allowed.map(|allowed| Allowed { clock_ms: now_ms(), ..allowed })
}

pub(super) async fn state(client: &Client, token: &str) -> Result<Standing, UnlockError> {
    let said: Standing = read(ask!(client, State(Parts::json(Some(token), &Value::Null)))?)?;
    Ok(Standing { offline: by_own_clock(said.offline), ..said })
}

/// What the right verifier is answered.
pub(super) struct Unlocked {
    /// The server's share.
    pub share: Vec<u8>,
    /// For how long it may open without the server.
    pub offline: Option<Allowed>,
    /// Whether finger or face may stand in for the PIN from now on.
    pub has_biometrics: bool,
}

fn unlocked(answer: Answer) -> Result<Unlocked, UnlockError> {
    #[derive(Deserialize)]
    struct Said {
        share: String,
        #[serde(default)]
        offline: Option<Allowed>,
        #[serde(default)]
        biometrics: Option<Allowed>,
    }
    let said: Said = read(answer)?;
    let share = STANDARD_NO_PAD.decode(said.share).map_err(|_| unexpected())?;
    let has_biometrics = said.biometrics.is_some();
    Ok(Unlocked { share, offline: by_own_clock(said.offline), has_biometrics })
}

/// The server's share, for the right verifier of the PIN.
pub(super) async fn unlock(
    client: &Client,
    token: &str,
    verifier: &[u8],
) -> Result<Unlocked, UnlockError> {
    let body = json!({ "verifier": encoded(verifier) });
    unlocked(ask!(client, Unlock(Parts::json(Some(token), &body)))?)
}

/// Has this verifier open too from now on.
pub(super) async fn set_up_biometrics(
    client: &Client,
    token: &str,
    verifier: &[u8],
    biometric: &[u8],
) -> Result<Unlocked, UnlockError> {
    let body = json!({ "verifier": encoded(verifier), "biometric_verifier": encoded(biometric) });
    unlocked(ask!(client, SetUpBiometrics(Parts::json(Some(token), &body)))?)
}

/// The server's share, for what the authenticator has given out.
pub(super) async fn unlock_by_biometrics(
    client: &Client,
    token: &str,
    biometric: &[u8],
) -> Result<Unlocked, UnlockError> {
    let body = json!({ "biometric_verifier": encoded(biometric) });
    unlocked(ask!(client, UnlockByBiometrics(Parts::json(Some(token), &body)))?)
}

/// From now on only the PIN opens.
pub(super) async fn end_biometrics(client: &Client, token: &str) -> Result<(), UnlockError> {
    ask!(client, EndBiometrics(Parts::json(Some(token), &json!({})))).map(drop)
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
