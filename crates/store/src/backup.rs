//! Key backup: the room keys of a user, encrypted by the user's own clients, in numbered versions.

use base::UserNid;
use bytes::Bytes;
use db::{Batch, Db, Error, ReadSet, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE backups (
            user_nid BIGINT NOT NULL REFERENCES users (user_nid),
            version BIGINT NOT NULL,
            algorithm TEXT NOT NULL,
            auth_data BYTEA,
            etag BIGINT NOT NULL,
            key_count BIGINT NOT NULL,
            PRIMARY KEY (user_nid, version)
        )",
        "CREATE TABLE backup_keys (
            user_nid BIGINT NOT NULL,
            version BIGINT NOT NULL,
            room_id TEXT NOT NULL,
            session_id TEXT NOT NULL,
            is_verified BIGINT NOT NULL,
            first_message_index BIGINT NOT NULL,
            forwarded_count BIGINT NOT NULL,
            json BYTEA NOT NULL,
            PRIMARY KEY (user_nid, version, room_id, session_id),
            FOREIGN KEY (user_nid, version) REFERENCES backups (user_nid, version)
        ) WITHOUT ROWID",
    ],
    columns: &[
        column("backups.user_nid", "whose backup", Concerns::User, Period::Account),
        column(
            "backups.version",
            "which of the user's backups; a number is never used twice",
            Concerns::Nobody,
            Period::Account,
        ),
        column(
            "backups.algorithm",
            "how the keys are encrypted",
            Concerns::Nobody,
            Period::Account,
        ),
        column(
            "backups.auth_data",
            "public key of the backup, signed by its owner; empty once the backup was deleted",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "backups.etag",
            "counts the changes, so that a device notices those of another",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "backups.key_count",
            "number of keys in the backup",
            Concerns::User,
            Period::Replaced,
        ),
        column("backup_keys.user_nid", "whose key", Concerns::User, Period::Replaced),
        column("backup_keys.version", "in which backup", Concerns::Nobody, Period::Replaced),
        column(
            "backup_keys.room_id",
            "the room whose messages the key opens, to fetch keys room by room",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "backup_keys.session_id",
            "the encrypted session that the key opens",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "backup_keys.is_verified",
            "which of two keys is kept",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "backup_keys.first_message_index",
            "which of two keys is kept",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "backup_keys.forwarded_count",
            "which of two keys is kept",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "backup_keys.json",
            "the room key, encrypted for its owner alone",
            Concerns::Ciphertext,
            Period::Replaced,
        ),
    ],
};

