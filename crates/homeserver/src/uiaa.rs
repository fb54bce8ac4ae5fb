//! User-interactive authentication: what is too weighty for a token alone asks for the password again.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api>

use std::{collections::HashMap, time::Duration};

use base::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use rand::RngCore;
use ruma::api::client::uiaa::{AuthData, UserIdentifier};
use serde_json::{Value, json};

use crate::{
    Homeserver, Session,
    accounts::{self, Admission, LoginError},
};

/// How long a half-finished authentication is remembered.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// Most that are open at once; the oldest go first.
const MAX_OPEN: usize = 10_000;

/// The authentications that have begun, by their session id. In memory only.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<String, Timestamp>>,
}

/// Why the request is not carried out yet.
#[derive(Debug, thiserror::Error)]
pub enum UiaaError {
    /// The client must authenticate: the body of the 401 answer.
    #[error("authentication is needed")]
    Challenge(Value),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl Sessions {
    fn begin(&self, now: Timestamp) -> String {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let id = URL_SAFE_NO_PAD.encode(bytes);
        let mut open = self.open.lock();
        open.retain(|_, begun| begun.after(LIFE) > now);
        if open.len() >= MAX_OPEN
            && let Some(oldest) =
                open.iter().min_by_key(|(_, begun)| **begun).map(|(id, _)| id.clone())
        {
            open.remove(&oldest);
        }
        open.insert(id.clone(), now);
        id
    }

    fn is_open(&self, id: &str, now: Timestamp) -> bool {
        self.open.lock().get(id).is_some_and(|begun| begun.after(LIFE) > now)
    }

    fn end(&self, id: &str) {
        self.open.lock().remove(id);
    }
}

fn challenge(
    hs: &Homeserver,
    stages: &[&str],
    session: Option<&str>,
    failed: Option<(&str, &str)>,
) -> UiaaError {
    let now = hs.clock.now();
    let session = match session {
        Some(id) if hs.uiaa.is_open(id, now) => id.to_owned(),
        _ => hs.uiaa.begin(now),
    };
    let flows: Vec<Value> = stages.iter().map(|stage| json!({ "stages": [stage] })).collect();
    let mut body = json!({ "flows": flows, "params": {}, "session": session });
    if let Some((code, message)) = failed {
        body["errcode"] = code.into();
        body["error"] = message.into();
    }
    UiaaError::Challenge(body)
}

/// Asks the user of a session for the password, once more.
pub async fn authorise(
    hs: &Homeserver,
    session: &Session,
    auth: Option<&AuthData>,
) -> Result<(), UiaaError> {
    const STAGES: &[&str] = &["m.login.password"];
    let Some(auth) = auth else { return Err(challenge(hs, STAGES, None, None)) };
    let AuthData::Password(password) = auth else {
        return Err(challenge(hs, STAGES, auth.session(), None));
    };
    let refused = |message| {
        challenge(hs, STAGES, password.session.as_deref(), Some(("M_FORBIDDEN", message)))
    };
    let named = match &password.identifier {
        UserIdentifier::Matrix(matrix) => accounts::user_of_identifier(hs, &matrix.user),
        _ => None,
    };
    if named.as_deref() != Some(&*session.user_id) {
        return Err(refused("The password of the signed-in user is needed"));
    }
    match accounts::check_password(hs, &session.user_id, &password.password).await {
        Ok(_) => {
            if let Some(id) = &password.session {
                hs.uiaa.end(id);
            }
            Ok(())
        }
        Err(LoginError::Store(error)) => Err(error.into()),
        Err(_) => Err(refused("The password is wrong")),
    }
}

/// Asks a stranger for what the hospital wants of new users. Not called where nobody is admitted.
pub fn authorise_registration(hs: &Homeserver, auth: Option<&AuthData>) -> Result<(), UiaaError> {
    let stages: &[&str] = match accounts::admission(hs) {
        Admission::Open => &["m.login.dummy"],
        Admission::Token | Admission::Closed => &["m.login.registration_token"],
    };
    let Some(auth) = auth else { return Err(challenge(hs, stages, None, None)) };
    let session = auth.session();
    let known = session.is_some_and(|id| hs.uiaa.is_open(id, hs.clock.now()));
    let passed = match auth {
        AuthData::Dummy(_) => stages == ["m.login.dummy"],
        AuthData::RegistrationToken(token) if known => {
            accounts::is_registration_token(hs, &token.token)
        }
        _ => false,
    };
    if passed {
        if let Some(id) = session {
            hs.uiaa.end(id);
        }
        return Ok(());
    }
    let failed = matches!(auth, AuthData::RegistrationToken(_))
        .then_some(("M_UNAUTHORIZED", "The token is not valid"));
    Err(challenge(hs, stages, session, failed))
}
