//! `/keys/upload`: a device publishes its identity, one-time and fallback keys.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload>

use std::collections::HashMap;

use db::{Batch, CommitError, params};
use ruma::encryption::{DeviceKeys, OneTimeKey};
use store::keys::{self as rows, OneTimeKeyRow};

use super::json::{Signed, canonical_digest};
use crate::{Homeserver, Session};

/// The largest device keys, in bytes.
const MAX_DEVICE_KEYS_BYTES: usize = 32 * 1024;

/// The largest one-time or fallback key, in bytes.
const MAX_KEY_BYTES: usize = 8 * 1024;

/// The longest name of a key or an algorithm, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Most one-time keys that a device may have in stock. Clients keep 50 to 100.
const MAX_ONE_TIME_KEYS: usize = 1_000;

/// Most algorithms for which a device may have a fallback key.
const MAX_FALLBACK_KEYS: usize = 20;

/// Of so many keys, handed out last, the names are remembered: an upload repeated after its answer was lost brings none back.
const REMEMBERED_CLAIMS: i64 = 300;

/// How often an upload is tried while others change the same device's keys.
const ATTEMPTS: usize = 5;

/// A one-time or fallback key: algorithm, the device's name for it, JSON.
pub type NamedKey<'a> = (&'a str, &'a str, &'a str);

/// What a device uploads.
#[derive(Debug, Default)]
pub struct KeyUpload<'a> {
    /// The signed device keys, as JSON.
    pub device_keys: Option<&'a str>,
    /// Keys that are handed out once.
    pub one_time_keys: Vec<NamedKey<'a>>,
    /// Keys for when those have run out.
    pub fallback_keys: Vec<NamedKey<'a>>,
}

/// Why keys were not accepted; nothing of the upload was stored.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The device keys do not have the form of the specification.
    #[error("the device keys are malformed")]
    BadDeviceKeys,
    /// The device keys name another user or device than the session.
    #[error("the device keys belong to another user or device")]
    NotThisDevice,
    /// A one-time or fallback key does not have the form of its algorithm.
    #[error("a key is malformed")]
    BadKey,
    /// Too large or too many.
    #[error("too many or too large keys")]
    TooMuch,
    /// The server holds another key under this name.
    #[error("a one-time key of this name exists")]
    NameTaken,
    /// The device was signed out meanwhile.
    #[error("the device is signed out")]
    SignedOut,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A one-time key that is new to the server.
#[derive(Debug, PartialEq, Eq)]
struct NewKey<'a> {
    algorithm: &'a str,
    key_id: &'a str,
    digest: [u8; 32],
    json: &'a str,
}

/// Which of the uploaded one-time keys are new. A key that the server holds or has handed out is not new; another key
/// under a name that is held is an error.
fn new_keys<'a>(
    held: &[OneTimeKeyRow],
    uploaded: &[NamedKey<'a>],
) -> Result<Vec<NewKey<'a>>, UploadError> {
    let known: HashMap<(&str, &str), &OneTimeKeyRow> =
        held.iter().map(|row| ((row.algorithm.as_str(), row.key_id.as_str()), row)).collect();
    let mut new = Vec::with_capacity(uploaded.len());
    for &(algorithm, key_id, json) in uploaded {
        let digest = canonical_digest(json).ok_or(UploadError::BadKey)?;
        match known.get(&(algorithm, key_id)) {
            Some(row) if row.digest == digest[..] => {}
            Some(row) if !row.claimed => return Err(UploadError::NameTaken),
            _ => new.push(NewKey { algorithm, key_id, digest, json }),
        }
    }
    Ok(new)
}

/// Checks the form of a one-time or fallback key.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#key-algorithms>
fn check_key((algorithm, key_id, json): NamedKey<'_>) -> Result<(), UploadError> {
    let name_is_fine = |name: &str| !name.is_empty() && !name.contains('\0');
    if json.len() > MAX_KEY_BYTES
        || algorithm.len() > MAX_NAME_BYTES
        || key_id.len() > MAX_NAME_BYTES
    {
        return Err(UploadError::TooMuch);
    }
    if !name_is_fine(algorithm) || !name_is_fine(key_id) {
        return Err(UploadError::BadKey);
    }
    let key: OneTimeKey = serde_json::from_str(json).map_err(|_| UploadError::BadKey)?;
    match key {
        OneTimeKey::Key(_) if algorithm == "signed_curve25519" => Err(UploadError::BadKey),
        _ => Ok(()),
    }
}

