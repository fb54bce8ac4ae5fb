//! What is done from time to time without a request: the weekly comparison of files and rows, the daily deletion of what
//! is past its time, the hourly end of periods.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use base::Timestamp;
use db::{Batch, CommitError, params};
use store::accounts as rows;

use crate::{
    Homeserver, crash_reports, invitations,
    media::{self, ResumableError, SweepError},
    retention::{self, PurgeError},
    to_device,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often it is looked whether something is due.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Nothing competes with a start.
const FIRST_LOOK: Duration = Duration::from_secs(60);

/// Why a job was not done; it is due again at the next look.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Files and rows could not be compared.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// Files of which no part comes any more could not be given up.
    #[error(transparent)]
    Unfinished(#[from] ResumableError),
    /// What is past its period could not be deleted.
    #[error(transparent)]
    Purge(#[from] PurgeError),
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing the database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Jobs, with the setting that remembers when each was done last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Deletes objects that no row knows.
    SweepMedia,
    /// Deletes announced addresses, files that never became complete, remembered transactions, invitations and crash reports that are past their time.
    DeleteExpired,
    /// Deletes messages and files whose period is over (I.j).
    EndPeriods,
}

impl Job {
    const ALL: [Self; 3] = [Self::SweepMedia, Self::DeleteExpired, Self::EndPeriods];

    fn every(self) -> Duration {
        match self {
            Self::SweepMedia => WEEK,
            Self::DeleteExpired => DAY,
            Self::EndPeriods => HOUR,
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::SweepMedia => "media_swept_ts",
            Self::DeleteExpired => "expired_deleted_ts",
            Self::EndPeriods => "periods_ended_ts",
        }
    }

    async fn run(self, hs: &Homeserver, now: Timestamp) -> Result<(), JobError> {
        match self {
            Self::SweepMedia => {
                let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0);
                let swept = media::sweep(hs, now).await?;
                tracing::info!(?swept, "Files were compared with their rows");
            }
            Self::DeleteExpired => {
                let mut batch = Batch::new();
                store::media::delete_all_expired(&mut batch, media::awaited_since(now));
                store::to_device::forget_transactions(&mut batch, to_device::forgotten(now));
                invitations::forget_ended(&mut batch, now);
                crash_reports::forget_ended(hs, &mut batch, now);
                hs.db.commit(batch).await?;
                media::give_up_unfinished(hs, now).await?;
            }
            Self::EndPeriods => {
                let purged = retention::purge(hs, now).await?;
                if purged != retention::Purged::default() {
                    tracing::info!(?purged, "What was past its period was deleted");
                }
            }
        }
        Ok(())
    }
}

/// Whether a job is due that was done last at `done`. A clock that was put back makes it due as well.
fn is_due(done: Option<Timestamp>, every: Duration, now: Timestamp) -> bool {
    done.is_none_or(|done| now >= done.after(every) || now < done)
}

/// Does all that is due, and says what was done.
pub async fn run_due(hs: &Homeserver) -> Result<Vec<Job>, JobError> {
    let mut done = Vec::new();
    for job in Job::ALL {
        let now = hs.clock.now();
        let last = rows::setting(&hs.db, job.setting()).await?;
        let last = last.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        if is_due(last.map(Timestamp), job.every(), now) {
            job.run(hs, now).await?;
            let mut batch = Batch::new();
            let value = now.0.to_string().into_bytes();
            batch.exec(&rows::SET_SETTING, params![job.setting(), value]);
            hs.db.commit(batch).await?;
            done.push(job);
        }
    }
    Ok(done)
}

/// Does what is due, again and again.
pub async fn run(hs: Arc<Homeserver>) {
    tokio::time::sleep(FIRST_LOOK).await;
    loop {
        if let Err(error) = run_due(&hs).await {
            tracing::error!(%error, "A job was not done");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use base::{Clock, MovedClock, SystemClock};
    use blob::ObjectName;
    use bytes::Bytes;
    use tempfile::TempDir;

    use super::*;
    use crate::{Policy, accounts, setup};

    async fn hospital(clock: Arc<MovedClock>) -> (TempDir, Homeserver) {
        let directory = tempfile::tempdir().expect("a directory");
        let options = setup::Options {
            server_name: "klinikum.test".try_into().expect("a name"),
            policy: Policy::default(),
            database: db::Config::Sqlite { path: directory.path().join("konsil.db") },
            media: directory.path().join("media"),
            clock,
            outbound: net::Outbound::new(&net::Options::default()).expect("the system's roots"),
            appservices: Vec::new(),
        };
        let hs = setup::open(options).await.expect("it opens");
        (directory, hs)
    }

    async fn object(hs: &Homeserver, name: u8) -> ObjectName {
        let mut upload = hs.blobs.create(ObjectName::from_random([name; 20]));
        upload.write(Bytes::from_static(b"bytes")).await.expect("it is written");
        upload.finish().await.expect("it is stored").name
    }

    #[test]
    fn a_job_is_due_after_its_time_and_when_the_clock_was_put_back() {
        let monday = Timestamp(1_800_000_000_000);
        assert!(is_due(None, WEEK, monday));
        assert!(!is_due(Some(monday), WEEK, monday.after(WEEK - Duration::from_secs(1))));
        assert!(is_due(Some(monday), WEEK, monday.after(WEEK)));
        assert!(is_due(Some(monday.after(DAY)), WEEK, monday));
    }

    #[tokio::test]
    async fn what_a_crash_left_in_the_media_storage_is_gone_after_a_week_and_files_are_not() {
        let clock = Arc::new(MovedClock::at(SystemClock.now()));
        let (_directory, hs) = hospital(clock.clone()).await;
        assert_eq!(run_due(&hs).await.expect("done"), Job::ALL);
        let (left, kept) = (object(&hs, 1).await, object(&hs, 2).await);
        let (user, _) = accounts::create(&hs, "anna", Some("a long password")).await.expect("anna");
        let file = store::media::File {
            object: kept.to_string(),
            size_bytes: 5,
            sha256: vec![0; 32],
            content_type: None,
            file_name: None,
        };
        let media = store::media::Media { user, created: clock.now(), file: Some(file) };
        let mut batch = Batch::new();
        store::media::insert_media(&mut batch, "kept", &media);
        hs.db.commit(batch).await.expect("the row is there");

        clock.advance(WEEK - Duration::from_secs(1));
        assert_eq!(run_due(&hs).await.expect("done"), [Job::DeleteExpired, Job::EndPeriods]);
        hs.blobs.size_bytes(&left).await.expect("the week is not over");
        clock.advance(Duration::from_secs(2));
        assert_eq!(run_due(&hs).await.expect("done"), [Job::SweepMedia]);
        assert!(matches!(hs.blobs.size_bytes(&left).await, Err(blob::Error::NotFound)));
        hs.blobs.size_bytes(&kept).await.expect("a file with a row stays");
        assert_eq!(run_due(&hs).await.expect("done"), [], "nothing is due twice");
    }

    #[tokio::test]
    async fn addresses_that_were_announced_and_never_filled_are_gone_after_a_day() {
        let clock = Arc::new(MovedClock::at(SystemClock.now()));
        let (_directory, hs) = hospital(clock.clone()).await;
        run_due(&hs).await.expect("done");
        let (user, _) = accounts::create(&hs, "anna", Some("a long password")).await.expect("anna");
        let media = store::media::Media { user, created: clock.now(), file: None };
        let mut batch = Batch::new();
        store::media::insert_media(&mut batch, "announced", &media);
        hs.db.commit(batch).await.expect("the row is there");
        let is_there = || async {
            store::media::media(&hs.db, "announced").await.expect("it is read").is_some()
        };
        clock.advance(DAY - Duration::from_secs(1));
        run_due(&hs).await.expect("done");
        assert!(is_there().await);
        clock.advance(Duration::from_secs(2));
        run_due(&hs).await.expect("done");
        assert!(!is_there().await);
    }

    #[tokio::test]
    async fn a_file_of_which_no_part_comes_any_more_is_gone_after_a_week_and_one_that_goes_on_is_not()
     {
        let clock = Arc::new(MovedClock::at(SystemClock.now()));
        let (_directory, hs) = hospital(clock.clone()).await;
        run_due(&hs).await.expect("done");
        let (user, _) = accounts::create(&hs, "anna", Some("a long password")).await.expect("anna");
        let begin = async |id: &str, name: u8| {
            let name = ObjectName::from_random([name; 20]);
            hs.blobs.create_empty(&name).await.expect("it is made");
            let upload = store::media::UnfinishedUpload {
                user,
                object: name.to_string(),
                size_bytes: 100,
                received_bytes: 0,
                content_type: None,
                file_name: None,
            };
            let mut batch = Batch::new();
            store::media::insert_upload(&mut batch, id, &upload, clock.now());
            hs.db.commit(batch).await.expect("the row is there");
            name
        };
        let (left, goes_on) = (begin("left", 1).await, begin("goes_on", 2).await);
        clock.advance(WEEK - DAY);
        let mut batch = Batch::new();
        store::media::advance_upload(&mut batch, "goes_on", 0, 0, clock.now());
        hs.db.commit(batch).await.expect("a part has come");
        // Longer than an object without a row is left alone.
        run_due(&hs).await.expect("done");
        hs.blobs.size_bytes(&left).await.expect("the week is not over");
        clock.advance(DAY + Duration::from_secs(1));
        run_due(&hs).await.expect("done");
        assert!(matches!(hs.blobs.size_bytes(&left).await, Err(blob::Error::NotFound)));
        assert!(store::media::upload(&hs.db, "left").await.expect("it is read").is_none());
        hs.blobs.size_bytes(&goes_on).await.expect("it goes on, and no sweep takes it");
        assert!(store::media::upload(&hs.db, "goes_on").await.expect("it is read").is_some());
    }
}
