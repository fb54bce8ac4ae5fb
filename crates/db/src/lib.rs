#![doc = include_str!("../README.md")]

mod batch;
mod error;
mod integrity;
mod migration;
mod nids;
mod postgres;
#[cfg(feature = "power-loss")]
pub mod power_loss;
mod read_set;
mod row;
mod sqlite;
#[doc(hidden)]
pub mod statement;
mod statistics;
mod value;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

pub use base::Pos;
pub use batch::{Batch, Change, Committed};
pub use error::{CommitError, Error, OpenError};
pub use migration::Migration;
pub use nids::NidAllocator;
pub use read_set::ReadSet;
pub use row::{FromValue, Row};
pub use statement::{ColumnType, Insert, Stmt};
pub use statistics::{GROUP_SIZES, Statistics};
pub use value::{PosRef, Value};

stmt!(
    /// The highest committed position, as the snapshot of a [`ReadSet`] sees it: the "as of" of what is read with it.
    TENANT_POS,
    "SELECT pos FROM tenant WHERE id = 1"
);
stmt!(
    /// The changes after a position, oldest first: `params![after, limit]` → `pos, kind, subject, object`.
    LOG_AFTER,
    "SELECT pos, kind, subject, object FROM log WHERE pos > $1 ORDER BY pos LIMIT $2"
);

/// Where a tenant's data lies.
#[derive(Clone, Debug)]
pub enum Config {
    /// One file, made if it is absent.
    Sqlite { path: PathBuf },
    /// One schema of a PostgreSQL database, made if it is absent. `url` is `postgres://…`.
    Postgres { url: String, schema: String },
}

/// A change that has become visible to every reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedChange {
    pub pos: Pos,
    pub change: Change,
}

/// Hears of what was committed.
pub trait CommitHook: Send + Sync {
    /// Called after the durable commit, once per position and in the order of positions, before the commits' futures
    /// resolve. It runs on the committer: it must be quick, and it must not wait for another commit.
    fn committed(&self, commits: &[PublishedChange]);

    /// The database failed (an I/O error, a failed fsync) and accepts no more writes until it is opened again. The
    /// process should end: what the operating system's cache still holds can no longer be trusted.
    fn failed(&self, reason: &str) {
        let _ = reason;
    }
}

/// A hook for those who need none.
impl CommitHook for () {
    fn committed(&self, _commits: &[PublishedChange]) {}
}

/// One tenant's database. Clones are handles to the same one.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    nids: nids::Blocks,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], in words for the operator.
    pub async fn open(
        config: Config,
        migrations: &[Migration],
        hook: Arc<dyn CommitHook>,
    ) -> Result<Self, OpenError> {
        match config {
            Config::Sqlite { path } => {
                Self::open_sqlite(sqlite::Options::of(path), migrations, hook).await
            }
            Config::Postgres { url, schema } => {
                let postgres = postgres::Postgres::open(&url, &schema, migrations, hook).await?;
                Ok(Self::over(Backend::Postgres(Box::new(postgres))))
            }
        }
    }

    async fn open_sqlite(
        options: sqlite::Options,
        migrations: &[Migration],
        hook: Arc<dyn CommitHook>,
    ) -> Result<Self, OpenError> {
        Ok(Self::over(Backend::Sqlite(sqlite::Sqlite::open(options, migrations, hook).await?)))
    }

    fn over(backend: Backend) -> Self {
        Self { inner: Arc::new(Inner { backend, nids: nids::Blocks::default() }) }
    }

    /// Runs the statements on one consistent snapshot; the answer holds each one's rows, in the set's order.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a statement or its parameters are wrong, else [`Error::Unavailable`].
    pub async fn read(&self, set: ReadSet) -> Result<Vec<Vec<Row>>, Error> {
        set.check()?;
        if set.is_empty() {
            return Ok(Vec::new());
        }
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.read(set).await,
            Backend::Postgres(postgres) => postgres.read(set).await,
        }
    }

    /// Runs one statement and gives its rows.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn query(
        &self,
        stmt: &'static Stmt,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, Error> {
        let mut sets = self.read(ReadSet::new().get(stmt, params)).await?;
        Ok(sets.pop().unwrap_or_default())
    }

    /// Runs one statement and gives its first row, if any.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn query_opt(
        &self,
        stmt: &'static Stmt,
        params: impl IntoIterator<Item = Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(stmt, params).await?.into_iter().next())
    }

    /// Writes the batch as a whole, durably, or not at all.
    ///
    /// The batch is enqueued *when this is called*, not when the future is first polled: the order of the calls is
    /// the order of the queue. Dropping the future does not take the batch back.
    pub fn commit(
        &self,
        mut batch: Batch,
    ) -> impl Future<Output = Result<Committed, CommitError>> + Send + 'static {
        let answer = match batch.take_defect() {
            Some(defect) => Err(defect),
            None => Ok(match &self.inner.backend {
                Backend::Sqlite(sqlite) => sqlite.enqueue(batch),
                Backend::Postgres(postgres) => postgres.enqueue(batch),
            }),
        };
        async move {
            answer?.await.unwrap_or_else(|_| {
                Err(CommitError::unavailable("the committer ended without an answer"))
            })
        }
    }

    /// Writes the batch as [`Db::commit`] does, and then reads: what is read was written by then, by this batch or another.
    ///
    /// On SQLite the writer itself reads, which has at hand what it wrote; so it is for small reads of just that.
    ///
    /// # Errors
    /// Those of [`Db::commit`] if nothing was written; inside, those of [`Db::read`] if it was written and could not be read.
    pub async fn commit_and_read(
        &self,
        mut batch: Batch,
        set: ReadSet,
    ) -> Result<Result<Vec<Vec<Row>>, Error>, CommitError> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) if set.check().is_ok() => match batch.take_defect() {
                Some(defect) => Err(defect),
                None => sqlite.commit_and_read(batch, set).await,
            },
            _ => {
                self.commit(batch).await?;
                Ok(self.read(set).await)
            }
        }
    }

    /// The highest position whose changes the hook has heard.
    pub fn pos(&self) -> Pos {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.pos(),
            Backend::Postgres(postgres) => postgres.pos(),
        }
    }

    /// What was done since it was opened, and what waits now.
    pub fn statistics(&self) -> Statistics {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.statistics(),
            Backend::Postgres(postgres) => postgres.statistics(),
        }
    }

    /// Hands out row numbers.
    pub fn nids(&self) -> NidAllocator {
        NidAllocator::of(self.clone())
    }

    /// Removes what was deleted from the write-ahead log too, which on SQLite keeps old pages until it begins anew.
    /// To be awaited after a purge, before its proof is written. (PostgreSQL's log is recycled by the server; there
    /// this does nothing.)
    ///
    /// # Errors
    /// [`Error::Unavailable`] if a reader holds the log for more than ten seconds, or the disk fails.
    pub async fn empty_write_ahead_log(&self) -> Result<(), Error> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.truncate_log().await,
            Backend::Postgres(_) => Ok(()),
        }
    }

    /// Ends the database: what is enqueued is still committed, later calls are answered `Unavailable`. Returns when
    /// its files and connections are closed, so that another process may open it.
    pub async fn close(self) {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }

    async fn reserve_nids(&self, count: i64) -> Result<std::ops::Range<i64>, CommitError> {
        match &self.inner.backend {
            Backend::Sqlite(sqlite) => sqlite.reserve_nids(count).await,
            Backend::Postgres(postgres) => postgres.reserve_nids(count).await,
        }
    }
}
