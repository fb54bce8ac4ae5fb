//! Filters: what a client wants to see of sync, stored under a short name.

use base::UserNid;
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &["CREATE TABLE filters (
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            filter_nid BIGINT NOT NULL,
            definition BYTEA NOT NULL,
            PRIMARY KEY (user_nid, filter_nid)
        )"],
    columns: &[
        column("filters.user_nid", "whose filter", Concerns::User, Period::Account),
        column("filters.filter_nid", "short name of the filter", Concerns::User, Period::Account),
        column(
            "filters.definition",
            "what a client wants to see of sync",
            Concerns::User,
            Period::Account,
        ),
    ],
};

stmt!(FILTER, "SELECT definition FROM filters WHERE user_nid = $1 AND filter_nid = $2");
stmt!(
    FILTERS,
    "SELECT filter_nid, definition FROM filters WHERE user_nid = $1 ORDER BY filter_nid"
);
stmt!(
    INSERT_FILTER,
    "INSERT INTO filters (user_nid, filter_nid, definition) VALUES ($1, $2, $3) ON CONFLICT (user_nid, filter_nid) DO NOTHING"
);
stmt!(FORGET, "DELETE FROM filters WHERE user_nid = $1");

/// The definition of a filter, as JSON.
pub async fn filter(db: &Db, user: UserNid, filter_nid: i64) -> Result<Option<Bytes>, Error> {
    let row = db.query_opt(&FILTER, params![user.0, filter_nid]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// The filters of a user: number and definition.
pub async fn filters(db: &Db, user: UserNid) -> Result<Vec<(i64, Bytes)>, Error> {
    let rows = db.query(&FILTERS, params![user.0]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Adds a filter to the batch.
pub fn insert_filter(batch: &mut Batch, user: UserNid, filter_nid: i64, definition: Bytes) {
    batch.expect_one(&INSERT_FILTER, params![user.0, filter_nid, definition]);
}

/// Adds to the batch that the filters of a user who closed the account are gone.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&FORGET, params![user.0]);
}
