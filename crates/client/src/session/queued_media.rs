//! Attachments: in memory, apart from those that wait to be sent, which survive a restart.
//!
//! What was fetched is decrypted and never rests on the device. What is queued has to be there until the server has it,
//! so it also lies on the device, sealed with a key that comes from the store's passphrase, and goes once it was uploaded.

use async_trait::async_trait;
use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit},
};
use matrix_sdk::cross_process_lock::CrossProcessLockGeneration;
use matrix_sdk_base::media::{
    MediaFormat, MediaRequestParameters, UniqueKey,
    store::{
        IgnoreMediaRetentionPolicy, MediaRetentionPolicy, MediaStore, MediaStoreError,
        MemoryMediaStore,
    },
};
use ruma::{MxcUri, events::room::MediaSource};
use sha2::{Digest, Sha256};

use crate::vault::Secrets;

#[cfg(target_family = "wasm")]
#[path = "queued_media/browser.rs"]
mod place;
#[cfg(not(target_family = "wasm"))]
#[path = "queued_media/native.rs"]
mod place;

/// XChaCha20's nonce, long enough to be chosen at random.
const NONCE_BYTES: usize = 24;

#[derive(Debug)]
pub(super) struct QueuedMedia {
    memory: MemoryMediaStore,
    disk: Disk,
}

impl QueuedMedia {
    pub fn new(secrets: &Secrets) -> Self {
        Self { memory: MemoryMediaStore::new(), disk: Disk::new(secrets) }
    }
}

/// The sealed copies.
#[derive(Clone)]
struct Disk {
    database: String,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk([redacted])")
    }
}

impl Disk {
    fn new(secrets: &Secrets) -> Self {
        // The passphrase has 256 random bits, so a hash with a purpose of its own makes a key of it.
        let mut hash = Sha256::new();
        hash.update(b"konsil: attachments that wait\0");
        hash.update(secrets.passphrase.as_bytes());
        let key = Key::from(<[u8; 32]>::from(hash.finalize()));
        Self { database: secrets.database.clone(), cipher: XChaCha20Poly1305::new(&key) }
    }

    /// Where something lies: says nothing about what it is.
    fn name(request: &MediaRequestParameters) -> String {
        Sha256::digest(request.unique_key()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn write(&self, request: &MediaRequestParameters, content: &[u8]) -> Result<(), String> {
        place::write(&self.database, &Self::name(request), &seal(&self.cipher, content)?).await
    }

    async fn read(&self, request: &MediaRequestParameters) -> Result<Option<Vec<u8>>, String> {
        match place::read(&self.database, &Self::name(request)).await? {
            Some(sealed) => open(&self.cipher, &sealed).map(Some),
            None => Ok(None),
        }
    }

    async fn remove(&self, request: &MediaRequestParameters) -> Result<(), String> {
        place::remove(&self.database, &Self::name(request)).await
    }
}

fn seal(cipher: &XChaCha20Poly1305, content: &[u8]) -> Result<Vec<u8>, String> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let sealed =
        cipher.encrypt(&XNonce::from(nonce), content).map_err(|_| "too large".to_owned())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, sealed: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || "damaged".to_owned();
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
    cipher.decrypt(&XNonce::from(*nonce), sealed).map_err(|_| damaged())
}

fn failed(error: String) -> MediaStoreError {
    MediaStoreError::backend(std::io::Error::other(error))
}

#[cfg_attr(target_family = "wasm", async_trait(?Send))]
#[cfg_attr(not(target_family = "wasm"), async_trait)]
impl MediaStore for QueuedMedia {
    type Error = MediaStoreError;

    async fn try_take_leased_lock(
        &self,
        lease_duration_ms: u32,
        key: &str,
        holder: &str,
    ) -> Result<Option<CrossProcessLockGeneration>, Self::Error> {
        self.memory.try_take_leased_lock(lease_duration_ms, key, holder).await
    }

    async fn add_media_content(
        &self,
        request: &MediaRequestParameters,
        content: Vec<u8>,
        ignore_policy: IgnoreMediaRetentionPolicy,
    ) -> Result<(), Self::Error> {
        // The SDK asks so for what waits to be sent, and for nothing else.
        if ignore_policy.is_yes() {
            self.disk.write(request, &content).await.map_err(failed)?;
        }
        self.memory.add_media_content(request, content, ignore_policy).await
    }

    async fn replace_media_key(
        &self,
        from: &MediaRequestParameters,
        to: &MediaRequestParameters,
    ) -> Result<(), Self::Error> {
        // The name of what waits gives way to the server's: it was uploaded.
        self.disk.remove(from).await.map_err(failed)?;
        self.memory.replace_media_key(from, to).await
    }

    async fn get_media_content(
        &self,
        request: &MediaRequestParameters,
    ) -> Result<Option<Vec<u8>>, Self::Error> {
        match self.memory.get_media_content(request).await? {
            Some(content) => Ok(Some(content)),
            None => self.disk.read(request).await.map_err(failed),
        }
    }

    async fn remove_media_content(
        &self,
        request: &MediaRequestParameters,
    ) -> Result<(), Self::Error> {
        self.disk.remove(request).await.map_err(failed)?;
        self.memory.remove_media_content(request).await
    }

    async fn remove_media_content_for_uri(&self, uri: &MxcUri) -> Result<(), Self::Error> {
        // What waits has one form only, the file itself.
        let request = MediaRequestParameters {
            source: MediaSource::Plain(uri.to_owned()),
            format: MediaFormat::File,
        };
        self.disk.remove(&request).await.map_err(failed)?;
        self.memory.remove_media_content_for_uri(uri).await
    }

    async fn set_media_retention_policy(
        &self,
        policy: MediaRetentionPolicy,
    ) -> Result<(), Self::Error> {
        self.memory.set_media_retention_policy(policy).await
    }

    fn media_retention_policy(&self) -> MediaRetentionPolicy {
        self.memory.media_retention_policy()
    }

    async fn set_ignore_media_retention_policy(
        &self,
        request: &MediaRequestParameters,
        ignore_policy: IgnoreMediaRetentionPolicy,
    ) -> Result<(), Self::Error> {
        self.memory.set_ignore_media_retention_policy(request, ignore_policy).await
    }

    async fn clean(&self) -> Result<(), Self::Error> {
        self.memory.clean().await
    }

    async fn close(&self) -> Result<(), Self::Error> {
        self.memory.close().await
    }

    async fn reopen(&self) -> Result<(), Self::Error> {
        self.memory.reopen().await
    }

    async fn optimize(&self) -> Result<(), Self::Error> {
        self.memory.optimize().await
    }

    async fn get_size(&self) -> Result<Option<usize>, Self::Error> {
        self.memory.get_size().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone_and_only_whole() {
        let cipher = |byte: u8| XChaCha20Poly1305::new(&Key::from([byte; 32]));
        let sealed = seal(&cipher(1), b"Befund").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"Befund"));
        assert_eq!(open(&cipher(1), &sealed).unwrap(), b"Befund");
        assert!(open(&cipher(2), &sealed).is_err());
        assert!(open(&cipher(1), &sealed[..sealed.len() - 1]).is_err());
        assert!(open(&cipher(1), b"short").is_err());
        assert_ne!(seal(&cipher(1), b"Befund").unwrap(), sealed, "each time another nonce");
    }
}
