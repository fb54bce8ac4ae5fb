//! The cryptography under the `ece` crate: ring's, as everywhere in the server. Only what encryption needs is there; the server
//! decrypts nothing.

use std::{any::Any, sync::Once};

use ece::{Cryptographer, EcKeyComponents, Error, LocalKeyPair, RemotePublicKey, crypto};
use parking_lot::Mutex;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom, SystemRandom},
};

/// Encrypts for a device (RFC 8291); `None` if its key is none.
pub(super) fn encrypt(key: &[u8], auth: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    static READY: Once = Once::new();
    // The crate keeps its backend for the process; it has no state.
    READY.call_once(|| {
        let _ = crypto::set_cryptographer(&Ring);
    });
    ece::encrypt(key, auth, plaintext).ok()
}

struct Ring;

struct Remote(Vec<u8>);

impl RemotePublicKey for Remote {
    fn as_raw(&self) -> Result<Vec<u8>, Error> {
        Ok(self.0.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A key pair for one message: agreeing on a secret uses it up.
struct Ephemeral {
    private: Mutex<Option<EphemeralPrivateKey>>,
    public: Vec<u8>,
}

impl LocalKeyPair for Ephemeral {
    fn pub_as_raw(&self) -> Result<Vec<u8>, Error> {
        Ok(self.public.clone())
    }

    fn raw_components(&self) -> Result<EcKeyComponents, Error> {
        Err(Error::CryptoError)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Cryptographer for Ring {
    fn generate_ephemeral_keypair(&self) -> Result<Box<dyn LocalKeyPair>, Error> {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
        let private = private.map_err(|_| Error::CryptoError)?;
        let public = private.compute_public_key().map_err(|_| Error::CryptoError)?;
        let public = public.as_ref().to_vec();
        Ok(Box::new(Ephemeral { private: Mutex::new(Some(private)), public }))
    }

    fn import_key_pair(&self, _: &EcKeyComponents) -> Result<Box<dyn LocalKeyPair>, Error> {
        Err(Error::CryptoError)
    }

    fn import_public_key(&self, raw: &[u8]) -> Result<Box<dyn RemotePublicKey>, Error> {
        Ok(Box::new(Remote(raw.to_vec())))
    }

    fn compute_ecdh_secret(
        &self,
        remote: &dyn RemotePublicKey,
        local: &dyn LocalKeyPair,
    ) -> Result<Vec<u8>, Error> {
        let local = local.as_any().downcast_ref::<Ephemeral>().ok_or(Error::CryptoError)?;
        let private = local.private.lock().take().ok_or(Error::CryptoError)?;
        let remote = UnparsedPublicKey::new(&ECDH_P256, remote.as_raw()?);
        agree_ephemeral(private, &remote, <[u8]>::to_vec).map_err(|_| Error::CryptoError)
    }

    fn hkdf_sha256(
        &self,
        salt: &[u8],
        secret: &[u8],
        info: &[u8],
        len: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; len];
        Salt::new(HKDF_SHA256, salt)
            .extract(secret)
            .expand(&[info], Length(len))
            .and_then(|okm| okm.fill(&mut out))
            .map_err(|_| Error::CryptoError)?;
        Ok(out)
    }

    fn aes_gcm_128_encrypt(&self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
        let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| Error::CryptoError)?;
        let nonce: [u8; NONCE_LEN] = iv.try_into().map_err(|_| Error::CryptoError)?;
        let mut out = data.to_vec();
        LessSafeKey::new(key)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut out)
            .map_err(|_| Error::CryptoError)?;
        Ok(out)
    }

    fn aes_gcm_128_decrypt(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::CryptoError)
    }

    fn random_bytes(&self, dest: &mut [u8]) -> Result<(), Error> {
        SystemRandom::new().fill(dest).map_err(|_| Error::CryptoError)
    }
}
