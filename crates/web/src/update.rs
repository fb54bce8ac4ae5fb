//! New versions of the app (I.q): how one is found, how all tabs go to it together, and what holds when the hospital takes none so old.
//!
//! The browser asks for a new service worker whenever the app is opened, this module at least once in an hour while the app is looked at. The
//! new worker fetches all of its files and then waits (`static/sw.js`). It takes over when the person says so, or at the start of the app before
//! anything is open; each page then locks itself, which keeps drafts, queue and begun uploads, and loads itself anew.

use std::{cell::Cell, time::Duration};

use js_sys::Promise;
use leptos::{prelude::*, task::spawn_local};
use vocabulary::app::AppVersion;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    app::{Phase, Phases},
    by_name::{call, get, object},
    context::{Frame, follow_with},
    hospital::Hospital,
    lock, platform,
};

/// How often it is looked what the browser has found.
const LOOK: Duration = Duration::from_secs(3);
/// How often the server is asked while the app is looked at.
const ASK_MS: f64 = 3_600_000.0;
/// How long fetching a new version may take before it counts as not there.
const FETCH: Duration = Duration::from_secs(180);
/// How long the new worker may take to take over.
const TAKE_OVER: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(200);

thread_local! {
    /// Whether this page has asked the new version to take over.
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// What is known of new versions. Copy it freely.
#[derive(Clone, Copy)]
pub struct Updates {
    /// A newer version lies on this device and waits.
    pub waiting: RwSignal<bool>,
    /// The person does not want to be asked any more just now.
    pub put_off: RwSignal<bool>,
    /// The lowest version that the hospital takes, if this one is below.
    pub too_old: RwSignal<Option<AppVersion>>,
}

impl Updates {
    /// As the hospital was last known on this device.
    pub fn new(hospital: &Hospital) -> Self {
        let updates = Self {
            waiting: RwSignal::new(false),
            put_off: RwSignal::new(false),
            too_old: RwSignal::new(None),
        };
        updates.compare(hospital);
        updates
    }

    /// Compares this version with what the hospital takes.
    pub fn compare(self, hospital: &Hospital) {
        let minimum = hospital.minimum_app_version;
        let too_old = minimum.filter(|minimum| own().is_some_and(|own| own < *minimum));
        if self.too_old.get_untracked() != too_old {
            self.too_old.set(too_old);
        }
    }
}

/// Which version this page is of, as the bundler wrote it into the page.
pub fn version() -> String {
    let page = document().query_selector("meta[name=konsil-version]").ok().flatten();
    let stamped = page.and_then(|it| it.get_attribute("content"));
    let stamped = stamped.filter(|version| version.parse::<AppVersion>().is_ok());
    stamped.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
}

fn own() -> Option<AppVersion> {
    version().parse().ok()
}

fn workers() -> JsValue {
    get(&window().navigator(), "serviceWorker")
}

async fn ask_for(object: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let promise = call(object, method, &[])?;
    JsFuture::from(Promise::resolve(&promise)).await
}

/// The page's own registration; `None` while there is none, or in a browser without workers.
async fn registration() -> Option<JsValue> {
    ask_for(&workers(), "getRegistration").await.ok().filter(JsValue::is_object)
}

fn waits(registration: &JsValue) -> bool {
    get(registration, "waiting").is_object()
}

fn tell_waiting(registration: &JsValue, what: &str) {
    let message = object([("konsil", what.into())]);
    let _ = call(&get(registration, "waiting"), "postMessage", &[message.into()]);
}

/// Follows new versions as long as the page lives.
pub fn follow(phases: Phases) {
    let updates = Frame::get().updates;
    follow_with(client::version::refused(), move |refused| {
        if refused {
            spawn_local(learn_minimum(updates));
        }
    });
    // Nothing can be read or written any more that the server would take; what waits stays behind the PIN.
    Effect::new(move |_| {
        if updates.too_old.get().is_some()
            && let Some(session) = phases.session().filter(|session| !session.is_passing())
        {
            lock::lock(phases, session);
        }
    });
    let Ok(target) = workers().dyn_into::<web_sys::EventTarget>() else { return };
    // The very first worker takes a page over that is of its version already.
    let was_controlled = get(&target, "controller").is_object();
    platform::listen::<web_sys::Event>(&target, "controllerchange", move |_| {
        if was_controlled || WANTED.get() {
            spawn_local(go_anew(phases));
        }
    });
    spawn_local(watch(phases, updates));
}

async fn watch(phases: Phases, updates: Updates) {
    let mut asked_ms = js_sys::Date::now();
    let mut is_first_look = true;
    loop {
        if let Some(registration) = registration().await {
            let waits = waits(&registration);
            if waits && is_first_look && phases.session().is_none() {
                tell_waiting(&registration, "update-unseen");
            }
            is_first_look = false;
            if updates.waiting.get_untracked() != waits {
                updates.waiting.set(waits);
            }
            if platform::is_visible() && js_sys::Date::now() - asked_ms >= ASK_MS {
                asked_ms = js_sys::Date::now();
                // Without network it is asked again in an hour, or at the next start.
                let _ = ask_for(&registration, "update").await;
                if let Some(hospital) = Hospital::ask().await {
                    updates.compare(&hospital);
                }
            }
        }
        platform::sleep(LOOK).await;
    }
}

/// The server has refused this version: from which one on it takes them.
async fn learn_minimum(updates: Updates) {
    loop {
        if let Some(hospital) = Hospital::ask().await {
            return updates.compare(&hospital);
        }
        platform::sleep(LOOK).await;
    }
}

/// Another version has taken over: this page goes to it, with all that was begun kept.
async fn go_anew(phases: Phases) {
    // A recording, and what is about to be sent, are kept nowhere yet. All that this page needs it has.
    while !WANTED.get() && is_something_in_hand() {
        platform::sleep(LOOK).await;
    }
    match phases.session() {
        // It would end. It goes on with the version that it has.
        Some(session) if session.is_passing() && !WANTED.get() => {}
        Some(session) => lock::lock(phases, session),
        // Whoever has just signed in would have to do so again.
        None if phases.is(|phase| matches!(phase, Phase::SetPin(_))) && !WANTED.get() => {}
        None => platform::start_anew(None),
    }
}

fn is_something_in_hand() -> bool {
    document().query_selector(".recorder, .stage, .on-air").is_ok_and(|found| found.is_some())
}

/// How an update ended that the person wanted. One that succeeds loads the page anew and does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUpdate {
    /// The server has the same version as this device.
    NothingNewer,
    /// The server does not answer.
    NoAnswer,
}

