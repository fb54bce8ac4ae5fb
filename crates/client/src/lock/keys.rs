//! From PIN, salt and the server's share to the key that closes the secrets.
//!
//! `A‖V = HKDF(Argon2id(PIN, salt))` and `key = HKDF(A‖S)`: V proves the PIN to the server, A never leaves the device, S is the
//! server's share. Whoever has the device's files lacks S and cannot try PINs without the server, which counts; whoever has the
//! server's database lacks the salt and A.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit},
};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    biometrics::Second,
    offline::{Armed, Authenticator},
};
use crate::vault::{Sealed, VaultError};

/// Length of A, V and S, in bytes.
pub(crate) const SECRET_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// XChaCha20's nonce, long enough to be chosen at random.
const NONCE_BYTES: usize = 24;

/// How a PIN is stretched. Kept beside the salt, so that a later version may ask for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kdf {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Default for Kdf {
    /// OWASP's minimum for Argon2id. Guessing is stopped by the server, which counts; this is what is left where somebody has the
    /// files of both. More would cost every phone: WebAssembly never gives memory back, and one thread without SIMD takes
    /// a fifth of a second for this on a phone of 2019.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

/// What comes of a PIN, or of what the authenticator has given out.
pub(crate) struct Derived {
    /// Stays on the device.
    own: Zeroizing<[u8; SECRET_BYTES]>,
    /// Proves it to the server.
    pub verifier: Zeroizing<[u8; SECRET_BYTES]>,
}

/// A new salt.
pub(crate) fn new_salt() -> Vec<u8> {
    rand::random::<[u8; SALT_BYTES]>().to_vec()
}

/// Stretches a PIN. Takes a moment.
pub(crate) fn derive(pin: &str, salt: &[u8], kdf: Kdf) -> Result<Derived, VaultError> {
    let failed = |_| VaultError("the parameters of the PIN are damaged".into());
    let params = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(SECRET_BYTES));
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(failed)?);
    let mut stretched = Zeroizing::new([0; SECRET_BYTES]);
    argon.hash_password_into(pin.as_bytes(), salt, &mut *stretched).map_err(failed)?;
    Ok(Derived {
        own: expanded(&*stretched, b"konsil app lock: own part"),
        verifier: expanded(&*stretched, b"konsil app lock: verifier"),
    })
}

/// From what the authenticator has given out.
pub(super) fn derive_from_authenticator(secret: &[u8]) -> Derived {
    Derived {
        own: expanded(secret, b"konsil app lock: own part of the authenticator"),
        verifier: expanded(secret, b"konsil app lock: verifier of the authenticator"),
    }
}

fn expanded(secret: &[u8], purpose: &[u8]) -> Zeroizing<[u8; SECRET_BYTES]> {
    let mut part = Zeroizing::new([0; SECRET_BYTES]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(purpose, &mut *part)
        .expect("32 bytes are not too many for HKDF");
    part
}

/// The key of a lock, and what is kept beside what it closes.
#[derive(Clone)]
pub(crate) struct OpenLock {
    pub generation: u64,
    pub kdf: Kdf,
    pub salt: Vec<u8>,
    pub(super) key: SealKey,
    /// What closes the server's share for the time without the server, where that was set up.
    pub armed: Option<Armed>,
    /// What closes the key for finger or face, where that was set up.
    pub second: Option<Second>,
}

impl OpenLock {
    /// The key of PIN and share.
    pub fn new(generation: u64, kdf: Kdf, salt: Vec<u8>, derived: &Derived, share: &[u8]) -> Self {
        let key = SealKey::of(derived, share, b"konsil app lock: key of the secrets");
        Self { generation, kdf, salt, key, armed: None, second: None }
    }

    /// Also closes the share for the time without the server, where that was set up.
    pub fn arm(&mut self, derived: &Derived, authenticator: Option<&Authenticator>, share: &[u8]) {
        self.armed = authenticator.map(|it| Armed::new(derived, it, share));
    }

    /// Also has finger or face open it, where that was set up.
    pub fn admit(&mut self, authenticator: Option<&Authenticator>, share: &[u8]) {
        self.second = authenticator.map(|it| Second::new(it, share));
    }

    /// Closes secrets.
    pub fn seal(&self, secrets: &[u8]) -> Result<Sealed, VaultError> {
        Ok(Sealed {
            generation: self.generation,
            kdf: self.kdf,
            salt: encoded(&self.salt),
            secrets: self.key.seal(secrets)?,
            biometrics: self.second.as_ref().map(|second| second.seal(self)).transpose()?,
        })
    }

    /// Opens what was closed with this key.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.key.open(&sealed.secrets)
    }
}

/// A key that closes something.
#[derive(Clone)]
pub(crate) struct SealKey(Zeroizing<[u8; SECRET_BYTES]>);

