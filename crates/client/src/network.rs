//! Whether the browser believes that there is a network.

#[cfg(target_family = "wasm")]
pub(crate) use browser::watch;

/// Before the first request: natively TLS needs its provider. In the browser TLS is the browser's.
pub(crate) fn prepare() {
    #[cfg(not(target_family = "wasm"))]
    // An error means that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Natively nobody tells; a failing request does.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn watch() -> eyeball::SharedObservable<bool> {
    eyeball::SharedObservable::new(true)
}

#[cfg(target_family = "wasm")]
mod browser {
    use eyeball::SharedObservable;
    use js_sys::Function;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    use crate::browser::get;

    thread_local! {
        static ONLINE: SharedObservable<bool> = listen();
    }

    /// `true` while the browser believes in a network. `true` proves nothing; `false` is certain.
    pub(crate) fn watch() -> SharedObservable<bool> {
        ONLINE.with(Clone::clone)
    }

    fn listen() -> SharedObservable<bool> {
        let page = js_sys::global();
        let now = get(&get(&page, "navigator"), "onLine").as_bool().unwrap_or(true);
        let online = SharedObservable::new(now);
        let Ok(add) = get(&page, "addEventListener").dyn_into::<Function>() else { return online };
        for (event, value) in [("online", true), ("offline", false)] {
            let online = online.clone();
            // Lives as long as the page, as does the listener.
            let listener = Closure::<dyn Fn(JsValue)>::new(move |_| {
                online.set_if_not_eq(value);
            })
            .into_js_value();
            let _ = add.call2(&page, &event.into(), &listener);
        }
        online
    }
}
