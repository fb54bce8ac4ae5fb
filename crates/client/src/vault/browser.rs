//! The vault in the browser: IndexedDB keeps a `CryptoKey` that cannot be exported, and what it has sealed.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use matrix_sdk::{sleep::sleep, timeout::timeout};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, IdbDatabase, IdbTransactionMode, SubtleCrypto};

use super::VaultError;
use crate::browser::{databases, done, get, name_of, open_database};

const STORE: &str = "vault";
const KEY: &str = "key";
const SEALED: &str = "sealed";
/// AES-GCM's nonce has 96 bits (NIST SP 800-38D, section 8.2).
const NONCE_BYTES: usize = 12;

pub(super) async fn read(name: &str) -> Result<Option<Vec<u8>>, VaultError> {
    // Opening makes it.
    if !exists(&format!("{name}-vault")).await {
        return Ok(None);
    }
    let database = Database::open(name).await?;
    let (Some(key), Some(sealed)) = (database.get(KEY).await?, database.get(SEALED).await?) else {
        return Ok(None);
    };
    let key: CryptoKey = key.dyn_into().map_err(|_| VaultError("no key object".into()))?;
    let sealed = Uint8Array::new(&sealed).to_vec();
    let (nonce, ciphertext) =
        sealed.split_at_checked(NONCE_BYTES).ok_or_else(|| VaultError("too short".into()))?;
    let opened = subtle()?
        .decrypt_with_object_and_u8_array(&parameters(nonce), &key, ciphertext)
        .map_err(error)?;
    Ok(Some(Uint8Array::new(&promised(opened).await?).to_vec()))
}

pub(super) async fn write(name: &str, bytes: &[u8]) -> Result<(), VaultError> {
    let database = Database::open(name).await?;
    let key: CryptoKey = match database.get(KEY).await? {
        Some(key) => key.dyn_into().map_err(|_| VaultError("no key object".into()))?,
        None => {
            let key = new_key().await?;
            database.put(KEY, &key).await?;
            key
        }
    };
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let sealed = subtle()?
        .encrypt_with_object_and_u8_array(&parameters(&nonce), &key, bytes)
        .map_err(error)?;
    let mut stored = nonce.to_vec();
    stored.extend(Uint8Array::new(&promised(sealed).await?).to_vec());
    database.put(SEALED, &Uint8Array::from(stored.as_slice())).await
}

pub(super) async fn destroy(name: &str) -> Result<(), VaultError> {
    Database::open(name).await?.clear().await?;
    // Not even its name is of use to anybody.
    delete_databases(&format!("{name}-vault"), None).await;
    Ok(())
}

/// Whether there is a database of this name; yes in browsers that do not say.
async fn exists(name: &str) -> bool {
    names().await.is_none_or(|names| names.iter().any(|it| it == name))
}

/// Names of all databases of this origin; `None` in browsers that do not say.
async fn names() -> Option<Vec<String>> {
    let factory = databases().ok()?;
    let list = get(&factory, "databases").dyn_into::<js_sys::Function>().ok()?;
    let promise = list.call0(&factory).and_then(|it| it.dyn_into::<Promise>()).ok()?;
    let found = JsFuture::from(promise).await.ok()?;
    Some(Array::from(&found).iter().filter_map(|it| get(&it, "name").as_string()).collect())
}

/// Deletes all databases whose name starts with `prefix`, apart from those that start with `keep`. One that is still open
/// somewhere goes when it is closed; we do not wait for that, since without the vault nobody can read it.
pub(crate) async fn delete_databases(prefix: &str, keep: Option<&str>) {
    let Ok(factory) = databases() else { return };
    // `databases()` is not in every browser; there the rests stay, unreadable.
    for name in names().await.unwrap_or_default() {
        if name.starts_with(prefix)
            && !keep.is_some_and(|keep| name.starts_with(keep))
            && let Ok(request) = factory.delete_database(&name)
        {
            let _ = timeout(done(&request), Duration::from_secs(1)).await;
        }
    }
    // Lets the browser run the events of the last deletion.
    sleep(Duration::from_millis(1)).await;
}

struct Database(IdbDatabase);

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Database {
    async fn open(name: &str) -> Result<Self, VaultError> {
        open_database(&format!("{name}-vault"), STORE).await.map(Self).map_err(error)
    }

    async fn get(&self, key: &str) -> Result<Option<JsValue>, VaultError> {
        let store = self
            .0
            .transaction_with_str(STORE)
            .and_then(|it| it.object_store(STORE))
            .map_err(error)?;
        let request = store.get(&key.into()).map_err(error)?;
        let value = done(&request).await.map_err(error)?;
        Ok((!value.is_undefined()).then_some(value))
    }

    async fn put(&self, key: &str, value: &JsValue) -> Result<(), VaultError> {
        let store = self.writable()?;
        let request = store.put_with_key(value, &key.into()).map_err(error)?;
        done(&request).await.map(drop).map_err(error)
    }

    async fn clear(&self) -> Result<(), VaultError> {
        let request = self.writable()?.clear().map_err(error)?;
        done(&request).await.map(drop).map_err(error)
    }

    fn writable(&self) -> Result<web_sys::IdbObjectStore, VaultError> {
        self.0
            .transaction_with_str_and_mode(STORE, IdbTransactionMode::Readwrite)
            .and_then(|it| it.object_store(STORE))
            .map_err(error)
    }
}

async fn new_key() -> Result<CryptoKey, VaultError> {
    let algorithm = Object::new();
    set(&algorithm, "name", "AES-GCM".into());
    set(&algorithm, "length", 256.into());
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    const EXTRACTABLE: bool = false;
    let key =
        subtle()?.generate_key_with_object(&algorithm, EXTRACTABLE, &usages).map_err(error)?;
    promised(key).await?.dyn_into().map_err(|_| VaultError("no key object".into()))
}

fn parameters(nonce: &[u8]) -> Object {
    let parameters = Object::new();
    set(&parameters, "name", "AES-GCM".into());
    set(&parameters, "iv", Uint8Array::from(nonce).into());
    parameters
}

fn set(object: &Object, property: &str, value: JsValue) {
    let _ = Reflect::set(object, &property.into(), &value);
}

fn subtle() -> Result<SubtleCrypto, VaultError> {
    // Missing on pages that came neither by TLS nor from this machine.
    get(&get(&js_sys::global(), "crypto"), "subtle")
        .dyn_into()
        .map_err(|_| VaultError("no WebCrypto".into()))
}

async fn promised(promise: Promise) -> Result<JsValue, VaultError> {
    JsFuture::from(promise).await.map_err(error)
}

fn error(error: impl Into<JsValue>) -> VaultError {
    VaultError(name_of(&error.into()))
}
