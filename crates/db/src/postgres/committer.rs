//! A committer takes what is queued, writes it in one transaction, and answers all.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Statement;

use super::connection::{Address, Connection, Failure, Param, Pipeline};
use super::plan::{Planner, Step};
use super::publish::Publisher;
use crate::batch::{Batch, Phase, Target};
use crate::statistics::Counters;
use crate::{CommitError, Committed, Pos, PosRef, Value};

/// Batches that share one commit, at most.
const GROUP: usize = 64;
/// How long a batch waits for a server that is restarting or failing over.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(50);
/// How often a batch is tried again that lost a deadlock.
const CONTENDED_TRIES: usize = 5;

crate::insert!(INSERT_LOG, "log", [pos: int, kind: int, subject: int, object: int]);

pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Committed, CommitError>>,
}

pub(super) struct Committer {
    address: Address,
    connection: Option<Connection>,
    planner: Planner,
    publisher: Arc<Publisher>,
    counters: Arc<Counters>,
}

/// Why a group was not committed. Unless it is in doubt, nothing of it was written.
enum Stop {
    /// This batch's guard does not hold; those before it hold.
    Guard {
        batch: usize,
        statement: &'static str,
    },
    Refused {
        statement: &'static str,
        reason: String,
    },
    Contended(String),
    /// The server does not answer; nothing was written.
    Unavailable(String),
    /// The connection broke while the commit was under way.
    InDoubt(String),
}

fn stop(statement: &'static str) -> impl FnOnce(Failure) -> Stop {
    move |failure| match failure {
        Failure::Refused(reason) => Stop::Refused { statement, reason },
        Failure::Contended(reason) => Stop::Contended(reason),
        Failure::Unavailable(reason) => Stop::Unavailable(reason),
    }
}

/// A statement that is prepared, and whose parameters fit.
struct Ready<'v> {
    statement: Statement,
    params: Vec<Param<'v>>,
    target: Target,
    /// The batch, if it is a guard.
    guards: Option<usize>,
}

impl Committer {
    pub(super) fn new(
        address: Address,
        planner: Planner,
        publisher: Arc<Publisher>,
        counters: Arc<Counters>,
    ) -> Self {
        Self { address, connection: None, planner, publisher, counters }
    }