/// Goes to the newer version, which is looked for at the server if none waits yet.
pub async fn update_now(phases: Phases) -> NoUpdate {
    let Some(registration) = registration().await else { return reload_if_newer().await };
    if !waits(&registration) {
        if ask_for(&registration, "update").await.is_err() {
            return NoUpdate::NoAnswer;
        }
        let mut left = FETCH;
        while get(&registration, "installing").is_object() && !left.is_zero() {
            platform::sleep(STEP).await;
            left = left.saturating_sub(STEP);
        }
    }
    if !waits(&registration) {
        return nothing_newer().await;
    }
    WANTED.set(true);
    tell_waiting(&registration, "update");
    platform::sleep(TAKE_OVER).await;
    // The page should be gone by now; it is not controlled by any worker.
    go_anew(phases).await;
    std::future::pending().await
}

/// Where the browser keeps no worker, loading the page anew is all there is to it.
async fn reload_if_newer() -> NoUpdate {
    let page =
        call(&window(), "fetch", &["./".into(), object([("cache", "reload".into())]).into()]);
    let Ok(page) = page else { return NoUpdate::NoAnswer };
    let Ok(page) = JsFuture::from(Promise::resolve(&page)).await else { return NoUpdate::NoAnswer };
    let Ok(text) = ask_for(&page, "text").await else { return NoUpdate::NoAnswer };
    let text = text.as_string().unwrap_or_default();
    let stamped = text.split_once("name=\"konsil-version\" content=\"");
    let stamped = stamped.and_then(|(_, rest)| rest.split('"').next()?.parse::<AppVersion>().ok());
    if stamped > own() {
        platform::start_anew(None);
        return std::future::pending().await;
    }
    nothing_newer().await
}

/// The hospital may have changed its mind.
async fn nothing_newer() -> NoUpdate {
    match Hospital::ask().await {
        Some(hospital) => {
            Frame::get().updates.compare(&hospital);
            NoUpdate::NothingNewer
        }
        None => NoUpdate::NoAnswer,
    }
}
