//! Between the sign-in and the PIN: nothing is stored of the session yet.

use std::{fmt, sync::Arc};

use matrix_sdk::{Client, SessionMeta, SessionTokens, authentication::matrix::MatrixSession};
use ruma::UserId;

use super::{
    UnlockError,
    keys::{self, Derived, Kdf, OpenLock},
    open,
    pin::{is_digits, weakness},
    requests,
};
use crate::{
    network,
    session::{Arrival, Session, Settings},
    vault::{self, Header, Kept, OpenVault, Secrets},
    version,
};

/// Somebody who is signed in and has no PIN yet.
#[derive(Clone)]
pub struct Unprotected {
    inner: Arc<UnprotectedInner>,
}

struct UnprotectedInner {
    settings: Settings,
    secrets: Secrets,
    /// With what the person has signed in just now.
    arrival: Option<Arrival>,
}

impl fmt::Debug for Unprotected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unprotected([redacted])")
    }
}

impl Unprotected {
    pub(crate) fn new(settings: &Settings, secrets: Secrets, arrival: Option<Arrival>) -> Self {
        let settings = settings.clone();
        Self { inner: Arc::new(UnprotectedInner { settings, secrets, arrival }) }
    }

    /// Whether the person has signed in just now, and not before there was an app lock.
    pub fn is_new(&self) -> bool {
        self.inner.arrival.is_some()
    }

    pub(super) fn device_id(&self) -> &str {
        &self.inner.secrets.device_id
    }

    /// Sets the PIN and opens the session. Nothing is stored of a new session before; an earlier one is kept until it is behind
    /// the PIN. `min_length` is the hospital's.
    pub async fn protect(&self, pin: &str, min_length: u32) -> Result<Session, UnlockError> {
        if let Some(weakness) = weakness(pin, min_length) {
            return Err(UnlockError::Weak(weakness));
        }
        let UnprotectedInner { settings, secrets, arrival } = &*self.inner;
        let mut secrets = secrets.clone();
        let (salt, kdf) = (keys::new_salt(), Kdf::default());
        let derived = keys::derive(pin, &salt, kdf)?;
        let (token, share) = self.set_up(&mut secrets, &derived).await?;
        if secrets.database.is_empty() {
            secrets.database = Session::new_database(settings).await;
        }
        let header = Header {
            database: secrets.database.clone(),
            user_id: secrets.user_id.clone(),
            device_id: secrets.device_id.clone(),
            person: None,
            digits: is_digits(pin),
            token,
        };
        let lock = OpenLock::new(1, kdf, salt, &derived, &share);
        let vault = OpenVault::new(&settings.store, header, lock);
        vault.keep(&secrets).await?;
        open(settings, secrets, vault, arrival.as_ref()).await
    }

    /// Asks for a share as the session that is not open yet.
    async fn set_up(
        &self,
        secrets: &mut Secrets,
        derived: &Derived,
    ) -> Result<(String, Vec<u8>), UnlockError> {
        let settings = &self.inner.settings;
        let client = client_of(settings, secrets).await?;
        let answer = requests::set_up(&client, &*derived.verifier).await;
        if let Some(tokens) = client.session_tokens()
            && tokens.access_token != secrets.access_token
        {
            secrets.access_token = tokens.access_token;
            secrets.refresh_token = tokens.refresh_token;
            if !self.is_new() {
                // The old ones have ended: what is stored must not be left with them.
                vault::write(&settings.store, &Kept::Unprotected(secrets.clone())).await?;
            }
        }
        answer
    }

    /// Gives up a sign-in that has no PIN yet, so that no device without owner stays behind.
    pub async fn give_up(&self) {
        if let Ok(client) = client_of(&self.inner.settings, &self.inner.secrets).await {
            // Without network it stays in the list of devices, without keys.
            let _ = client.matrix_auth().logout().await;
        }
    }
}

