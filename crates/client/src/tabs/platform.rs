//! Web Locks: the browser gives the lock to one tab and takes it back when that tab goes away, however it ends.

use std::cell::RefCell;

use eyeball::SharedObservable;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::BroadcastChannel;

use super::TabRole;
use crate::browser::get;

/// One lock for each person's store, which all tabs share.
fn lock_of(store: &str) -> String {
    format!("{store}-store")
}

thread_local! {
    /// Whose lock is held, and what ends the promise by which it is.
    static HELD: RefCell<Option<(String, Function)>> = const { RefCell::new(None) };
    /// Whether the lock was ours and another tab has stolen it.
    static STOLEN: SharedObservable<bool> = SharedObservable::new(false);
}

pub async fn elect(store: &str) -> TabRole {
    if request(store, "ifAvailable").await { TabRole::Leading } else { TabRole::Following }
}

pub async fn wait_for_turn(store: &str) {
    request(store, "").await;
}

pub async fn take_over(store: &str) {
    request(store, "steal").await;
}

pub fn release() {
    if let Some((_, end)) = HELD.take() {
        let _ = end.call0(&JsValue::UNDEFINED);
    }
}

pub fn is_held(store: &str) -> bool {
    HELD.with_borrow(|held| held.as_ref().is_some_and(|(of, _)| of == store))
}

pub async fn lost() {
    let mut stolen = STOLEN.with(|stolen| stolen.subscribe());
    let mut now = stolen.get();
    while !now {
        match stolen.next().await {
            Some(next) => now = next,
            None => std::future::pending().await,
        }
    }
}

/// Where one tab tells the others of the same person that the app is locked.
fn channel_of(store: &str) -> String {
    format!("{store}-lock")
}

pub fn lock_others(store: &str) {
    // Without the channel (very old browsers) the other tabs hold no store either: they wait for the lock.
    if let Ok(channel) = BroadcastChannel::new(&channel_of(store)) {
        let _ = channel.post_message(&"lock".into());
        channel.close();
    }
}

pub async fn lock_wanted(store: &str) {
    let Ok(channel) = BroadcastChannel::new(&channel_of(store)) else {
        return std::future::pending().await;
    };
    let wanted = Promise::new(&mut |resolve: Function, _| {
        let heard = Closure::once_into_js(move || {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        });
        channel.set_onmessage(Some(heard.unchecked_ref()));
    });
    let _ = JsFuture::from(wanted).await;
    channel.close();
}

pub async fn is_free(store: &str) -> bool {
    let locks = get(&get(&js_sys::global(), "navigator"), "locks");
    let Ok(request) = get(&locks, "request").dyn_into::<Function>() else { return true };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE);
    // What it returns comes back when the lock, if there was one, has been given up again.
    let look = Closure::once_into_js(|lock: JsValue| JsValue::from_bool(lock.is_object()));
    let asked = request.call3(&locks, &lock_of(store).into(), &options, &look);
    match asked.map(|it| it.dyn_into::<Promise>()) {
        Ok(Ok(promise)) => JsFuture::from(promise).await.is_ok_and(|it| it == JsValue::TRUE),
        _ => false,
    }
}

/// Asks for the lock and keeps it as long as the page lives, or until it is given up. Resolves with whether we have it.
async fn request(store: &str, option: &str) -> bool {
    let navigator = get(&js_sys::global(), "navigator");
    let locks = get(&navigator, "locks");
    let Ok(request) = get(&locks, "request").dyn_into::<Function>() else {
        // No Web Locks (very old browsers): then the app works in one tab as it would without this module.
        return true;
    };
    let options = Object::new();
    if !option.is_empty() {
        let _ = Reflect::set(&options, &option.into(), &JsValue::TRUE);
    }
    let mut held = JsValue::UNDEFINED;
    let granted = Promise::new(&mut |resolve: Function, reject: Function| {
        let of = store.to_owned();
        let on_lock = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let have_it = !lock.is_null() && !lock.is_undefined();
            let _ = resolve.call1(&JsValue::UNDEFINED, &JsValue::from_bool(have_it));
            if !have_it {
                return JsValue::UNDEFINED;
            }
            // As long as this promise does not settle the lock is ours, unless the page goes or somebody steals it.
            Promise::new(&mut |end: Function, _| {
                HELD.set(Some((of.clone(), end)));
            })
            .into()
        });
        match request.call3(&locks, &lock_of(store).into(), &options, &on_lock) {
            Ok(promise) => held = promise,
            Err(error) => {
                let _ = reject.call1(&JsValue::UNDEFINED, &error);
            }
        }
    });
    let granted = JsFuture::from(granted).await.ok().and_then(|it| it.as_bool()).unwrap_or(false);
    if granted {
        STOLEN.with(|stolen| stolen.set(false));
        spawn_local(watch(held.unchecked_into()));
    }
    granted
}

/// The request's promise is rejected (`AbortError`) when another tab steals the lock, and settles in no other way.
async fn watch(held: Promise) {
    if JsFuture::from(held).await.is_err() {
        STOLEN.with(|stolen| stolen.set(true));
    }
}
