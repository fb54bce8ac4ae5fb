//! Opens connections, and brings the schema up to date.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::migration::{Dialect, Migration, OWN_TABLES, adapt};
use crate::{OpenError, Pos};

/// Memory for pages of a connection that writes, in KiB: it keeps what it has written, and writes where it wrote.
pub(super) const CACHE_OF_WRITER: u32 = 16_000;
/// Of one that reads: SQLite forgets its pages with every commit of another, so that only one read has use of them.
pub(super) const CACHE_OF_READER: u32 = 2_000;

pub(super) fn open(options: &Options, cache_kib: u32) -> Result<Connection, OpenError> {
    connect(options, cache_kib).map_err(|error| OpenError::File {
        path: options.path.display().to_string(),
        reason: error.to_string(),
    })
}

fn connect(options: &Options, cache_kib: u32) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match options.vfs {
        None => Connection::open_with_flags(&options.path, flags)?,
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs)?,
    };
    // Waits only for another process's tool that looks into the file; our own threads keep out of each other's way.
    connection.busy_timeout(Duration::from_secs(5))?;
    // A string in double quotes is an error, as on PostgreSQL.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Else each binding of a `LIMIT` makes SQLite parse and plan the statement anew, since its value may change the plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The checkpoint at the end is ours: after a failed fsync there must be none.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    connection.execute_batch(match options.synchronous {
        Synchronous::Full => "PRAGMA synchronous = FULL",
        #[cfg(feature = "power-loss")]
        Synchronous::Normal => "PRAGMA synchronous = NORMAL",
    })?;
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; PRAGMA wal_autocheckpoint = 0;",
    ))?;
    Ok(connection)
}

/// How often the disk is asked to keep what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// With each commit.
    Full,
    /// Only with checkpoints. Exists to show that the power-loss test can fail.
    #[cfg(feature = "power-loss")]
    Normal,
}

/// Makes the tables of this crate, applies what is new in `migrations`, and gives the last position.
pub(super) fn migrate(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<Pos, OpenError> {
    let own = Migration { name: "db", sql: OWN_TABLES };
    let fresh: bool = connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema WHERE name = 'migrations'", [], |row| {
            row.get(0)
        })
        .map_err(unavailable)?;
    if fresh {
        apply(connection, 0, &own)?;
    }
    let applied: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM migrations WHERE version > 0 ORDER BY version")
        .and_then(|mut select| {
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map_err(unavailable)?;
    let pending = crate::migration::pending(&applied, migrations)?;
    for (version, migration) in pending {
        apply(connection, version, migration)?;
    }
    connection
        .query_row("SELECT pos FROM tenant WHERE id = 1", [], |row| row.get::<_, i64>(0))
        .map(|pos| Pos::new(pos.cast_unsigned()))
        .map_err(unavailable)
}

fn apply(
    connection: &mut Connection,
    version: i64,
    migration: &Migration,
) -> Result<(), OpenError> {
    let error = |reason: String| OpenError::Migration { name: migration.name.to_owned(), reason };
    let statements = adapt(migration.sql, Dialect::Sqlite).map_err(error)?;
    let sql_error = |cause: rusqlite::Error| error(cause.to_string());
    let transaction = connection.transaction().map_err(sql_error)?;
    for statement in statements {
        transaction.execute_batch(&statement).map_err(sql_error)?;
    }
    transaction
        .execute(
            "INSERT INTO migrations (version, name, sql) VALUES (?1, ?2, ?3)",
            (version, migration.name, migration.sql),
        )
        .map_err(sql_error)?;
    transaction.commit().map_err(sql_error)
}

fn unavailable(error: rusqlite::Error) -> OpenError {
    OpenError::Unavailable { reason: error.to_string() }
}
