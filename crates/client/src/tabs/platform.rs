//! Web Locks: the browser gives the lock to one tab and takes it back when that tab goes away, however it ends.

use eyeball::SharedObservable;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::BroadcastChannel;

use super::TabRole;
use crate::browser::get;

/// One lock for the whole origin, since all tabs share one store.
const LOCK: &str = "konsil-store";

thread_local! {
    /// Whether the lock was ours and another tab has stolen it.
    static STOLEN: SharedObservable<bool> = SharedObservable::new(false);
}

pub async fn elect() -> TabRole {
    if request("ifAvailable").await { TabRole::Leading } else { TabRole::Following }
}

pub async fn wait_for_turn() {
    request("").await;
}

pub async fn take_over() {
    request("steal").await;
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

/// Where one tab tells the others that the app is locked.
const CHANNEL: &str = "konsil-lock";

pub fn lock_others() {
    // Without the channel (very old browsers) the other tabs hold no store either: they wait for the lock.
    if let Ok(channel) = BroadcastChannel::new(CHANNEL) {
        let _ = channel.post_message(&"lock".into());
        channel.close();
    }
}

pub async fn lock_wanted() {
    let Ok(channel) = BroadcastChannel::new(CHANNEL) else {
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

/// Asks for the lock and keeps it as long as the page lives. Resolves with whether we have it.
async fn request(option: &str) -> bool {
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
        let on_lock = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let have_it = !lock.is_null() && !lock.is_undefined();
            let _ = resolve.call1(&JsValue::UNDEFINED, &JsValue::from_bool(have_it));
            // A promise that never settles: the lock stays ours until the page is gone or somebody steals it.
            if have_it { Promise::new(&mut |_, _| {}).into() } else { JsValue::UNDEFINED }
        });
        match request.call3(&locks, &LOCK.into(), &options, &on_lock) {
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