impl SealKey {
    /// The key of the device's own part of what was derived, and of something else that is needed beside it.
    pub(super) fn of(derived: &Derived, other: &[u8], purpose: &[u8]) -> Self {
        let mut both = Zeroizing::new(derived.own.to_vec());
        both.extend_from_slice(other);
        Self(expanded(&both, purpose))
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    pub(super) fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0))
    }

    /// Closes something, as unpadded Base64.
    pub(super) fn seal(&self, bytes: &[u8]) -> Result<String, VaultError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), bytes);
        let sealed = sealed.map_err(|_| VaultError("sealing".into()))?;
        Ok(encoded(&[nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was closed with this key.
    pub(super) fn open(&self, sealed: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let damaged = || VaultError("the secrets are damaged".into());
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| damaged())?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(damaged)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| damaged())?;
        let opened = self.cipher().decrypt(&XNonce::from(nonce), ciphertext);
        opened.map(Zeroizing::new).map_err(|_| damaged())
    }
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quick, for tests of what is built on it.
    const QUICK: Kdf = Kdf { memory_kib: 64, passes: 1, lanes: 1 };
    const SALT: &[u8] = b"0123456789abcdef";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_pin_gives_what_another_implementation_of_argon2id_and_hkdf_gives() {
        // Calculated with PyPI's cryptography 48 (OpenSSL's Argon2id and HKDF).
        let derived = derive("482913", SALT, Kdf::default()).unwrap();
        assert_eq!(hex(&*derived.own), OWN);
        assert_eq!(hex(&*derived.verifier), VERIFIER);
    }

    #[test]
    fn what_the_authenticator_gives_is_derived_as_another_implementation_of_hkdf_does() {
        // Calculated with Python's hmac and hashlib, by RFC 5869.
        let derived = derive_from_authenticator(&[3; 32]);
        assert_eq!(hex(&*derived.own), OWN_OF_AUTHENTICATOR);
        assert_eq!(hex(&*derived.verifier), VERIFIER_OF_AUTHENTICATOR);
    }

    const OWN_OF_AUTHENTICATOR: &str =
        "2168f1fbb52c4846c81d5c72a89313671383ac080e91a59af0b860729c495986";
    const VERIFIER_OF_AUTHENTICATOR: &str =
        "99e7711f41f64c460404ab7fd4a8ba1cf91a063b8ce6875a208eefdbcffd1f6e";

    const OWN: &str = "5e67e0d9d4972b0a1d041b94c7cabab20f51df348417e1237f142cc86af1fc26";
    const VERIFIER: &str = "ffd19237022993e666b97366fcb93b86568eacbd5ee496c86e524bf1cfa3cf3d";

    #[test]
    fn pin_salt_and_share_are_all_needed() {
        let (share, other_share) = ([7; SECRET_BYTES], [8; SECRET_BYTES]);
        let lock = |pin: &str, salt: &[u8], share: &[u8]| {
            let derived = derive(pin, salt, QUICK).unwrap();
            OpenLock::new(1, QUICK, salt.to_vec(), &derived, share)
        };
        let sealed = lock("482913", SALT, &share).seal(b"the passphrase").unwrap();
        assert_eq!(*lock("482913", SALT, &share).open(&sealed).unwrap(), b"the passphrase");
        assert!(lock("482914", SALT, &share).open(&sealed).is_err());
        assert!(lock("482913", b"fedcba9876543210", &share).open(&sealed).is_err());
        assert!(lock("482913", SALT, &other_share).open(&sealed).is_err());
        assert!(lock("482913", SALT, &[]).open(&sealed).is_err());
    }

    #[test]
    fn the_verifier_opens_nothing_and_nothing_is_closed_twice_alike() {
        let share = [7; SECRET_BYTES];
        let derived = derive("482913", SALT, QUICK).unwrap();
        assert_ne!(*derived.own, *derived.verifier);
        let lock = OpenLock::new(1, QUICK, SALT.to_vec(), &derived, &share);
        let (one, other) = (lock.seal(b"same").unwrap(), lock.seal(b"same").unwrap());
        assert_ne!(one.secrets, other.secrets);
        // Whoever knows what the server knows.
        let servers = Derived { own: derived.verifier.clone(), verifier: derived.verifier };
        assert!(OpenLock::new(1, QUICK, SALT.to_vec(), &servers, &share).open(&one).is_err());
    }

    #[test]
    fn damaged_parameters_and_secrets_are_errors() {
        assert!(derive("482913", SALT, Kdf { memory_kib: 0, passes: 0, lanes: 0 }).is_err());
        assert!(derive("482913", b"short", QUICK).is_err());
        let derived = derive("482913", SALT, QUICK).unwrap();
        let lock = OpenLock::new(1, QUICK, SALT.to_vec(), &derived, &[7; SECRET_BYTES]);
        let sealed = lock.seal(b"secrets").unwrap();
        for secrets in ["", "AAAA", "?"] {
            assert!(lock.open(&Sealed { secrets: secrets.into(), ..sealed.clone() }).is_err());
        }
    }
}
