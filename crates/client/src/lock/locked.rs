//! A session behind the PIN, and the ways to open it: with the hospital's server by the PIN or, in between, by finger or face; and
//! without it for as long as it allows.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use matrix_sdk::Client;

use super::{
    PinNeeded, UnlockError,
    biometrics::{self, Biometrics, SealedKey},
    keys::{self, OpenLock},
    now_ms,
    offline::{self, Offline, OfflineShare},
    open, plain_client, requests,
};
use crate::{
    session::{LogoutError, Session, Settings},
    vault::{self, Kept, Locked, OpenVault, Sealed, Secrets},
};

/// How it stands with a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many wrong tries make it the last.
    pub tries_left: u64,
    /// How long no try is taken.
    pub retry_after_ms: Option<u64>,
    /// Whether finger or face may stand in for the PIN.
    pub biometrics: Biometrics,
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
    /// The server's share on the device, which changes with each try.
    offline: Mutex<Option<OfflineShare>>,
    /// Finger and face open nothing here any more.
    biometrics_ended: AtomicBool,
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
        let offline = Mutex::new(locked.offline.clone());
        let biometrics_ended = AtomicBool::new(false);
        let inner = LockedInner { settings, locked, tokens, offline, biometrics_ended };
        Self { inner: Arc::new(inner) }
    }

    pub(super) fn device_id(&self) -> &str {
        &self.inner.locked.header.device_id
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
        let said = requests::state(&client, &self.inner.locked.header.token).await;
        let opens_nowhere = match &said {
            Ok(said) => said.offline.is_none(),
            Err(error) => error.is_closed_by_server(),
        };
        if opens_nowhere {
            // The device has met the server: from here on nothing opens without it.
            self.keep_share(None).await?;
        }
        let said = said?;
        let biometrics = match said.biometrics {
            None => {
                self.forget_biometrics().await?;
                Biometrics::NotSetUp
            }
            Some(_) if self.second().is_none() => Biometrics::NotSetUp,
            Some(allowed) if allowed.now_ts < allowed.until_ts => Biometrics::Ready,
            Some(_) => Biometrics::TooLong,
        };
        let requests::Standing { tries_left, retry_after_ms, .. } = said;
        Ok(Standing { tries_left, retry_after_ms, biometrics })
    }

    /// The lock whose PIN holds.
    async fn holding(&self, client: &Client) -> Result<&Sealed, UnlockError> {
        let locked = &self.inner.locked;
        match locked.locks.as_slice() {
            [] => Err(UnlockError::Store("vault: no lock".into())),
            [one] => Ok(one),
            // A change of the PIN broke off: the server knows whether it has happened.
            several => {
                let holds = requests::state(client, &locked.header.token).await?.generation;
                several
                    .iter()
                    .find(|lock| lock.generation == holds)
                    .ok_or_else(|| UnlockError::Store("vault: no lock of this PIN".into()))
            }
        }
    }

    /// Opens the session with its PIN. A wrong one counts.
    pub async fn unlock(&self, pin: &str) -> Result<Session, UnlockError> {
        let client = plain_client(&self.inner.settings).await?;
        let token = &self.inner.locked.header.token;
        let sealed = self.holding(&client).await?;
        let salt = salt_of(sealed)?;
        let derived = keys::derive(pin, &salt, sealed.kdf)?;
        let unlocked = requests::unlock(&client, token, &*derived.verifier).await;
        if unlocked.as_ref().is_err_and(UnlockError::is_closed_by_server) {
            self.keep_share(None).await?;
        }
        let unlocked = unlocked?;
        let mut lock =
            OpenLock::new(sealed.generation, sealed.kdf, salt, &derived, &unlocked.share);
        let mut secrets = secrets_of(&lock, sealed)?;
        lock.arm(&derived, secrets.authenticator.as_ref(), &unlocked.share);
        if !self.is_second_kept(sealed) || !unlocked.has_biometrics {
            secrets.biometrics = None;
        }
        if secrets.biometrics.is_none() && unlocked.has_biometrics {
            // It was ended here while the server was away; if it still is, the next PIN will tell.
            let _ = requests::end_biometrics(&client, token).await;
        }
        self.enter(sealed, lock, secrets, unlocked).await
    }

    /// What the authenticator has to be asked to stand in for the PIN: its credential, and the input. `None` where only the PIN opens.
    pub fn asks_biometrics(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let second = self.second()?;
        Some((bytes(&second.credential)?, bytes(&second.input)?))
    }

    /// Opens the session with what the authenticator has given out for finger or face. A wrong secret counts as a wrong PIN does.
    pub async fn unlock_by_biometrics(&self, secret: &[u8]) -> Result<Session, UnlockError> {
        let client = plain_client(&self.inner.settings).await?;
        let token = &self.inner.locked.header.token;
        let sealed = self.holding(&client).await?;
        if !self.is_second_kept(sealed) {
            return Err(UnlockError::PinNeeded(PinNeeded::NotSetUp));
        }
        let derived = keys::derive_from_authenticator(secret);
        let unlocked = requests::unlock_by_biometrics(&client, token, &*derived.verifier).await;
        match &unlocked {
            // An authenticator gives no other secret for another finger: it is an earlier one, and would be wrong again.
            Err(
                UnlockError::PinNeeded(PinNeeded::NotAllowed | PinNeeded::NotSetUp)
                | UnlockError::Wrong { .. },
            ) => self.forget_biometrics().await?,
            Err(error) if error.is_closed_by_server() => self.keep_share(None).await?,
            _ => {}
        }
        let unlocked = unlocked?;
        let mut opened = biometrics::open(sealed, salt_of(sealed)?, &derived, &unlocked.share)?;
        let secrets = secrets_of(&opened.lock, sealed)?;
        opened.arm(secrets.authenticator.as_ref(), &unlocked.share);
        self.enter(sealed, opened.lock, secrets, unlocked).await
    }

    /// Opens the session whose lock has opened.
    async fn enter(
        &self,
        sealed: &Sealed,
        mut lock: OpenLock,
        mut secrets: Secrets,
        unlocked: requests::Unlocked,
    ) -> Result<Session, UnlockError> {
        let LockedInner { settings, locked, tokens, .. } = &*self.inner;
        lock.admit(secrets.biometrics.as_ref(), &unlocked.share);
        let is_second_new = lock.second.is_some() != sealed.biometrics.is_some();
        let mut vault = OpenVault::new(&settings.store, locked.header.clone(), lock);
        vault.allow_offline(unlocked.offline)?;
        if let Some((access_token, refresh_token)) = tokens {
            secrets.access_token = access_token.clone();
            secrets.refresh_token = refresh_token.clone();
        }
        let is_share_kept = vault.offline().is_some() || locked.offline.is_some();
        if tokens.is_some() || locked.locks.len() > 1 || is_share_kept || is_second_new {
            vault.keep(&secrets).await?;
        }
        open(settings, secrets, vault, None).await
    }

    /// Whether it opens without the server.
    pub fn offline(&self) -> Offline {
        let share = self.inner.offline.lock().expect("no panic while held");
        share.as_ref().map_or(Offline::NotSetUp, |share| share.standing(now_ms()))
    }

    /// What the authenticator has to be asked to open without the server: its credential, and the input.
    pub fn asks_authenticator(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let share = self.inner.offline.lock().expect("no panic while held");
        let share = share.as_ref()?;
        Some((bytes(&share.credential)?, bytes(&share.input)?))
    }

    /// Opens the session without the server, with its PIN and what the authenticator has answered. A wrong PIN counts.
    pub async fn unlock_offline(&self, pin: &str, secret: &[u8]) -> Result<Session, UnlockError> {
        let LockedInner { settings, locked, .. } = &*self.inner;
        let found = self.inner.offline.lock().expect("no panic while held").clone();
        let Some(mut share) = found else {
            return Err(UnlockError::NotOffline(Offline::NotSetUp));
        };
        let now = now_ms();
        let standing = share.standing(now);
        if !matches!(standing, Offline::Until { .. }) {
            return Err(UnlockError::NotOffline(standing));
        }
        share.count(now);
        self.keep_share(Some(share.clone())).await?;
        let sealed = locked.locks.iter().find(|lock| lock.generation == share.generation);
        let sealed =
            sealed.ok_or_else(|| UnlockError::Store("vault: no lock of this PIN".into()))?;
        let salt = salt_of(sealed)?;
        let derived = keys::derive(pin, &salt, sealed.kdf)?;
        let Some((bytes, standing)) = offline::open(&share, &derived, secret, now) else {
            let tries_left = offline::MAX_WRONG_TRIES.saturating_sub(share.wrong_tries);
            if tries_left == 0 {
                share.sealed = None;
                self.keep_share(Some(share)).await?;
            }
            return Err(UnlockError::WrongOffline { tries_left });
        };
        if !matches!(standing, Offline::Until { .. }) {
            return Err(UnlockError::NotOffline(standing));
        }
        let mut lock = OpenLock::new(sealed.generation, sealed.kdf, salt, &derived, &bytes);
        let mut secrets = secrets_of(&lock, sealed)?;
        lock.arm(&derived, secrets.authenticator.as_ref(), &bytes);
        if !self.is_second_kept(sealed) {
            secrets.biometrics = None;
        }
        lock.admit(secrets.biometrics.as_ref(), &bytes);
        let mut vault = OpenVault::new(&settings.store, locked.header.clone(), lock);
        share.wrong_tries = 0;
        vault.keep_offline(share);
        vault.keep(&secrets).await?;
        open(settings, secrets, vault, None).await
    }

    /// Keeps the share, or erases it, without opening anything.
    async fn keep_share(&self, share: Option<OfflineShare>) -> Result<(), UnlockError> {
        let offline = &self.inner.offline;
        let had =
            std::mem::replace(&mut *offline.lock().expect("no panic while held"), share.clone());
        if had.is_none() && share.is_none() {
            return Ok(());
        }
        self.keep().await
    }

    /// What opens a lock by finger or face, as long as it may.
    fn second(&self) -> Option<&SealedKey> {
        let locks = &self.inner.locked.locks;
        locks
            .iter()
            .filter(|lock| self.is_second_kept(lock))
            .find_map(|lock| lock.biometrics.as_ref())
    }

    fn is_second_kept(&self, lock: &Sealed) -> bool {
        lock.biometrics.is_some() && !self.inner.biometrics_ended.load(Ordering::Relaxed)
    }

    /// Has only the PIN open it from now on, without opening anything.
    async fn forget_biometrics(&self) -> Result<(), UnlockError> {
        if self.second().is_none() {
            return Ok(());
        }
        self.inner.biometrics_ended.store(true, Ordering::Relaxed);
        self.keep().await
    }

    /// Keeps what is left of what was found.
    async fn keep(&self) -> Result<(), UnlockError> {
        let LockedInner { settings, locked, offline, biometrics_ended, .. } = &*self.inner;
        let offline = offline.lock().expect("no panic while held").clone();
        let mut locked = Locked { offline, ..locked.clone() };
        if biometrics_ended.load(Ordering::Relaxed) {
            locked.locks.iter_mut().for_each(|lock| lock.biometrics = None);
        }
        Ok(vault::write(&settings.store, &Kept::Locked(locked)).await?)
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

fn secrets_of(lock: &OpenLock, sealed: &Sealed) -> Result<Secrets, UnlockError> {
    let opened = lock.open(sealed)?;
    serde_json::from_slice(&opened)
        .map_err(|_| UnlockError::Store("vault: the secrets are damaged".into()))
}

fn salt_of(sealed: &Sealed) -> Result<Vec<u8>, UnlockError> {
    bytes(&sealed.salt).ok_or_else(|| UnlockError::Store("vault: the salt is damaged".into()))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}
