//! Reports of crashes of the app that people agreed to send (I.k). Nothing in a row says whose it was: it has no person, no device and no time but
//! the day, and its number is random, so that it stands beside nothing else of that moment.

use db::{Batch, Db, Error, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// How many days a hospital may have them kept at most.
pub const MAX_DAYS: u16 = 90;

/// The table.
pub const CRASH_REPORTS: db::Migration = db::Migration {
    name: "0003 crash reports",
    sql: "CREATE TABLE crash_reports (
            report BIGINT NOT NULL PRIMARY KEY,
            day BIGINT NOT NULL,
            version TEXT NOT NULL,
            part TEXT NOT NULL,
            kind TEXT NOT NULL,
            place TEXT NOT NULL,
            browser TEXT NOT NULL,
            system TEXT NOT NULL
        )",
};

/// The columns of this chapter, whose table came later.
pub const CHAPTER: Chapter = Chapter {
    schema: &[],
    columns: &[
        column("crash_reports.report", "a random number", Concerns::Nobody, PERIOD),
        column(
            "crash_reports.day",
            "on which day (UTC) it came, to delete it",
            Concerns::Nobody,
            PERIOD,
        ),
        column("crash_reports.version", "which version of the app", Concerns::Nobody, PERIOD),
        column("crash_reports.part", "which part of the app", Concerns::Nobody, PERIOD),
        column("crash_reports.kind", "what kind of error", Concerns::Nobody, PERIOD),
        column("crash_reports.place", "where in the source", Concerns::Nobody, PERIOD),
        column("crash_reports.browser", "in which family of browsers", Concerns::Nobody, PERIOD),
        column("crash_reports.system", "on which system", Concerns::Nobody, PERIOD),
    ],
};

// The daily job runs up to a day after the end of the period.
const PERIOD: Period = Period::Days(MAX_DAYS + 1);

stmt!(
    INSERT,
    "INSERT INTO crash_reports (report, day, version, part, kind, place, browser, system) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
stmt!(
    ALL,
    "SELECT day, version, part, kind, place, browser, system FROM crash_reports ORDER BY day, version, place, kind, part, browser, system"
);
stmt!(COUNT, "SELECT count(*) FROM crash_reports");
stmt!(DELETE_BEFORE, "DELETE FROM crash_reports WHERE day < $1");

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Days since 1970 (UTC).
    pub day: i64,
    /// Three numbers.
    pub version: String,
    /// Which part of the app, a word of a list.
    pub part: String,
    /// What kind of error, a word of a list.
    pub kind: String,
    /// Where in the source.
    pub place: String,
    /// In which browser, a word of a list.
    pub browser: String,
    /// On which system, a word of a list.
    pub system: String,
}

/// All reports, by day.
pub async fn all(db: &Db) -> Result<Vec<Row>, Error> {
    let rows = db.query(&ALL, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Row {
                day: row.get(0)?,
                version: row.get(1)?,
                part: row.get(2)?,
                kind: row.get(3)?,
                place: row.get(4)?,
                browser: row.get(5)?,
                system: row.get(6)?,
            })
        })
        .collect()
}

/// How many there are.
pub async fn count(db: &Db) -> Result<i64, Error> {
    let row = db.query_opt(&COUNT, params![]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Adds a report to the batch, under a random number.
pub fn insert(batch: &mut Batch, report: i64, row: &Row) {
    let Row { day, version, part, kind, place, browser, system } = row.clone();
    batch.exec(&INSERT, params![report, day, version, part, kind, place, browser, system]);
}

/// Adds to the batch that reports of before a day are gone.
pub fn delete_before(batch: &mut Batch, day: i64) {
    batch.exec(&DELETE_BEFORE, params![day]);
}
