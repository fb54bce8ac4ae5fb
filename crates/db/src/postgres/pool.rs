use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::connection::{Address, Connection, Failure, Pipeline};
use super::plan::Step;
use crate::batch::Target;
use crate::{Error, ReadSet, Row};

/// Connections for reading.
pub(super) struct Pool {
    address: Address,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
    waiting: AtomicUsize,
}

/// Counts one that waits, as long as it does.
struct Waiting<'p>(&'p AtomicUsize);

impl<'p> Waiting<'p> {
    fn in_line(count: &'p AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

const CONNECTIONS: usize = 8;

impl Pool {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            idle: Mutex::new(Vec::new()),
            permits: Semaphore::new(CONNECTIONS),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Reads a set from one snapshot; tries once more on a new connection if an idle one turns out to be dead.
    pub(super) async fn read(&self, set: &ReadSet) -> Result<Vec<Vec<Row>>, Error> {
        let waiting = Waiting::in_line(&self.waiting);
        let _permit = self.permits.acquire().await.map_err(|_| Error::closed())?;
        drop(waiting);
        if let Some(mut connection) = self.take_idle() {
            let result = read(&mut connection, set).await;
            if !connection.is_closed() {
                self.give_back(connection);
                return result.map_err(|(statement, failure)| failure.into_error(statement));
            }
            if let Ok(result) = result {
                return Ok(result);
            }
        }
        let connected = self.address.connect(|_| ()).await;
        let mut connection =
            connected.map_err(|error| Error::Unavailable { reason: error.to_string() })?;
        let result = read(&mut connection, set).await;
        self.give_back(connection);
        result.map_err(|(statement, failure)| failure.into_error(statement))
    }

    /// How many reads wait for a connection.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    fn give_back(&self, connection: Connection) {
        if !self.permits.is_closed() {
            self.idle().push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a set from one snapshot, in one round trip.
async fn read(
    connection: &mut Connection,
    set: &ReadSet,
) -> Result<Vec<Vec<Row>>, (&'static str, Failure)> {
    let mut ready = Vec::with_capacity(set.len());
    for (stmt, values) in set.statements() {
        let step = Step { target: Target::Stmt(stmt), positions: 0, rows: vec![(0, values)] };
        ready.push((
            stmt.name,
            connection.ready(&step, |_| 0).await.map_err(|failure| (stmt.name, failure))?,
        ));
    }
    // A single statement is a snapshot by itself.
    let several = ready.len() > 1;
    let (names, ready): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
    let connection = &*connection;
    let control = async |sql: &str| -> Result<Vec<Row>, Failure> {
        connection.client.batch_execute(sql).await?;
        Ok(Vec::new())
    };
    let mut pipeline = Pipeline::new();
    if several {
        pipeline.push(control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    }
    for (statement, params) in &ready {
        pipeline.push(connection.query(statement, params));
    }
    if several {
        pipeline.push(control("COMMIT"));
    }
    let mut results = pipeline.await;
    if several {
        let end = results.pop().expect("COMMIT was sent last");
        end.map_err(|failure| ("COMMIT", failure))?;
        results.remove(0).map_err(|failure| ("BEGIN", failure))?;
    }
    results
        .into_iter()
        .zip(names)
        .map(|(rows, name)| rows.map_err(|failure| (name, failure)))
        .collect()
}
