//! User-interactive authentication: what is too weighty for a token alone asks for the password again.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#user-interactive-authentication-api>

use std::{collections::HashMap, time::Duration};

use base::{Timestamp, UserNid};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use rand::RngCore;
use ruma::{
    OwnedUserId,
    api::client::uiaa::{AuthData, AuthType, UserIdentifier},
};
use serde_json::{Value, json};

use crate::{
    Homeserver, Session,
    accounts::{self, Admission, LoginError},
    limits::{Exceeded, Subject},
};

/// How long a half-finished authentication is remembered.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// Most that are open at once; the oldest go first.
const MAX_OPEN: usize = 10_000;

/// What a request asks of whoever makes it. Each is one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The password of this user, who is signed in.
    Password(UserNid, OwnedUserId),
    /// A token of the operator, to make an account.
    RegistrationToken,
    /// Nothing, but to ask twice.
    Dummy,
}

impl Stage {
    /// The stage's name in the specification.
    pub fn auth_type(&self) -> AuthType {
        match self {
            Self::Password(..) => AuthType::Password,
            Self::RegistrationToken => AuthType::RegistrationToken,
            Self::Dummy => AuthType::Dummy,
        }
    }
}

/// What is asked of whom: a session that was begun for one request carries out no other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Purpose {
    stage: Stage,
    /// The request, as method, path and what else it is about.
    operation: String,
}

#[derive(Clone, Debug)]
struct Open {
    begun: Timestamp,
    purpose: Purpose,
    completed: bool,
}

/// The authentications that have begun, by their session id. In memory only.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<HashMap<String, Open>>,
}

