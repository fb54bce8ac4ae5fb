//! The record of what was deleted because its period was over (I.j): when, what kind, how many, and a hash over their names. Each entry holds the
//! hash of the one before, so that none can be changed or taken out unnoticed. Nothing in it says what was deleted, or whose it was.

use base::Timestamp;
use bytes::Bytes;
use db::{Batch, Db, Error, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables, and an index by which files past their time are found.
pub const RETENTION: db::Migration = db::Migration {
    name: "0005 retention",
    sql: "CREATE TABLE deletions (
            entry BIGINT NOT NULL PRIMARY KEY,
            ts BIGINT NOT NULL,
            kind TEXT NOT NULL,
            items BIGINT NOT NULL,
            names_hash BYTEA NOT NULL,
            chain_hash BYTEA NOT NULL,
            erased_ts BIGINT
        );
        CREATE INDEX deletions_open ON deletions (entry) WHERE erased_ts IS NULL;
        CREATE TABLE purged (
            room_nid BIGINT NOT NULL PRIMARY KEY,
            pos BIGINT NOT NULL,
            event_id TEXT NOT NULL,
            events BIGINT NOT NULL,
            notifying BIGINT NOT NULL
        );
        CREATE INDEX media_created ON media (created_ts, media_id)",
};

/// The columns of this chapter, whose table came later.
pub const CHAPTER: Chapter = Chapter {
    schema: &[],
    columns: &[
        column(
            "deletions.entry",
            "running number of the record",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "deletions.ts",
            "when something was deleted because its period was over",
            Concerns::Nobody,
            Period::Installation,
        ),
        column("deletions.kind", "messages or files", Concerns::Nobody, Period::Installation),
        column("deletions.items", "how many", Concerns::Nobody, Period::Installation),
        column(
            "deletions.names_hash",
            "SHA-256 over their event ids or addresses, which cannot be found from it",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "deletions.chain_hash",
            "SHA-256 over the entry and the one before, so that the record shows every change",
            Concerns::Nobody,
            Period::Installation,
        ),
        column(
            "deletions.erased_ts",
            "when it was gone from the write-ahead log and the media storage too",
            Concerns::Nobody,
            Period::Installation,
        ),
    ],
};

stmt!(
    LAST,
    "SELECT entry, ts, kind, items, names_hash, chain_hash, erased_ts FROM deletions ORDER BY entry DESC LIMIT 1"
);
stmt!(
    /// The record in order: `params![after, limit]`.
    AFTER,
    "SELECT entry, ts, kind, items, names_hash, chain_hash, erased_ts FROM deletions WHERE entry > $1 ORDER BY entry LIMIT $2"
);
stmt!(
    INSERT,
    "INSERT INTO deletions (entry, ts, kind, items, names_hash, chain_hash) VALUES ($1, $2, $3, $4, $5, $6)"
);
stmt!(ANY_OPEN, "SELECT 1 FROM deletions WHERE erased_ts IS NULL LIMIT 1");
stmt!(CLOSE, "UPDATE deletions SET erased_ts = $1 WHERE erased_ts IS NULL");

/// An entry of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Running number, from 1.
    pub entry: i64,
    /// When.
    pub ts: Timestamp,
    /// `messages` or `files`.
    pub kind: String,
    /// How many.
    pub items: u64,
    /// SHA-256 over their names.
    pub names_hash: Bytes,
    /// SHA-256 over this entry and the one before.
    pub chain_hash: Bytes,
    /// When nothing of them was left on the disk; `None` until then.
    pub erased: Option<Timestamp>,
}

impl Entry {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            entry: row.get(0)?,
            ts: Timestamp(row.get(1)?),
            kind: row.get(2)?,
            items: row.get(3)?,
            names_hash: row.get(4)?,
            chain_hash: row.get(5)?,
            erased: row.get::<Option<u64>>(6)?.map(Timestamp),
        })
    }
}

/// The newest entry.
pub async fn last(db: &Db) -> Result<Option<Entry>, Error> {
    db.query_opt(&LAST, params![]).await?.as_ref().map(Entry::from_row).transpose()
}

/// The next entries behind one, in order.
pub async fn after(db: &Db, entry: i64, limit: u32) -> Result<Vec<Entry>, Error> {
    let rows = db.query(&AFTER, params![entry, limit]).await?;
    rows.iter().map(Entry::from_row).collect()
}

/// Adds an entry to the batch. That what it speaks of is erased from the disk is said later, with [`close`].
pub fn insert(batch: &mut Batch, entry: &Entry) {
    batch.exec(
        &INSERT,
        params![
            entry.entry,
            entry.ts.0,
            entry.kind.as_str(),
            entry.items,
            entry.names_hash.clone(),
            entry.chain_hash.clone(),
        ],
    );
}

/// Whether something was deleted that may still be on the disk.
pub async fn any_open(db: &Db) -> Result<bool, Error> {
    Ok(db.query_opt(&ANY_OPEN, params![]).await?.is_some())
}

/// Adds to the batch that nothing of all that was deleted is on the disk any more.
pub fn close(batch: &mut Batch, now: Timestamp) {
    batch.exec(&CLOSE, params![now.0]);
}
