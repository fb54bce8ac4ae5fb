//! Where the secrets of a session rest: the key of the encrypted store and the tokens of the session.
//!
//! The rest of the crate sees three functions, [`open`], [`seal`] and [`destroy`], so that the app lock (catalogue row
//! I.b) can take the place of what is below without touching anything else. Today the browser keeps a **non-extractable**
//! AES-GCM key (a `CryptoKey` object that script can use but never read) and, sealed with it, the secrets. Nothing
//! rests in clear, and nothing lies in `localStorage`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

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
    /// Name of the database. A new one with each login, so that a rest of an old one never stands in the way.
    pub database: String,
    /// Passphrase of the encrypted store.
    pub passphrase: String,
    pub user_id: String,
    pub device_id: String,
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets([redacted])")
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

/// Reads the secrets; `None` if nobody is logged in on this device.
pub(crate) async fn open(name: &str) -> Result<Option<Secrets>, VaultError> {
    let Some(bytes) = place::read(name).await? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| VaultError("the secrets are damaged".into()))
}

/// Keeps the secrets, instead of earlier ones.
pub(crate) async fn seal(name: &str, secrets: &Secrets) -> Result<(), VaultError> {
    let bytes = serde_json::to_vec(secrets).expect("strings serialize");
    place::write(name, &bytes).await
}

/// Forgets secrets and key. Whatever is left of the store is unreadable from here on.
pub(crate) async fn destroy(name: &str) -> Result<(), VaultError> {
    place::destroy(name).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_passphrase_is_new_and_long() {
        let (one, other) = (new_passphrase(), new_passphrase());
        assert_ne!(one, other);
        assert_eq!(STANDARD_NO_PAD.decode(one).unwrap().len(), 32);
    }

    #[test]
    fn secrets_do_not_print() {
        let secrets = Secrets {
            database: "konsil".into(),
            passphrase: "passphrase".into(),
            user_id: "@anna:klinikum.example".into(),
            device_id: "DEVICE".into(),
            access_token: "token".into(),
            refresh_token: None,
        };
        assert_eq!(format!("{secrets:?}"), "Secrets([redacted])");
    }
}
