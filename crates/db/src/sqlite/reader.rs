use rusqlite::Connection;
use tokio::sync::oneshot;

use super::queue::Queue;
use super::statements::{Failure, Statements};
use crate::{Error, ReadSet, Row, Stmt};

pub(super) struct Read {
    pub(super) set: ReadSet,
    pub(super) answer: oneshot::Sender<Result<Vec<Vec<Row>>, Error>>,
}

static BEGIN: Stmt = Stmt { name: "BEGIN", sqlite: "BEGIN", postgres: "" };
static END: Stmt = Stmt { name: "COMMIT", sqlite: "COMMIT", postgres: "" };

/// Answers reads until the queue is closed.
pub(super) fn run(connection: &Connection, queue: &Queue<Read>) {
    let mut statements = Statements::new(connection);
    let mut jobs = Vec::with_capacity(1);
    while queue.take(1, &mut jobs) {
        for Read { set, answer } in jobs.drain(..) {
            // Whoever asked may have gone: then nobody reads the answer, and the work can be spared.
            if !answer.is_closed() {
                let _ = answer.send(read(connection, &mut statements, &set));
            }
        }
    }
}

/// Runs the statements on one snapshot.
pub(super) fn read(
    connection: &Connection,
    statements: &mut Statements<'_>,
    set: &ReadSet,
) -> Result<Vec<Vec<Row>>, Error> {
    // A single statement is a snapshot by itself.
    let several = set.len() > 1;
    if several {
        control(statements, &BEGIN)?;
    }
    let rows = set
        .statements()
        .map(|(stmt, values)| {
            statements.query(stmt, values).map_err(|failure| failure.into_error(stmt.name))
        })
        .collect();
    // A failed statement may have ended the transaction already.
    if several && !connection.is_autocommit() {
        control(statements, &END)?;
    }
    rows
}

fn control(statements: &mut Statements<'_>, stmt: &'static Stmt) -> Result<(), Error> {
    let nothing =
        statements.query(stmt, &[]).map_err(|failure: Failure| failure.into_error(stmt.name))?;
    debug_assert!(nothing.is_empty(), "transaction control returns no rows");
    Ok(())
}
