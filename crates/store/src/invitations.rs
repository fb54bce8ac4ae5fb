//! Invitations: accounts that are promised to somebody and not made yet.

use base::Timestamp;
use bytes::Bytes;
use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// For how many days an invitation holds at most.
pub const MAX_DAYS: u16 = 30;

/// How many days after its end it is kept, so that whoever comes late is told why.
pub const KEPT_DAYS: u16 = 14;

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &["CREATE TABLE invitations (
            token_hash BYTEA NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            person BYTEA NOT NULL,
            expires_ts BIGINT NOT NULL,
            used BIGINT NOT NULL
        )"],
    columns: &[
        column(
            "invitations.token_hash",
            "check of an invitation's link (SHA-256)",
            Concerns::User,
            PERIOD,
        ),
        column("invitations.name", "the user name that is promised", Concerns::User, PERIOD),
        column(
            "invitations.person",
            "name, role, department, extension for the directory; empty once it was accepted",
            Concerns::User,
            PERIOD,
        ),
        column("invitations.expires_ts", "end of the invitation", Concerns::User, PERIOD),
        column("invitations.used", "so that a link admits nobody twice", Concerns::User, PERIOD),
    ],
};

// The daily job runs up to a day after the end of the period.
const PERIOD: Period = Period::Days(MAX_DAYS + KEPT_DAYS + 1);

stmt!(
    INSERT,
    "INSERT INTO invitations (token_hash, name, person, expires_ts, used) VALUES ($1, $2, $3, $4, 0)"
);
stmt!(WITHDRAW, "DELETE FROM invitations WHERE name = $1 AND used = 0");
stmt!(FIND, "SELECT name, person, expires_ts, used FROM invitations WHERE token_hash = $1");
stmt!(
    /// The guard of accepting: nobody else has used the link meanwhile.
    USE,
    "UPDATE invitations SET used = 1, person = $2 WHERE token_hash = $1 AND used = 0"
);
stmt!(DELETE_BEFORE, "DELETE FROM invitations WHERE expires_ts < $1");

/// An invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The part of the user id before the colon.
    pub name: String,
    /// What the operator said of the person, as JSON.
    pub person: Bytes,
    /// Until when it holds.
    pub expires: Timestamp,
    /// Whether somebody has accepted it.
    pub used: bool,
}

/// Adds an invitation to the batch; an earlier one for the same name that nobody has accepted ends.
pub fn insert(
    batch: &mut Batch,
    token_hash: &[u8],
    name: &str,
    person: Vec<u8>,
    expires: Timestamp,
) {
    batch.exec(&WITHDRAW, params![name]);
    batch.exec(&INSERT, params![token_hash.to_vec(), name, person, i64::from(expires)]);
}

/// The invitation of a link.
pub async fn find(db: &Db, token_hash: &[u8]) -> Result<Option<Invitation>, Error> {
    let row = db.query_opt(&FIND, params![token_hash.to_vec()]).await?;
    row.map(|row| {
        Ok(Invitation {
            name: row.get(0)?,
            person: row.get(1)?,
            expires: Timestamp(row.get(2)?),
            used: row.get(3)?,
        })
    })
    .transpose()
}

/// Adds to the batch that an invitation is accepted. What it said of the person stands in their profile from now on.
pub fn accept(batch: &mut Batch, token_hash: &[u8]) {
    batch.expect_one(&USE, params![token_hash.to_vec(), b"{}".to_vec()]);
}

/// Adds to the batch that invitations are gone that ended before a time.
pub fn delete_before(batch: &mut Batch, ts: Timestamp) {
    batch.exec(&DELETE_BEFORE, params![i64::from(ts)]);
}
