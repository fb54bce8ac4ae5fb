//! Small bridges to the browser: IndexedDB requests as futures, and the page's global object.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode,
};

/// A failure of the browser, by its name (`QuotaExceededError`), which holds no user data.
pub(crate) fn name_of(error: &JsValue) -> String {
    Reflect::get(error, &"name".into())
        .ok()
        .and_then(|name| name.as_string())
        .unwrap_or_else(|| "unknown".into())
}

/// Property of an object, or `undefined`.
pub(crate) fn get(object: &JsValue, property: &str) -> JsValue {
    Reflect::get(object, &property.into()).unwrap_or(JsValue::UNDEFINED)
}

/// `indexedDB`, which pages and workers have.
pub(crate) fn databases() -> Result<IdbFactory, JsValue> {
    get(&js_sys::global(), "indexedDB")
        .dyn_into()
        .map_err(|_| js_sys::Error::new("no IndexedDB").into())
}

/// Waits for a request and gives its result. Its handlers are the promise's own: a closure of ours that is never called would never be freed, nor
/// the request that it holds, nor what was to be stored.
pub(crate) async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve: Function, reject: Function| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result(),
        Err(_) => Err(request.error().ok().flatten().map_or(JsValue::UNDEFINED, JsValue::from)),
    }
}

/// Opens a database with one object store, making it if need be.
pub(crate) async fn open_database(name: &str, store: &'static str) -> Result<IdbDatabase, JsValue> {
    let request: IdbOpenDbRequest = databases()?.open_with_u32(name, 1)?;
    // Held here, so that it goes with this future; who is called after that throws, and the browser makes no database then.
    let upgrade = {
        let request = request.clone();
        Closure::once(move || {
            if let Ok(database) = request.result()
                && let Ok(database) = database.dyn_into::<IdbDatabase>()
            {
                let _ = database.create_object_store(store);
            }
        })
    };
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let opened = done(&request).await;
    request.set_onupgradeneeded(None);
    opened?.dyn_into()
}

/// A database with one object store of bytes. It closes with the last use, so that it can be deleted. Errors are the names of the browser's.
pub(crate) struct Bytes {
    database: IdbDatabase,
    store: &'static str,
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.database.close();
    }
}

impl Bytes {
    pub async fn open(name: &str, store: &'static str) -> Result<Self, String> {
        let database = open_database(name, store).await.map_err(|error| name_of(&error))?;
        Ok(Self { database, store })
    }

    pub fn store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, String> {
        self.database
            .transaction_with_str_and_mode(self.store, mode)
            .and_then(|transaction| transaction.object_store(self.store))
            .map_err(|error| name_of(&error))
    }

    pub async fn put(&self, key: &str, value: &Uint8Array) -> Result<(), String> {
        let request = self
            .store(IdbTransactionMode::Readwrite)?
            .put_with_key(value, &key.into())
            .map_err(|error| name_of(&error))?;
        done(&request).await.map(drop).map_err(|error| name_of(&error))
    }

    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let request = self
            .store(IdbTransactionMode::Readonly)?
            .get(&key.into())
            .map_err(|error| name_of(&error))?;
        let value = done(&request).await.map_err(|error| name_of(&error))?;
        Ok((!value.is_undefined()).then(|| Uint8Array::new(&value).to_vec()))
    }
}
