//! Messages from device to device, kept until the receiving device has acknowledged them.

use base::{DeviceNid, Pos, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, PosRef, ReadSet, Row, params, stmt, stmt_pair};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    // In the order of arrival and not by device: what one request sends to two hundred devices lies side by side on a few pages.
    schema: &[
        "CREATE TABLE to_device (
            pos BIGINT NOT NULL PRIMARY KEY,
            device_nid BIGINT NOT NULL,
            sender_nid BIGINT NOT NULL,
            event BYTEA NOT NULL
        )",
        // For both questions: a queue in order, and how much of it is from one sender.
        "CREATE INDEX to_device_queue ON to_device (device_nid, pos, sender_nid)",
        "CREATE TABLE to_device_transactions (
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            txn_key TEXT NOT NULL,
            ts BIGINT NOT NULL,
            PRIMARY KEY (device_nid, txn_key)
        ) WITHOUT ROWID",
        "CREATE INDEX to_device_transactions_ts ON to_device_transactions (device_nid, ts)",
    ],
    columns: &[
        column("to_device.device_nid", "for which device", Concerns::User, Period::Delivery),
        column("to_device.pos", "the order of arrival", Concerns::User, Period::Delivery),
        column(
            "to_device.sender_nid",
            "who sent it, so that nobody fills another's queue",
            Concerns::User,
            Period::Delivery,
        ),
        column(
            "to_device.event",
            "the message: keys and requests of devices, encrypted by them",
            Concerns::Ciphertext,
            Period::Delivery,
        ),
        column(
            "to_device_transactions.device_nid",
            "which device sent",
            Concerns::User,
            Period::Delivery,
        ),
        column(
            "to_device_transactions.txn_key",
            "so that a repeated request sends nothing twice",
            Concerns::User,
            Period::Delivery,
        ),
        column(
            "to_device_transactions.ts",
            "when, to forget it a day later",
            Concerns::User,
            Period::Delivery,
        ),
    ],
};

stmt!(
    COUNT,
    "SELECT COUNT(*) FROM (SELECT 1 FROM to_device WHERE device_nid = $1 AND sender_nid = $2 LIMIT $3) waiting"
);
// The device may be signed out meanwhile: then there is nobody to keep the message for. On SQLite a row without a device is passed over as one
// that must not be; an insert from a query, which may add many rows, would first copy each page that it is about to change.
stmt_pair!(
    ENQUEUE,
    sqlite: "INSERT OR IGNORE INTO to_device (device_nid, pos, sender_nid, event)
        VALUES ((SELECT d.device_nid FROM devices d WHERE d.device_nid = $1), $2, $3, $4)",
    postgres: "INSERT INTO to_device (device_nid, pos, sender_nid, event) SELECT d.device_nid, $2, $3, $4 FROM devices d WHERE d.device_nid = $1"
);
stmt!(
    DROP_OLDEST,
    "DELETE FROM to_device WHERE device_nid = $1 AND sender_nid = $2 AND pos <=
        (SELECT pos FROM to_device WHERE device_nid = $1 AND sender_nid = $2 ORDER BY pos DESC LIMIT 1 OFFSET $3)"
);
stmt!(
    CLAIM_TRANSACTION,
    "INSERT INTO to_device_transactions (device_nid, txn_key, ts) SELECT d.device_nid, $2, $3 FROM devices d WHERE d.device_nid = $1
     ON CONFLICT (device_nid, txn_key) DO NOTHING"
);
stmt!(TRANSACTION, "SELECT ts FROM to_device_transactions WHERE device_nid = $1 AND txn_key = $2");
stmt!(
    DROP_TRANSACTIONS_BEFORE,
    "DELETE FROM to_device_transactions WHERE device_nid = $1 AND ts < $2"
);
stmt!(FORGET_TRANSACTIONS, "DELETE FROM to_device_transactions WHERE ts < $1");
stmt!(
    WAITING,
    "SELECT pos, event FROM to_device WHERE device_nid = $1 AND pos > $2 AND pos <= $3 ORDER BY pos LIMIT $4"
);
stmt!(ANY_UNTIL, "SELECT 1 FROM to_device WHERE device_nid = $1 AND pos <= $2 LIMIT 1");
stmt!(ACKNOWLEDGE, "DELETE FROM to_device WHERE device_nid = $1 AND pos <= $2");
stmt!(DROP_QUEUE, "DELETE FROM to_device WHERE device_nid = $1");
stmt!(DROP_TRANSACTIONS, "DELETE FROM to_device_transactions WHERE device_nid = $1");

/// How many messages of a sender wait for each of these devices, counted up to a limit.
pub async fn counts(
    db: &Db,
    sender: UserNid,
    devices: impl Iterator<Item = DeviceNid>,
    count_up_to: u32,
) -> Result<Vec<u32>, Error> {
    let mut set = ReadSet::new();
    for device in devices {
        set.push(&COUNT, params![device.0, sender.0, count_up_to]);
    }
    let count = |rows: &Vec<Row>| {
        let count = rows.first().map_or(Ok(0), |row| row.get::<u64>(0))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    };
    db.read(set).await?.iter().map(count).collect()
}

/// Whether the device sent under this key before.
pub async fn was_sent(db: &Db, device: DeviceNid, txn_key: &str) -> Result<bool, Error> {
    Ok(db.query_opt(&TRANSACTION, params![device.0, txn_key]).await?.is_some())
}

/// Adds a message to the batch.
pub fn enqueue(batch: &mut Batch, device: DeviceNid, pos: PosRef, sender: UserNid, event: Bytes) {
    batch.exec(&ENQUEUE, params![device.0, pos, sender.0, event]);
}

/// At most `limit` messages in `(since, upto]`, oldest first, with their positions.
pub async fn waiting(
    db: &Db,
    device: DeviceNid,
    since: Pos,
    upto: Pos,
    limit: u32,
) -> Result<Vec<(Pos, Bytes)>, Error> {
    let rows = db.query(&WAITING, params![device.0, since, upto, limit]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Whether a message at or before `upto` is still kept for the device.
pub async fn any_until(db: &Db, device: DeviceNid, upto: Pos) -> Result<bool, Error> {
    Ok(db.query_opt(&ANY_UNTIL, params![device.0, upto]).await?.is_some())
}

/// Adds to the batch that nothing waits for a device any more, and that what it sent is forgotten as requests.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    batch.exec(&DROP_QUEUE, params![device.0]);
    batch.exec(&DROP_TRANSACTIONS, params![device.0]);
}

/// Adds to the batch that requests before `time` are forgotten.
pub fn forget_transactions(batch: &mut Batch, time: Timestamp) {
    batch.exec(&FORGET_TRANSACTIONS, params![time.0]);
}
