//! Pushers: where a device wants to be woken. Push rules are account data (`m.push_rules`).

use base::{DeviceNid, Pos, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
    rooms::EventRow,
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
            set_ts BIGINT NOT NULL,
            active BIGINT NOT NULL,
            pos BIGINT NOT NULL,
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
        column(
            "pushers.set_ts",
            "when the device gave its address, for the push gateway",
            Concerns::User,
            Period::Device,
        ),
        column(
            "pushers.active",
            "whether the device has shown that messages reach it",
            Concerns::User,
            Period::Device,
        ),
        column(
            "pushers.pos",
            "up to where the device was woken, so that nothing is left out after a restart",
            Concerns::User,
            Period::Replaced,
        ),
    ],
};

stmt!(
    PUSHERS,
    "SELECT app_id, pushkey, user_nid, device_nid, pusher, set_ts, active, pos FROM pushers WHERE user_nid = $1 ORDER BY app_id, pushkey"
);
stmt!(
    PUSHER,
    "SELECT app_id, pushkey, user_nid, device_nid, pusher, set_ts, active, pos FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_nid = $3"
);
stmt!(
    ALL_PUSHERS,
    "SELECT app_id, pushkey, user_nid, device_nid, pusher, set_ts, active, pos FROM pushers ORDER BY user_nid, app_id, pushkey"
);
stmt!(
    COUNT_OTHERS,
    "SELECT COUNT(*) FROM pushers WHERE user_nid = $1 AND NOT (app_id = $2 AND pushkey = $3)"
);
// A pusher that is set again goes on where it was.
stmt!(
    PUT_PUSHER,
    "INSERT INTO pushers (app_id, pushkey, user_nid, device_nid, pusher, set_ts, active, pos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (app_id, pushkey, user_nid) DO UPDATE SET device_nid = excluded.device_nid, pusher = excluded.pusher,
        set_ts = excluded.set_ts, active = excluded.active"
);
stmt!(
    WOKEN_UP_TO,
    "UPDATE pushers SET pos = $4 WHERE app_id = $1 AND pushkey = $2 AND user_nid = $3 AND pos < $4"
);
stmt!(
    ACTIVATE,
    "UPDATE pushers SET active = 1 WHERE app_id = $1 AND pushkey = $2 AND user_nid = $3"
);
stmt!(
    /// What others sent where a user is, in a part of the log: `params![user, from, before, limit]`; the newest come first.
    EVENTS_OF_OTHERS,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM log l JOIN events e ON e.event_nid = l.object JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     JOIN members m ON m.room_nid = l.subject AND m.user_nid = $1
     WHERE l.pos >= $2 AND l.pos < $3 AND l.kind = 1 AND e.sender_nid <> $1 AND m.membership IN ('join', 'invite') ORDER BY l.pos DESC LIMIT $4"
);
stmt!(DELETE_PUSHER, "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_nid = $3");
stmt!(
    DELETE_OF_OTHERS,
    "DELETE FROM pushers WHERE app_id = $1 AND pushkey = $2 AND user_nid <> $3"
);
stmt!(DELETE_OF_DEVICE, "DELETE FROM pushers WHERE device_nid = $1");

/// What names a pusher: an address of an app, and whom it wakes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PusherKey {
    /// Which app.
    pub app_id: String,
    /// Its address at the push service.
    pub pushkey: String,
    /// Whose events.
    pub user: UserNid,
}

/// A pusher.
#[derive(Clone, Debug)]
pub struct Pusher {
    /// Its name.
    pub key: PusherKey,
    /// The device that set it.
    pub device: DeviceNid,
    /// What the device asked for, as JSON.
    pub json: Bytes,
    /// When it was set last.
    pub set: Timestamp,
    /// Whether messages are sent there.
    pub active: bool,
    /// Up to where they were.
    pub pos: Pos,
}

fn pusher_of(row: &Row) -> Result<Pusher, Error> {
    Ok(Pusher {
        key: PusherKey { app_id: row.get(0)?, pushkey: row.get(1)?, user: UserNid(row.get(2)?) },
        device: DeviceNid(row.get(3)?),
        json: row.get(4)?,
        set: Timestamp(row.get(5)?),
        active: row.get(6)?,
        pos: row.get(7)?,
    })
}

/// The pushers of a user.
pub async fn pushers(db: &Db, user: UserNid) -> Result<Vec<Pusher>, Error> {
    db.query(&PUSHERS, params![user.0]).await?.iter().map(pusher_of).collect()
}

/// Every pusher.
pub async fn all_pushers(db: &Db) -> Result<Vec<Pusher>, Error> {
    db.query(&ALL_PUSHERS, params![]).await?.iter().map(pusher_of).collect()
}

/// One pusher, if it is still there.
pub async fn pusher(db: &Db, key: &PusherKey) -> Result<Option<Pusher>, Error> {
    let row = db.query_opt(&PUSHER, params![&*key.app_id, &*key.pushkey, key.user.0]).await?;
    row.as_ref().map(pusher_of).transpose()
}

/// What others sent, in `[from, before)`, to rooms where the user is joined or invited; the newest come first.
pub async fn events_of_others(
    db: &Db,
    user: UserNid,
    from: Pos,
    before: Pos,
    limit: u32,
) -> Result<Vec<EventRow>, Error> {
    let rows = db.query(&EVENTS_OF_OTHERS, params![user.0, from, before, limit]).await?;
    rows.iter().map(EventRow::from_row).collect()
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
pub fn put_pusher(batch: &mut Batch, pusher: &Pusher, alone: bool) {
    let PusherKey { app_id, pushkey, user } = &pusher.key;
    if alone {
        batch.exec(&DELETE_OF_OTHERS, params![&**app_id, &**pushkey, user.0]);
    }
    batch.exec(
        &PUT_PUSHER,
        params![
            &**app_id,
            &**pushkey,
            user.0,
            pusher.device.0,
            pusher.json.clone(),
            i64::from(pusher.set),
            pusher.active,
            pusher.pos,
        ],
    );
}

/// Adds to the batch that everything up to `pos` was sent.
pub fn woken_up_to(batch: &mut Batch, key: &PusherKey, pos: Pos) {
    batch.exec(&WOKEN_UP_TO, params![&*key.app_id, &*key.pushkey, key.user.0, pos]);
}

/// Adds to the batch that messages are sent to a pusher from now on.
pub fn activate(batch: &mut Batch, key: &PusherKey) {
    batch.exec(&ACTIVATE, params![&*key.app_id, &*key.pushkey, key.user.0]);
}

/// Adds to the batch that a user's pusher is removed.
pub fn delete_pusher(batch: &mut Batch, key: &PusherKey) {
    batch.exec(&DELETE_PUSHER, params![&*key.app_id, &*key.pushkey, key.user.0]);
}

/// Adds to the batch that a device is no longer woken: it signs out.
pub fn delete_pushers_of_device(batch: &mut Batch, device: DeviceNid) {
    batch.exec(&DELETE_OF_DEVICE, params![device.0]);
}
