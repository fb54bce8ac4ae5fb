//! Moves what is committed from the write-ahead log into the database file, on a connection and a thread of its own.
//!
//! The log is used again from its beginning as soon as all of it is moved (ADR 8): a sync of a file that does not grow
//! costs a tenth of one that does.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use super::statements::Failure;
use crate::Error;

/// How often what came meanwhile is moved beside the writer, before it is held up for the rest.
const ROUNDS: usize = 4;
/// The part of the pages at which a checkpoint begins that is moved quickly enough to hold the writer up for it.
const QUICK: u32 = 16;
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
    /// Pages in the log after the last group.
    pages: u32,
    /// Pages in the log that a checkpoint has moved, though the log could not begin anew.
    moved: u32,
    truncate: Vec<oneshot::Sender<Result<(), Error>>>,
    stop: bool,
}

impl Wanted {
    pub(super) fn from(start: u32) -> Self {
        Self { start, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Told by the writer after each group.
    pub(super) fn wal_has(&self, pages: u32) {
        if pages < self.start {
            return;
        }
        let mut state = self.lock();
        state.pages = pages;
        if pages < state.moved {
            // It has begun anew.
            state.moved = 0;
        }
        if state.unmoved() >= self.start {
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

impl State {
    fn unmoved(&self) -> u32 {
        self.pages.saturating_sub(self.moved)
    }
}

/// Checkpoints until told to stop.
pub(super) fn run(connection: &Connection, shared: &Shared) {
    let wanted = &shared.checkpoints;
    loop {
        let mut state = wanted.lock();
        while state.unmoved() < wanted.start && state.truncate.is_empty() && !state.stop {
            state = wanted.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stop {
            for answer in state.truncate.drain(..) {
                drop(answer.send(Err(Error::closed())));
            }
            return;
        }
        state.moved = state.pages;
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
    let start = shared.checkpoints.start;
    let mut log = checkpoint(connection, "PASSIVE")?;
    for _ in 1..ROUNDS {
        if log.unmoved <= start / QUICK {
            break;
        }
        log = checkpoint(connection, "PASSIVE")?;
    }
    // The writer begins the log anew by itself when a moment comes at which all of it is moved. Under steady load there is
    // none, so it is held up for what is left.
    connection.busy_timeout(Duration::from_millis(200))?;
    shared.gate.between_groups(|| checkpoint(connection, "RESTART"))?;
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
    /// Pages that are still to be moved.
    unmoved: u32,
    /// The checkpoint did all that its mode promises.
    pub(super) done: bool,
}

pub(super) fn checkpoint(connection: &Connection, mode: &str) -> Result<Log, Failure> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    Ok(connection.query_row(&sql, [], |row| {
        let (pages, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Log {
            done: row.get::<_, i64>(0)? == 0,
            unmoved: u32::try_from(pages - moved).unwrap_or(0),
        })
    })?)
}
