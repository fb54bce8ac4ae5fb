//! One file per tenant: one writer, a few readers, and checkpoints on the side; each on a thread of its own.

mod checkpoint;
mod connection;
mod gate;
mod place;
mod queue;
mod reader;
mod statements;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{oneshot, watch};

pub use connection::Synchronous;
use gate::Gate;
use queue::Queue;
use reader::Read;
use writer::Job;

use crate::statistics::{Counters, Statistics};
use crate::{
    Batch, CommitError, CommitHook, Committed, Error, Migration, OpenError, Pos, PublishedChange,
    ReadSet, Row,
};

/// Jobs that may wait for the writer or the readers before callers are turned away.
const QUEUE: usize = 10_000;

pub(crate) struct Options {
    pub(crate) path: PathBuf,
    /// The virtual file system, if not SQLite's own.
    pub(crate) vfs: Option<&'static str>,
    pub(crate) synchronous: Synchronous,
    /// Pages (4 KiB each) in the write-ahead log from which on a checkpoint runs beside the writer.
    pub(crate) checkpoint_pages: u32,
}

impl Options {
    pub(crate) fn of(path: PathBuf) -> Self {
        Self { path, vfs: None, synchronous: Synchronous::Full, checkpoint_pages: 8_000 }
    }
}

pub(crate) struct Sqlite {
    shared: Arc<Shared>,
    /// Turns true when every connection is closed and the lock is free.
    closed: watch::Receiver<bool>,
}

/// What the threads and the handle share.
struct Shared {
    writes: Queue<Job>,
    reads: Queue<Read>,
    gate: Gate,
    checkpoints: checkpoint::Wanted,
    counters: Counters,
    hook: Arc<dyn CommitHook>,
    published: AtomicU64,
    failed: AtomicBool,
    /// Held while the hook is told of a failure, so that it hears of the first alone.
    failing: Mutex<()>,
}

impl Shared {
    fn publish(&self, changes: &[PublishedChange], last: Pos) {
        self.hook.committed(changes);
        self.published.store(last.get(), Ordering::Release);
    }

    fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Ends all writing: an I/O error leaves open what the disk holds, and only a new start reads it afresh.
    fn fail(&self, reason: &str) {
        let _once = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.failed.swap(true, Ordering::AcqRel) {
            return;
        }
        let refused = self.writes.refuse(&format!("it has failed: {reason}"));
        tracing::error!(reason, "The database failed and accepts no more writes");
        self.hook.failed(reason);
        for job in refused {
            job.refuse(CommitError::unavailable(reason));
        }
    }
}

