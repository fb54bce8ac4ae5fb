//! End-to-end encryption keys: device keys, one-time and fallback keys, cross-signing keys, their signatures, and when whose changed.
//!
//! All of it is public keys that clients made; the server stores and hands out and never has a secret one.

use base::{DeviceNid, Pos, UserNid};
use bytes::Bytes;
use db::{Batch, CommitError, Db, Error, PosRef, ReadSet, Row, params, stmt, stmt_pair};
use ruma::{OwnedDeviceId, OwnedUserId, UserId};

use crate::{
    Chapter, Touched,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE device_keys (device_nid BIGINT NOT NULL PRIMARY KEY REFERENCES devices (device_nid), json BYTEA NOT NULL)",
        "CREATE TABLE dehydrated_devices (
            user_nid BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (user_nid),
            device_nid BIGINT NOT NULL UNIQUE REFERENCES devices (device_nid),
            data BYTEA NOT NULL
        )",
        "CREATE TABLE one_time_keys (
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            algorithm TEXT NOT NULL,
            n BIGINT NOT NULL,
            key_id TEXT NOT NULL,
            digest BYTEA NOT NULL,
            json BYTEA,
            PRIMARY KEY (device_nid, algorithm, n)
        ) WITHOUT ROWID",
        // A claim of two hundred devices changes two hundred places: apart from the keys they are small, and lie side by side.
        "CREATE TABLE one_time_key_claims (
            device_nid BIGINT NOT NULL,
            algorithm TEXT NOT NULL,
            n BIGINT NOT NULL,
            claim BIGINT NOT NULL,
            PRIMARY KEY (device_nid, algorithm, n)
        ) WITHOUT ROWID",
        "CREATE INDEX one_time_key_claims_claim ON one_time_key_claims (claim)",
        "CREATE TABLE fallback_keys (
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            algorithm TEXT NOT NULL,
            key_id TEXT NOT NULL,
            used BIGINT NOT NULL,
            json BYTEA NOT NULL,
            PRIMARY KEY (device_nid, algorithm)
        )",
        "CREATE TABLE cross_signing_keys (
            user_nid BIGINT NOT NULL REFERENCES users (user_nid),
            key_usage TEXT NOT NULL,
            public_key TEXT NOT NULL,
            json BYTEA NOT NULL,
            PRIMARY KEY (user_nid, key_usage)
        )",
        "CREATE TABLE key_signatures (
            target_nid BIGINT NOT NULL REFERENCES users (user_nid),
            target_key TEXT NOT NULL,
            signer_nid BIGINT NOT NULL REFERENCES users (user_nid),
            key_id TEXT NOT NULL,
            signature TEXT NOT NULL,
            pos BIGINT NOT NULL,
            PRIMARY KEY (target_nid, target_key, signer_nid, key_id)
        ) WITHOUT ROWID",
        "CREATE INDEX key_signatures_signer ON key_signatures (signer_nid, pos)",
        "CREATE TABLE device_lists (user_nid BIGINT NOT NULL PRIMARY KEY REFERENCES users (user_nid), pos BIGINT NOT NULL)",
        "CREATE INDEX device_lists_pos ON device_lists (pos)",
    ],
    columns: &[
        column(
            "dehydrated_devices.user_nid",
            "who has such a device",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "dehydrated_devices.device_nid",
            "the device that stands in while the person is signed in nowhere",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "dehydrated_devices.data",
            "the device's private keys, encrypted by the client",
            Concerns::Ciphertext,
            Period::Replaced,
        ),
        column("device_keys.device_nid", "whose keys", Concerns::User, Period::Device),
        column(
            "device_keys.json",
            "public keys to encrypt to the device",
            Concerns::User,
            Period::Device,
        ),
        column("one_time_keys.device_nid", "whose key", Concerns::User, Period::Device),
        column("one_time_keys.algorithm", "kind of key", Concerns::Nobody, Period::Device),
        column(
            "one_time_keys.key_id",
            "the device's own name for the key",
            Concerns::Nobody,
            Period::Device,
        ),
        column(
            "one_time_keys.n",
            "the order in which keys are handed out",
            Concerns::Nobody,
            Period::Device,
        ),
        column(
            "one_time_keys.digest",
            "recognises a repeated upload, so that no key is handed out twice",
            Concerns::Nobody,
            Period::Device,
        ),
        column(
            "one_time_keys.json",
            "public key to begin an encrypted session with the device",
            Concerns::User,
            Period::Delivery,
        ),
        column(
            "one_time_key_claims.device_nid",
            "whose key was handed out",
            Concerns::User,
            Period::Device,
        ),
        column("one_time_key_claims.algorithm", "kind of key", Concerns::Nobody, Period::Device),
        column("one_time_key_claims.n", "which key", Concerns::Nobody, Period::Device),
        column(
            "one_time_key_claims.claim",
            "the request that took the key (a random row number); not by whom",
            Concerns::Nobody,
            Period::Device,
        ),
        column("fallback_keys.device_nid", "whose key", Concerns::User, Period::Device),
        column("fallback_keys.algorithm", "kind of key", Concerns::Nobody, Period::Device),
        column(
            "fallback_keys.key_id",
            "the device's own name for the key",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "fallback_keys.used",
            "so that the device learns that it must make a new one",
            Concerns::Nobody,
            Period::Replaced,
        ),
        column(
            "fallback_keys.json",
            "public key for when the one-time keys have run out",
            Concerns::User,
            Period::Replaced,
        ),
        column("cross_signing_keys.user_nid", "whose key", Concerns::User, Period::Account),
        column(
            "cross_signing_keys.key_usage",
            "master, self-signing or user-signing",
            Concerns::Nobody,
            Period::Account,
        ),
        column(
            "cross_signing_keys.public_key",
            "name of the key",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "cross_signing_keys.json",
            "public key by which the person's devices and contacts are verified",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "key_signatures.target_nid",
            "whose key was signed",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "key_signatures.target_key",
            "which device or cross-signing key was signed",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "key_signatures.signer_nid",
            "who signed; others than signer and signed never see it",
            Concerns::User,
            Period::Replaced,
        ),
        column("key_signatures.key_id", "the key that signed", Concerns::User, Period::Replaced),
        column(
            "key_signatures.signature",
            "proof of a verification",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "key_signatures.pos",
            "since when, in the change log, so that the signer's other devices learn of it",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "device_lists.user_nid",
            "whose devices or keys changed",
            Concerns::User,
            Period::Account,
        ),
        column(
            "device_lists.pos",
            "when they last changed, in the change log",
            Concerns::User,
            Period::Replaced,
        ),
    ],
};

