//! Receipts: how far each person has read each room, and each thread. <https://spec.matrix.org/v1.19/client-server-api/#receipts>
//!
//! One row per person, kind and thread, which only ever moves forwards; what was read before is not kept (II.c).

use base::{Pos, RoomNid, Timestamp, UserNid};
use db::{Batch, Db, Error, PosRef, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE receipts (
            room_nid BIGINT NOT NULL,
            user_nid BIGINT NOT NULL,
            kind TEXT NOT NULL,
            thread TEXT NOT NULL,
            event_id TEXT NOT NULL,
            event_pos BIGINT NOT NULL,
            notifying BIGINT NOT NULL,
            ts BIGINT NOT NULL,
            pos BIGINT NOT NULL,
            PRIMARY KEY (room_nid, user_nid, kind, thread)
        ) WITHOUT ROWID",
        "CREATE INDEX receipts_pos ON receipts (room_nid, pos)",
    ],
    columns: &[
        column("receipts.room_nid", "the room", Concerns::User, Period::Room),
        column("receipts.user_nid", "who has read", Concerns::User, Period::Room),
        column(
            "receipts.kind",
            "shown to all, or for the person's own devices alone",
            Concerns::User,
            Period::Replaced,
        ),
        column("receipts.thread", "the thread that was read", Concerns::User, Period::Replaced),
        column("receipts.event_id", "up to which event", Concerns::User, Period::Replaced),
        column(
            "receipts.event_pos",
            "its place in the timeline: receipts only move forwards",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "receipts.notifying",
            "running number of messages there, for unread counts",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "receipts.ts",
            "when it was read, shown to the room's members",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "receipts.pos",
            "when it changed, so that devices hear of it",
            Concerns::User,
            Period::Replaced,
        ),
    ],
};

/// Shown to all members of the room.
pub const READ: &str = "m.read";
/// For the reader's own devices alone.
pub const READ_PRIVATE: &str = "m.read.private";
/// `thread` of a receipt that is for the room as a whole.
pub const UNTHREADED: &str = "";

stmt!(FORGET_ROOM, "DELETE FROM receipts WHERE user_nid = $1 AND room_nid = $2");
stmt!(
    /// A user's own receipts in a room: `params![room, user]`.
    OWN_RECEIPTS,
    "SELECT kind, thread, event_id, event_pos, notifying, ts, pos FROM receipts WHERE room_nid = $1 AND user_nid = $2"
);
// Two devices may move the same receipt at once: whatever comes last, it stays at the later event.
stmt!(
    MOVE_RECEIPT,
    "INSERT INTO receipts (room_nid, user_nid, kind, thread, event_id, event_pos, notifying, ts, pos) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (room_nid, user_nid, kind, thread) DO UPDATE SET event_id = excluded.event_id, event_pos = excluded.event_pos,
        notifying = excluded.notifying, ts = excluded.ts, pos = excluded.pos
     WHERE receipts.event_pos < excluded.event_pos"
);
stmt!(
    /// The receipts of a room that moved after a position, for a reader: private ones only the reader's own.
    /// `params![room, since, reader, limit]`; the newest come first.
    RECEIPTS_AFTER,
    "SELECT r.event_id, r.kind, u.user_id, r.thread, r.ts FROM receipts r JOIN users u ON u.user_nid = r.user_nid
     WHERE r.room_nid = $1 AND r.pos > $2 AND (r.kind = 'm.read' OR r.user_nid = $3) ORDER BY r.pos DESC LIMIT $4"
);
stmt!(FORGET_OF_USER, "DELETE FROM receipts WHERE user_nid = $1");

stmt!(
    READ_UP_TO,
    "SELECT user_nid, MAX(event_pos) FROM receipts WHERE room_nid = $1 AND kind = 'm.read' GROUP BY user_nid"
);

/// How far each member has read a room, as far as it is shown to all.
pub async fn read_up_to(db: &Db, room: RoomNid) -> Result<Vec<(UserNid, Pos)>, Error> {
    let rows = db.query(&READ_UP_TO, params![room.0]).await?;
    rows.iter().map(|row| Ok((UserNid(row.get(0)?), row.get(1)?))).collect()
}

/// One of a user's own receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnReceipt {
    /// [`READ`] or [`READ_PRIVATE`].
    pub kind: String,
    /// [`UNTHREADED`], `main` or the id of the thread's root.
    pub thread: String,
    /// The event that was read.
    pub event_id: String,
    /// Its position in the timeline.
    pub event_pos: Pos,
    /// Running number of notifying events there.
    pub notifying: i64,
}

impl OwnReceipt {
    /// Reads a row of [`OWN_RECEIPTS`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            kind: row.get(0)?,
            thread: row.get(1)?,
            event_id: row.get(2)?,
            event_pos: row.get(3)?,
            notifying: row.get(4)?,
        })
    }
}

/// A receipt as a room's members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenReceipt {
    /// The event that was read.
    pub event_id: String,
    /// [`READ`] or [`READ_PRIVATE`].
    pub kind: String,
    /// Who has read.
    pub user_id: String,
    /// [`UNTHREADED`], `main` or the id of the thread's root.
    pub thread: String,
    /// When.
    pub ts: Timestamp,
}

impl SeenReceipt {
    /// Reads a row of [`RECEIPTS_AFTER`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            event_id: row.get(0)?,
            kind: row.get(1)?,
            user_id: row.get(2)?,
            thread: row.get(3)?,
            ts: Timestamp(row.get(4)?),
        })
    }
}

/// Where a receipt moves.
#[derive(Clone, Debug)]
pub struct NewReceipt<'a> {
    /// The room.
    pub room: RoomNid,
    /// Who has read.
    pub user: UserNid,
    /// [`READ`] or [`READ_PRIVATE`].
    pub kind: &'a str,
    /// [`UNTHREADED`], `main` or the id of the thread's root.
    pub thread: &'a str,
    /// The event that was read.
    pub event_id: &'a str,
    /// Its position in the timeline.
    pub event_pos: Pos,
    /// Running number of notifying events there.
    pub notifying: i64,
    /// When.
    pub ts: Timestamp,
}

/// Adds to the batch that a receipt moves forwards; one that is further on already stays where it is.
pub fn move_receipt(batch: &mut Batch, receipt: &NewReceipt<'_>, pos: PosRef) {
    batch.exec(
        &MOVE_RECEIPT,
        params![
            receipt.room.0,
            receipt.user.0,
            receipt.kind,
            receipt.thread,
            receipt.event_id,
            receipt.event_pos,
            receipt.notifying,
            i64::from(receipt.ts),
            pos,
        ],
    );
}

/// Adds to the batch that nothing is kept of what a user who closed the account has read.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&FORGET_OF_USER, params![user.0]);
}
