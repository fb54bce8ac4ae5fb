//! In the browser the sealed copies lie in an IndexedDB database of their own, which goes with the store's.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use web_sys::{IdbDatabase, IdbObjectStore, IdbTransactionMode};

use crate::browser::{done, name_of, open_database};

const STORE: &str = "queue";

/// Closes the database with the last use, so that it can be deleted.
struct Database(IdbDatabase);

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Database {
    async fn open(database: &str) -> Result<Self, String> {
        open_database(&format!("{database}-queue"), STORE).await.map(Self).map_err(error)
    }

    fn store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, String> {
        self.0
            .transaction_with_str_and_mode(STORE, mode)
            .and_then(|transaction| transaction.object_store(STORE))
            .map_err(error)
    }
}

pub(super) async fn write(database: &str, name: &str, sealed: &[u8]) -> Result<(), String> {
    let database = Database::open(database).await?;
    let value = Uint8Array::from(sealed);
    let request = database
        .store(IdbTransactionMode::Readwrite)?
        .put_with_key(&value, &name.into())
        .map_err(error)?;
    done(&request).await.map(drop).map_err(error)
}

pub(super) async fn read(database: &str, name: &str) -> Result<Option<Vec<u8>>, String> {
    let database = Database::open(database).await?;
    let request = database.store(IdbTransactionMode::Readonly)?.get(&name.into()).map_err(error)?;
    let value = done(&request).await.map_err(error)?;
    Ok((!value.is_undefined()).then(|| Uint8Array::new(&value).to_vec()))
}

pub(super) async fn remove(database: &str, name: &str) -> Result<(), String> {
    let database = Database::open(database).await?;
    let request =
        database.store(IdbTransactionMode::Readwrite)?.delete(&name.into()).map_err(error)?;
    done(&request).await.map(drop).map_err(error)
}

fn error(error: JsValue) -> String {
    name_of(&error)
}
