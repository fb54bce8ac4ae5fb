//! The app lock (I.b): what is stored on this device opens only with a PIN or passphrase of its own, and with the hospital's server.
//!
//! Whoever has signed in sets a PIN ([`Unprotected::protect`]) before anything is stored. From then on each start finds
//! [`LockedSession`]; locking again is forgetting everything in memory, for a page: being loaded anew. The key is made of the
//! PIN and of a share that the server gives out for the right PIN alone ([`keys`]).

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use matrix_sdk::{Client, SessionMeta, SessionTokens, authentication::matrix::MatrixSession};
use ruma::UserId;
use serde::Deserialize;

pub(crate) mod keys;
mod pin;
mod requests;

pub use pin::{Weakness, weakness};

use self::keys::{Derived, Kdf, OpenLock};
use crate::{
    network,
    session::{LogoutError, RestoreError, Session, Settings},
    vault::{self, Header, Kept, Locked, OpenVault, Sealed, Secrets, VaultError},
};

/// When the app locks itself, and what opens it. The default is the strict one, for as long as the hospital has not been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct LockPolicy {
    /// Minutes without a touch after which the app locks itself.
    pub idle_minutes: u32,
    /// Seconds out of sight after which the app locks itself; 0: at once.
    pub hidden_seconds: u32,
    /// Characters of a PIN or passphrase at least.
    pub min_length: u32,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self { idle_minutes: 5, hidden_seconds: 0, min_length: 6 }
    }
}

/// What is stored on this device.
pub enum Stored {
    /// Nobody is signed in.
    Nothing,
    /// Somebody is, and the PIN opens it.
    Locked(LockedSession),
    /// Somebody is, from before there was an app lock: they have to set a PIN.
    Unprotected(Unprotected),
}

/// Who has just signed in.
pub enum SignedIn {
    /// On a new device: a PIN has to be set.
    New(Unprotected),
    /// Again on this one: the PIN opens what is stored.
    Again(LockedSession),
}

/// Why something did not open, or a PIN was not set or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The PIN is wrong.
    #[error("the PIN is wrong")]
    Wrong { tries_left: u64, retry_after_ms: Option<u64> },
    /// Too early after wrong tries. This one was not counted.
    #[error("too many wrong tries")]
    TooSoon { retry_after_ms: u64 },
    /// There were too many wrong tries: nothing opens what is stored any more. [`LockedSession::forget`], then log in anew.
    #[error("too many wrong tries, what is stored stays closed")]
    Destroyed,
    /// The device was signed out: as [`Self::Destroyed`].
    #[error("the device was signed out")]
    SignedOut,
    /// The hospital has locked the account. Nothing is lost.
    #[error("the account is locked")]
    AccountLocked,
    /// The server cannot be reached, and without it nothing opens.
    #[error("the server cannot be reached")]
    NoConnection,
    /// The new PIN is too weak.
    #[error("the PIN is too weak")]
    Weak(Weakness),
    /// The store on this device cannot be read or written.
    #[error("the store on this device cannot be used: {0}")]
    Store(String),
    /// Something else; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl From<VaultError> for UnlockError {
    fn from(error: VaultError) -> Self {
        Self::Store(error.to_string())
    }
}

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many wrong tries make it the last.
    pub tries_left: u64,
    /// How long no try is taken.
    pub retry_after_ms: Option<u64>,
}

/// Asks for the hospital's policy; works without a session.
pub async fn policy(settings: &Settings) -> Result<LockPolicy, UnlockError> {
    requests::policy(&plain_client(settings).await?).await
}

/// A client that knows nobody: the lock's requests carry the lock's own token.
async fn plain_client(settings: &Settings) -> Result<Client, UnlockError> {
    network::prepare();
    let client = Client::builder().homeserver_url(&settings.homeserver).build().await;
    client.map_err(|error| UnlockError::Failed(error.to_string()))
}

/// Somebody who is signed in and has no PIN yet.
#[derive(Clone)]
pub struct Unprotected {
    inner: Arc<UnprotectedInner>,
}

struct UnprotectedInner {
    settings: Settings,
    secrets: Secrets,
    /// Just typed at the sign-in; makes the account's identity.
    password: Option<String>,
}

impl fmt::Debug for Unprotected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unprotected([redacted])")
    }
}

