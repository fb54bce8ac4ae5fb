//! In the browser the pieces lie in an IndexedDB database of their own, which goes with the store's.

use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::IdbTransactionMode;

use crate::browser::{Bytes, done, get, name_of};

thread_local! {
    // Sessions that store nothing: outside of this module's own memory, which never shrinks.
    static PASSING: RefCell<BTreeMap<String, Uint8Array>> = const { RefCell::new(BTreeMap::new()) };
}

async fn open(database: &str) -> Result<Bytes, String> {
    Bytes::open(&format!("{database}-large"), "pieces").await
}

fn key(id: &str, piece: u64) -> String {
    format!("{id}/{piece:06}")
}

fn error(error: JsValue) -> String {
    name_of(&error)
}

/// Free bytes, as far as the browser says it.
pub(super) async fn free_bytes() -> Option<u64> {
    let storage = get(&get(&js_sys::global(), "navigator"), "storage");
    let estimate: Function = get(&storage, "estimate").dyn_into().ok()?;
    let promise = Reflect::apply(&estimate, &storage, &Array::new()).ok()?;
    let said = JsFuture::from(Promise::resolve(&promise)).await.ok()?;
    let free = get(&said, "quota").as_f64()? - get(&said, "usage").as_f64()?;
    Some(free.max(0.0) as u64)
}

pub(super) async fn write(
    database: &str,
    id: &str,
    piece: u64,
    sealed: Vec<u8>,
) -> Result<(), String> {
    let value = Uint8Array::from(sealed.as_slice());
    drop(sealed);
    if database.is_empty() {
        PASSING.with_borrow_mut(|kept| kept.insert(key(id, piece), value));
        return Ok(());
    }
    open(database).await?.put(&key(id, piece), &value).await
}

pub(super) async fn read(database: &str, id: &str, piece: u64) -> Result<Option<Vec<u8>>, String> {
    if database.is_empty() {
        return Ok(PASSING.with_borrow(|kept| kept.get(&key(id, piece)).map(Uint8Array::to_vec)));
    }
    open(database).await?.get(&key(id, piece)).await
}

/// Deletes the pieces of all files but these.
pub(super) async fn keep_only(database: &str, ids: &[&str]) -> Result<(), String> {
    let is_kept = |key: &str| key.split_once('/').is_some_and(|(id, _)| ids.contains(&id));
    if database.is_empty() {
        PASSING.with_borrow_mut(|kept| kept.retain(|key, _| is_kept(key)));
        return Ok(());
    }
    let database = open(database).await?;
    let request = database.store(IdbTransactionMode::Readonly)?.get_all_keys().map_err(error)?;
    let keys = Array::from(&done(&request).await.map_err(error)?);
    let gone: Vec<JsValue> =
        keys.iter().filter(|key| !key.as_string().is_some_and(|key| is_kept(&key))).collect();
    if gone.is_empty() {
        return Ok(());
    }
    let store = database.store(IdbTransactionMode::Readwrite)?;
    let mut last = None;
    for key in &gone {
        last = Some(store.delete(key).map_err(error)?);
    }
    match last {
        Some(request) => done(&request).await.map(drop).map_err(error),
        None => Ok(()),
    }
}
