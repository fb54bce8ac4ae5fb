/// Why a database could not be opened; the operator has to act.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} is in use by another process")]
    InUse { path: String },
    #[error(
        "{path} lies on a network file system ({kind}), where neither locks nor fsync can be trusted; use a local disk or PostgreSQL"
    )]
    NetworkFileSystem { path: String, kind: String },
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error("migration {name} failed: {reason}")]
    Migration { name: String, reason: String },
    #[error("migration {name} was changed after it had been applied; write a new one instead")]
    ChangedMigration { name: String },
    #[error("the database was written by a newer version of Konsil (it knows migration {name})")]
    Newer { name: String },
    #[error("the database could not be opened: {reason}")]
    Unavailable { reason: String },
}

/// Why a read failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer now; asking again later may help.
    #[error("the database is unavailable: {reason}")]
    Unavailable { reason: String },
    /// The statement or its parameters are wrong; asking again will not help.
    #[error("{statement} was refused: {reason}")]
    Invalid { statement: &'static str, reason: String },
    /// A parameter is something that no database takes, such as a text with NUL: somebody has asked for what cannot be.
    #[error("{statement} was refused: {reason}")]
    BadValue { statement: &'static str, reason: &'static str },
    /// A stored value is not what was once written there.
    #[error("{column} holds a value that cannot be read")]
    Corrupt { column: &'static str },
    #[error("column {index} is {found} where {expected} was expected")]
    Column { index: usize, expected: &'static str, found: &'static str },
}

impl Error {
    /// A stored value that its reader cannot parse; `column` is `table.column`.
    pub fn corrupt(column: &'static str) -> Self {
        Self::Corrupt { column }
    }

    pub(crate) fn closed() -> Self {
        Self::Unavailable { reason: "it has been closed".to_owned() }
    }
}

/// Why a batch was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A guard did not change exactly one row: the facts behind the batch no longer hold. Nothing of it was written.
    /// Read them again and decide anew.
    #[error("the guard {statement} does not hold")]
    Conflict { statement: &'static str },
    /// The batch cannot be written: a constraint, a type or a limit refuses it. Nothing of it was written, and trying
    /// it again will not help.
    #[error("{statement} was refused: {reason}")]
    Invalid { statement: &'static str, reason: String },
    /// A parameter is something that no database takes, such as a text with NUL. Nothing of the batch was written.
    #[error("{statement} was refused: {reason}")]
    BadValue { statement: &'static str, reason: &'static str },
    /// The database does not answer, its disk is full, or it has failed. The batch is *not known* to be committed:
    /// when the connection broke during the commit, it may yet be there. A retry must therefore be recognisable by
    /// a row of its own (a transaction id).
    #[error("the database is unavailable: {reason}")]
    Unavailable { reason: String },
}

impl CommitError {
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }
}