impl Unprotected {
    pub(crate) fn new(settings: &Settings, secrets: Secrets, password: Option<String>) -> Self {
        let settings = settings.clone();
        Self { inner: Arc::new(UnprotectedInner { settings, secrets, password }) }
    }

    /// Whether the person has signed in just now, and not before there was an app lock.
    pub fn is_new(&self) -> bool {
        self.inner.password.is_some()
    }

    /// Sets the PIN and opens the session. Nothing is stored of a new session before; an earlier one is kept until it is behind
    /// the PIN. `min_length` is the hospital's.
    pub async fn protect(&self, pin: &str, min_length: u32) -> Result<Session, UnlockError> {
        if let Some(weakness) = weakness(pin, min_length) {
            return Err(UnlockError::Weak(weakness));
        }
        let UnprotectedInner { settings, secrets, password } = &*self.inner;
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
        open(settings, secrets, vault, password.as_deref()).await
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

/// A client with a session's tokens and no store.
async fn client_of(settings: &Settings, secrets: &Secrets) -> Result<Client, UnlockError> {
    network::prepare();
    let failed = |error: &dyn fmt::Display| UnlockError::Failed(error.to_string());
    let client = Client::builder()
        .homeserver_url(&settings.homeserver)
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

/// Somebody whose session is behind the PIN.
#[derive(Clone)]
pub struct LockedSession {
    inner: Arc<LockedInner>,
}

struct LockedInner {
    settings: Settings,
    locked: Locked,
    /// Tokens of a sign-in that went before, on this very device.
    tokens: Option<(String, Option<String>)>,
}

impl fmt::Debug for LockedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedSession([redacted])")
    }
}

impl LockedSession {
    pub(crate) fn new(
        settings: &Settings,
        locked: Locked,
        tokens: Option<(String, Option<String>)>,
    ) -> Self {
        let settings = settings.clone();
        Self { inner: Arc::new(LockedInner { settings, locked, tokens }) }
    }

    /// Whose it is, if their name was ever known here.
    pub fn person(&self) -> Option<&str> {
        self.inner.locked.header.person.as_deref()
    }

    /// Whether the PIN consists of digits, for the keyboard of a phone.
    pub fn is_digits(&self) -> bool {
        self.inner.locked.header.digits
    }

    /// How it stands with the lock. Asking is no try.
    pub async fn standing(&self) -> Result<Standing, UnlockError> {
        let client = plain_client(&self.inner.settings).await?;
        let said = requests::state(&client, &self.inner.locked.header.token).await?;
        Ok(Standing { tries_left: said.tries_left, retry_after_ms: said.retry_after_ms })
    }

    /// Opens the session with its PIN. A wrong one counts.
    pub async fn unlock(&self, pin: &str) -> Result<Session, UnlockError> {
        let LockedInner { settings, locked, tokens } = &*self.inner;
        let client = plain_client(settings).await?;
        let token = &locked.header.token;
        let sealed = match locked.locks.as_slice() {
            [] => return Err(UnlockError::Store("vault: no lock".into())),
            [one] => one,
            // A change of the PIN broke off: the server knows whether it has happened.
            several => {
                let holds = requests::state(&client, token).await?.generation;
                several
                    .iter()
                    .find(|lock| lock.generation == holds)
                    .ok_or_else(|| UnlockError::Store("vault: no lock of this PIN".into()))?
            }
        };
        let (derived, salt) = derived_of(sealed, pin)?;
        let share = requests::unlock(&client, token, &*derived.verifier).await?;
        let lock = OpenLock::new(sealed.generation, sealed.kdf, salt, &derived, &share);
        let opened = lock.open(sealed)?;
        let mut secrets: Secrets = serde_json::from_slice(&opened)
            .map_err(|_| UnlockError::Store("vault: the secrets are damaged".into()))?;
        let vault = OpenVault::new(&settings.store, locked.header.clone(), lock);
        if let Some((access_token, refresh_token)) = tokens {
            secrets.access_token = access_token.clone();
            secrets.refresh_token = refresh_token.clone();
        }
        if tokens.is_some() || locked.locks.len() > 1 {
            vault.keep(&secrets).await?;
        }
        open(settings, secrets, vault, None).await
    }

