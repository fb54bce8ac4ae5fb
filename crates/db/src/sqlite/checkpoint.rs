//! Moves what is committed from the write-ahead log into the database file, on a connection and a thread of its own.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use super::statements::Failure;
use crate::Error;

/// How many times the pages at which a checkpoint begins may gather before the writer is held up, so that the log can
/// begin anew.
const HOLD_WRITER: u32 = 4;
/// How long a truncation waits for readers that still look at the log.
const READERS_END: Duration = Duration::from_secs(10);

/// What the checkpointer is asked to do.
pub(super) struct Wanted {
    /// Pages in the log from which on a checkpoint runs.
    start: u32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pages: u32,
    truncate: Vec<oneshot::Sender<Result<(), Error>>>,
    stop: bool,
}

impl Wanted {
    pub(super) fn from(start: u32) -> Self {
        Self { start, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Told by the writer after each group.
    pub(super) fn wal_has(&self, pages: u32) {
        if pages >= self.start {
            self.lock().pages = pages;
            self.changed.notify_one();
        }
    }

    pub(super) fn truncate(&self, answer: oneshot::Sender<Result<(), Error>>) {
        let mut state = self.lock();
        if state.stop {
            drop(answer.send(Err(Error::closed())));
        } else {
            state.truncate.push(answer);
            self.changed.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checkpoints until told to stop.
pub(super) fn run(connection: &Connection, shared: &Shared) {
    let wanted = &shared.checkpoints;
    loop {
        let mut state = wanted.lock();
        while state.pages < wanted.start && state.truncate.is_empty() && !state.stop {
            state = wanted.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stop {
            for answer in state.truncate.drain(..) {
                drop(answer.send(Err(Error::closed())));
            }
            return;
        }
        state.pages = 0;
        let truncate = std::mem::take(&mut state.truncate);
        drop(state);
        if shared.failed() {
            for answer in truncate {
                drop(answer.send(Err(Error::Unavailable { reason: "it has failed".to_owned() })));
            }
            continue;
        }
        let result = if truncate.is_empty() {
            move_pages(connection, shared)
        } else {
            empty_log(connection, shared)
        };
        match &result {
            // A checkpoint whose fsync failed must not be tried again: the kernel may have dropped the pages.
            Err(Failure::Fatal(reason)) => shared.fail(reason),
            Err(failure) => tracing::warn!(reason = failure.reason(), "A checkpoint was put off"),
            Ok(()) => {}
        }
        let answer = result.map_err(|failure| failure.into_error("PRAGMA wal_checkpoint"));
        for waiting in truncate {
            drop(waiting.send(answer.clone()));
        }
    }
}

fn move_pages(connection: &Connection, shared: &Shared) -> Result<(), Failure> {
    let log = checkpoint(connection, "PASSIVE")?;
    // The writer begins the log anew by itself when a moment comes at which all of it is checkpointed. Under steady
    // load there is none, so it is held up; what is left to move by now is little.
    if log.pages >= shared.checkpoints.start * HOLD_WRITER {
        connection.busy_timeout(Duration::from_millis(200))?;
        shared.gate.between_groups(|| checkpoint(connection, "RESTART"))?;
    }
    Ok(())
}

/// Moves everything and truncates the log: afterwards it holds no trace of what was deleted.
fn empty_log(connection: &Connection, shared: &Shared) -> Result<(), Failure> {
    let deadline = Instant::now() + READERS_END;
    checkpoint(connection, "PASSIVE")?;
    connection.busy_timeout(Duration::from_millis(50))?;
    while !shared.gate.between_groups(|| checkpoint(connection, "TRUNCATE"))?.done {
        if Instant::now() > deadline {
            return Err(Failure::Passing("a reader holds the write-ahead log".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

pub(super) struct Log {
    pages: u32,
    /// The checkpoint did all that its mode promises.
    pub(super) done: bool,
}

pub(super) fn checkpoint(connection: &Connection, mode: &str) -> Result<Log, Failure> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    Ok(connection.query_row(&sql, [], |row| {
        Ok(Log {
            done: row.get::<_, i64>(0)? == 0,
            pages: row.get::<_, i64>(1)?.try_into().unwrap_or(0),
        })
    })?)
}
