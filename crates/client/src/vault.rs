//! Where the secrets of a session rest: the key of the encrypted store and the tokens of the session.
//!
//! They are sealed twice. Inside, with the key of the app lock (I.b, [`crate::lock`]), which nobody has without the PIN and the
//! hospital's server. Around it, in the browser, with a **non-extractable** AES-GCM key (a `CryptoKey` object that script can
//! use but never read), so that a file of the profile alone is worth nothing. Nothing rests in clear, and nothing lies in
//! `localStorage`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::lock::{
    biometrics::SealedKey,
    keys::{Kdf, OpenLock},
    offline::{Allowed, Authenticator, OfflineShare},
};

#[cfg(target_family = "wasm")]
#[path = "vault/browser.rs"]
mod place;
#[cfg(not(target_family = "wasm"))]
#[path = "vault/native.rs"]
mod place;

#[cfg(target_family = "wasm")]
pub(crate) use place::delete_databases;

/// What has to be known to open the store and to talk to the server.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// Name of the database. A new one with each login, so that a rest of an old one never stands in the way. Empty where nothing is
    /// stored: the session passes with the page.
    pub database: String,
    /// Passphrase of the encrypted store.
    pub passphrase: String,
    pub user_id: String,
    pub device_id: String,
    pub access_token: String,
    pub refresh_token: Option<String>,
    /// What opens the share on the device, where that was set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<Authenticator>,
    /// What stands in for the PIN, where finger or face was set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biometrics: Option<Authenticator>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([redacted])")
    }
}

/// What lies in the vault.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Kept {
    /// Closed by a PIN.
    Locked(Locked),
    /// From a version that had no app lock: a PIN is asked for at the next start.
    Unprotected(Secrets),
}

/// Secrets behind the app lock, and what has to be known to open it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Locked {
    pub header: Header,
    /// One; two while the PIN is being changed, until the server has said which one holds.
    pub locks: Vec<Sealed>,
    /// The server's share, for the time without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<OfflineShare>,
}

/// What is known of a locked session.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    pub database: String,
    pub user_id: String,
    pub device_id: String,
    /// Whose it is, for the lock screen.
    pub person: Option<String>,
    /// Whether digits are typed, for the keyboard of a phone.
    pub digits: bool,
    /// By which the server knows the locked device; good for nothing else.
    pub token: String,
}

/// Secrets sealed with the key of a PIN.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// The how manieth PIN of this lock.
    pub generation: u64,
    pub kdf: Kdf,
    /// Unpadded Base64, as all bytes here.
    pub salt: String,
    pub secrets: String,
    /// The same key, for finger or face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biometrics: Option<SealedKey>,
}

impl fmt::Debug for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locked([redacted])")
    }
}

/// The vault of a session that is open: keeps what changes.
pub(crate) struct OpenVault {
    /// `None` where nothing is kept.
    name: Option<String>,
    header: Header,
    locks: Vec<OpenLock>,
    offline: Option<OfflineShare>,
}

impl fmt::Debug for OpenVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenVault([redacted])")
    }
}

impl OpenVault {
    pub fn new(name: &str, header: Header, lock: OpenLock) -> Self {
        Self { name: Some(name.to_owned()), header, locks: vec![lock], offline: None }
    }

    /// The vault of a session that passes with the page: nothing of it is ever kept.
    pub fn nowhere(header: Header, lock: OpenLock) -> Self {
        Self { name: None, header, locks: vec![lock], offline: None }
    }

    /// The server's share, as it lies on the device.
    pub fn offline(&self) -> Option<&OfflineShare> {
        self.offline.as_ref()
    }

    /// From now on it opens without the server for so long, where that was set up; not at all if that is `None`.
    pub fn allow_offline(&mut self, allowed: Option<Allowed>) -> Result<(), VaultError> {
        let lock = self.lock();
        let sealed =
            lock.armed.as_ref().zip(allowed).map(|(it, allowed)| it.seal(lock.generation, allowed));
        self.offline = sealed.transpose()?;
        Ok(())
    }

    /// The share as it was found, if nobody can say anything newer.
    pub fn keep_offline(&mut self, found: OfflineShare) {
        self.offline = Some(found);
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    pub fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    /// The lock whose PIN holds, as far as this device knows.
    pub fn lock(&self) -> &OpenLock {
        self.locks.first().expect("an open vault was opened by a lock")
    }

    pub fn lock_mut(&mut self) -> &mut OpenLock {
        self.locks.first_mut().expect("an open vault was opened by a lock")
    }

    /// From now on only the PIN opens it.
    pub fn end_biometrics(&mut self) {
        self.locks.iter_mut().for_each(|lock| lock.second = None);
    }

    /// Has the secrets closed by a second PIN too, until it is known which one holds.
    pub fn add(&mut self, lock: OpenLock) {
        self.locks.truncate(1);
        self.locks.push(lock);
    }

    /// Whether it is open which of two PINs holds.
    pub fn is_unsettled(&self) -> bool {
        self.locks.len() > 1
    }

    /// From now on only the PIN of this generation holds.
    pub fn settle(&mut self, generation: u64) {
        self.locks.retain(|lock| lock.generation == generation);
    }

    /// Keeps the secrets, instead of earlier ones.
    pub async fn keep(&self, secrets: &Secrets) -> Result<(), VaultError> {
        let Some(name) = &self.name else { return Ok(()) };
        let bytes = serde_json::to_vec(secrets).expect("strings serialize");
        let locks = self.locks.iter().map(|lock| lock.seal(&bytes)).collect::<Result<_, _>>()?;
        let (header, offline) = (self.header.clone(), self.offline.clone());
        write(name, &Kept::Locked(Locked { header, locks, offline })).await
    }
}

/// The secrets could not be read or written. The text is for the support desk and holds none of them.
#[derive(Debug, thiserror::Error)]
#[error("vault: {0}")]
pub(crate) struct VaultError(pub(crate) String);

/// A new passphrase: 256 random bits.
pub(crate) fn new_passphrase() -> String {
    STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// Reads what is there; `None` if nobody is logged in on this device.
pub(crate) async fn read(name: &str) -> Result<Option<Kept>, VaultError> {
    let Some(bytes) = place::read(name).await? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| VaultError("the secrets are damaged".into()))
}

/// Keeps this, instead of what was there.
pub(crate) async fn write(name: &str, kept: &Kept) -> Result<(), VaultError> {
    let bytes = serde_json::to_vec(kept).expect("strings serialize");
    place::write(name, &bytes).await
}

/// Forgets secrets and key. Whatever is left of the store is unreadable from here on.
pub(crate) async fn destroy(name: &str) -> Result<(), VaultError> {
    place::destroy(name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn secrets() -> Secrets {
        Secrets {
            database: "konsil".into(),
            passphrase: "passphrase".into(),
            user_id: "@anna:klinikum.example".into(),
            device_id: "DEVICE".into(),
            access_token: "token".into(),
            refresh_token: None,
            authenticator: None,
            biometrics: None,
        }
    }

    #[test]
    fn each_passphrase_is_new_and_long() {
        let (one, other) = (new_passphrase(), new_passphrase());
        assert_ne!(one, other);
        assert_eq!(STANDARD_NO_PAD.decode(one).unwrap().len(), 32);
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", secrets()), "Secrets([redacted])");
    }

    #[test]
    fn what_a_version_without_app_lock_has_kept_is_read() {
        let old = serde_json::to_vec(&secrets()).unwrap();
        let kept: Kept = serde_json::from_slice(&old).unwrap();
        assert!(matches!(kept, Kept::Unprotected(secrets) if secrets.passphrase == "passphrase"));
    }
}