    /// Deletes what is stored on this device, without opening it. The device also leaves the account if the server can be
    /// reached, so that nobody encrypts to it any more.
    pub async fn forget(&self) -> Result<(), LogoutError> {
        if let Ok(client) = plain_client(&self.inner.settings).await {
            // Signed out already, or no network: the rest matters more.
            let _ = requests::sign_out(&client, &self.inner.locked.header.token).await;
        }
        Session::forget(&self.inner.settings).await
    }
}

fn is_digits(pin: &str) -> bool {
    pin.chars().all(|c| c.is_ascii_digit())
}

fn derived_of(sealed: &Sealed, pin: &str) -> Result<(Derived, Vec<u8>), UnlockError> {
    let salt = STANDARD_NO_PAD
        .decode(&sealed.salt)
        .map_err(|_| UnlockError::Store("vault: the salt is damaged".into()))?;
    Ok((keys::derive(pin, &salt, sealed.kdf)?, salt))
}

async fn open(
    settings: &Settings,
    secrets: Secrets,
    vault: OpenVault,
    password: Option<&str>,
) -> Result<Session, UnlockError> {
    Session::enter(settings, secrets, vault, password).await.map_err(|error| match error {
        RestoreError::Store(code) => UnlockError::Store(code),
        RestoreError::Failed(code) => UnlockError::Failed(code),
    })
}

impl Session {
    /// Changes the PIN. The earlier one is asked for, and a wrong one counts. Whenever this breaks off, one of the two opens the
    /// session at the next start: both are kept until the server has said which.
    pub async fn change_pin(
        &self,
        earlier: &str,
        new: &str,
        min_length: u32,
    ) -> Result<(), UnlockError> {
        if let Some(weakness) = weakness(new, min_length) {
            return Err(UnlockError::Weak(weakness));
        }
        let core = &self.inner.core;
        let client = plain_client(&core.settings).await?;
        let mut vault = core.vault.lock().await;
        let token = vault.header().token.clone();
        if vault.is_unsettled() {
            let holds = requests::state(&client, &token).await?.generation;
            vault.settle(holds);
        }
        let lock = vault.lock();
        let (generation, kdf) = (lock.generation, Kdf::default());
        let old = keys::derive(earlier, &lock.salt, lock.kdf)?;
        let share = requests::unlock(&client, &token, &*old.verifier).await?;
        let salt = keys::new_salt();
        let derived = keys::derive(new, &salt, kdf)?;
        vault.add(OpenLock::new(generation + 1, kdf, salt, &derived, &share));
        let secrets = || core.secrets.lock().expect("no panic while held").clone();
        vault.keep(&secrets()).await?;
        let holds = requests::change(&client, &token, &*old.verifier, &*derived.verifier).await?;
        vault.settle(holds);
        vault.header_mut().digits = is_digits(new);
        Ok(vault.keep(&secrets()).await?)
    }

    /// Waits until nothing is on its way to the server any more, for a moment at most: what was just sent shall not wait for the
    /// PIN. What is still there then goes out at the next start.
    pub async fn settle(&self, at_most: std::time::Duration) {
        const STEP: std::time::Duration = std::time::Duration::from_millis(200);
        let core = &self.inner.core;
        let mut left = at_most;
        loop {
            // Also gives what is kept in the background, such as a draft, the time to get there.
            matrix_sdk::sleep::sleep(STEP.min(left)).await;
            left = left.saturating_sub(STEP);
            let waiting = core.client.state_store().load_rooms_with_unsent_requests().await;
            let is_idle = waiting.is_ok_and(|rooms| rooms.is_empty());
            if left.is_zero() || is_idle || core.connection.get().is_down() {
                return;
            }
        }
    }
}

/// Keeps the person's name for the lock screen, as soon as it is known.
pub(crate) async fn keep_name(core: Arc<crate::session::core::Core>) {
    let mut changes = core.me.subscribe();
    // Nobody else asks for it before there is a chat.
    let _ = core.people.person(&core, &core.own_id, None);
    loop {
        let me = core.me.get();
        let local = crate::people::local_part(core.own_id.as_str());
        if me.person.name != local {
            let mut vault = core.vault.lock().await;
            if vault.header().person.as_deref() != Some(me.person.name.as_str()) {
                vault.header_mut().person = Some(me.person.name.clone());
                let secrets = core.secrets.lock().expect("no panic while held").clone();
                if let Err(error) = vault.keep(&secrets).await {
                    tracing::warn!(%error, "The name for the lock screen could not be kept");
                }
            }
        }
        if changes.next().await.is_none() {
            return;
        }
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;
    use crate::session::Credentials;

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