    /// Commits until the queue is closed and empty.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut taken = Vec::with_capacity(GROUP);
        while jobs.recv_many(&mut taken, GROUP).await > 0 {
            let mut queue: VecDeque<Job> = taken.drain(..).collect();
            while !queue.is_empty() {
                let size = self.planner.group_size(queue.iter().map(|job| &job.batch));
                let group: Vec<Job> = queue.drain(..size).collect();
                self.write(group).await;
            }
        }
    }

    /// Writes a group, in parts if it does not go as a whole: one bad batch never fails its neighbours.
    async fn write(&mut self, group: Vec<Job>) {
        let (batches, answers): (Vec<Batch>, Vec<_>) =
            group.into_iter().map(|job| (job.batch, job.answer)).unzip();
        let mut answers: Vec<Option<_>> = answers.into_iter().map(Some).collect();
        let mut answer = |index: usize, verdict: Result<Committed, CommitError>| {
            if let Some(waiting) = answers[index].take() {
                // Whoever asked may have gone.
                let _ = waiting.send(verdict);
            }
        };
        let mut parts: VecDeque<Range<usize>> = VecDeque::new();
        parts.push_back(0..batches.len());
        while let Some(part) = parts.pop_front() {
            let members: Vec<&Batch> = batches[part.clone()].iter().collect();
            let alone = part.len() == 1;
            let verdict = match self.persistently(&members).await {
                Ok(committed) => {
                    self.counters.committed(committed.len());
                    part.zip(committed).for_each(|(index, committed)| answer(index, Ok(committed)));
                    continue;
                }
                Err(Stop::Guard { statement, .. }) if alone => CommitError::Conflict { statement },
                Err(Stop::Refused { statement, reason }) if alone => {
                    CommitError::Invalid { statement, reason }
                }
                Err(Stop::Guard { batch, .. }) => {
                    // Those before it are tried without it: only if they are committed does its guard fail for good.
                    let refused = part.start + batch;
                    let split = [part.start..refused, refused..refused + 1, refused + 1..part.end];
                    split
                        .into_iter()
                        .rev()
                        .filter(|part| !part.is_empty())
                        .for_each(|part| parts.push_front(part));
                    continue;
                }
                Err(Stop::Refused { .. } | Stop::Contended(_)) if !alone => {
                    part.rev().for_each(|index| parts.push_front(index..index + 1));
                    continue;
                }
                Err(
                    Stop::Contended(reason) | Stop::Unavailable(reason) | Stop::InDoubt(reason),
                ) => CommitError::Unavailable { reason },
                Err(Stop::Refused { statement, reason }) => {
                    CommitError::Invalid { statement, reason }
                }
            };
            part.for_each(|index| answer(index, Err(verdict.clone())));
        }
    }

    /// Tries again what was not written through no fault of its own.
    async fn persistently(&mut self, batches: &[&Batch]) -> Result<Vec<Committed>, Stop> {
        let deadline = Instant::now() + PATIENCE;
        let mut contended = 0;
        loop {
            match self.transaction(batches).await {
                Err(Stop::Unavailable(reason)) => {
                    self.connection = None;
                    if Instant::now() > deadline {
                        return Err(Stop::Unavailable(reason));
                    }
                    tokio::time::sleep(RETRY).await;
                }
                Err(Stop::Contended(reason)) if batches.len() == 1 => {
                    contended += 1;
                    if contended == CONTENDED_TRIES {
                        return Err(Stop::Contended(reason));
                    }
                }
                Err(doubt @ Stop::InDoubt(_)) => {
                    self.connection = None;
                    return Err(doubt);
                }
                result => return result,
            }
        }
    }

    async fn transaction(&mut self, batches: &[&Batch]) -> Result<Vec<Committed>, Stop> {
        let connection =
            connected(&mut self.connection, &self.address).await.map_err(Stop::Unavailable)?;
        let plan = self.planner.plan(batches);
        let counts: Vec<u32> = batches.iter().map(|batch| batch.changes().len() as u32).collect();
        let total: i64 = counts.iter().copied().map(i64::from).sum();
        let mut begun = 0;
        let shifts: Vec<i64> = counts
            .iter()
            .map(|&count| {
                let shift = begun + 1 - total;
                begun += i64::from(count);
                shift
            })
            .collect();
        let log = log_rows(batches);
        let log = (total > 0).then(|| Step {
            target: Target::Insert(&INSERT_LOG),
            positions: 1,
            rows: log.iter().map(|(batch, row)| (*batch, &row[..])).collect(),
        });
        let mut first = Vec::with_capacity(plan.guards.len() + plan.plain.len());
        let mut last = Vec::with_capacity(plan.positioned.len() + 1);
        let phases = [
            (Phase::Guard, plan.guards),
            (Phase::Plain, plan.plain),
            (Phase::Positioned, plan.positioned),
        ];
        for (phase, steps) in phases {
            for step in steps {
                let ready = ready(connection, &step, phase, &shifts).await?;
                if phase == Phase::Positioned { last.push(ready) } else { first.push(ready) }
            }
        }
        if let Some(log) = &log {
            last.push(ready(connection, log, Phase::Positioned, &shifts).await?);
        }
        if let Err(stop) = open(connection, first).await {
            if !matches!(stop, Stop::Unavailable(_))
                && connection.client.batch_execute("ROLLBACK").await.is_err()
            {
                self.connection = None;
            }
            return Err(stop);
        }
        let before = match finish(connection, last, total).await? {
            Some(pos) => Pos::new((pos - total).cast_unsigned()),
            None => self.publisher.pos(),
        };
        if total > 0 {
            self.publish(before, batches).await?;
        }
        let mut before = before;
        Ok(counts
            .into_iter()
            .map(|changes| {
                let committed = Committed { before, changes };
                before = committed.as_of();
                committed
            })
            .collect())
    }

    /// Tells the hook of what is committed. Whoever waits for the commit must not hear of it before the hook has,
    /// which may need the log, and so a new connection.
    async fn publish(&mut self, before: Pos, batches: &[&Batch]) -> Result<(), Stop> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = match connected(&mut self.connection, &self.address).await {
                Ok(connection) => {
                    let changes = batches.iter().flat_map(|batch| batch.changes().iter().copied());
                    self.publisher.committed(connection, before, changes).await
                }
                Err(reason) => Err(Failure::Unavailable(reason)),
            };
            match told {
                Ok(()) => return Ok(()),
                Err(failure) if Instant::now() > deadline => {
                    return Err(Stop::InDoubt(format!("{failure:?}")));
                }
                Err(_) => {
                    self.connection = None;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// The connection, made anew if it is gone.
async fn connected<'c>(
    connection: &'c mut Option<Connection>,
    address: &Address,
) -> Result<&'c mut Connection, String> {
    if connection.as_ref().is_none_or(Connection::is_closed) {
        *connection = Some(address.connect(|_| ()).await.map_err(|error| error.to_string())?);
    }
    Ok(connection.as_mut().expect("it was just made"))
}