stmt!(
    /// A guard: the device is still signed in. It changes nothing and locks the row.
    DEVICE_EXISTS,
    "UPDATE devices SET device_nid = device_nid WHERE device_nid = $1"
);

stmt!(DEVICE_KEYS, "SELECT json FROM device_keys WHERE device_nid = $1");
stmt!(
    SET_DEVICE_KEYS,
    "INSERT INTO device_keys (device_nid, json) VALUES ($1, $2) ON CONFLICT (device_nid) DO UPDATE SET json = excluded.json"
);
stmt!(
    DEVICES_WITH_KEYS,
    "SELECT d.device_id, d.display_name, k.json FROM users u JOIN devices d ON d.user_nid = u.user_nid JOIN device_keys k ON k.device_nid = d.device_nid
     WHERE u.user_id = $1 ORDER BY d.device_nid"
);
stmt!(
    ONE_TIME_KEYS,
    "SELECT k.algorithm, k.key_id, k.n, k.digest, COALESCE(c.claim, 0) FROM one_time_keys k
     LEFT JOIN one_time_key_claims c ON c.device_nid = k.device_nid AND c.algorithm = k.algorithm AND c.n = k.n
     WHERE k.device_nid = $1 ORDER BY k.n"
);
// A guard: of two uploads at once that both saw the same keys, one succeeds and the other looks again. So a name has one key at a time,
// except that the name of a key that was handed out may come again for another, after a device was restored from an old copy.
stmt!(
    ADD_ONE_TIME_KEY,
    "INSERT INTO one_time_keys (device_nid, algorithm, key_id, n, digest, json) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (device_nid, algorithm, n) DO NOTHING"
);
stmt!(
    FORGET_CLAIMED_JSON,
    "UPDATE one_time_keys SET json = NULL WHERE device_nid = $1 AND json IS NOT NULL AND EXISTS (SELECT 1 FROM one_time_key_claims c
        WHERE c.device_nid = one_time_keys.device_nid AND c.algorithm = one_time_keys.algorithm AND c.n = one_time_keys.n)"
);
stmt!(
    DROP_CLAIMED,
    "DELETE FROM one_time_keys WHERE device_nid = $1 AND n < $2 AND EXISTS (SELECT 1 FROM one_time_key_claims c
        WHERE c.device_nid = one_time_keys.device_nid AND c.algorithm = one_time_keys.algorithm AND c.n = one_time_keys.n)"
);
// After `DROP_CLAIMED`, and only of keys that are gone: another claim may come between the two, and no key that was handed out may be taken
// for one that was not.
stmt!(
    DROP_CLAIMS,
    "DELETE FROM one_time_key_claims WHERE device_nid = $1 AND n < $2 AND NOT EXISTS (SELECT 1 FROM one_time_keys k
        WHERE k.device_nid = one_time_key_claims.device_nid AND k.algorithm = one_time_key_claims.algorithm AND k.n = one_time_key_claims.n)"
);
stmt!(
    SET_FALLBACK_KEY,
    "INSERT INTO fallback_keys (device_nid, algorithm, key_id, used, json) VALUES ($1, $2, $3, 0, $4)
     ON CONFLICT (device_nid, algorithm) DO UPDATE SET key_id = excluded.key_id, used = 0, json = excluded.json
     WHERE fallback_keys.key_id <> excluded.key_id OR fallback_keys.json <> excluded.json"
);
stmt!(
    ONE_TIME_KEY_COUNTS,
    "SELECT k.algorithm, COUNT(*) FROM one_time_keys k WHERE k.device_nid = $1 AND NOT EXISTS (SELECT 1 FROM one_time_key_claims c
        WHERE c.device_nid = k.device_nid AND c.algorithm = k.algorithm AND c.n = k.n) GROUP BY k.algorithm ORDER BY k.algorithm"
);
stmt!(
    UNUSED_FALLBACK_TYPES,
    "SELECT algorithm FROM fallback_keys WHERE device_nid = $1 AND used = 0 ORDER BY algorithm"
);
stmt!(
    CLAIMABLE,
    "SELECT d.device_nid,
        (SELECT COUNT(*) FROM (SELECT 1 FROM one_time_keys o WHERE o.device_nid = d.device_nid AND o.algorithm = $3 AND NOT EXISTS (SELECT 1
            FROM one_time_key_claims c WHERE c.device_nid = o.device_nid AND c.algorithm = o.algorithm AND c.n = o.n) LIMIT 1) free),
        f.key_id, f.used, f.json
     FROM users u JOIN devices d ON d.user_nid = u.user_nid LEFT JOIN fallback_keys f ON f.device_nid = d.device_nid AND f.algorithm = $3
     WHERE u.user_id = $1 AND d.device_id = $2"
);
// The key is picked where it is taken, so that two requests never hold the same one and neither has to try again.
// On SQLite batches come one after the other, so what was handed out are the keys up to the last one, and where there is none the row, which
// would have no `n`, is passed over (an insert from a query would first copy each page that it is about to change). On PostgreSQL the pick skips
// keys that another claim is just taking, and one that was taken between look and pick is left to the next round.
stmt_pair!(
    CLAIM_ONE_TIME_KEY,
    sqlite: "INSERT OR IGNORE INTO one_time_key_claims (claim, device_nid, algorithm, n) VALUES ($1, $2, $3,
        (SELECT k.n FROM one_time_keys k WHERE k.device_nid = $2 AND k.algorithm = $3
            AND k.n > COALESCE((SELECT MAX(c.n) FROM one_time_key_claims c WHERE c.device_nid = $2 AND c.algorithm = $3), -1) ORDER BY k.n LIMIT 1))",
    postgres: "INSERT INTO one_time_key_claims (device_nid, algorithm, n, claim) SELECT k.device_nid, k.algorithm, k.n, $1 FROM one_time_keys k
        WHERE k.device_nid = $2 AND k.algorithm = $3 AND NOT EXISTS (SELECT 1 FROM one_time_key_claims c
            WHERE c.device_nid = k.device_nid AND c.algorithm = k.algorithm AND c.n = k.n)
        ORDER BY k.n LIMIT 1 FOR UPDATE OF k SKIP LOCKED ON CONFLICT (device_nid, algorithm, n) DO NOTHING"
);
stmt!(
    CLAIMED,
    "SELECT c.device_nid, c.algorithm, k.key_id, k.json FROM one_time_key_claims c
     JOIN one_time_keys k ON k.device_nid = c.device_nid AND k.algorithm = c.algorithm AND k.n = c.n WHERE c.claim = $1"
);
stmt!(
    USE_FALLBACK_KEY,
    "UPDATE fallback_keys SET used = 1 WHERE device_nid = $1 AND algorithm = $2 AND key_id = $3 AND used = 0"
);
stmt!(DROP_DEVICE_KEYS, "DELETE FROM device_keys WHERE device_nid = $1");
stmt!(DROP_ONE_TIME_KEYS, "DELETE FROM one_time_keys WHERE device_nid = $1");
stmt!(DROP_ALL_CLAIMS, "DELETE FROM one_time_key_claims WHERE device_nid = $1");
stmt!(DROP_FALLBACK_KEYS, "DELETE FROM fallback_keys WHERE device_nid = $1");
stmt!(
    DROP_DEVICE_SIGNATURES,
    "DELETE FROM key_signatures WHERE target_nid = $1 AND (target_key = (SELECT device_id FROM devices WHERE device_nid = $2)
        OR (signer_nid = $1 AND key_id = (SELECT 'ed25519:' || device_id FROM devices WHERE device_nid = $2)))"
);
stmt!(
    CROSS_SIGNING_KEYS,
    "SELECT key_usage, public_key, json FROM cross_signing_keys WHERE user_nid = $1"
);
stmt!(
    CROSS_SIGNING_KEYS_OF,
    "SELECT c.key_usage, c.public_key, c.json FROM users u JOIN cross_signing_keys c ON c.user_nid = u.user_nid WHERE u.user_id = $1"
);
// Guards of cross-signing: of two uploads at once that both saw no key, or the same old one, one succeeds.
stmt!(
    FIRST_CROSS_SIGNING_KEY,
    "INSERT INTO cross_signing_keys (user_nid, key_usage, public_key, json) VALUES ($1, $2, $3, $4) ON CONFLICT (user_nid, key_usage) DO NOTHING"
);
stmt!(
    REPLACE_CROSS_SIGNING_KEY,
    "UPDATE cross_signing_keys SET public_key = $4, json = $5 WHERE user_nid = $1 AND key_usage = $2 AND public_key = $3"
);
stmt!(
    SAME_CROSS_SIGNING_KEY,
    "UPDATE cross_signing_keys SET public_key = public_key WHERE user_nid = $1 AND key_usage = $2 AND public_key = $3"
);
stmt!(
    DROP_CROSS_SIGNING_KEY,
    "DELETE FROM cross_signing_keys WHERE user_nid = $1 AND key_usage = $2"
);
// A key that was replaced says nothing any more: neither what it signed nor what signed it.
stmt!(
    DROP_SIGNATURES_OF_KEY,
    "DELETE FROM key_signatures WHERE (target_nid = $1 AND target_key = $2) OR (signer_nid = $1 AND key_id = 'ed25519:' || $2)"
);
stmt!(
    DROP_SIGNATURES_ON_KEY,
    "DELETE FROM key_signatures WHERE target_nid = $1 AND target_key = $2"
);
stmt!(
    ADD_SIGNATURE,
    "INSERT INTO key_signatures (target_nid, target_key, signer_nid, key_id, signature, pos) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (target_nid, target_key, signer_nid, key_id) DO UPDATE SET signature = excluded.signature, pos = excluded.pos"
);
// What the requesting user may see: signatures by the owner of the key and by the requesting user.
stmt!(
    VISIBLE_SIGNATURES,
    "SELECT s.target_key, g.user_id, s.key_id, s.signature FROM users u JOIN key_signatures s ON s.target_nid = u.user_nid
     JOIN users g ON g.user_nid = s.signer_nid WHERE u.user_id = $1 AND (s.signer_nid = s.target_nid OR s.signer_nid = $2)"
);
stmt!(
    SIGNATURES_ON,
    "SELECT s.target_key, g.user_id, s.key_id, s.signature FROM key_signatures s JOIN users g ON g.user_nid = s.signer_nid WHERE s.target_nid = $1"
);
stmt!(
    DEVICES_WITH_KEYS_OF,
    "SELECT d.device_id, d.display_name, k.json FROM devices d JOIN device_keys k ON k.device_nid = d.device_nid
     WHERE d.user_nid = $1 ORDER BY d.device_nid"
);
stmt!(
    TOUCH_DEVICE_LIST,
    "INSERT INTO device_lists (user_nid, pos) VALUES ($1, $2) ON CONFLICT (user_nid) DO UPDATE SET pos = excluded.pos"
);
// The kinds of `Touched` that change whose keys a client must know: joined, left, device list, signed.
stmt!(
    DEVICE_LIST_LOG,
    "SELECT pos, kind, subject, object FROM log WHERE pos > $1 AND pos <= $2 AND kind IN (2, 3, 4, 9, 10) ORDER BY pos"
);
stmt!(DEVICE_LISTS_AFTER, "SELECT user_nid FROM device_lists WHERE pos > $1");
stmt!(SIGNED_AFTER, "SELECT target_nid FROM key_signatures WHERE signer_nid = $1 AND pos > $2");
stmt!(
    MEMBERS_AFTER,
    "SELECT room_nid, user_nid, membership FROM members WHERE room_nid = $1 AND pos > $2"
);
stmt!(
    DEHYDRATED,
    "SELECT d.device_nid, d.device_id, h.data FROM dehydrated_devices h JOIN devices d ON d.device_nid = h.device_nid WHERE h.user_nid = $1"
);
stmt!(
    INSERT_DEHYDRATED,
    "INSERT INTO dehydrated_devices (user_nid, device_nid, data) VALUES ($1, $2, $3)"
);
stmt!(DROP_DEHYDRATED, "DELETE FROM dehydrated_devices WHERE device_nid = $1");
stmt!(DROP_CROSS_SIGNING_KEYS, "DELETE FROM cross_signing_keys WHERE user_nid = $1");
stmt!(
    DROP_SIGNATURES_OF_USER,
    "DELETE FROM key_signatures WHERE target_nid = $1 OR signer_nid = $1"
);

