//! Finger or face in between entries of the PIN, where the hospital allows it (`lock.biometrics`, ADR 21).
//!
//! The device's authenticator (WebAuthn PRF) gives out a secret of its own once it has recognised its owner; it is another one than that for the
//! time without the server. From it come a verifier, for which the server gives out its share as it does for the PIN's, and a part that
//! stays here; with the share, that part opens the *key* of the lock that the PIN opens. So secrets that change are closed once, and a
//! lock that is replaced takes what opened it along. When the PIN has to be typed again is for the server to say.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    keys::{self, Derived, OpenLock, SealKey},
    offline::{Armed, Authenticator},
};
use crate::vault::{Sealed, VaultError};

/// Whether finger or face may stand in for the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Biometrics {
    /// It was not set up on this device, has ended, or the hospital does not allow it any more.
    NotSetUp,
    /// They may.
    Ready,
    /// The PIN was typed too long ago.
    TooLong,
}

/// Why the server gave nothing out for finger or face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinNeeded {
    /// The hospital does not allow it.
    NotAllowed,
    /// It was not set up on this device, or has ended.
    NotSetUp,
    /// The PIN was typed too long ago.
    TooLong,
}

/// A lock's key as it lies on the device for finger or face. Unpadded Base64, as all bytes in the vault.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    pub credential: String,
    pub input: String,
    sealed: String,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Contents {
    /// The key of the secrets.
    key: Vec<u8>,
    /// What closes the server's share for the time without the server, which otherwise only the PIN gives.
    of_share: Option<Vec<u8>>,
}

/// Closes a lock's key for finger or face as long as the app is open.
#[derive(Clone)]
pub(crate) struct Second {
    credential: Vec<u8>,
    input: Vec<u8>,
    key: SealKey,
}

fn key_of(derived: &Derived, share: &[u8]) -> SealKey {
    SealKey::of(derived, share, b"konsil app lock: key of the key for finger or face")
}

impl Second {
    pub fn new(authenticator: &Authenticator, share: &[u8]) -> Self {
        Self {
            credential: authenticator.credential.clone(),
            input: authenticator.input.clone(),
            key: key_of(&keys::derive_from_authenticator(&authenticator.secret), share),
        }
    }

    /// The key of this lock as it lies on the device.
    pub fn seal(&self, lock: &OpenLock) -> Result<SealedKey, VaultError> {
        let contents = Contents {
            key: lock.key.bytes().to_vec(),
            of_share: lock.armed.as_ref().map(|armed| armed.key().bytes().to_vec()),
        };
        let bytes = Zeroizing::new(serde_json::to_vec(&contents).expect("plain data serializes"));
        Ok(SealedKey {
            credential: keys::encoded(&self.credential),
            input: keys::encoded(&self.input),
            sealed: self.key.seal(&bytes)?,
        })
    }
}

/// A lock that finger or face has opened.
pub(super) struct Opened {
    pub lock: OpenLock,
    of_share: Option<SealKey>,
}

impl Opened {
    /// Closes the share for the time without the server too, as the PIN had it.
    pub fn arm(&mut self, authenticator: Option<&Authenticator>, share: &[u8]) {
        let both = authenticator.zip(self.of_share.as_ref());
        self.lock.armed = both.map(|(it, key)| Armed::of_key(key.clone(), it, share));
    }
}

/// Opens a lock with what the authenticator has given out and the server's share.
pub(super) fn open(
    sealed: &Sealed,
    salt: Vec<u8>,
    derived: &Derived,
    share: &[u8],
) -> Result<Opened, VaultError> {
    let damaged = || VaultError("the key for finger or face is damaged".into());
    let found = sealed.biometrics.as_ref().ok_or_else(damaged)?;
    let opened = key_of(derived, share).open(&found.sealed)?;
    let contents: Contents = serde_json::from_slice(&opened).map_err(|_| damaged())?;
    let (generation, kdf) = (sealed.generation, sealed.kdf);
    let key = SealKey::from_bytes(&contents.key).ok_or_else(damaged)?;
    let of_share = contents.of_share.as_deref().and_then(SealKey::from_bytes);
    Ok(Opened {
        lock: OpenLock { generation, kdf, salt, key, armed: None, second: None },
        of_share,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::keys::Kdf;

    const QUICK: Kdf = Kdf { memory_kib: 64, passes: 1, lanes: 1 };
    const SALT: &[u8] = b"0123456789abcdef";
    const SHARE: [u8; 32] = [7; 32];

    fn authenticator(secret: u8) -> Authenticator {
        Authenticator { credential: vec![1, 2], input: vec![3, 4], secret: vec![secret; 32] }
    }

    fn sealed(secret: u8) -> Sealed {
        let derived = keys::derive("482913", SALT, QUICK).expect("sound parameters");
        let mut lock = OpenLock::new(1, QUICK, SALT.to_vec(), &derived, &SHARE);
        lock.arm(&derived, Some(&authenticator(5)), &SHARE);
        lock.admit(Some(&authenticator(secret)), &SHARE);
        lock.seal(b"the passphrase").expect("sealed")
    }

    fn opened(sealed: &Sealed, secret: u8, share: &[u8]) -> Result<Opened, VaultError> {
        let derived = keys::derive_from_authenticator(&[secret; 32]);
        open(sealed, SALT.to_vec(), &derived, share)
    }

    #[test]
    fn authenticator_and_share_are_both_needed_and_open_what_the_pin_opens() {
        let sealed = sealed(9);
        let lock = opened(&sealed, 9, &SHARE).expect("it opens").lock;
        assert_eq!(*lock.open(&sealed).expect("the secrets"), b"the passphrase");
        assert!(opened(&sealed, 8, &SHARE).is_err());
        assert!(opened(&sealed, 9, &[8; 32]).is_err());
        assert!(opened(&sealed, 9, &[]).is_err());
        let without = Sealed { biometrics: None, ..sealed };
        assert!(opened(&without, 9, &SHARE).is_err());
    }

    #[test]
    fn what_the_pin_had_set_up_for_the_time_without_the_server_goes_on() {
        let mut opened = opened(&sealed(9), 9, &SHARE).expect("it opens");
        opened.arm(Some(&authenticator(5)), &SHARE);
        assert!(opened.lock.armed.is_some());
        opened.arm(None, &SHARE);
        assert!(opened.lock.armed.is_none(), "it was ended");
    }

    #[test]
    fn neither_secret_nor_key_stands_beside_it_in_clear() {
        let derived = keys::derive("482913", SALT, QUICK).expect("sound parameters");
        let lock = OpenLock::new(1, QUICK, SALT.to_vec(), &derived, &SHARE);
        let kept = serde_json::to_string(&sealed(9)).expect("plain data serializes");
        for secret in [&[9; 32][..], &lock.key.bytes()[..], &SHARE] {
            assert!(!kept.contains(&keys::encoded(secret)));
            assert!(!kept.contains(&serde_json::to_string(secret).expect("numbers")));
        }
    }

    #[test]
    fn what_the_server_says_is_read() {
        let read = |why: &str| serde_json::from_value::<PinNeeded>(why.into()).ok();
        assert_eq!(read("not_allowed"), Some(PinNeeded::NotAllowed));
        assert_eq!(read("not_set_up"), Some(PinNeeded::NotSetUp));
        assert_eq!(read("too_long"), Some(PinNeeded::TooLong));
        assert_eq!(read("something else"), None);
    }
}
