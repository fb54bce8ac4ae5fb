//! Application services: up to where each one has its events, the transaction that it has not acknowledged, and the rooms that it
//! lists for its networks.

use base::{Pos, RoomNid};
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE appservices (
            id TEXT NOT NULL PRIMARY KEY,
            pos BIGINT NOT NULL,
            txn BIGINT NOT NULL,
            upto BIGINT,
            body BYTEA
        )",
        "CREATE TABLE network_rooms (
            service TEXT NOT NULL,
            network TEXT NOT NULL,
            room_nid BIGINT NOT NULL,
            PRIMARY KEY (service, network, room_nid)
        ) WITHOUT ROWID",
    ],
    columns: &[
        column(
            "appservices.id",
            "the operator's name for the service",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "appservices.pos",
            "up to where the service has its events",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "appservices.txn",
            "number of the latest transaction, so that the service tells them apart",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "appservices.upto",
            "up to where the transaction reaches that is not acknowledged",
            Concerns::Nobody,
            Period::Delivery,
        ),
        column(
            "appservices.body",
            "the transaction itself, so that it is repeated unchanged; message content is ciphertext",
            Concerns::User,
            Period::Delivery,
        ),
        column(
            "network_rooms.service",
            "the operator's name for the service that lists the room",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "network_rooms.network",
            "the bridged network that the room is listed for",
            Concerns::Nobody,
            Period::Installation,
        ),
        column("network_rooms.room_nid", "the listed room", Concerns::Nobody, Period::Room),
    ],
};

stmt!(IDS, "SELECT id FROM appservices ORDER BY id");
stmt!(
    ENTER,
    "INSERT INTO appservices (id, pos, txn, upto, body) VALUES ($1, $2, 0, NULL, NULL) ON CONFLICT (id) DO NOTHING"
);
stmt!(LEAVE, "DELETE FROM appservices WHERE id = $1");
stmt!(UNLIST_ALL, "DELETE FROM network_rooms WHERE service = $1");
stmt!(
    LIST_ROOM,
    "INSERT INTO network_rooms (service, network, room_nid) VALUES ($1, $2, $3) ON CONFLICT (service, network, room_nid) DO NOTHING"
);
stmt!(
    UNLIST_ROOM,
    "DELETE FROM network_rooms WHERE service = $1 AND network = $2 AND room_nid = $3"
);
stmt!(STATUS, "SELECT pos, txn, upto, body FROM appservices WHERE id = $1");
// Guards, so that two that send for the same service do not get out of step.
stmt!(
    OPEN,
    "UPDATE appservices SET txn = $2, upto = $3, body = $4 WHERE id = $1 AND txn = $2 - 1 AND body IS NULL"
);
stmt!(
    ACKNOWLEDGE,
    "UPDATE appservices SET pos = upto, upto = NULL, body = NULL WHERE id = $1 AND txn = $2 AND body IS NOT NULL"
);
stmt!(SKIP, "UPDATE appservices SET pos = $2 WHERE id = $1 AND body IS NULL AND pos < $2");

stmt!(
    /// Who left which room after a position: `params![after, limit]` → position, room, user; the oldest come first.
    LEFT_AFTER,
    "SELECT pos, subject, object FROM log WHERE pos > $1 AND kind = 4 ORDER BY pos LIMIT $2"
);

/// Where a service stands.
#[derive(Debug)]
pub struct Status {
    /// It has everything up to here.
    pub pos: Pos,
    /// Number of the latest transaction.
    pub txn: u64,
    /// The transaction that is not acknowledged.
    pub open: Option<Bytes>,
}

/// The services that were there at the last start.
pub async fn ids(db: &Db) -> Result<Vec<String>, Error> {
    db.query(&IDS, params![]).await?.iter().map(|row| row.get(0)).collect()
}

/// Where a service stands; `None` if it is not there.
pub async fn status(db: &Db, id: &str) -> Result<Option<Status>, Error> {
    let row = db.query_opt(&STATUS, params![id]).await?;
    row.map(|row| Ok(Status { pos: row.get(0)?, txn: row.get(1)?, open: row.get(3)? })).transpose()
}

/// Adds to the batch that a service gets what happens from `pos` on.
pub fn enter(batch: &mut Batch, id: &str, pos: Pos) {
    batch.exec(&ENTER, params![id, pos]);
}

/// Adds to the batch that a service is gone.
pub fn leave(batch: &mut Batch, id: &str) {
    batch.exec(&LEAVE, params![id]);
    batch.exec(&UNLIST_ALL, params![id]);
}

/// Adds to the batch that a service lists a room for a network, or does so no more.
pub fn list_room(batch: &mut Batch, id: &str, network: &str, room: RoomNid, listed: bool) {
    let statement = if listed { &LIST_ROOM } else { &UNLIST_ROOM };
    batch.exec(statement, params![id, network, room.0]);
}

/// Adds to the batch the transaction `txn`, which reaches up to `upto`.
pub fn open(batch: &mut Batch, id: &str, txn: u64, upto: Pos, body: Bytes) {
    batch.expect_one(&OPEN, params![id, txn, upto, body]);
}

/// Adds to the batch that the service has the transaction.
pub fn acknowledge(batch: &mut Batch, id: &str, txn: u64) {
    batch.expect_one(&ACKNOWLEDGE, params![id, txn]);
}

/// Adds to the batch that nothing up to `pos` concerned the service.
pub fn skip(batch: &mut Batch, id: &str, pos: Pos) {
    batch.exec(&SKIP, params![id, pos]);
}
