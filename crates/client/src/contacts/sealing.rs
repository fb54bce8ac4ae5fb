//! The key of an address book, and closing and opening its drawers with it.
//!
//! The key comes, by HKDF, from the private part of the person's identity (the master key of cross-signing). Every confirmed device
//! has it, however it was confirmed: by another device's code, by emoji, by the recovery key. So there is no further key that could
//! be lost, and nobody without a confirmed device can read the book ([ADR 18](../../../docs/adr/0018-own-contacts-are-sealed-account-data.md)).

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::book::Book;

/// XChaCha20's nonce, long enough to be chosen at random.
const NONCE_BYTES: usize = 24;
/// A drawer is filled up to a multiple of this, so that its size does not tell how long a name is.
const STEP_BYTES: usize = 2048;

/// What lies at the server for a drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// Which key closes it. Says nothing about the key.
    pub key: String,
    /// Nonce and ciphertext, unpadded Base64.
    pub sealed: String,
}

/// The key of one person's book.
#[derive(Clone)]
pub(super) struct BookKey {
    id: String,
    cipher: XChaCha20Poly1305,
    user: String,
}

/// Why a drawer cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Another key closes it: that of an earlier or a later identity.
    OtherKey,
    /// It is damaged, or not what this drawer held.
    Damaged,
}

impl BookKey {
    /// From the seed of a person's master key, as the SDK exports it (Base64).
    pub fn of(user: &str, master_key: &str) -> Option<Self> {
        let seed = STANDARD_NO_PAD.decode(master_key.trim_end_matches('=')).ok();
        let seed = Zeroizing::new(seed.filter(|seed| seed.len() == 32)?);
        let hkdf = Hkdf::<Sha256>::new(Some(user.as_bytes()), &seed);
        let mut key = Zeroizing::new([0; 32]);
        hkdf.expand(b"konsil contacts: key", &mut *key).ok()?;
        let mut id = [0; 9];
        hkdf.expand(b"konsil contacts: name of the key", &mut id).ok()?;
        Some(Self {
            id: STANDARD_NO_PAD.encode(id),
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
            user: user.to_owned(),
        })
    }

    /// Which key it is.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Closes what is in a drawer.
    pub fn seal(&self, drawer: &str, content: &Book) -> Sealed {
        let mut plain = Zeroizing::new(serde_json::to_vec(content).expect("plain data serializes"));
        // Spaces after JSON mean nothing.
        let filled = plain.len().next_multiple_of(STEP_BYTES);
        plain.resize(filled, b' ');
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let bound = self.bound_to(drawer);
        let payload = Payload { msg: &plain, aad: bound.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed.expect("a drawer is far below the cipher's limit"));
        Sealed { key: self.id.clone(), sealed: STANDARD_NO_PAD.encode(bytes) }
    }

    /// Opens a drawer.
    pub fn open(&self, drawer: &str, sealed: &Sealed) -> Result<Book, Unreadable> {
        if sealed.key != self.id {
            return Err(Unreadable::OtherKey);
        }
        let bytes = STANDARD_NO_PAD.decode(&sealed.sealed).map_err(|_| Unreadable::Damaged)?;
        let (nonce, sealed) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Unreadable::Damaged)?;
        let bound = self.bound_to(drawer);
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| Unreadable::Damaged)?);
        serde_json::from_slice(&plain).map_err(|_| Unreadable::Damaged)
    }

    /// So that the server can neither put one drawer's content into another nor somebody else's here.
    fn bound_to(&self, drawer: &str) -> String {
        format!("{} {drawer}", self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn book(name: &str) -> Book {
        let json =
            format!(r#"{{"1":{{"seen":{{"A":1}},"facts":{{"name":[[["A",1],1,"{name}"]]}}}}}}"#);
        serde_json::from_str(&json).expect("a book")
    }

    #[test]
    fn a_drawer_opens_with_its_own_key_in_its_own_place_alone() {
        let key = BookKey::of("@anna:klinikum.example", SEED).expect("a key");
        let sealed = key.seal("a", &book("Dr. Holm"));
        assert_eq!(key.open("a", &sealed), Ok(book("Dr. Holm")));
        assert_eq!(key.open("b", &sealed), Err(Unreadable::Damaged));
        let other = BookKey::of("@jonas:klinikum.example", SEED).expect("a key");
        assert_eq!(other.open("a", &sealed), Err(Unreadable::OtherKey));
        let forged = Sealed { key: other.id().to_owned(), ..sealed.clone() };
        assert_eq!(other.open("a", &forged), Err(Unreadable::Damaged));
        let mut bytes = STANDARD_NO_PAD.decode(&sealed.sealed).expect("Base64");
        bytes[40] ^= 1;
        let changed = Sealed { sealed: STANDARD_NO_PAD.encode(bytes), ..sealed };
        assert_eq!(key.open("a", &changed), Err(Unreadable::Damaged));
    }

    #[test]
    fn what_is_closed_says_neither_what_it_is_nor_how_long() {
        let key = BookKey::of("@anna:klinikum.example", SEED).expect("a key");
        let (short, long) = (key.seal("a", &book("Al")), key.seal("a", &book(&"Lang".repeat(99))));
        assert_eq!(short.sealed.len(), long.sealed.len());
        let twice = key.seal("a", &book("Al"));
        assert_ne!(short.sealed, twice.sealed, "a nonce of its own each time");
        assert_eq!(short.key, twice.key);
    }

    #[test]
    fn what_is_no_seed_makes_no_key() {
        for seed in ["", "AAEC", "not base64!"] {
            assert!(BookKey::of("@anna:klinikum.example", seed).is_none(), "{seed}");
        }
    }
}