/// Device keys as their owner uploaded them.
#[derive(Debug)]
pub struct DeviceKeysRow {
    /// Matrix device id.
    pub device_id: OwnedDeviceId,
    /// The name that its owner gave it.
    pub display_name: Option<String>,
    /// The signed object.
    pub json: Bytes,
}

/// A cross-signing key as its owner uploaded it.
#[derive(Clone, Debug)]
pub struct CrossSigningKeyRow {
    /// `master`, `self_signing` or `user_signing`.
    pub usage: String,
    /// Unpadded base64, also the key's name.
    pub public_key: String,
    /// The signed object.
    pub json: Bytes,
}

/// A signature that was uploaded apart from the key that it signs.
#[derive(Debug)]
pub struct SignatureRow {
    /// Device id or public key.
    pub target_key: String,
    /// Who signed.
    pub signer: OwnedUserId,
    /// `ed25519:…`
    pub key_id: String,
    /// Unpadded base64.
    pub signature: String,
}

/// All public keys of a user that another may see.
#[derive(Debug)]
pub struct KeysOfUser {
    /// The devices that have keys.
    pub devices: Vec<DeviceKeysRow>,
    /// Master, self-signing and user-signing key.
    pub cross_signing: Vec<CrossSigningKeyRow>,
    /// Signatures on these keys, by the owner or by the reader.
    pub signatures: Vec<SignatureRow>,
}

