//! In the browser the sealed copies lie in an IndexedDB database of their own, which goes with the store's.

use js_sys::Uint8Array;
use web_sys::IdbTransactionMode;

use crate::browser::{Bytes, done, name_of};

async fn open(database: &str) -> Result<Bytes, String> {
    Bytes::open(&format!("{database}-queue"), "queue").await
}

pub(super) async fn write(database: &str, name: &str, sealed: &[u8]) -> Result<(), String> {
    open(database).await?.put(name, &Uint8Array::from(sealed)).await
}

pub(super) async fn read(database: &str, name: &str) -> Result<Option<Vec<u8>>, String> {
    open(database).await?.get(name).await
}

pub(super) async fn remove(database: &str, name: &str) -> Result<(), String> {
    let database = open(database).await?;
    let request = database.store(IdbTransactionMode::Readwrite)?.delete(&name.into());
    let request = request.map_err(|error| name_of(&error))?;
    done(&request).await.map(drop).map_err(|error| name_of(&error))
}