/// Checks the form of device keys and that they are those of the session.
fn check_device_keys(session: &Session, json: &str) -> Result<Signed, UploadError> {
    if json.len() > MAX_DEVICE_KEYS_BYTES {
        return Err(UploadError::TooMuch);
    }
    let keys: DeviceKeys = serde_json::from_str(json).map_err(|_| UploadError::BadDeviceKeys)?;
    if keys.user_id != session.user_id || keys.device_id != session.device_id {
        return Err(UploadError::NotThisDevice);
    }
    // Every key is named after the device.
    let names_device =
        |id: &str| id.split_once(':').is_some_and(|(_, name)| name == session.device_id.as_str());
    if !keys.keys.keys().all(|id| names_device(id.as_str())) {
        return Err(UploadError::BadDeviceKeys);
    }
    Signed::parse(json).ok_or(UploadError::BadDeviceKeys)
}

/// Stores what is new of the upload. What was uploaded before, in whatever order of fields, changes nothing.
pub async fn upload(
    hs: &Homeserver,
    session: &Session,
    upload: &KeyUpload<'_>,
) -> Result<(), UploadError> {
    let mut attempts = 1..ATTEMPTS;
    loop {
        let mut batch = Batch::new();
        batch.expect_one(&rows::DEVICE_EXISTS, params![session.device.0]);
        if !add_upload(hs, session, upload, &mut batch, Standing::SignedIn).await? {
            return Ok(());
        }
        let committed = hs.db.commit(batch).await;
        hs.supplies.forget([session.device]);
        match committed {
            Err(CommitError::Conflict { statement }) if statement == rows::DEVICE_EXISTS.name => {
                return Err(UploadError::SignedOut);
            }
            Err(CommitError::Conflict { .. }) if attempts.next().is_some() => {}
            other => return other.map(drop).map_err(UploadError::from),
        }
    }
}

/// Whether the device was there before the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may upload twice at once: of uploads that saw the same keys one succeeds.
    SignedIn,
    /// The same batch makes it.
    New,
}