/// A one-time key that the server holds, or has handed out.
pub struct OneTimeKeyRow {
    /// Such as `signed_curve25519`.
    pub algorithm: String,
    /// The part of the name after the colon.
    pub key_id: String,
    /// Place in the order of handing out.
    pub n: i64,
    /// SHA-256 of the canonical JSON.
    pub digest: Bytes,
    /// Whether it was handed out.
    pub claimed: bool,
}

/// A device of which a key is wanted.
pub struct ClaimableRow {
    /// Row number of the device.
    pub device: DeviceNid,
    /// Whether a one-time key is left.
    pub has_one_time_key: bool,
    /// Its fallback key: name, whether it was handed out before, JSON.
    pub fallback: Option<(String, bool, Bytes)>,
}

fn cross_signing_key(row: &Row) -> Result<CrossSigningKeyRow, Error> {
    Ok(CrossSigningKeyRow { usage: row.get(0)?, public_key: row.get(1)?, json: row.get(2)? })
}

/// The cross-signing keys of a user.
pub async fn cross_signing_keys(db: &Db, user: UserNid) -> Result<Vec<CrossSigningKeyRow>, Error> {
    db.query(&CROSS_SIGNING_KEYS, params![user.0]).await?.iter().map(cross_signing_key).collect()
}

