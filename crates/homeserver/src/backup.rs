//! Key backup: the server keeps room keys that the user's clients have encrypted for the user alone.
//!
//! Every change of keys is guarded by the backup's etag, which it raises: two devices that write at once are put in order, and
//! each learns the etag and the count that its own change made.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups>

use bytes::Bytes;
use db::{Batch, CommitError, params};
use serde::Deserialize;
use serde_json::value::RawValue;
use store::backup::{self as rows, BackupRow, Rank};

pub use store::backup::Scope;

use crate::{Homeserver, Session, nesting};

/// The longest name of an algorithm, a room or a session, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// The largest `auth_data`, in bytes.
const MAX_AUTH_DATA_BYTES: usize = 64 * 1024;

/// The largest key, in bytes.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// Most keys of one request. Clients send 100; an import on a new device may send more.
const MAX_KEYS: usize = 20_000;

/// How deep JSON may nest.
const MAX_DEPTH: usize = 50;

/// How often a change is decided anew when another device changed the backup meanwhile.
const ATTEMPTS: usize = 20;

/// Largest integer of canonical JSON.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why a backup was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The user has no backup, or not of this version.
    #[error("there is no such backup")]
    NoBackup,
    /// The backup has no such key.
    #[error("there is no such key")]
    NoKey,
    /// Keys go only into the newest backup, which is this one.
    #[error("the backup is not the newest, which is {current}")]
    NotNewest {
        /// Version of the newest backup.
        current: String,
    },
    /// The algorithm of a backup does not change, and its version neither.
    #[error("algorithm or version do not match")]
    Mismatch,
    /// A key or `auth_data` does not have the form of the specification.
    #[error("a value is malformed")]
    Malformed,
    /// Too large or too many.
    #[error("too many or too large values")]
    TooMuch,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A backup as its owner sees it.
#[derive(Debug)]
pub struct Backup {
    /// Its number.
    pub version: String,
    /// How its keys are encrypted.
    pub algorithm: String,
    /// What the algorithm needs, as JSON.
    pub auth_data: Bytes,
    /// State of the keys.
    pub state: KeysState,
}

/// The state of a backup's keys: changes with each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysState {
    /// Another value for each state.
    pub etag: String,
    /// Number of keys.
    pub count: u64,
}

impl KeysState {
    fn of(row: &BackupRow) -> Self {
        Self { etag: row.etag.to_string(), count: row.key_count }
    }
}

/// What a client says of a backup.
#[derive(Debug, Deserialize)]
pub struct BackupWish<'a> {
    /// How the keys will be encrypted.
    pub algorithm: String,
    /// What the algorithm needs.
    #[serde(borrow)]
    pub auth_data: &'a RawValue,
    /// Only in changes: must be the version that is changed.
    #[serde(default)]
    pub version: Option<String>,
}

/// A key to back up: room, session, JSON.
pub type UploadedKey<'a> = (&'a str, &'a str, &'a str);

/// The part of a key that decides whether it replaces another. The rest is kept unread.
#[derive(Deserialize)]
struct KeyData<'a> {
    first_message_index: u64,
    forwarded_count: u64,
    is_verified: bool,
    #[serde(borrow)]
    session_data: &'a RawValue,
}

/// Whether `new` is kept instead of `old`: first what was verified, then what opens more messages, then what passed through fewer hands.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#backup-algorithm-mmegolm_backupv1curve25519-aes-sha2>
fn replaces(old: Rank, new: Rank) -> bool {
    let order = |rank: Rank| (!rank.is_verified, rank.first_message_index, rank.forwarded_count);
    order(new) < order(old)
}

fn rank((room, session, json): UploadedKey<'_>) -> Result<Rank, BackupError> {
    if json.len() > MAX_KEY_BYTES || room.len() > MAX_NAME_BYTES || session.len() > MAX_NAME_BYTES {
        return Err(BackupError::TooMuch);
    }
    if session.is_empty() || session.contains('\0') || room.contains('\0') {
        return Err(BackupError::Malformed);
    }
    let data: KeyData<'_> = serde_json::from_str(json).map_err(|_| BackupError::Malformed)?;
    if !data.session_data.get().starts_with('{') || nesting::deeper_than(json.as_bytes(), MAX_DEPTH)
    {
        return Err(BackupError::Malformed);
    }
    let KeyData { first_message_index, forwarded_count, is_verified, .. } = data;
    if first_message_index > MAX_INTEGER || forwarded_count > MAX_INTEGER {
        return Err(BackupError::Malformed);
    }
    Ok(Rank { is_verified, first_message_index, forwarded_count })
}

fn check<'a>(wish: &BackupWish<'a>) -> Result<&'a str, BackupError> {
    let auth_data = wish.auth_data.get();
    if auth_data.len() > MAX_AUTH_DATA_BYTES || wish.algorithm.len() > MAX_NAME_BYTES {
        return Err(BackupError::TooMuch);
    }
    let is_object =
        auth_data.starts_with('{') && !nesting::deeper_than(auth_data.as_bytes(), MAX_DEPTH);
    if !is_object || wish.algorithm.is_empty() || wish.algorithm.contains('\0') {
        return Err(BackupError::Malformed);
    }
    Ok(auth_data)
}

