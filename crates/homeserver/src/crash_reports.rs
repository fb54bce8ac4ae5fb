//! Reports of crashes of the app (I.k), where the hospital takes them: from whoever has seen and agreed to what is sent, kept without them, read with
//! `konsil crash-reports list`, deleted after the hospital's period.

use base::Timestamp;
use db::{Batch, CommitError, Error};
use store::crash_reports::{self as rows, MAX_DAYS, Row};
pub use vocabulary::crash::CrashReport;
use vocabulary::crash::{Browser, Kind, Part, System};

use crate::Homeserver;

/// So many are kept at once at most; whoever comes then is turned away until some are past their time.
const MOST: i64 = 1_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Why a report was not kept.
#[derive(Debug, thiserror::Error)]
pub enum CrashReportError {
    /// The hospital takes none.
    #[error("the hospital takes no crash reports")]
    NotTaken,
    /// Something in it is not one of the fields, or does not fit into its field.
    #[error("the report has something else than its fields")]
    Invalid,
    /// There are too many already.
    #[error("there are too many crash reports")]
    Full,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

fn day(now: Timestamp) -> i64 {
    i64::try_from(now.0 / DAY_MS).unwrap_or(i64::MAX)
}

/// Whether it may be sent at all.
pub fn are_taken(hs: &Homeserver) -> Result<(), CrashReportError> {
    hs.policy.crash_report_days.map(drop).ok_or(CrashReportError::NotTaken)
}

/// Keeps a report.
pub async fn receive(hs: &Homeserver, report: &CrashReport) -> Result<(), CrashReportError> {
    are_taken(hs)?;
    if !report.is_valid() {
        return Err(CrashReportError::Invalid);
    }
    if rows::count(&hs.db).await? >= MOST {
        return Err(CrashReportError::Full);
    }
    let row = Row {
        day: day(hs.clock.now()),
        version: report.version.clone(),
        part: report.part.text().to_owned(),
        kind: report.kind.text().to_owned(),
        place: report.place.clone(),
        browser: report.browser.text().to_owned(),
        system: report.system.text().to_owned(),
    };
    let mut batch = Batch::new();
    rows::insert(&mut batch, i64::from_ne_bytes(rand::random()) >> 1, &row);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Adds to the batch that reports past their time are gone: all of them if the hospital takes none any more.
pub fn forget_ended(hs: &Homeserver, batch: &mut Batch, now: Timestamp) {
    let first = match hs.policy.crash_report_days {
        Some(days) => day(now).saturating_sub(i64::from(days)) + 1,
        None => i64::MAX,
    };
    rows::delete_before(batch, first);
}

/// All reports, by day.
pub async fn all(hs: &Homeserver) -> Result<Vec<Row>, Error> {
    rows::all(&hs.db).await
}

/// A day as a date: `2026-11-29`.
pub fn date(day: i64) -> String {
    let span = jiff::Span::new().try_days(day);
    let date = span.and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span));
    date.map_or_else(|_| day.to_string(), |date| date.to_string())
}

/// How many rows hold something else than a report may, or are past any period; for `konsil doctor`.
pub async fn broken(hs: &Homeserver) -> Result<usize, Error> {
    let oldest = day(hs.clock.now()) - i64::from(MAX_DAYS) - 1;
    let is_whole = |row: &Row| {
        let report = read(row);
        row.day >= oldest && report.is_some_and(|report| report.is_valid())
    };
    Ok(rows::all(&hs.db).await?.iter().filter(|row| !is_whole(row)).count())
}

fn read(row: &Row) -> Option<CrashReport> {
    Some(CrashReport {
        version: row.version.clone(),
        part: Part::of(&row.part)?,
        kind: Kind::of(&row.kind)?,
        place: row.place.clone(),
        browser: Browser::of(&row.browser)?,
        system: System::of(&row.system)?,
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use base::MovedClock;

    use super::*;
    use crate::{Policy, jobs, setup};

    #[tokio::test]
    async fn a_report_goes_after_the_hospital_s_period_and_says_nothing_but_its_day() {
        let directory = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(MovedClock::at(Timestamp(20_000 * DAY_MS)));
        let options = setup::Options {
            server_name: "klinikum.test".try_into().expect("a name"),
            policy: Policy { crash_report_days: Some(7), ..Policy::default() },
            database: db::Config::Sqlite { path: directory.path().join("konsil.db") },
            media: directory.path().join("media"),
            clock: clock.clone(),
            outbound: net::Outbound::new(&net::Options::default()).expect("the system's roots"),
            appservices: Vec::new(),
        };
        let hs = setup::open(options).await.expect("it opens");
        let report = CrashReport {
            version: "0.3.1".to_owned(),
            part: Part::App,
            kind: Kind::Panic,
            place: "web.js:1:2".to_owned(),
            browser: Browser::Chromium,
            system: System::Android,
        };
        receive(&hs, &report).await.expect("it is taken");
        let kept = all(&hs).await.expect("they are read");
        assert_eq!(kept.len(), 1);
        assert_eq!(read(&kept[0]), Some(report.clone()));
        let wrong = CrashReport { place: "Herr Beispielmann".to_owned(), ..report };
        assert!(matches!(receive(&hs, &wrong).await, Err(CrashReportError::Invalid)));

        for (passed, left) in [(0, 1), (6, 1), (1, 0)] {
            clock.advance(Duration::from_millis(passed * DAY_MS));
            jobs::run_due(&hs).await.expect("the job is done");
            assert_eq!(all(&hs).await.expect("they are read").len(), left, "{passed} days later");
        }
    }
}