/// Adds what is new of an upload to a batch; `false` if there is nothing new.
pub(super) async fn add_upload(
    hs: &Homeserver,
    session: &Session,
    upload: &KeyUpload<'_>,
    batch: &mut Batch,
    standing: Standing,
) -> Result<bool, UploadError> {
    let device_keys = upload.device_keys.map(|json| Ok((json, check_device_keys(session, json)?)));
    let device_keys = device_keys.transpose().map_err(|error: UploadError| error)?;
    if upload.one_time_keys.len() > MAX_ONE_TIME_KEYS
        || upload.fallback_keys.len() > MAX_FALLBACK_KEYS
    {
        return Err(UploadError::TooMuch);
    }
    for key in upload.one_time_keys.iter().chain(&upload.fallback_keys) {
        check_key(*key)?;
    }
    if device_keys.is_none() && upload.one_time_keys.is_empty() && upload.fallback_keys.is_empty() {
        return Ok(false);
    }

    let device = session.device;
    let (held_keys, held) = rows::held_for(&hs.db, device).await?;
    let new = new_keys(&held, &upload.one_time_keys)?;
    let in_stock = held.iter().filter(|row| !row.claimed).count();
    if in_stock + new.len() > MAX_ONE_TIME_KEYS {
        return Err(UploadError::TooMuch);
    }

    let mut changes = false;
    if let Some((json, signed)) = device_keys {
        let held_keys = held_keys.as_deref().and_then(|held| std::str::from_utf8(held).ok());
        if held_keys != Some(json) {
            let same = held_keys
                .and_then(Signed::parse)
                .is_some_and(|held| held.says_the_same_as(&signed));
            if !same {
                // Whoever signed the old keys did not sign these.
                batch.exec(
                    &rows::DROP_SIGNATURES_ON_KEY,
                    params![session.user.0, session.device_id.as_str()],
                );
            }
            batch.exec(&rows::SET_DEVICE_KEYS, params![device.0, json.as_bytes()]);
            rows::touch_device_list(batch, session.user);
            changes = true;
        }
    }
    let last = held.iter().map(|row| row.n).max().unwrap_or(0);
    for (key, n) in new.iter().zip(last + 1..) {
        let NewKey { algorithm, key_id, digest, json } = key;
        let row = params![device.0, *algorithm, *key_id, n, *digest, json.as_bytes()];
        match standing {
            Standing::SignedIn => batch.expect_one(&rows::ADD_ONE_TIME_KEY, row),
            Standing::New => batch.exec(&rows::ADD_ONE_TIME_KEY, row),
        }
        changes = true;
    }
    if changes && held.iter().any(|row| row.claimed) {
        batch.exec(&rows::FORGET_CLAIMED_JSON, params![device.0]);
        batch.exec(&rows::DROP_CLAIMED, params![device.0, last - REMEMBERED_CLAIMS]);
        batch.exec(&rows::DROP_CLAIMS, params![device.0, last - REMEMBERED_CLAIMS]);
    }
    for (algorithm, key_id, json) in &upload.fallback_keys {
        batch
            .exec(&rows::SET_FALLBACK_KEY, params![device.0, *algorithm, *key_id, json.as_bytes()]);
        changes = true;
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const ALGORITHM: &str = "signed_curve25519";

    fn held(key_id: &str, json: &str, claimed: bool) -> OneTimeKeyRow {
        let digest = Bytes::copy_from_slice(&canonical_digest(json).unwrap());
        OneTimeKeyRow {
            algorithm: ALGORITHM.to_owned(),
            key_id: key_id.to_owned(),
            n: 1,
            digest,
            claimed,
        }
    }

    fn names(held: &[OneTimeKeyRow], uploaded: &[NamedKey<'_>]) -> Option<Vec<String>> {
        new_keys(held, uploaded)
            .ok()
            .map(|new| new.iter().map(|key| key.key_id.to_owned()).collect())
    }

    #[test]
    fn a_repeated_upload_brings_nothing_new_even_after_the_key_was_handed_out() {
        let json = r#"{"key":"abc","signatures":{}}"#;
        let reordered = r#"{"signatures":{}, "key":"abc"}"#;
        for claimed in [false, true] {
            let held = [held("A", json, claimed)];
            assert_eq!(
                names(&held, &[(ALGORITHM, "A", reordered), (ALGORITHM, "B", json)]),
                Some(vec!["B".to_owned()])
            );
        }
    }

    #[test]
    fn another_key_takes_a_name_only_when_the_old_one_was_handed_out() {
        let (old, new) = (r#"{"key":"abc"}"#, r#"{"key":"xyz"}"#);
        assert_eq!(names(&[held("A", old, false)], &[(ALGORITHM, "A", new)]), None);
        assert_eq!(
            names(&[held("A", old, true)], &[(ALGORITHM, "A", new)]),
            Some(vec!["A".to_owned()])
        );
    }

    #[test]
    fn a_signed_key_must_be_signed_and_names_must_fit() {
        let signed = r#"{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs","signatures":{"@a:b":{"ed25519:D":"x"}}}"#;
        let long = "k".repeat(256);
        assert!(check_key((ALGORITHM, "A", signed)).is_ok());
        assert!(
            check_key(("curve25519", "A", r#""zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs""#))
                .is_ok()
        );
        for (algorithm, key_id, json) in [
            (ALGORITHM, "A", r#""zKbLg+NrIjpnagy""#),
            (ALGORITHM, "A", r#"{"key":7}"#),
            (ALGORITHM, "", signed),
            (ALGORITHM, "a\0b", signed),
            (ALGORITHM, long.as_str(), signed),
        ] {
            assert!(check_key((algorithm, key_id, json)).is_err(), "{algorithm}:{key_id}");
        }
    }
}