/// The number of a version, as we gave it out: nothing else names a backup.
fn number(version: &str) -> Result<i64, BackupError> {
    let number: i64 = version.parse().map_err(|_| BackupError::NoBackup)?;
    if number > 0 && number.to_string() == version {
        Ok(number)
    } else {
        Err(BackupError::NoBackup)
    }
}

fn backup(row: BackupRow) -> Option<Backup> {
    let state = KeysState::of(&row);
    Some(Backup {
        version: row.version.to_string(),
        algorithm: row.algorithm,
        auth_data: row.auth_data?,
        state,
    })
}

/// Begins a new backup; it is the newest from now on.
pub async fn create(
    hs: &Homeserver,
    session: &Session,
    wish: &BackupWish<'_>,
) -> Result<String, BackupError> {
    let auth_data = check(wish)?;
    for _ in 0..ATTEMPTS {
        let version = rows::highest_version(&hs.db, session.user).await? + 1;
        let mut batch = Batch::new();
        batch.expect_one(
            &rows::CREATE,
            params![session.user.0, version, wish.algorithm.as_str(), auth_data.as_bytes()],
        );
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) => {}
            other => return other.map(|_| version.to_string()).map_err(BackupError::from),
        }
    }
    Err(CommitError::Conflict { statement: rows::CREATE.name }.into())
}

/// The newest backup.
pub async fn latest(hs: &Homeserver, session: &Session) -> Result<Backup, BackupError> {
    rows::latest(&hs.db, session.user).await?.and_then(backup).ok_or(BackupError::NoBackup)
}

/// The backup of this version.
pub async fn version(
    hs: &Homeserver,
    session: &Session,
    version: &str,
) -> Result<Backup, BackupError> {
    let row = rows::version(&hs.db, session.user, number(version)?).await?;
    row.and_then(backup).ok_or(BackupError::NoBackup)
}

/// Changes the `auth_data` of a backup.
pub async fn update(
    hs: &Homeserver,
    session: &Session,
    version: &str,
    wish: &BackupWish<'_>,
) -> Result<(), BackupError> {
    let auth_data = check(wish)?;
    let held = self::version(hs, session, version).await?;
    let names_another = wish.version.as_ref().is_some_and(|named| named != version);
    if names_another || held.algorithm != wish.algorithm {
        return Err(BackupError::Mismatch);
    }
    let mut batch = Batch::new();
    let row =
        params![session.user.0, number(version)?, wish.algorithm.as_str(), auth_data.as_bytes()];
    batch.expect_one(&rows::SET_AUTH_DATA, row);
    match hs.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(BackupError::NoBackup),
        other => other.map(drop).map_err(BackupError::from),
    }
}

/// Deletes a backup and its keys. Once more is no error.
pub async fn delete(hs: &Homeserver, session: &Session, version: &str) -> Result<(), BackupError> {
    let number = number(version)?;
    let held = rows::version(&hs.db, session.user, number).await?.ok_or(BackupError::NoBackup)?;
    if held.auth_data.is_none() {
        return Ok(());
    }
    let mut batch = Batch::new();
    rows::delete_keys(&mut batch, session.user, number, Scope::Backup);
    batch.exec(&rows::DELETE, params![session.user.0, number]);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Backs keys up, all in one batch. A key that is no better than the one in the backup is left out silently.
pub async fn put_keys(
    hs: &Homeserver,
    session: &Session,
    version: &str,
    uploaded: &[UploadedKey<'_>],
) -> Result<KeysState, BackupError> {
    if uploaded.len() > MAX_KEYS {
        return Err(BackupError::TooMuch);
    }
    let ranks = uploaded.iter().map(|key| rank(*key)).collect::<Result<Vec<_>, _>>()?;
    let number = number(version);
    for _ in 0..ATTEMPTS {
        let sessions = uploaded.iter().map(|(room, session, _)| (*room, *session));
        let (latest, named, held) =
            rows::ranks(&hs.db, session.user, *number.as_ref().unwrap_or(&0), sessions).await?;
        let latest = latest.ok_or(BackupError::NoBackup)?;
        let number = named.ok_or(BackupError::NoBackup)?.version;
        if latest.version != number {
            return Err(BackupError::NotNewest { current: latest.version.to_string() });
        }
        let mut count = latest.key_count;
        let mut changes = Vec::new();
        for ((key, rank), held) in uploaded.iter().zip(&ranks).zip(held) {
            match held {
                Some(old) if !replaces(old, *rank) => continue,
                Some(_) => {}
                None => count += 1,
            }
            changes.push((key, rank));
        }
        if changes.is_empty() {
            return Ok(KeysState::of(&latest));
        }
        let mut batch = Batch::new();
        batch.expect_one(
            &rows::CHANGE_KEYS_OF_LATEST,
            params![session.user.0, number, latest.etag, count],
        );
        for ((room, name, json), rank) in changes {
            let json = Bytes::copy_from_slice(json.as_bytes());
            rows::put_key(&mut batch, (session.user, number), (room, name), *rank, json);
        }
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) => {}
            other => {
                other?;
                return Ok(KeysState { etag: (latest.etag + 1).to_string(), count });
            }
        }
    }
    Err(CommitError::Conflict { statement: rows::CHANGE_KEYS_OF_LATEST.name }.into())
}

