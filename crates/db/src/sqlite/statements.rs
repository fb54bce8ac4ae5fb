use std::collections::HashMap;

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, ErrorCode, PrepFlags, Statement};

use crate::{Error, Insert, Pos, Row, Stmt, Value};

/// A connection's prepared statements, found by the address of the constant they come from.
pub(super) struct Statements<'c> {
    connection: &'c Connection,
    prepared: HashMap<usize, Prepared<'c>>,
}

struct Prepared<'c> {
    statement: Statement<'c>,
    parameters: usize,
    returns_rows: bool,
}

/// Why a statement did not run.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement or its parameters: nobody else is concerned.
    Refused(String),
    /// The disk is full, memory is short, a lock is held: it may work later.
    Passing(String),
    /// The file or the disk below it: nothing written through this connection can be trusted any more.
    Fatal(String),
}

impl Failure {
    pub(super) fn into_error(self, statement: &'static str) -> Error {
        match self {
            Self::Refused(reason) => Error::Invalid { statement, reason },
            Self::Passing(reason) | Self::Fatal(reason) => Error::Unavailable { reason },
        }
    }

    pub(super) fn reason(&self) -> &str {
        let (Self::Refused(reason) | Self::Passing(reason) | Self::Fatal(reason)) = self;
        reason
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let reason = error.to_string();
        match error {
            rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
                ErrorCode::SystemIoFailure
                    if cause.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE =>
                {
                    // The shared-memory file could not grow: the disk is full, and nothing was written yet.
                    Self::Passing(reason)
                }
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::InternalMalfunction => Self::Fatal(reason),
                ErrorCode::DiskFull
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OperationInterrupted => Self::Passing(reason),
                _ => Self::Refused(reason),
            },
            _ => Self::Refused(reason),
        }
    }
}

impl<'c> Statements<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, prepared: HashMap::new() }
    }

    /// Runs the statement to its end; counts the rows that it returned, or else changed.
    pub(super) fn exec(
        &mut self,
        stmt: &'static Stmt,
        values: &[Value],
        before: Pos,
    ) -> Result<usize, Failure> {
        self.prepared(std::ptr::from_ref(stmt).addr(), stmt.sqlite)?.run(values, before)
    }

    pub(super) fn insert(
        &mut self,
        insert: &'static Insert,
        values: &[Value],
        before: Pos,
    ) -> Result<usize, Failure> {
        self.prepared(std::ptr::from_ref(insert).addr(), insert.sqlite)?.run(values, before)
    }

    pub(super) fn query(
        &mut self,
        stmt: &'static Stmt,
        values: &[Value],
    ) -> Result<Vec<Row>, Failure> {
        let prepared = self.prepared(std::ptr::from_ref(stmt).addr(), stmt.sqlite)?;
        prepared.bind(values, Pos::ZERO)?;
        let columns = prepared.statement.column_count();
        let mut rows = prepared.statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(value(row.get_ref(column)?)?);
            }
            answer.push(Row::new(values));
        }
        Ok(answer)
    }

    fn prepared(&mut self, key: usize, sql: &str) -> Result<&mut Prepared<'c>, Failure> {
        use std::collections::hash_map::Entry;
        match self.prepared.entry(key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let flags = PrepFlags::SQLITE_PREPARE_PERSISTENT;
                let statement = self.connection.prepare_with_flags(sql, flags)?;
                let parameters = statement.parameter_count();
                let returns_rows = statement.column_count() > 0;
                Ok(new.insert(Prepared { statement, parameters, returns_rows }))
            }
        }
    }
}

impl Prepared<'_> {
    fn run(&mut self, values: &[Value], before: Pos) -> Result<usize, Failure> {
        self.bind(values, before)?;
        if !self.returns_rows {
            return Ok(self.statement.raw_execute()?);
        }
        let mut rows = self.statement.raw_query();
        let mut count = 0;
        while rows.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn bind(&mut self, values: &[Value], before: Pos) -> Result<(), Failure> {
        // Else a parameter would keep the value of the call before.
        if values.len() != self.parameters {
            let (expected, found) = (self.parameters, values.len());
            return Err(Failure::Refused(format!(
                "it has {expected} parameters and was given {found}"
            )));
        }
        for (index, value) in (1..).zip(values) {
            match value {
                Value::Null => self.statement.raw_bind_parameter(index, Null)?,
                Value::Int(number) => self.statement.raw_bind_parameter(index, number)?,
                Value::Text(text) => self.statement.raw_bind_parameter(index, text.as_str())?,
                Value::Blob(bytes) => self.statement.raw_bind_parameter(index, &bytes[..])?,
                Value::Pos(reserved) => {
                    let position = before.get() + u64::from(reserved.0) + 1;
                    self.statement.raw_bind_parameter(index, position.cast_signed())?;
                }
                Value::OutOfRange(_) => {
                    return Err(Failure::Refused("number exceeds 63 bits".to_owned()));
                }
            }
        }
        Ok(())
    }
}

fn value(column: ValueRef<'_>) -> Result<Value, Failure> {
    match column {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(Failure::Refused("a text is not UTF-8".to_owned())),
        },
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec().into())),
        ValueRef::Real(_) => {
            Err(Failure::Refused("a column is a floating-point number".to_owned()))
        }
    }
}