impl Sqlite {
    pub(crate) async fn open(
        options: Options,
        migrations: &[Migration],
        hook: Arc<dyn CommitHook>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            writes: Queue::new(QUEUE),
            reads: Queue::new(QUEUE),
            gate: Gate::default(),
            checkpoints: checkpoint::Wanted::from(options.checkpoint_pages),
            counters: Counters::default(),
            hook,
            published: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failing: Mutex::new(()),
        });
        let (opened, when_opened) = oneshot::channel();
        let (closing, closed) = watch::channel(false);
        let migrations = migrations.to_vec();
        let threads = shared.clone();
        spawn("db-writer", move || {
            run(&options, &migrations, &threads, opened);
            closing.send_replace(true);
        })?;
        match when_opened.await {
            Ok(result) => result?,
            Err(_) => {
                return Err(OpenError::Unavailable {
                    reason: "the writer ended while opening".to_owned(),
                });
            }
        }
        Ok(Self { shared, closed })
    }

    pub(crate) fn enqueue(
        &self,
        batch: Batch,
    ) -> oneshot::Receiver<Result<Committed, CommitError>> {
        self.enqueue_and(batch, None)
    }

    fn enqueue_and(
        &self,
        batch: Batch,
        then: Option<Read>,
    ) -> oneshot::Receiver<Result<Committed, CommitError>> {
        let (answer, answered) = oneshot::channel();
        if let Err((job, reason)) = self.shared.writes.push(Job::Batch { batch, answer, then }) {
            job.refuse(CommitError::unavailable(reason));
        }
        answered
    }

    /// Writes a batch, and has the writer read behind it.
    pub(crate) async fn commit_and_read(
        &self,
        batch: Batch,
        set: ReadSet,
    ) -> Result<Result<Vec<Vec<Row>>, Error>, CommitError> {
        let ended = "the writer ended without an answer";
        let (answer, rows) = oneshot::channel();
        let committed = self.enqueue_and(batch, Some(Read { set, answer })).await;
        committed.unwrap_or_else(|_| Err(CommitError::unavailable(ended)))?;
        Ok(rows.await.unwrap_or_else(|_| Err(Error::Unavailable { reason: ended.to_owned() })))
    }

    pub(crate) async fn reserve_nids(
        &self,
        count: i64,
    ) -> Result<std::ops::Range<i64>, CommitError> {
        let (answer, answered) = oneshot::channel();
        if let Err((job, reason)) = self.shared.writes.push(Job::ReserveNids { count, answer }) {
            job.refuse(CommitError::unavailable(reason));
        }
        let first = answered
            .await
            .map_err(|_| CommitError::unavailable("the writer ended without an answer"))??;
        Ok(first..first + count)
    }

    pub(crate) async fn read(&self, set: ReadSet) -> Result<Vec<Vec<Row>>, Error> {
        let (answer, answered) = oneshot::channel();
        self.shared
            .reads
            .push(Read { set, answer })
            .map_err(|(_, reason)| Error::Unavailable { reason })?;
        answered.await.map_err(|_| Error::Unavailable {
            reason: "a reader ended without an answer".to_owned(),
        })?
    }

    pub(crate) fn pos(&self) -> Pos {
        Pos::new(self.shared.published.load(Ordering::Acquire))
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let shared = &self.shared;
        shared.counters.statistics(shared.writes.len(), shared.reads.len())
    }

    /// Empties the write-ahead log, which keeps what was deleted from the file itself.
    pub(crate) async fn truncate_log(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.shared.checkpoints.truncate(answer);
        answered.await.map_err(|_| Error::closed())?
    }

    pub(crate) async fn close(&self) {
        self.begin_close();
        // An error means that the thread has ended, by a panic: then all is closed as well.
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }

    fn begin_close(&self) {
        self.shared.writes.close();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.begin_close();
    }
}

/// A panic (in a hook, say) must not leave callers waiting for a writer that is gone.
struct FailOnPanic<'s>(&'s Shared);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail("the writer panicked");
        }
    }
}

/// The life of the writer's thread, which starts the others and outlives them.
fn run(
    options: &Options,
    migrations: &[Migration],
    shared: &Arc<Shared>,
    opened: oneshot::Sender<Result<(), OpenError>>,
) {
    let started = (|| {
        let lock = place::claim(&options.path)?;
        let mut connection = connection::open(options, connection::CACHE_OF_WRITER)?;
        let last = connection::migrate(&mut connection, migrations)?;
        if options.vfs.is_none() {
            place::prepare_log(&options.path, options.checkpoint_pages);
        }
        shared.published.store(last.get(), Ordering::Release);
        let mut threads = Vec::new();
        for _ in 0..thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8)) {
            let connection = connection::open(options, connection::CACHE_OF_READER)?;
            let shared = shared.clone();
            threads.push(spawn("db-reader", move || reader::run(&connection, &shared.reads))?);
        }
        let checkpointer = connection::open(options, connection::CACHE_OF_READER)?;
        let shared = shared.clone();
        threads.push(spawn("db-checkpoint", move || checkpoint::run(&checkpointer, &shared))?);
        Ok((lock, connection, last, threads))
    })();
    let (lock, connection, last, threads) = match started {
        Ok(started) => started,
        Err(error) => {
            // Readers that have started already end with their queue.
            shared.reads.close();
            drop(opened.send(Err(error)));
            return;
        }
    };
    // If nobody waits any more, the handle was dropped with the future, and nobody will close the queue.
    if opened.send(Ok(())).is_err() {
        shared.writes.close();
    }
    let guard = FailOnPanic(shared);
    let sound = writer::run(&connection, shared, last) && !shared.failed();
    drop(guard);
    shared.reads.close();
    shared.checkpoints.stop();
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("A database thread panicked");
        }
    }
    if sound
        && !shared.failed()
        && let Err(failure) = checkpoint::checkpoint(&connection, "TRUNCATE")
    {
        tracing::warn!(
            reason = failure.reason(),
            "The last checkpoint failed; the next start replays the log"
        );
    }
    drop(connection);
    drop(lock);
}

fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(|error| OpenError::Unavailable { reason: error.to_string() })
}
