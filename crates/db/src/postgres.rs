//! One schema per tenant: a few committers per node, a pool of readers, and wake-ups between nodes.

mod committer;
mod connection;
mod footprint;
mod hints;
mod plan;
mod pool;
mod publish;
mod schema;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use committer::{Committer, Job};
use connection::Address;
use footprint::Tables;
use plan::Planner;
use pool::Pool;
use publish::Publisher;

use crate::migration::OWN_TABLES;
use crate::statistics::{Counters, Statistics};
use crate::{
    Batch, CommitError, CommitHook, Committed, Error, Migration, OpenError, Pos, ReadSet, Row,
    params, stmt,
};

/// Committers per tenant and node. The tenant's row is locked until a commit is durable, so only one commits at a time,
/// and a second one prepares its group meanwhile; more would only make the groups smaller (ADR 2).
const COMMITTERS: usize = 2;
/// Batches that may wait for a committer before callers are turned away.
const QUEUE: usize = 10_000;

stmt!(RESERVE_NIDS, "UPDATE tenant SET next_nid = next_nid + $1 WHERE id = 1 RETURNING next_nid");

pub(crate) struct Postgres {
    /// Empty once closed.
    committers: Mutex<Vec<mpsc::Sender<Job>>>,
    committing: Mutex<Vec<JoinHandle<()>>>,
    hints: JoinHandle<()>,
    pool: Pool,
    publisher: Arc<Publisher>,
    counters: Arc<Counters>,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        schema: &str,
        migrations: &[Migration],
        hook: Arc<dyn CommitHook>,
    ) -> Result<Self, OpenError> {
        let unavailable = |reason: String| OpenError::Unavailable { reason };
        let address = Address::parse(url, schema).map_err(unavailable)?;
        let connection =
            address.connect(|_| ()).await.map_err(|error| unavailable(error.to_string()))?;
        let last = schema::migrate(&connection.client, schema, migrations).await?;
        let publisher = Arc::new(Publisher::new(hook, last));
        let counters = Arc::new(Counters::default());
        let own = Migration { name: "db", sql: OWN_TABLES };
        let (committers, committing) = (0..COMMITTERS)
            .map(|_| {
                let (queue, jobs) = mpsc::channel(QUEUE);
                let tables = Tables::of([&own].into_iter().chain(migrations));
                let committer = Committer::new(
                    address.clone(),
                    Planner::new(tables),
                    publisher.clone(),
                    counters.clone(),
                );
                (queue, tokio::spawn(committer.run(jobs)))
            })
            .unzip();
        Ok(Self {
            committers: Mutex::new(committers),
            committing: Mutex::new(committing),
            hints: tokio::spawn(hints::run(address.clone(), publisher.clone())),
            pool: Pool::new(address),
            publisher,
            counters,
        })
    }

    pub(crate) fn enqueue(
        &self,
        batch: Batch,
    ) -> oneshot::Receiver<Result<Committed, CommitError>> {
        let (answer, answered) = oneshot::channel();
        let committers = self.committers.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = batch.lane_key().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        match committers.get(lane as usize % COMMITTERS) {
            Some(committer) => {
                let refused = match committer.try_send(Job { batch, answer }) {
                    Ok(()) => return answered,
                    Err(refused) => refused,
                };
                let reason = match &refused {
                    TrySendError::Full(_) => "too many requests are waiting for it",
                    TrySendError::Closed(_) => "a committer has ended",
                };
                drop(refused.into_inner().answer.send(Err(CommitError::unavailable(reason))));
            }
            None => drop(answer.send(Err(CommitError::unavailable("it has been closed")))),
        }
        answered
    }

    pub(crate) async fn reserve_nids(
        &self,
        count: i64,
    ) -> Result<std::ops::Range<i64>, CommitError> {
        // A single statement is its own transaction. If it is done twice, a block is lost, no more.
        let set = ReadSet::new().get(&RESERVE_NIDS, params![count]);
        let rows = self
            .pool
            .read(&set)
            .await
            .map_err(|error| CommitError::unavailable(error.to_string()))?;
        let next = rows[0].first().and_then(|row| row.get::<i64>(0).ok());
        let next = next.ok_or_else(|| CommitError::unavailable("the tenant's row is missing"))?;
        Ok(next - count..next)
    }

    pub(crate) async fn read(&self, set: ReadSet) -> Result<Vec<Vec<Row>>, Error> {
        self.pool.read(&set).await
    }

    pub(crate) fn pos(&self) -> Pos {
        self.publisher.pos()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let committers = self.committers.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |queue: &mpsc::Sender<Job>| queue.max_capacity() - queue.capacity();
        self.counters.statistics(committers.iter().map(waiting).sum(), self.pool.waiting())
    }

    pub(crate) async fn close(&self) {
        self.committers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let committing =
            std::mem::take(&mut *self.committing.lock().unwrap_or_else(PoisonError::into_inner));
        for task in committing {
            if task.await.is_err() {
                tracing::error!("A committer panicked");
            }
        }
        self.hints.abort();
        self.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The committers end with their queues; what is queued is still committed.
        self.hints.abort();
    }
}