/// Why the request is not carried out yet.
#[derive(Debug, thiserror::Error)]
pub enum UiaaError {
    /// The client must authenticate: the body of the 401 answer.
    #[error("authentication is needed")]
    Challenge(Value),
    /// The session was begun by somebody else or for another request, or somebody else's password was given.
    #[error("the authentication is for something else")]
    Forbidden,
    /// Too many attempts.
    #[error(transparent)]
    Limited(#[from] Exceeded),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// What somebody offers to pass a stage.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// A password.
    Password(&'a str),
    /// A token of the operator.
    RegistrationToken(&'a str),
    /// Nothing.
    Dummy,
}

/// Why a stage was not passed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The proof is wrong, or of another kind.
    #[error("the proof is wrong")]
    Wrong,
    /// Too many attempts.
    #[error(transparent)]
    Limited(#[from] Exceeded),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl Sessions {
    fn begin(&self, purpose: &Purpose, now: Timestamp) -> String {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let id = URL_SAFE_NO_PAD.encode(bytes);
        let mut open = self.open.lock();
        open.retain(|_, session| session.begun.after(LIFE) > now);
        if open.len() >= MAX_OPEN
            && let Some(oldest) =
                open.iter().min_by_key(|(_, session)| session.begun).map(|(id, _)| id.clone())
        {
            open.remove(&oldest);
        }
        open.insert(id.clone(), Open { begun: now, purpose: purpose.clone(), completed: false });
        id
    }

    fn get(&self, id: &str, now: Timestamp) -> Option<Open> {
        self.open.lock().get(id).filter(|session| session.begun.after(LIFE) > now).cloned()
    }

    fn complete(&self, id: &str) {
        if let Some(session) = self.open.lock().get_mut(id) {
            session.completed = true;
        }
    }

    /// Ends a session that has passed its stage, once.
    fn redeem(&self, id: &str, now: Timestamp) -> bool {
        let mut open = self.open.lock();
        let passed = open
            .get(id)
            .is_some_and(|session| session.completed && session.begun.after(LIFE) > now);
        if passed {
            open.remove(id);
        }
        passed
    }

    fn end(&self, id: &str) {
        self.open.lock().remove(id);
    }
}

fn challenge(
    hs: &Homeserver,
    purpose: &Purpose,
    session: Option<&str>,
    failed: Option<(&str, &str)>,
) -> UiaaError {
    let now = hs.clock.now();
    let session = match session {
        Some(id) if hs.uiaa.get(id, now).is_some() => id.to_owned(),
        _ => hs.uiaa.begin(purpose, now),
    };
    let flow = json!({ "stages": [purpose.stage.auth_type().as_str()] });
    let mut body = json!({ "flows": [flow], "params": {}, "completed": [], "session": session });
    if let Some((code, message)) = failed {
        body["errcode"] = code.into();
        body["error"] = message.into();
    }
    UiaaError::Challenge(body)
}

/// Asks the user of a session for the password, once more, before `operation` is carried out: method, path and whatever else
/// the request is about.
pub async fn authorise(
    hs: &Homeserver,
    session: &Session,
    operation: &str,
    auth: Option<&AuthData>,
) -> Result<(), UiaaError> {
    // Services have no passwords for their users. <https://spec.matrix.org/v1.19/application-service-api/#device-management>
    if session.appservice.is_some() {
        return Ok(());
    }
    let stage = Stage::Password(session.user, session.user_id.clone());
    pass(hs, &Purpose { stage, operation: operation.to_owned() }, auth).await
}

/// Asks a stranger for what the hospital wants of new users. Not called where nobody is admitted.
pub async fn authorise_registration(
    hs: &Homeserver,
    auth: Option<&AuthData>,
) -> Result<(), UiaaError> {
    let stage = match accounts::admission(hs) {
        Admission::Open => Stage::Dummy,
        Admission::Token | Admission::Closed => Stage::RegistrationToken,
    };
    pass(hs, &Purpose { stage, operation: "register".to_owned() }, auth).await
}

async fn pass(
    hs: &Homeserver,
    purpose: &Purpose,
    auth: Option<&AuthData>,
) -> Result<(), UiaaError> {
    let Some(auth) = auth else { return Err(challenge(hs, purpose, None, None)) };
    let (session, now) = (auth.session(), hs.clock.now());
    let open = session.and_then(|id| hs.uiaa.get(id, now));
    if open.as_ref().is_some_and(|open| open.purpose != *purpose) {
        return Err(UiaaError::Forbidden);
    }
    // Passed elsewhere, on the fallback page: the client comes back with the session alone.
    if session.is_some_and(|id| hs.uiaa.redeem(id, now)) {
        return Ok(());
    }
    let stage = &purpose.stage;
    let proof = match auth {
        AuthData::Password(password) => {
            let named = match &password.identifier {
                UserIdentifier::Matrix(matrix) => accounts::user_of_identifier(hs, &matrix.user),
                _ => None,
            };
            if let Stage::Password(_, user) = stage
                && named.as_ref() != Some(user)
            {
                return Err(UiaaError::Forbidden);
            }
            Proof::Password(&password.password)
        }
        AuthData::RegistrationToken(token) => Proof::RegistrationToken(&token.token),
        AuthData::Dummy(_) => Proof::Dummy,
        _ => return Err(challenge(hs, purpose, session, None)),
    };
    // To guess tokens one has to begin first.
    if matches!(proof, Proof::RegistrationToken(_)) && open.is_none() {
        return Err(challenge(hs, purpose, None, None));
    }
    match check(hs, stage, proof).await {
        Ok(()) => {
            if let Some(id) = session {
                hs.uiaa.end(id);
            }
            Ok(())
        }
        Err(StageError::Wrong) => {
            let failed = match stage {
                Stage::Password(..) => Some(("M_FORBIDDEN", "The password is wrong")),
                Stage::RegistrationToken => Some(("M_UNAUTHORIZED", "The token is not valid")),
                Stage::Dummy => None,
            };
            Err(challenge(hs, purpose, session, failed))
        }
        Err(StageError::Limited(exceeded)) => Err(exceeded.into()),
        Err(StageError::Store(error)) => Err(error.into()),
    }
}

async fn check(hs: &Homeserver, stage: &Stage, proof: Proof<'_>) -> Result<(), StageError> {
    let passed = match (stage, proof) {
        (Stage::Password(_, user), Proof::Password(password)) => {
            // Whoever stole a token must not find out the password with it.
            hs.count(Subject::SignIn(user.to_string()))?;
            match accounts::check_password(hs, user, password).await {
                Ok(_) => true,
                Err(LoginError::Store(error)) => return Err(error.into()),
                Err(_) => false,
            }
        }
        (Stage::RegistrationToken, Proof::RegistrationToken(token)) => {
            accounts::is_registration_token(hs, token)
        }
        (Stage::Dummy, Proof::Dummy) => true,
        _ => false,
    };
    if passed { Ok(()) } else { Err(StageError::Wrong) }
}

/// What a session that has begun still asks for; `None` if there is no such session.
pub fn stage_of(hs: &Homeserver, session: &str) -> Option<Stage> {
    hs.uiaa.get(session, hs.clock.now()).map(|open| open.purpose.stage)
}

/// Passes the stage of a session on the fallback page. The client then repeats its request with the session alone.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#fallback>
pub async fn pass_on_page(
    hs: &Homeserver,
    session: &str,
    proof: Proof<'_>,
) -> Result<(), StageError> {
    let stage = stage_of(hs, session).ok_or(StageError::Wrong)?;
    check(hs, &stage, proof).await?;
    hs.uiaa.complete(session);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_on_the_page_counts_once_and_in_its_time() {
        let sessions = Sessions::default();
        let stage = Stage::Password(UserNid(1), ruma::owned_user_id!("@anna:x"));
        let purpose = Purpose { stage, operation: "POST account/password".to_owned() };
        let id = sessions.begin(&purpose, Timestamp(0));
        assert!(!sessions.redeem(&id, Timestamp(1)), "nothing was proved yet");
        sessions.complete(&id);
        assert!(!sessions.redeem(&id, Timestamp(0).after(LIFE)), "too late");
        assert!(sessions.redeem(&id, Timestamp(1)));
        assert!(!sessions.redeem(&id, Timestamp(1)), "once");
    }
}