/// The keys of users as `reader` may see them, from one snapshot, in the order of the question.
pub async fn keys_of_users<'a>(
    db: &Db,
    users: impl Iterator<Item = &'a UserId>,
    reader: UserNid,
) -> Result<Vec<KeysOfUser>, Error> {
    let mut set = ReadSet::new();
    for user in users {
        set.push(&DEVICES_WITH_KEYS, params![user.as_str()]);
        set.push(&CROSS_SIGNING_KEYS_OF, params![user.as_str()]);
        set.push(&VISIBLE_SIGNATURES, params![user.as_str(), reader.0]);
    }
    db.read(set).await?.chunks_exact(3).map(keys_of_user).collect()
}

/// All that was published of users and who signed it, whoever may see it; from one snapshot, in the order of the question.
pub async fn published(
    db: &Db,
    users: impl Iterator<Item = UserNid>,
) -> Result<Vec<KeysOfUser>, Error> {
    let mut set = ReadSet::new();
    for user in users {
        set.push(&DEVICES_WITH_KEYS_OF, params![user.0]);
        set.push(&CROSS_SIGNING_KEYS, params![user.0]);
        set.push(&SIGNATURES_ON, params![user.0]);
    }
    db.read(set).await?.chunks_exact(3).map(keys_of_user).collect()
}

