//! Periods after which messages and files are deleted (I.j, IV.h): by the hospital, and shorter ones by a room's `m.room.retention`
//! ([MSC1763](https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/1763-configurable-retention-periods.md)).
//!
//! What is past its time is gone from the tables, from the media storage and from the write-ahead log, and a record ([`record`]) says when and how
//! many. Profile pictures and pictures of rooms stay as long as they are in use, state as long as its room. See docs/adr/0028.

mod files;
mod messages;
pub mod record;

use std::{collections::HashMap, time::Duration};

use base::{Pos, RoomNid, Timestamp};
use db::{Batch, CommitError};
use parking_lot::RwLock;
use store::{deletions as rows, rooms::PurgedUpto};

use crate::{Homeserver, media};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest period that can be set, in days.
pub const MAX_DAYS: u16 = 3_650;

/// How long a hospital keeps what was sent. The defaults are the strict ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// `retention.message_days`: for so many days after they were sent messages are kept; `None`: until they are deleted.
    pub message_days: Option<u16>,
    /// `retention.media_days`: the same for files.
    pub media_days: Option<u16>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { message_days: Some(30), media_days: Some(30) }
    }
}

/// Why what is past its time was not deleted. What was deleted until then stays so.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// Reading the database failed, or its log could not be emptied.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing the database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The media storage failed.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// What an earlier deletion left of files could not be looked for.
    #[error(transparent)]
    Sweep(#[from] media::SweepError),
}

/// What a purge has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Events that are no state.
    pub messages: u64,
    /// Files.
    pub files: u64,
}

/// One purge at a time, since each goes on with the record where the last one ended.
#[derive(Debug, Default)]
pub struct Turn(tokio::sync::Mutex<()>);

/// Up to where the messages of each room are gone, with the running number there: what nobody can read is not unread.
#[derive(Debug, Default)]
pub struct Gone(RwLock<HashMap<RoomNid, (Pos, i64)>>);

impl Gone {
    /// Notes it of a room.
    pub fn note(&self, upto: PurgedUpto) {
        self.0.write().insert(upto.room, (upto.pos, upto.notifying));
    }

    /// Place and running number of a room; zero where nothing is gone.
    pub fn upto(&self, room: RoomNid) -> (Pos, i64) {
        self.0.read().get(&room).copied().unwrap_or((Pos::ZERO, 0))
    }
}

/// Deletes what is past its time at `now`, and returns when nothing of it is on the disk any more.
pub async fn purge(hs: &Homeserver, now: Timestamp) -> Result<Purged, PurgeError> {
    let _turn = hs.purging.0.lock().await;
    if rows::any_open(&hs.db).await? {
        // A purge was broken off: rows are gone whose objects may still be there.
        media::sweep(hs, std::time::UNIX_EPOCH + Duration::from_millis(now.0)).await?;
    }
    let messages = messages::purge(hs, now).await?;
    let files = files::purge(hs, now).await?;
    if rows::any_open(&hs.db).await? {
        hs.db.empty_write_ahead_log().await?;
        let mut batch = Batch::new();
        rows::close(&mut batch, hs.clock.now());
        hs.db.commit(batch).await?;
    }
    Ok(Purged { messages, files })
}

/// What was sent at or before this moment is past its time.
fn cutoff(now: Timestamp, lifetime: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)))
}

fn days(days: u16) -> Duration {
    DAY * u32::from(days)
}
