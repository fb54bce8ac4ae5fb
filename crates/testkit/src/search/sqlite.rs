//! SQLite's cells: a long value lies in pieces on several pages, so the file's raw bytes do not hold it in one run.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Calls `each` for every text and blob in every table. Works on a copy: looking must not change what is looked at.
pub(super) fn cells(file: &Path, bytes: &[u8], mut each: impl FnMut(&[u8])) {
    if !bytes.starts_with(MAGIC) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory for a copy");
    let copy = directory.path().join("copy");
    for suffix in ["", "-wal", "-journal"] {
        let source = with_suffix(file, suffix);
        if source.exists() {
            // A file that vanishes meanwhile was a journal: its content has become part of the database.
            let _ = std::fs::copy(source, with_suffix(&copy, suffix));
        }
    }
    // A database that cannot be read (locked format, damaged) has still been searched raw.
    let _ = read(&copy, &mut each);
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn read(path: &Path, each: &mut impl FnMut(&[u8])) -> rusqlite::Result<()> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let Ok(mut statement) =
            database.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))
        else {
            // A virtual table whose module is missing; its content lies in tables that are read too.
            continue;
        };
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => each(bytes),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_over_many_pages_is_read_whole_also_from_the_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let value: Vec<u8> = (0..30_000_u32).flat_map(u32::to_le_bytes).collect();
        let database = Connection::open(&path).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database.execute_batch("CREATE TABLE media (id INTEGER, body BLOB)").unwrap();
        database.execute("INSERT INTO media VALUES (1, ?1)", [&value]).unwrap();

        let mut found = Vec::new();
        cells(&path, &std::fs::read(&path).unwrap(), |cell| found.push(cell.to_vec()));

        assert!(found.contains(&value), "the row lies in the write-ahead log only");
    }
}