fn keys_of_user(rows: &[Vec<Row>]) -> Result<KeysOfUser, Error> {
    let device = |row: &Row| {
        Ok(DeviceKeysRow {
            device_id: row.get::<&str>(0)?.into(),
            display_name: row.get(1)?,
            json: row.get(2)?,
        })
    };
    Ok(KeysOfUser {
        devices: rows[0].iter().map(device).collect::<Result<_, Error>>()?,
        cross_signing: rows[1].iter().map(cross_signing_key).collect::<Result<_, _>>()?,
        signatures: rows[2].iter().map(signature).collect::<Result<_, _>>()?,
    })
}

fn signature(row: &Row) -> Result<SignatureRow, Error> {
    Ok(SignatureRow {
        target_key: row.get(0)?,
        signer: UserId::parse(row.get::<&str>(1)?).map_err(|_| Error::corrupt("users.user_id"))?,
        key_id: row.get(2)?,
        signature: row.get(3)?,
    })
}

/// What the server holds for a device: its device keys and the names of its one-time keys.
pub async fn held_for(
    db: &Db,
    device: DeviceNid,
) -> Result<(Option<Bytes>, Vec<OneTimeKeyRow>), Error> {
    let set =
        ReadSet::new().get(&DEVICE_KEYS, params![device.0]).get(&ONE_TIME_KEYS, params![device.0]);
    let answer = db.read(set).await?;
    let device_keys = answer[0].first().map(|row| row.get(0)).transpose()?;
    let one_time_key = |row: &Row| {
        Ok(OneTimeKeyRow {
            algorithm: row.get(0)?,
            key_id: row.get(1)?,
            n: row.get(2)?,
            digest: row.get(3)?,
            claimed: row.get::<i64>(4)? != 0,
        })
    };
    Ok((device_keys, answer[1].iter().map(one_time_key).collect::<Result<_, Error>>()?))
}

