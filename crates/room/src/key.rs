//! The key with which a homeserver signs, and the keys with which others are checked.

use std::fmt;

use ruma::{
    CanonicalJsonObject, OwnedServerName, ServerName, SigningKeyAlgorithm,
    serde::{Base64, base64::Standard},
    signatures::{Ed25519KeyPair, KeyPair},
};

use crate::Refused;

/// PKCS#8 header of an Ed25519 private key (RFC 8410, section 7); the 32 bytes of the seed follow.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A homeserver's Ed25519 signing key. Prints as `[redacted]`.
pub struct SigningKey {
    server: OwnedServerName,
    key_id: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Makes the key from its seed: 32 bytes of the caller's cryptographic randomness, or a stored
    /// key's [`seed`](Self::seed).
    ///
    /// `name` is the part after `ed25519:` of the key's ID.
    ///
    /// # Errors
    ///
    /// [`Refused::BadEvent`] if `name` holds anything but letters, digits and `_`, or nothing.
    pub fn from_seed(server: &ServerName, name: &str, seed: [u8; 32]) -> Result<Self, Refused> {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Refused::bad_event("a key's name is made of letters, digits and _"));
        }
        let mut der = PKCS8_PREFIX.to_vec();
        der.extend_from_slice(&seed);
        let pair = Ed25519KeyPair::from_der(&der, name.to_owned())
            .expect("every 32 bytes are an Ed25519 seed");
        Ok(Self {
            server: server.to_owned(),
            key_id: format!("{}:{name}", SigningKeyAlgorithm::Ed25519),
            seed,
            pair,
        })
    }

    /// The 32 bytes to store where no one else reads them. Whoever calls this answers for where
    /// they go.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The server that signs with this key.
    pub fn server(&self) -> &ServerName {
        &self.server
    }

    /// The key's ID, for example `ed25519:a1b2`.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half in unpadded base64, as `/_matrix/key/v2/server` publishes it.
    pub fn public_base64(&self) -> String {
        self.public().encode()
    }

    fn public(&self) -> Base64<Standard> {
        Base64::new(self.pair.public_key().to_vec())
    }

    /// Signs a JSON object that is not an event (a key document, a request).
    ///
    /// # Errors
    ///
    /// [`Refused::BadJson`] if its `signatures` is not an object of objects.
    pub fn sign_json(&self, object: &mut CanonicalJsonObject) -> Result<(), Refused> {
        ruma::signatures::sign_json(self.server.as_str(), &self.pair, object)
            .map_err(|error| Refused::BadJson(error.to_string()))
    }

    /// The signature of `message` in unpadded base64.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        self.pair.sign(message).base64()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// Public keys of servers, by server and key ID.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(pub(crate) ruma::signatures::PublicKeyMap);

impl PublicKeys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the public half of one of our own keys.
    pub fn insert_own(&mut self, key: &SigningKey) {
        self.0.entry(key.server.to_string()).or_default().insert(key.key_id.clone(), key.public());
    }

    /// Adds a key as a server published it.
    ///
    /// # Errors
    ///
    /// [`Refused::BadSignature`] if it is not base64.
    pub fn insert(
        &mut self,
        server: &ServerName,
        key_id: &str,
        base64: &str,
    ) -> Result<(), Refused> {
        let key = Base64::parse(base64).map_err(|e| Refused::BadSignature(e.to_string()))?;
        self.0.entry(server.to_string()).or_default().insert(key_id.to_owned(), key);
        Ok(())
    }
}

impl From<&SigningKey> for PublicKeys {
    fn from(key: &SigningKey) -> Self {
        let mut keys = Self::new();
        keys.insert_own(key);
        keys
    }
}