// A deleted backup keeps its row, without auth_data: its number must not come again.
stmt!(
    LATEST,
    "SELECT version, algorithm, auth_data, etag, key_count FROM backups WHERE user_nid = $1 AND auth_data IS NOT NULL ORDER BY version DESC LIMIT 1"
);
stmt!(
    HIGHEST_VERSION,
    "SELECT version FROM backups WHERE user_nid = $1 ORDER BY version DESC LIMIT 1"
);
stmt!(
    VERSION,
    "SELECT version, algorithm, auth_data, etag, key_count FROM backups WHERE user_nid = $1 AND version = $2"
);
// Guards: of two new backups at once one gets the number, and of two writers at the same etag one writes.
stmt!(
    CREATE,
    "INSERT INTO backups (user_nid, version, algorithm, auth_data, etag, key_count) VALUES ($1, $2, $3, $4, 0, 0) ON CONFLICT (user_nid, version) DO NOTHING"
);
stmt!(
    CHANGE_KEYS,
    "UPDATE backups SET etag = etag + 1, key_count = $4 WHERE user_nid = $1 AND version = $2 AND etag = $3 AND auth_data IS NOT NULL"
);
// A newer version, made meanwhile, refuses keys for an older one.
stmt!(
    CHANGE_KEYS_OF_LATEST,
    "UPDATE backups SET etag = etag + 1, key_count = $4 WHERE user_nid = $1 AND version = $2 AND etag = $3 AND auth_data IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM backups newer WHERE newer.user_nid = $1 AND newer.version > $2 AND newer.auth_data IS NOT NULL)"
);
stmt!(
    SET_AUTH_DATA,
    "UPDATE backups SET auth_data = $4 WHERE user_nid = $1 AND version = $2 AND algorithm = $3 AND auth_data IS NOT NULL"
);
stmt!(
    DELETE,
    "UPDATE backups SET auth_data = NULL, key_count = 0 WHERE user_nid = $1 AND version = $2"
);
stmt!(
    KEY_RANK,
    "SELECT is_verified, first_message_index, forwarded_count FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3 AND session_id = $4"
);
stmt!(
    PUT_KEY,
    "INSERT INTO backup_keys (user_nid, version, room_id, session_id, is_verified, first_message_index, forwarded_count, json)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (user_nid, version, room_id, session_id) DO UPDATE SET is_verified = excluded.is_verified,
        first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count, json = excluded.json"
);
stmt!(
    ALL_KEYS,
    "SELECT room_id, session_id, json FROM backup_keys WHERE user_nid = $1 AND version = $2 ORDER BY room_id, session_id"
);
stmt!(
    KEYS_OF_ROOM,
    "SELECT room_id, session_id, json FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3 ORDER BY session_id"
);
stmt!(
    KEY,
    "SELECT room_id, session_id, json FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3 AND session_id = $4"
);
stmt!(COUNT_ALL, "SELECT COUNT(*) FROM backup_keys WHERE user_nid = $1 AND version = $2");
stmt!(
    COUNT_OF_ROOM,
    "SELECT COUNT(*) FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3"
);
stmt!(
    COUNT_KEY,
    "SELECT COUNT(*) FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3 AND session_id = $4"
);
stmt!(DELETE_ALL_KEYS, "DELETE FROM backup_keys WHERE user_nid = $1 AND version = $2");
stmt!(
    DELETE_KEYS_OF_ROOM,
    "DELETE FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3"
);
stmt!(
    DELETE_KEY,
    "DELETE FROM backup_keys WHERE user_nid = $1 AND version = $2 AND room_id = $3 AND session_id = $4"
);
stmt!(FORGET_KEYS, "DELETE FROM backup_keys WHERE user_nid = $1");
stmt!(FORGET_VERSIONS, "DELETE FROM backups WHERE user_nid = $1");

/// A backup.
#[derive(Clone, Debug)]
pub struct BackupRow {
    /// Its number among the user's backups.
    pub version: i64,
    /// How its keys are encrypted.
    pub algorithm: String,
    /// What the algorithm needs, as JSON; `None` once the backup was deleted.
    pub auth_data: Option<Bytes>,
    /// Counts the changes.
    pub etag: i64,
    /// Keys in it.
    pub key_count: u64,
}

/// What decides which of two keys for the same session is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The device that made the backup had verified the device that the key is from.
    pub is_verified: bool,
    /// First message that the key opens.
    pub first_message_index: u64,
    /// How often the key was passed on between devices.
    pub forwarded_count: u64,
}

/// Which keys of a backup are meant.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// All.
    Backup,
    /// Those of a room.
    Room(&'a str),
    /// The one of a session in a room.
    Session(&'a str, &'a str),
}

fn backup(row: &Row) -> Result<BackupRow, Error> {
    Ok(BackupRow {
        version: row.get(0)?,
        algorithm: row.get(1)?,
        auth_data: row.get(2)?,
        etag: row.get(3)?,
        key_count: row.get(4)?,
    })
}

/// The user's newest backup that was not deleted.
pub async fn latest(db: &Db, user: UserNid) -> Result<Option<BackupRow>, Error> {
    db.query_opt(&LATEST, params![user.0]).await?.as_ref().map(backup).transpose()
}

/// The highest number that a backup of the user ever had; 0 if there was none.
pub async fn highest_version(db: &Db, user: UserNid) -> Result<i64, Error> {
    Ok(db
        .query_opt(&HIGHEST_VERSION, params![user.0])
        .await?
        .map(|row| row.get(0))
        .transpose()?
        .unwrap_or(0))
}

/// A backup, also a deleted one.
pub async fn version(db: &Db, user: UserNid, version: i64) -> Result<Option<BackupRow>, Error> {
    db.query_opt(&VERSION, params![user.0, version]).await?.as_ref().map(backup).transpose()
}