/// The unclaimed one-time keys by algorithm, and the algorithms whose fallback key was not handed out yet.
pub async fn supply(
    db: &Db,
    device: DeviceNid,
) -> Result<(Vec<(String, u64)>, Vec<String>), Error> {
    let set = ReadSet::new()
        .get(&ONE_TIME_KEY_COUNTS, params![device.0])
        .get(&UNUSED_FALLBACK_TYPES, params![device.0]);
    let answer = db.read(set).await?;
    let counts =
        answer[0].iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, Error>>()?;
    let fallback = answer[1].iter().map(|row| row.get(0)).collect::<Result<_, Error>>()?;
    Ok((counts, fallback))
}

/// What can be claimed of each (user, device, algorithm); `None` for devices that do not exist.
pub async fn claimable<'a>(
    db: &Db,
    wanted: impl Iterator<Item = (&'a UserId, &'a str, &'a str)>,
) -> Result<Vec<Option<ClaimableRow>>, Error> {
    let mut set = ReadSet::new();
    for (user, device, algorithm) in wanted {
        set.push(&CLAIMABLE, params![user.as_str(), device, algorithm]);
    }
    let claimable = |row: &Row| {
        let fallback = match row.get::<Option<String>>(2)? {
            Some(key_id) => Some((key_id, row.get(3)?, row.get(4)?)),
            None => None,
        };
        Ok(ClaimableRow { device: DeviceNid(row.get(0)?), has_one_time_key: row.get(1)?, fallback })
    };
    db.read(set).await?.iter().map(|rows| rows.first().map(claimable).transpose()).collect()
}

/// A key that a claim took. Its JSON is gone if the device has uploaded new keys since.
pub struct ClaimedRow {
    /// Whose key.
    pub device: DeviceNid,
    /// Kind of key.
    pub algorithm: String,
    /// The device's own name for it.
    pub key_id: String,
    /// The key, as JSON.
    pub json: Option<Bytes>,
}

/// Commits a claim, and gives the keys that it took.
pub async fn commit_claim(
    db: &Db,
    batch: Batch,
    claim: i64,
) -> Result<Result<Vec<ClaimedRow>, Error>, CommitError> {
    let read = db.commit_and_read(batch, ReadSet::new().get(&CLAIMED, params![claim])).await?;
    let row = |row: &Row| {
        Ok(ClaimedRow {
            device: DeviceNid(row.get(0)?),
            algorithm: row.get(1)?,
            key_id: row.get(2)?,
            json: row.get(3)?,
        })
    };
    Ok(read.and_then(|answers| answers.iter().flatten().map(row).collect()))
}

