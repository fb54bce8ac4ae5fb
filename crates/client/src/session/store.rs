//! Opening the encrypted stores: IndexedDB in the browser, SQLite natively.

use matrix_sdk::{cross_process_lock::CrossProcessLockConfig, store::StoreConfig};
use rand::{Rng, distr::Alphanumeric};

use super::queued_media::QueuedMedia;
use crate::vault::Secrets;

/// Name for the stores of a new session. Each login has its own, so what an earlier one left behind never collides.
pub(super) fn new_name(store: &str) -> String {
    let tail: String = rand::rng().sample_iter(Alphanumeric).take(8).map(char::from).collect();
    if cfg!(target_family = "wasm") {
        format!("{store}-store-{tail}")
    } else {
        format!("{store}/store-{tail}")
    }
}

/// For a session that passes with the page: all of it in memory.
fn in_memory() -> StoreConfig {
    StoreConfig::new(CrossProcessLockConfig::SingleProcess)
}

/// State, keys and events are kept encrypted on the device. Attachments stay in memory, apart from those that wait to be
/// sent: an opened picture or document never rests on the device.
#[cfg(target_family = "wasm")]
pub(super) async fn open(secrets: &Secrets) -> Result<StoreConfig, String> {
    if secrets.database.is_empty() {
        return Ok(in_memory());
    }
    let stores =
        matrix_sdk_indexeddb::IndexeddbStores::open(&secrets.database, Some(&secrets.passphrase))
            .await
            .map_err(|error| error.to_string())?;
    Ok(StoreConfig::new(CrossProcessLockConfig::SingleProcess)
        .state_store(stores.state)
        .crypto_store(stores.crypto)
        .event_cache_store(stores.event_cache)
        .media_store(QueuedMedia::new(secrets)))
}

/// Natively for tests and tools, with the same division as in the browser.
#[cfg(not(target_family = "wasm"))]
pub(super) async fn open(secrets: &Secrets) -> Result<StoreConfig, String> {
    use matrix_sdk::{
        SqliteCryptoStore, SqliteEventCacheStore, SqliteStateStore, SqliteStoreConfig,
    };
    if secrets.database.is_empty() {
        return Ok(in_memory());
    }
    let config = SqliteStoreConfig::new(&secrets.database).passphrase(Some(&secrets.passphrase));
    let state =
        SqliteStateStore::open_with_config(&config).await.map_err(|error| error.to_string())?;
    let crypto =
        SqliteCryptoStore::open_with_config(&config).await.map_err(|error| error.to_string())?;
    let events = SqliteEventCacheStore::open_with_config(&config)
        .await
        .map_err(|error| error.to_string())?;
    Ok(StoreConfig::new(CrossProcessLockConfig::SingleProcess)
        .state_store(state)
        .crypto_store(crypto)
        .event_cache_store(events)
        .media_store(QueuedMedia::new(secrets)))
}