/// The user's newest backup, the backup `version`, and what the server holds for each of these sessions, from one snapshot.
pub async fn ranks<'a>(
    db: &Db,
    user: UserNid,
    version: i64,
    sessions: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(Option<BackupRow>, Option<BackupRow>, Vec<Option<Rank>>), Error> {
    let mut set =
        ReadSet::new().get(&LATEST, params![user.0]).get(&VERSION, params![user.0, version]);
    for (room_id, session_id) in sessions {
        set.push(&KEY_RANK, params![user.0, version, room_id, session_id]);
    }
    let answer = db.read(set).await?;
    let rank = |row: &Row| {
        Ok(Rank {
            is_verified: row.get(0)?,
            first_message_index: row.get(1)?,
            forwarded_count: row.get(2)?,
        })
    };
    let ranks = answer[2..]
        .iter()
        .map(|rows| rows.first().map(rank).transpose())
        .collect::<Result<_, Error>>()?;
    let first = |rows: &[Row]| rows.first().map(backup).transpose();
    Ok((first(&answer[0])?, first(&answer[1])?, ranks))
}

/// Adds a key to the batch, in place of one that may be there.
pub fn put_key(
    batch: &mut Batch,
    backup: (UserNid, i64),
    session: (&str, &str),
    rank: Rank,
    json: Bytes,
) {
    batch.exec(
        &PUT_KEY,
        params![
            backup.0.0,
            backup.1,
            session.0,
            session.1,
            rank.is_verified,
            rank.first_message_index,
            rank.forwarded_count,
            json,
        ],
    );
}

/// A backup and its keys as (room, session, JSON), ordered by room, from one snapshot.
pub async fn keys(
    db: &Db,
    user: UserNid,
    version: i64,
    scope: Scope<'_>,
) -> Result<(Option<BackupRow>, Vec<(String, String, Bytes)>), Error> {
    let set = ReadSet::new().get(&VERSION, params![user.0, version]);
    let set = match scope {
        Scope::Backup => set.get(&ALL_KEYS, params![user.0, version]),
        Scope::Room(room) => set.get(&KEYS_OF_ROOM, params![user.0, version, room]),
        Scope::Session(room, session) => set.get(&KEY, params![user.0, version, room, session]),
    };
    let answer = db.read(set).await?;
    let keys = answer[1]
        .iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .collect::<Result<_, Error>>()?;
    Ok((answer[0].first().map(backup).transpose()?, keys))
}

/// A backup and how many keys it has in this scope, from one snapshot.
pub async fn count(
    db: &Db,
    user: UserNid,
    version: i64,
    scope: Scope<'_>,
) -> Result<(Option<BackupRow>, u64), Error> {
    let set = ReadSet::new().get(&VERSION, params![user.0, version]);
    let set = match scope {
        Scope::Backup => set.get(&COUNT_ALL, params![user.0, version]),
        Scope::Room(room) => set.get(&COUNT_OF_ROOM, params![user.0, version, room]),
        Scope::Session(room, session) => {
            set.get(&COUNT_KEY, params![user.0, version, room, session])
        }
    };
    let answer = db.read(set).await?;
    let count = answer[1].first().map_or(Ok(0), |row| row.get(0))?;
    Ok((answer[0].first().map(backup).transpose()?, count))
}

/// Adds to the batch that the keys of this scope are gone.
pub fn delete_keys(batch: &mut Batch, user: UserNid, version: i64, scope: Scope<'_>) {
    match scope {
        Scope::Backup => batch.exec(&DELETE_ALL_KEYS, params![user.0, version]),
        Scope::Room(room) => batch.exec(&DELETE_KEYS_OF_ROOM, params![user.0, version, room]),
        Scope::Session(room, session) => {
            batch.exec(&DELETE_KEY, params![user.0, version, room, session])
        }
    }
}

/// Adds to the batch that the backups of a user who closed the account are gone.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&FORGET_KEYS, params![user.0]);
    batch.exec(&FORGET_VERSIONS, params![user.0]);
}