/// Adds to the batch that the keys or devices of a user changed, for all who share a room with them.
pub fn touch_device_list(batch: &mut Batch, user: UserNid) -> PosRef {
    let pos = batch.change(Touched::DeviceList { user }.into());
    batch.exec(&TOUCH_DEVICE_LIST, params![user.0, pos]);
    pos
}

/// Adds to the batch that all keys of a device are gone. The device itself must still be there.
pub fn forget_device(batch: &mut Batch, user: UserNid, device: DeviceNid) {
    batch.exec(&DROP_DEVICE_SIGNATURES, params![user.0, device.0]);
    batch.exec(&DROP_DEVICE_KEYS, params![device.0]);
    batch.exec(&DROP_ONE_TIME_KEYS, params![device.0]);
    batch.exec(&DROP_ALL_CLAIMS, params![device.0]);
    batch.exec(&DROP_FALLBACK_KEYS, params![device.0]);
    batch.exec(&DROP_DEHYDRATED, params![device.0]);
}

/// A device that stands in while its owner is signed in nowhere.
pub struct DehydratedRow {
    /// Row number.
    pub device: DeviceNid,
    /// Matrix device id.
    pub device_id: OwnedDeviceId,
    /// What its owner needs to take it over, as JSON.
    pub data: Bytes,
}

/// The dehydrated device of a user.
pub async fn dehydrated(db: &Db, user: UserNid) -> Result<Option<DehydratedRow>, Error> {
    let row = db.query_opt(&DEHYDRATED, params![user.0]).await?;
    row.map(|row| {
        Ok(DehydratedRow {
            device: DeviceNid(row.get(0)?),
            device_id: row.get::<&str>(1)?.into(),
            data: row.get(2)?,
        })
    })
    .transpose()
}

/// Adds to the batch that a device is the user's dehydrated one.
pub fn insert_dehydrated(batch: &mut Batch, user: UserNid, device: DeviceNid, data: &str) {
    batch.exec(&INSERT_DEHYDRATED, params![user.0, device.0, data.as_bytes()]);
}

/// The changes in `(since, upto]` that bear on whose keys a client must know, from the log.
pub async fn device_list_log(db: &Db, since: Pos, upto: Pos) -> Result<Vec<Touched>, Error> {
    let rows = db.query(&DEVICE_LIST_LOG, params![since, upto]).await?;
    let mut touched = Vec::with_capacity(rows.len());
    for row in &rows {
        let change = db::Change { kind: row.get(1)?, subject: row.get(2)?, object: row.get(3)? };
        touched.extend(Touched::from_change(&change));
    }
    Ok(touched)
}

/// Adds to the batch that nothing is kept of the keys of a user who closed the account.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&DROP_SIGNATURES_OF_USER, params![user.0]);
    batch.exec(&DROP_CROSS_SIGNING_KEYS, params![user.0]);
}

#[cfg(test)]
mod tests {
    use base::RoomNid;

    use super::*;

    #[test]
    fn the_log_is_asked_for_the_kinds_that_bear_on_device_lists() {
        let (room, user) = (RoomNid(1), UserNid(2));
        let kind = |touched: Touched| db::Change::from(touched).kind;
        let kinds = [
            kind(Touched::Joined { room, user }),
            kind(Touched::Left { room, user }),
            kind(Touched::DeviceList { user }),
            kind(Touched::Signed { user, target: user }),
        ];
        assert_eq!(kinds, [2, 4, 9, 10]);
        assert!(DEVICE_LIST_LOG.sqlite.contains("kind IN (2, 3, 4, 9, 10)"));
    }
}
