//! Messages from device to device, kept until the receiving device has acknowledged them.

use base::{DeviceNid, Pos, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, PosRef, ReadSet, Row, params, stmt};
use ruma::{OwnedDeviceId, UserId};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE to_device (
            device_nid BIGINT NOT NULL,
            pos BIGINT NOT NULL,
            sender_nid BIGINT NOT NULL,
            event BYTEA NOT NULL,
            PRIMARY KEY (device_nid, pos)
        ) WITHOUT ROWID",
        "CREATE INDEX to_device_sender ON to_device (device_nid, sender_nid, pos)",
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
    RECEIVERS,
    "SELECT d.device_nid, d.user_nid, d.device_id,
        (SELECT COUNT(*) FROM (SELECT 1 FROM to_device t WHERE t.device_nid = d.device_nid AND t.sender_nid = $2 LIMIT $3) waiting)
     FROM users u JOIN devices d ON d.user_nid = u.user_nid WHERE u.user_id = $1 ORDER BY d.device_nid"
);
// The device may be signed out meanwhile: then there is nobody to keep the message for.
stmt!(
    ENQUEUE,
    "INSERT INTO to_device (device_nid, pos, sender_nid, event) SELECT d.device_nid, $2, $3, $4 FROM devices d WHERE d.device_nid = $1"
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
stmt!(
    WAITING,
    "SELECT pos, event FROM to_device WHERE device_nid = $1 AND pos > $2 AND pos <= $3 ORDER BY pos LIMIT $4"
);
stmt!(ANY_UNTIL, "SELECT 1 FROM to_device WHERE device_nid = $1 AND pos <= $2 LIMIT 1");
stmt!(ACKNOWLEDGE, "DELETE FROM to_device WHERE device_nid = $1 AND pos <= $2");
stmt!(DROP_QUEUE, "DELETE FROM to_device WHERE device_nid = $1");
stmt!(DROP_TRANSACTIONS, "DELETE FROM to_device_transactions WHERE device_nid = $1");

/// A device that a message may go to.
pub struct Receiver {
    /// Row number of the device.
    pub device: DeviceNid,
    /// Whose.
    pub user: UserNid,
    /// Matrix device id.
    pub device_id: OwnedDeviceId,
    /// How many messages of this sender wait there already, counted up to a limit.
    pub waiting: u64,
}

/// The devices of these users, in the order of the question, and whether this transaction was carried out before.
pub async fn receivers<'a>(
    db: &Db,
    users: impl Iterator<Item = &'a UserId>,
    sender: (UserNid, DeviceNid),
    txn_key: &str,
    count_up_to: u32,
) -> Result<(Vec<Vec<Receiver>>, bool), Error> {
    let mut set = ReadSet::new().get(&TRANSACTION, params![sender.1.0, txn_key]);
    for user in users {
        set.push(&RECEIVERS, params![user.as_str(), sender.0.0, count_up_to]);
    }
    let answer = db.read(set).await?;
    let receiver = |row: &Row| {
        Ok(Receiver {
            device: DeviceNid(row.get(0)?),
            user: UserNid(row.get(1)?),
            device_id: row.get::<&str>(2)?.into(),
            waiting: row.get(3)?,
        })
    };
    let receivers = answer[1..]
        .iter()
        .map(|rows| rows.iter().map(receiver).collect())
        .collect::<Result<_, Error>>()?;
    Ok((receivers, !answer[0].is_empty()))
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
