//! Natively the sealed copies are files beside the store. The native build serves tests and tools.

use std::{io::ErrorKind, path::PathBuf};

fn file(database: &str, name: &str) -> PathBuf {
    PathBuf::from(database).join("queue").join(name)
}

pub(super) async fn write(database: &str, name: &str, sealed: &[u8]) -> Result<(), String> {
    let file = file(database, name);
    let directory = file.parent().expect("it has just been joined");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&file, sealed))
        .map_err(|error| error.kind().to_string())
}

pub(super) async fn read(database: &str, name: &str) -> Result<Option<Vec<u8>>, String> {
    match std::fs::read(file(database, name)) {
        Ok(sealed) => Ok(Some(sealed)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.kind().to_string()),
    }
}

pub(super) async fn remove(database: &str, name: &str) -> Result<(), String> {
    match std::fs::remove_file(file(database, name)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.kind().to_string()),
        _ => Ok(()),
    }
}
