//! Pushers: where a device wants to be woken. Push rules are account data (`m.push_rules`).

use base::{DeviceNid, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE pushers (
            app_id TEXT NOT NULL,
            pushkey TEXT NOT NULL,
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            pusher BYTEA NOT NULL,
            PRIMARY KEY (app_id, pushkey, user_nid)
        )",
        "CREATE INDEX pushers_user ON pushers (user_nid)",
        "CREATE INDEX pushers_device ON pushers (device_nid)",
    ],
    columns: &[
        column("pushers.app_id", "which app is to be woken", Concerns::User, Period::Device),
        column(
            "pushers.pushkey",
            "the device's address at its push service",
            Concerns::User,
            Period::Device,
        ),
        column("pushers.user_nid", "whose device is to be woken", Concerns::User, Period::Device),
        column(
            "pushers.device_nid",
            "the device that asked for it; the row goes when it signs out",
            Concerns::User,
            Period::Device,
        ),
        column(
            "pushers.pusher",
            "push gateway, language and the names that the device gave itself",
            Concerns::User,
            Period::Device,
        ),
    ],
};

stmt!(PUSHERS, "SELECT pusher FROM pushers WHERE user_nid = $1 ORDER BY app_id, pushkey");
stmt!(
    COUNT_OTHERS,
    "SELECT COUNT(*) FROM pushers WHERE user_nid = $1 AND NOT (app_id = $2 AND pushkey = $3)"
);
stmt!(
    PUT_PUSHER,
    "INSERT INTO pushers (app_id, pushkey, user_nid, device_nid, pusher) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (app_id, pushkey, user_nid) DO UPDATE SET device_nid = excluded.device_nid, pusher = excluded.pusher"
);
stmt!(DELETE_PUSHER, "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_nid = $3");
stmt!(
    DELETE_OF_OTHERS,
    "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_nid <> $3"
);
stmt!(DELETE_OF_DEVICE, "DELETE FROM pushers WHERE device_nid = $1");
stmt!(DELETE_OF_OTHER_DEVICES, "DELETE FROM pushers WHERE user_nid = $1 AND device_nid <> $2");

/// The pushers of a user, as the JSON that `GET /pushers` lists.
pub async fn pushers(db: &Db, user: UserNid) -> Result<Vec<Bytes>, Error> {
    db.query(&PUSHERS, params![user.0]).await?.iter().map(|row| row.get(0)).collect()
}

/// How many pushers a user has besides this one.
pub async fn count_others(
    db: &Db,
    user: UserNid,
    app_id: &str,
    pushkey: &str,
) -> Result<u64, Error> {
    let row = db.query_opt(&COUNT_OTHERS, params![user.0, app_id, pushkey]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Adds to the batch that a pusher is set. With `alone`, the same address no longer wakes anybody else.
pub fn put_pusher(
    batch: &mut Batch,
    (user, device): (UserNid, DeviceNid),
    (app_id, pushkey): (&str, &str),
    pusher: Bytes,
    alone: bool,
) {
    if alone {
        batch.exec(&DELETE_OF_OTHERS, params![app_id, pushkey, user.0]);
    }
    batch.exec(&PUT_PUSHER, params![app_id, pushkey, user.0, device.0, pusher]);
}

/// Adds to the batch that a user's pusher is removed.
pub fn delete_pusher(batch: &mut Batch, user: UserNid, app_id: &str, pushkey: &str) {
    batch.exec(&DELETE_PUSHER, params![app_id, pushkey, user.0]);
}

/// Adds to the batch that only `device` keeps its pushers, as the specification asks when a password changes.
pub fn delete_pushers_of_other_devices(batch: &mut Batch, user: UserNid, device: DeviceNid) {
    batch.exec(&DELETE_OF_OTHER_DEVICES, params![user.0, device.0]);
}

/// Adds to the batch that a device is no longer woken: it signs out.
pub fn delete_pushers_of_device(batch: &mut Batch, device: DeviceNid) {
    batch.exec(&DELETE_OF_DEVICE, params![device.0]);
}