async fn ready<'v>(
    connection: &mut Connection,
    step: &Step<'v>,
    phase: Phase,
    shifts: &[i64],
) -> Result<Ready<'v>, Stop> {
    let (statement, params) =
        connection.ready(step, |batch| shifts[batch]).await.map_err(stop(step.target.name()))?;
    let guards = (phase == Phase::Guard).then(|| step.rows[0].0);
    Ok(Ready { statement, params, target: step.target, guards })
}

/// The first of two round trips: all that needs no position. No lock on the tenant's row yet.
async fn open(connection: &Connection, steps: Vec<Ready<'_>>) -> Result<(), Stop> {
    let client = &connection.client;
    let names: Vec<_> = steps.iter().map(|step| (step.target.name(), step.guards)).collect();
    let mut pipeline = Pipeline::new();
    pipeline.push(async { client.batch_execute("BEGIN").await.map(|()| 0) });
    for step in steps {
        pipeline.push(async move { client.execute_raw(&step.statement, step.params).await });
    }
    let mut results = pipeline.await.into_iter();
    results.next().expect("BEGIN was sent first").map_err(|error| stop("BEGIN")(error.into()))?;
    for (result, (statement, guards)) in results.zip(names) {
        let changed = result.map_err(|error| stop(statement)(error.into()))?;
        if let (Some(batch), true) = (guards, changed != 1) {
            return Err(Stop::Guard { batch, statement });
        }
    }
    Ok(())
}

/// The second: raises the tenant's position, whose lock is held from here until the commit, so that the order of
/// commits is the order of positions; then the rows that carry positions; then the commit. Gives the last position.
async fn finish(
    connection: &Connection,
    steps: Vec<Ready<'_>>,
    total: i64,
) -> Result<Option<i64>, Stop> {
    let client = &connection.client;
    let names: Vec<_> = steps.iter().map(|step| step.target.name()).collect();
    let raise = format!("UPDATE tenant SET pos = pos + {total} WHERE id = 1 RETURNING pos");
    let mut pipeline = Pipeline::new();
    if total > 0 {
        pipeline.push(async {
            let messages = client.simple_query(&raise).await?;
            Ok(messages.iter().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    row.get(0).and_then(|pos| pos.parse().ok())
                }
                _ => None,
            }))
        });
    }
    for step in steps {
        pipeline.push(async move {
            client.execute_raw(&step.statement, step.params).await.map(|_| None)
        });
    }
    pipeline.push(async { client.batch_execute("COMMIT").await.map(|()| None) });
    let mut results: Vec<Result<Option<i64>, tokio_postgres::Error>> = pipeline.await;
    let commit = results.pop().expect("COMMIT was sent last");
    let names = (total > 0).then_some("RAISE_TENANT_POS").into_iter().chain(names);
    let mut pos = None;
    for (result, statement) in results.into_iter().zip(names) {
        match result {
            Ok(raised) => pos = pos.or(raised),
            // The server has answered this with an error: then its COMMIT was a rollback.
            Err(error) if error.as_db_error().is_some() => {
                return Err(stop(statement)(error.into()));
            }
            Err(error) => return Err(Stop::InDoubt(error.to_string())),
        }
    }
    commit.map_err(|error| match Failure::from(error) {
        Failure::Contended(reason) => Stop::Contended(reason),
        Failure::Refused(reason) => Stop::Refused { statement: "COMMIT", reason },
        Failure::Unavailable(reason) => Stop::InDoubt(reason),
    })?;
    match pos {
        None if total > 0 => Err(Stop::InDoubt("the tenant's row is missing".to_owned())),
        pos => Ok(pos),
    }
}

fn log_rows(batches: &[&Batch]) -> Vec<(usize, [Value; 4])> {
    let rows = batches.iter().enumerate().flat_map(|(index, batch)| {
        (0..).zip(batch.changes()).map(move |(offset, change)| {
            (
                index,
                [
                    PosRef(offset).into(),
                    change.kind.into(),
                    change.subject.into(),
                    change.object.into(),
                ],
            )
        })
    });
    rows.collect()
}
