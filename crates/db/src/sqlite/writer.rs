//! The one writer: takes what is queued, writes it in one transaction, syncs once, answers all.

use std::cell::Cell;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::statements::{Failure, Statements};
use super::{
    Shared,
    reader::{self, Read},
};
use crate::batch::{Batch, Phase, Target};
use crate::{CommitError, Committed, Pos, PublishedChange, Stmt, Value};

/// Batches that share one commit, at most.
pub(super) const GROUP: usize = 64;

/// Somebody who waits for an answer.
type Waiting<T> = oneshot::Sender<Result<T, CommitError>>;

pub(super) enum Job {
    Batch {
        batch: Batch,
        answer: Waiting<Committed>,
        /// What is read when it is committed, here, where the pages that it wrote are at hand.
        then: Option<Read>,
    },
    ReserveNids {
        count: i64,
        answer: Waiting<i64>,
    },
}

impl Job {
    pub(super) fn refuse(self, error: CommitError) {
        match self {
            Self::Batch { answer, .. } => drop(answer.send(Err(error))),
            Self::ReserveNids { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

macro_rules! control {
    ($($name:ident = $sql:literal),* $(,)?) => {
        $(static $name: Stmt = Stmt { name: stringify!($name), sqlite: $sql, postgres: "" };)*
    };
}
control! {
    BEGIN = "BEGIN IMMEDIATE",
    COMMIT = "COMMIT",
    ROLLBACK = "ROLLBACK",
    SAVEPOINT = "SAVEPOINT batch",
    RELEASE = "RELEASE batch",
    ROLLBACK_TO = "ROLLBACK TO batch",
    INSERT_LOG = "INSERT INTO log (pos, kind, subject, object) VALUES (?1, ?2, ?3, ?4)",
    SET_POS = "UPDATE tenant SET pos = ?1 WHERE id = 1",
    RESERVE_NIDS = "UPDATE tenant SET next_nid = next_nid + ?1 WHERE id = 1",
    NEXT_NID = "SELECT next_nid FROM tenant WHERE id = 1",
}

thread_local! {
    /// Pages in the write-ahead log after the last commit; SQLite's hook can carry no state of its own, and a writer
    /// has its thread for itself.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Writes until the queue is closed. Gives back whether the database is still sound.
pub(super) fn run(connection: &Connection, shared: &Shared, last: Pos) -> bool {
    connection.wal_hook(Some(|_, pages| {
        WAL_PAGES.set(pages.cast_unsigned());
        Ok(())
    }));
    let mut writer = Writer {
        connection,
        statements: Statements::new(connection),
        shared,
        last,
        group: Vec::with_capacity(GROUP),
        verdicts: Vec::with_capacity(GROUP),
        published: Vec::with_capacity(GROUP),
    };
    let mut sound = true;
    while shared.writes.take(GROUP, &mut writer.group) {
        if sound && let Err(reason) = writer.write_group() {
            sound = false;
            shared.fail(&reason);
        }
        for job in writer.group.drain(..) {
            job.refuse(CommitError::unavailable("it has failed"));
        }
        shared.checkpoints.wal_has(WAL_PAGES.get());
    }
    sound
}

struct Writer<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    shared: &'c Shared,
    /// The last position that is committed.
    last: Pos,
    group: Vec<Job>,
    verdicts: Vec<Result<Written, CommitError>>,
    published: Vec<PublishedChange>,
}

enum Written {
    Batch(Committed),
    Nids(i64),
}

/// Why a batch was not written.
enum Refusal {
    /// It alone is refused.
    Batch(CommitError),
    /// The transaction cannot go on.
    Group(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Group(failure)
    }
}

impl Writer<'_> {
    /// Commits the group and answers it. An error is fatal; then whoever is still in the group has no answer yet.
    fn write_group(&mut self) -> Result<(), String> {
        self.verdicts.clear();
        self.published.clear();
        let shared = self.shared;
        let result = shared.gate.write(|| self.transaction());
        match result {
            Ok(last) => {
                self.last = last;
                self.shared.counters.committed(self.group.len());
                if !self.published.is_empty() {
                    self.shared.publish(&self.published, last);
                }
                self.answer();
                Ok(())
            }
            Err(failure) => {
                let reason = failure.reason().to_owned();
                let rolled_back =
                    self.connection.is_autocommit() || self.control(&ROLLBACK).is_ok();
                for job in self.group.drain(..) {
                    job.refuse(CommitError::unavailable(reason.clone()));
                }
                if matches!(failure, Failure::Fatal(_)) || !rolled_back {
                    Err(reason)
                } else {
                    Ok(())
                }
            }
        }
    }

    fn answer(&mut self) {
        let mut reads = Vec::new();
        for (job, verdict) in self.group.drain(..).zip(self.verdicts.drain(..)) {
            match (job, verdict) {
                (Job::Batch { answer, then, .. }, Ok(Written::Batch(committed))) => {
                    drop(answer.send(Ok(committed)));
                    reads.extend(then);
                }
                (Job::ReserveNids { answer, .. }, Ok(Written::Nids(first))) => {
                    drop(answer.send(Ok(first)))
                }
                (job, Err(error)) => job.refuse(error),
                (Job::Batch { .. }, Ok(Written::Nids(_)))
                | (Job::ReserveNids { .. }, Ok(Written::Batch(_))) => {
                    unreachable!("a job and its verdict are of the same kind")
                }
            }
        }
        for Read { set, answer } in reads {
            // Whoever asked may have gone.
            drop(answer.send(reader::read(self.connection, &mut self.statements, &set)));
        }
    }

    /// Writes the group in one transaction; gives the last position.
    fn transaction(&mut self) -> Result<Pos, Failure> {
        let alone = self.group.len() == 1;
        let mut last = self.last;
        let group = std::mem::take(&mut self.group);
        let result = (|| {
            self.control(&BEGIN)?;
            for job in &group {
                let verdict = self.write_job(job, &mut last, alone)?;
                self.verdicts.push(verdict);
            }
            if self.verdicts.iter().all(Result::is_err) {
                return self.control(&ROLLBACK);
            }
            if last != self.last {
                self.statements.exec(&SET_POS, &[Value::from(last)], Pos::ZERO)?;
            }
            self.control(&COMMIT)
        })();
        self.group = group;
        result.map(|()| last)
    }

    /// Writes one job; a refused one leaves no trace. `alone`: the transaction itself takes the savepoint's place.
    fn write_job(
        &mut self,
        job: &Job,
        last: &mut Pos,
        alone: bool,
    ) -> Result<Result<Written, CommitError>, Failure> {
        let batch = match job {
            Job::Batch { batch, .. } => batch,
            Job::ReserveNids { count, .. } => {
                return self.reserve_nids(*count).map(|first| Ok(Written::Nids(first)));
            }
        };
        if !alone {
            self.control(&SAVEPOINT)?;
        }
        match self.write_batch(batch, *last) {
            Ok(()) => {
                if !alone {
                    self.control(&RELEASE)?;
                }
                let changes = batch.changes();
                for (pos, change) in (last.get() + 1..).zip(changes) {
                    self.published.push(PublishedChange { pos: Pos::new(pos), change: *change });
                }
                let count =
                    u32::try_from(changes.len()).expect("a batch has fewer than 2^32 changes");
                let committed = Committed { before: *last, changes: count };
                *last = committed.as_of();
                Ok(Ok(Written::Batch(committed)))
            }
            Err(Refusal::Batch(error)) => {
                if !alone {
                    self.control(&ROLLBACK_TO)?;
                    self.control(&RELEASE)?;
                }
                Ok(Err(error))
            }
            Err(Refusal::Group(failure)) => Err(failure),
        }
    }

    fn write_batch(&mut self, batch: &Batch, before: Pos) -> Result<(), Refusal> {
        for phase in [Phase::Guard, Phase::Plain, Phase::Positioned] {
            for op in batch.ops(phase) {
                let values = batch.values(op);
                let changed = match op.target {
                    Target::Stmt(stmt) => self.statements.exec(stmt, values, before),
                    Target::Insert(insert) => self.statements.insert(insert, values, before),
                };
                let statement = op.target.name();
                match changed {
                    Ok(1) => {}
                    Ok(_) if phase == Phase::Guard => {
                        return Err(Refusal::Batch(CommitError::Conflict { statement }));
                    }
                    Ok(_) => {}
                    Err(Failure::Refused(reason)) => {
                        return Err(Refusal::Batch(CommitError::Invalid { statement, reason }));
                    }
                    Err(failure) => return Err(Refusal::Group(failure)),
                }
            }
        }
        for (pos, change) in (before.get() + 1..).zip(batch.changes()) {
            let row =
                [Value::from(pos), change.kind.into(), change.subject.into(), change.object.into()];
            self.statements.exec(&INSERT_LOG, &row, Pos::ZERO)?;
        }
        Ok(())
    }

    fn reserve_nids(&mut self, count: i64) -> Result<i64, Failure> {
        self.statements.exec(&RESERVE_NIDS, &[count.into()], Pos::ZERO)?;
        let rows = self.statements.query(&NEXT_NID, &[])?;
        let next: i64 =
            rows.first().and_then(|row| row.get(0).ok()).expect("the tenant's row is always there");
        Ok(next - count)
    }

    fn control(&mut self, stmt: &'static Stmt) -> Result<(), Failure> {
        self.statements.exec(stmt, &[], Pos::ZERO).map(drop)
    }
}
