//! Reports of rooms, messages and people to the hospital's administrators.

use base::{Timestamp, UserNid};
use db::{Batch, Db, Error, params, stmt};
use ruma::{OwnedUserId, UserId};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// How long a report is kept at most, in days.
pub const KEPT_DAYS: u16 = 90;

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &["CREATE TABLE reports (
            report_nid BIGINT NOT NULL PRIMARY KEY,
            reporter_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            ts BIGINT NOT NULL,
            room_id TEXT,
            event_id TEXT,
            user_id TEXT,
            reason TEXT NOT NULL
        )"],
    columns: &[
        column("reports.report_nid", "short name of a report", Concerns::Nobody, PERIOD),
        column(
            "reports.reporter_nid",
            "who reports, so that the administrators can ask back",
            Concerns::User,
            PERIOD,
        ),
        column(
            "reports.ts",
            "when, to put reports in order and to delete them",
            Concerns::User,
            PERIOD,
        ),
        column("reports.room_id", "the room that is reported", Concerns::User, PERIOD),
        column("reports.event_id", "the message that is reported", Concerns::User, PERIOD),
        column("reports.user_id", "the person who is reported", Concerns::User, PERIOD),
        column("reports.reason", "what the reporting person says about it", Concerns::User, PERIOD),
    ],
};

const PERIOD: Period = Period::Days(KEPT_DAYS);

stmt!(
    INSERT,
    "INSERT INTO reports (report_nid, reporter_nid, ts, room_id, event_id, user_id, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)"
);
stmt!(
    ALL,
    "SELECT r.report_nid, u.user_id, r.ts, r.room_id, r.event_id, r.user_id, r.reason
     FROM reports r JOIN users u ON u.user_nid = r.reporter_nid ORDER BY r.report_nid"
);
stmt!(CLOSE, "DELETE FROM reports WHERE report_nid = $1");
stmt!(DELETE_BEFORE, "DELETE FROM reports WHERE ts < $1");

/// What is reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// A room, or the room of the message.
    pub room_id: Option<String>,
    /// A message.
    pub event_id: Option<String>,
    /// A person.
    pub user_id: Option<String>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Row number, by which it is closed.
    pub report: i64,
    /// Who reports.
    pub reporter: OwnedUserId,
    /// When.
    pub ts: Timestamp,
    /// What.
    pub subject: Subject,
    /// Why, in the reporter's words.
    pub reason: String,
}

/// All reports, oldest first.
pub async fn all(db: &Db) -> Result<Vec<Report>, Error> {
    let rows = db.query(&ALL, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Report {
                report: row.get(0)?,
                reporter: UserId::parse(row.get::<String>(1)?)
                    .map_err(|_| Error::corrupt("users.user_id"))?,
                ts: Timestamp(row.get(2)?),
                subject: Subject {
                    room_id: row.get(3)?,
                    event_id: row.get(4)?,
                    user_id: row.get(5)?,
                },
                reason: row.get(6)?,
            })
        })
        .collect()
}

/// Adds a report to the batch.
pub fn insert(
    batch: &mut Batch,
    report: i64,
    reporter: UserNid,
    ts: Timestamp,
    subject: Subject,
    reason: &str,
) {
    let Subject { room_id, event_id, user_id } = subject;
    let ts = i64::from(ts);
    batch.exec(&INSERT, params![report, reporter.0, ts, room_id, event_id, user_id, reason]);
}

/// Adds to the batch that a report is dealt with and gone.
pub fn close(batch: &mut Batch, report: i64) {
    batch.expect_one(&CLOSE, params![report]);
}

/// Adds to the batch that reports of before a time are gone.
pub fn delete_before(batch: &mut Batch, ts: Timestamp) {
    batch.exec(&DELETE_BEFORE, params![i64::from(ts)]);
}