/// Opens a session that passes with the page. Nobody knows its PIN; the lock is there for its token, by which the device leaves the
/// account also when nobody can sign it out any more.
pub(crate) async fn open_passing(
    settings: &Settings,
    mut secrets: Secrets,
    password: &str,
) -> Result<Session, UnlockError> {
    let (salt, kdf) = (keys::new_salt(), Kdf::default());
    let derived = keys::derive(&vault::new_passphrase(), &salt, kdf)?;
    let arrival = Arrival::Password(password.to_owned());
    let signed_in = Unprotected::new(settings, secrets.clone(), Some(arrival.clone()));
    let (token, share) = match signed_in.set_up(&mut secrets, &derived).await {
        Ok(set_up) => set_up,
        Err(error) => {
            signed_in.give_up().await;
            return Err(error);
        }
    };
    let header = Header {
        database: String::new(),
        user_id: secrets.user_id.clone(),
        device_id: secrets.device_id.clone(),
        person: None,
        digits: false,
        token,
    };
    let vault = OpenVault::nowhere(header, OpenLock::new(1, kdf, salt, &derived, &share));
    open(settings, secrets, vault, Some(&arrival)).await
}

/// A client with a session's tokens and no store.
async fn client_of(settings: &Settings, secrets: &Secrets) -> Result<Client, UnlockError> {
    network::prepare();
    let failed = |error: &dyn fmt::Display| UnlockError::Failed(error.to_string());
    let client = version::client(&settings.homeserver)
        .handle_refresh_tokens()
        .build()
        .await
        .map_err(|error| failed(&error))?;
    let session = MatrixSession {
        meta: SessionMeta {
            user_id: UserId::parse(&secrets.user_id).map_err(|error| failed(&error))?,
            device_id: secrets.device_id.as_str().into(),
        },
        tokens: SessionTokens {
            access_token: secrets.access_token.clone(),
            refresh_token: secrets.refresh_token.clone(),
        },
    };
    client.restore_session(session).await.map_err(|error| failed(&error))?;
    Ok(client)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::{
        lock::{SignedIn, Stored},
        session::Credentials,
    };

    /// Needs the secrets of a session, which no other crate gets.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_session_from_before_the_app_lock_gets_a_pin_and_keeps_what_it_has() {
        const PIN: &str = "482913";
        let server = testkit::Server::start();
        let anna = server.user("anna");
        let directory = tempfile::tempdir().expect("a directory");
        let settings = Settings {
            homeserver: server.url(),
            store: directory.path().join("konsil").to_str().expect("readable").to_owned(),
            device_name: "test".into(),
        };
        let credentials =
            Credentials { user: anna.localpart.clone(), password: anna.password.clone() };
        let Ok(SignedIn::New(unprotected)) = Session::login(&settings, &credentials).await else {
            panic!("the login succeeds");
        };
        let session = unprotected.protect(PIN, 6).await.expect("it opens");
        let secrets = session.inner.core.secrets.lock().unwrap().clone();
        let device = session.me().peek().device;
        drop(session);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let earlier = serde_json::to_vec(&secrets).expect("strings serialize");
        let vault = std::path::Path::new(&settings.store).join("vault.json");
        std::fs::write(&vault, earlier).expect("as an earlier version had it");

        let Ok(Stored::Unprotected(unprotected)) = Session::stored(&settings).await else {
            panic!("a PIN is asked for");
        };
        assert!(!unprotected.is_new());
        let session = unprotected.protect(PIN, 6).await.expect("the same store opens");
        assert_eq!(session.me().peek().device, device);
        drop(session);
        let kept = std::fs::read_to_string(&vault).expect("a vault");
        assert!(!kept.contains(&secrets.passphrase), "nothing is left in clear");
        let Ok(Stored::Locked(locked)) = Session::stored(&settings).await else {
            panic!("it is locked");
        };
        locked.unlock(PIN).await.expect("the PIN opens it");
    }
}
