//! The hospital's part in the app lock (I.b): for each device its share of the key to what is stored on that device.

use base::{DeviceNid, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// What came with fingerprint and face. A device without them has neither.
pub const BIOMETRICS: db::Migration = db::Migration {
    name: "0004 biometrics",
    sql: "ALTER TABLE app_locks ADD COLUMN biometric_verifier_hash BYTEA;
        ALTER TABLE app_locks ADD COLUMN pin_ts BIGINT",
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &["CREATE TABLE app_locks (
            device_nid BIGINT NOT NULL PRIMARY KEY REFERENCES devices (device_nid),
            token_hash BYTEA NOT NULL UNIQUE,
            verifier_hash BYTEA NOT NULL,
            share BYTEA,
            generation BIGINT NOT NULL,
            wrong_tries BIGINT NOT NULL,
            last_try_ts BIGINT NOT NULL
        )"],
    columns: &[
        column("app_locks.device_nid", "whose app lock", Concerns::User, Period::Device),
        column(
            "app_locks.token_hash",
            "check of the token by which the locked device is known (SHA-256)",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.verifier_hash",
            "check that the PIN was typed rightly (SHA-256 of a derived value; the PIN cannot be found from it)",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.share",
            "the server's share of the key to the device's own store; gone after ten wrong tries",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.generation",
            "how often the PIN was changed, so that the device knows which one holds",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.wrong_tries",
            "how many wrong tries there were in a row, to slow down and stop guessing",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.last_try_ts",
            "when the last try was, to slow down guessing",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.biometric_verifier_hash",
            "where fingerprint or face was set up: check that the device's authenticator has answered (SHA-256 of a derived value; no \
             feature of finger or face ever leaves the device)",
            Concerns::User,
            Period::Device,
        ),
        column(
            "app_locks.pin_ts",
            "where fingerprint or face was set up: when the right PIN was typed last, to know when it has to be typed again",
            Concerns::User,
            Period::Device,
        ),
    ],
};

stmt!(
    PUT,
    "INSERT INTO app_locks (device_nid, token_hash, verifier_hash, share, generation, wrong_tries, last_try_ts) VALUES ($1, $2, $3, $4, 1, 0, 0)
     ON CONFLICT (device_nid) DO UPDATE SET token_hash = excluded.token_hash, verifier_hash = excluded.verifier_hash, share = excluded.share,
        generation = 1, wrong_tries = 0, last_try_ts = 0, biometric_verifier_hash = NULL, pin_ts = NULL"
);
stmt!(
    LOCK,
    "SELECT l.device_nid, d.user_nid, l.verifier_hash, l.share, l.generation, l.wrong_tries, l.last_try_ts, a.locked,
        l.biometric_verifier_hash, l.pin_ts
     FROM app_locks l JOIN devices d ON d.device_nid = l.device_nid JOIN accounts a ON a.user_nid = d.user_nid WHERE l.token_hash = $1"
);
stmt!(
    /// The guard of every try: it is counted before anything is compared, as the one after the tries that were read, and only
    /// where the share may be given out at all. The device is looked up by its row, so a signed-out one has no tries left.
    COUNT_TRY,
    "UPDATE app_locks SET wrong_tries = wrong_tries + 1, last_try_ts = $5
     WHERE token_hash = $1 AND generation = $2 AND wrong_tries = $3 AND last_try_ts = $4 AND share IS NOT NULL
        AND EXISTS (SELECT 1 FROM devices d JOIN accounts a ON a.user_nid = d.user_nid
            WHERE d.device_nid = app_locks.device_nid AND a.locked = 0 AND a.deactivated = 0)"
);
stmt!(FORGET_TRIES, "UPDATE app_locks SET wrong_tries = 0 WHERE token_hash = $1");
stmt!(
    /// The right PIN was typed: when, is kept only where something asks for it.
    PIN_TYPED,
    "UPDATE app_locks SET pin_ts = $2 WHERE token_hash = $1 AND biometric_verifier_hash IS NOT NULL"
);
stmt!(
    /// Takes back the one try that was just counted; those before it stay. Not if there was another one meanwhile.
    TAKE_TRY_BACK,
    "UPDATE app_locks SET wrong_tries = $2, last_try_ts = $3 WHERE token_hash = $1 AND wrong_tries = $2 + 1 AND last_try_ts = $4"
);
stmt!(
    /// Only over the PIN that was just proved.
    SET_BIOMETRICS,
    "UPDATE app_locks SET biometric_verifier_hash = $3, pin_ts = $4, wrong_tries = 0
     WHERE token_hash = $1 AND generation = $2 AND share IS NOT NULL"
);
stmt!(
    FORGET_BIOMETRICS,
    "UPDATE app_locks SET biometric_verifier_hash = NULL, pin_ts = NULL WHERE token_hash = $1"
);
stmt!(
    FORGET_ALL_BIOMETRICS,
    "UPDATE app_locks SET biometric_verifier_hash = NULL, pin_ts = NULL WHERE biometric_verifier_hash IS NOT NULL"
);
stmt!(
    DESTROY_SHARE,
    "UPDATE app_locks SET share = NULL, biometric_verifier_hash = NULL, pin_ts = NULL WHERE token_hash = $1"
);
stmt!(
    /// Only over the PIN that was just proved.
    CHANGE_VERIFIER,
    "UPDATE app_locks SET verifier_hash = $3, generation = generation + 1, wrong_tries = 0
     WHERE token_hash = $1 AND generation = $2 AND share IS NOT NULL"
);
stmt!(DELETE_OF_DEVICE, "DELETE FROM app_locks WHERE device_nid = $1");

/// The app lock of a device, as the server knows it.
pub struct Lock {
    /// Whose device.
    pub device: DeviceNid,
    /// Whose account.
    pub user: UserNid,
    /// SHA-256 of what proves the PIN.
    pub verifier_hash: Bytes,
    /// The share; `None` once it was destroyed.
    pub share: Option<Bytes>,
    /// How often the PIN was set.
    pub generation: u64,
    /// Wrong tries since the last right one.
    pub wrong_tries: u64,
    /// When the last try was counted.
    pub last_try: Timestamp,
    /// Whether an administrator has locked the account.
    pub account_locked: bool,
    /// SHA-256 of what proves that the authenticator has answered; `None` where fingerprint and face were not set up.
    pub biometric_verifier_hash: Option<Bytes>,
    /// When the right PIN was typed last, where fingerprint or face was set up.
    pub pin_typed: Option<Timestamp>,
}

/// The lock that this token is for, if the device is still signed in.
pub async fn lock(db: &Db, token_hash: &[u8]) -> Result<Option<Lock>, Error> {
    let row = db.query_opt(&LOCK, params![token_hash.to_vec()]).await?;
    row.map(|row| {
        Ok(Lock {
            device: DeviceNid(row.get(0)?),
            user: UserNid(row.get(1)?),
            verifier_hash: row.get(2)?,
            share: row.get(3)?,
            generation: row.get(4)?,
            wrong_tries: row.get(5)?,
            last_try: Timestamp(row.get(6)?),
            account_locked: row.get(7)?,
            biometric_verifier_hash: row.get(8)?,
            pin_typed: row.get::<Option<u64>>(9)?.map(Timestamp),
        })
    })
    .transpose()
}

/// Adds to the batch that a device's share is gone.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    batch.exec(&DELETE_OF_DEVICE, params![device.0]);
}
