//! Natively the secrets lie in a file beside the store, readable for its owner alone. The native build serves tests and
//! tools; people use the app in the browser.

use std::{io::ErrorKind, path::PathBuf};

use super::VaultError;

fn file(name: &str) -> PathBuf {
    PathBuf::from(name).join("vault.json")
}

fn error(error: std::io::Error) -> VaultError {
    VaultError(error.kind().to_string())
}

pub(super) async fn read(name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    match std::fs::read(file(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        Err(err) => Err(error(err)),
    }
}

pub(super) async fn write(name: &str, bytes: &[u8]) -> Result<(), VaultError> {
    use std::io::Write;
    std::fs::create_dir_all(name).map_err(error)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file(name)).and_then(|mut file| file.write_all(bytes)).map_err(error)
}

pub(super) async fn destroy(name: &str) -> Result<(), VaultError> {
    match std::fs::remove_file(file(name)) {
        Err(err) if err.kind() != ErrorKind::NotFound => Err(error(err)),
        _ => Ok(()),
    }
}