/// The keys of a scope as (room, session, JSON), ordered by room. A single key that is not there is an error.
pub async fn keys(
    hs: &Homeserver,
    session: &Session,
    version: &str,
    scope: Scope<'_>,
) -> Result<Vec<(String, String, Bytes)>, BackupError> {
    let number = number(version)?;
    if !is_storable(scope) {
        return Err(BackupError::NoKey);
    }
    let (held, keys) = rows::keys(&hs.db, session.user, number, scope).await?;
    if held.and_then(backup).is_none() {
        return Err(BackupError::NoBackup);
    }
    match scope {
        Scope::Session(..) if keys.is_empty() => Err(BackupError::NoKey),
        _ => Ok(keys),
    }
}

/// Deletes the keys of a scope; none there is no error.
pub async fn delete_keys(
    hs: &Homeserver,
    session: &Session,
    version: &str,
    scope: Scope<'_>,
) -> Result<KeysState, BackupError> {
    let number = number(version)?;
    if !is_storable(scope) {
        return Err(BackupError::NoKey);
    }
    for _ in 0..ATTEMPTS {
        let (held, going) = rows::count(&hs.db, session.user, number, scope).await?;
        let held = held.filter(|row| row.auth_data.is_some()).ok_or(BackupError::NoBackup)?;
        if going == 0 {
            return Ok(KeysState::of(&held));
        }
        let count = held.key_count.saturating_sub(going);
        let mut batch = Batch::new();
        batch.expect_one(&rows::CHANGE_KEYS, params![session.user.0, number, held.etag, count]);
        rows::delete_keys(&mut batch, session.user, number, scope);
        match hs.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) => {}
            other => {
                other?;
                return Ok(KeysState { etag: (held.etag + 1).to_string(), count });
            }
        }
    }
    Err(CommitError::Conflict { statement: rows::CHANGE_KEYS.name }.into())
}

/// Whether names can be in the database at all: it holds no NUL.
fn is_storable(scope: Scope<'_>) -> bool {
    match scope {
        Scope::Backup => true,
        Scope::Room(room) => !room.contains('\0'),
        Scope::Session(room, session) => !room.contains('\0') && !session.contains('\0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_rank(is_verified: bool, first_message_index: u64, forwarded_count: u64) -> Rank {
        Rank { is_verified, first_message_index, forwarded_count }
    }

    #[test]
    fn verified_beats_earlier_beats_fewer_hands() {
        let old = a_rank(false, 10, 5);
        for better in [a_rank(true, 99, 99), a_rank(false, 9, 99), a_rank(false, 10, 4)] {
            assert!(replaces(old, better), "{better:?}");
            assert!(!replaces(better, old), "{better:?}");
        }
        for no_better in [old, a_rank(false, 11, 0), a_rank(false, 10, 6)] {
            assert!(!replaces(old, no_better), "{no_better:?}");
        }
        assert!(!replaces(a_rank(true, 10, 5), a_rank(false, 0, 0)));
    }

    #[test]
    fn a_key_without_its_fields_or_beyond_the_limits_is_refused() {
        let key = |json: &str| rank(("!r:h", "s", json));
        let good = r#"{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"any":"thing"}}"#;
        assert_eq!(key(good).unwrap(), a_rank(true, 1, 0));
        for bad in [
            "{}",
            "7",
            &good.replace(":1,", ":-1,"),
            &good.replace(":1,", ":9007199254740992,"),
            &good.replace(r#"{"any":"thing"}"#, "7"),
            &good.replace("true", "1"),
        ] {
            assert!(matches!(key(bad), Err(BackupError::Malformed)), "{bad}");
        }
        assert!(matches!(rank(("!r:h", "", good)), Err(BackupError::Malformed)));
        assert!(matches!(rank(("!r:h", "a\0", good)), Err(BackupError::Malformed)));
        assert!(matches!(rank(("!r:h", &"s".repeat(256), good)), Err(BackupError::TooMuch)));
    }

    #[test]
    fn only_our_own_numbers_name_a_version() {
        assert_eq!(number("12").unwrap(), 12);
        for bad in ["", "0", "-1", "+1", "01", "1 ", "one", "99999999999999999999"] {
            assert!(matches!(number(bad), Err(BackupError::NoBackup)), "{bad}");
        }
    }
}
