//! Natively the pieces are files beside the store. The native build serves tests and tools.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::PathBuf,
    sync::{LazyLock, Mutex},
};

/// Pieces by file and place in it.
type Pieces = BTreeMap<(String, u64), Vec<u8>>;

/// Where sessions keep them that store nothing.
static PASSING: LazyLock<Mutex<Pieces>> = LazyLock::new(Mutex::default);

fn folder(database: &str) -> PathBuf {
    PathBuf::from(database).join("large")
}

/// Free bytes, if anybody can say.
pub(super) async fn free_bytes() -> Option<u64> {
    None
}

pub(super) async fn write(
    database: &str,
    id: &str,
    piece: u64,
    sealed: Vec<u8>,
) -> Result<(), String> {
    if database.is_empty() {
        PASSING.lock().expect("no panic while held").insert((id.to_owned(), piece), sealed);
        return Ok(());
    }
    let folder = folder(database).join(id);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join(piece.to_string()), sealed))
        .map_err(|error| error.kind().to_string())
}

pub(super) async fn read(database: &str, id: &str, piece: u64) -> Result<Option<Vec<u8>>, String> {
    if database.is_empty() {
        let kept = PASSING.lock().expect("no panic while held");
        return Ok(kept.get(&(id.to_owned(), piece)).cloned());
    }
    match std::fs::read(folder(database).join(id).join(piece.to_string())) {
        Ok(sealed) => Ok(Some(sealed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.kind().to_string()),
    }
}

/// Deletes the pieces of all files but these.
pub(super) async fn keep_only(database: &str, ids: &[&str]) -> Result<(), String> {
    if database.is_empty() {
        let mut kept = PASSING.lock().expect("no panic while held");
        kept.retain(|(id, _), _| ids.contains(&id.as_str()));
        return Ok(());
    }
    let Ok(entries) = std::fs::read_dir(folder(database)) else { return Ok(()) };
    for entry in entries.flatten() {
        if !ids.iter().any(|id| entry.file_name() == **id) {
            std::fs::remove_dir_all(entry.path()).map_err(|error| error.kind().to_string())?;
        }
    }
    Ok(())
}
