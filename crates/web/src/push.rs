//! What the browser has for waking this device: permission, subscription, and the worker that shows notifications.
//!
//! `static/sw.js` is the worker; it hands to this page what only a signed-in page can tell the server.

use std::time::Duration;

use client::{
    Session,
    push::{PushError, Subscription, Waking},
};
use futures_util::{FutureExt, future::select};
use js_sys::{Object, Promise};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    by_name::{call, get, object},
    context::{Frame, lang},
    home_screen, platform, residents,
    route::Route,
};

/// How long the worker of a page that was just opened may take to be there.
const WORKER_WITHIN: Duration = Duration::from_secs(10);

/// How long the push service may take to give an address. Where a firewall swallows what is sent to it, the browser waits for ever.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(20);

const STEP: Duration = Duration::from_millis(100);

/// How long a token may take through the push service. Usually it is a second or two.
const ARRIVES_WITHIN: Duration = Duration::from_secs(25);

/// What this browser can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can be woken, and the person has allowed it.
    Allowed,
    /// It can be woken once the person allows it.
    Askable,
    /// The person, or whoever administers the device, has said no.
    Denied,
    /// Only from the home screen (iPhone, iPad).
    FromHomeScreen,
    /// Not at all.
    None,
}

/// Why this device is not woken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchError {
    /// The browser does not reach its push service, or does not want to.
    Browser,
    /// The server does not want to.
    Server(PushError),
}

/// What of it changes while somebody is signed in. Copy it freely.
#[derive(Clone, Copy)]
pub struct Wakes {
    /// How many tokens came through the push service and were given back.
    acknowledged: RwSignal<u64>,
}

/// Calls a method and waits for its promise.
async fn ask_for(
    object: &JsValue,
    method: &str,
    arguments: &[JsValue],
) -> Result<JsValue, JsValue> {
    let promise = call(object, method, arguments)?;
    JsFuture::from(Promise::resolve(&promise)).await
}

fn workers() -> JsValue {
    get(&window().navigator(), "serviceWorker")
}

/// The worker with what belongs to it; `None` if there is none in this browser. A browser has one push address for each place of a
/// worker: the first person's is the page's own, the others' are places at which there is no page.
async fn registration() -> Option<JsValue> {
    if residents::is_passing() {
        return None;
    }
    let place = residents::place();
    if place.is_empty() {
        let ready: Promise = get(&workers(), "ready").dyn_into().ok()?;
        return within(WORKER_WITHIN, JsFuture::from(ready)).await.ok();
    }
    let scope = format!("./person/{place}/");
    let options = object([("scope", scope.into()), ("type", "module".into())]);
    let (workers, arguments) = (workers(), ["./sw.js".into(), options.into()]);
    let made = within(WORKER_WITHIN, ask_for(&workers, "register", &arguments)).await.ok()?;
    // Nothing says when it is ready, as the page is none of its.
    for _ in 0..WORKER_WITHIN.as_millis() / STEP.as_millis() {
        if get(&made, "active").is_object() {
            return Some(made);
        }
        platform::sleep(STEP).await;
    }
    None
}

/// The workers' registrations of everybody on this device.
async fn registrations() -> Vec<JsValue> {
    let found = ask_for(&workers(), "getRegistrations", &[]).await;
    found.map(|found| js_sys::Array::from(&found).to_vec()).unwrap_or_default()
}

/// Takes away what is shown of anybody on this device, on the screen and as the number on the app's icon: somebody else comes.
pub async fn clear_shown() {
    for registration in registrations().await {
        // None yet, at the very first start.
        let message = object([("konsil", "clear".into())]);
        let _ = call(&get(&registration, "active"), "postMessage", &[message.into()]);
    }
}

/// Answers the workers for whom this page is: for the one whose store it is at.
pub fn answer_for_whom() {
    let Ok(target) = workers().dyn_into::<web_sys::EventTarget>() else { return };
    platform::listen::<web_sys::Event>(&target, "message", move |event| {
        let message = get(&event, "data");
        if platform::text_in(&message, "konsil").as_deref() == Some("for-whom")
            && is_for_here(&message)
        {
            let port = get(&get(&event, "ports"), "0");
            let _ = call(&port, "postMessage", &[JsValue::TRUE]);
        }
    });
    let _ = call(&target, "startMessages", &[]);
}

/// Whether a worker says this to the person at whose store this page is.
fn is_for_here(message: &JsValue) -> bool {
    platform::text_in(message, "place").unwrap_or_default() == residents::place()
}

/// What a promise gives, or an error if it takes longer.
async fn within(
    time: Duration,
    promised: impl Future<Output = Result<JsValue, JsValue>>,
) -> Result<JsValue, JsValue> {
    let gave_up = platform::sleep(time).map(|()| Err(JsValue::UNDEFINED));
    select(Box::pin(promised), Box::pin(gave_up)).await.factor_first().0
}

async fn push_manager() -> Option<JsValue> {
    let manager = get(&registration().await?, "pushManager");
    manager.is_object().then_some(manager)
}

/// Whether the app was opened from the home screen, or is installed.
fn is_standalone() -> bool {
    let by_style = window().match_media("(display-mode: standalone)").ok().flatten();
    by_style.is_some_and(|query| query.matches())
        || get(&window().navigator(), "standalone") == JsValue::TRUE
}

fn touch_points() -> u32 {
    get(&window().navigator(), "maxTouchPoints").as_f64().map_or(0, |points| points as u32)
}

/// Whether the guide to the home screen comes before anything else.
pub fn needs_home_screen() -> bool {
    home_screen::comes_first(&platform::user_agent(), touch_points(), is_standalone())
}

/// What this browser can do, as far as it says without asking the person.
pub fn support() -> Support {
    let page = JsValue::from(window());
    let has = |name: &str| !get(&page, name).is_undefined();
    if workers().is_undefined() || !has("PushManager") || !has("Notification") {
        return if needs_home_screen() { Support::FromHomeScreen } else { Support::None };
    }
    match get(&get(&page, "Notification"), "permission").as_string().as_deref() {
        Some("granted") => Support::Allowed,
        Some("denied") => Support::Denied,
        _ => Support::Askable,
    }
}

/// Asks the person. To be called in a click, before anything is waited for: else browsers do not ask.
pub async fn ask() -> Support {
    let notification = get(&window(), "Notification");
    let _ = ask_for(&notification, "requestPermission", &[]).await;
    support()
}

fn read(subscription: &JsValue) -> Option<Subscription> {
    let json = call(subscription, "toJSON", &[]).ok()?;
    let keys = get(&json, "keys");
    Some(Subscription {
        endpoint: get(&json, "endpoint").as_string()?,
        key: get(&keys, "p256dh").as_string()?,
        auth: get(&keys, "auth").as_string()?,
    })
}

/// The browser's subscription: whether this device is switched on.
pub async fn subscription() -> Option<Subscription> {
    let found = ask_for(&push_manager().await?, "getSubscription", &[]).await.ok()?;
    read(&found)
}

async fn subscribe(key: &str) -> Result<Subscription, SwitchError> {
    let manager = push_manager().await.ok_or(SwitchError::Browser)?;
    let options = object([("userVisibleOnly", true.into()), ("applicationServerKey", key.into())]);
    let options = [options.into()];
    let made = within(SUBSCRIBED_WITHIN, ask_for(&manager, "subscribe", &options)).await;
    made.ok().and_then(|made| read(&made)).ok_or(SwitchError::Browser)
}

async fn unsubscribe() {
    let Some(manager) = push_manager().await else { return };
    if let Ok(found) = ask_for(&manager, "getSubscription", &[]).await
        && found.is_object()
    {
        // A push service that is not reached forgets the address when nothing is taken there any more.
        let _ = ask_for(&found, "unsubscribe", &[]).await;
    }
}

/// Switches this device on: the browser subscribes and the server is told. The person has allowed it already.
///
/// # Errors
/// The device stays off then.
pub async fn switch_on(session: &Session, key: &str) -> Result<Waking, SwitchError> {
    let made = subscribe(key).await?;
    match session.push().set(&made, lang().tag()).await {
        Ok(state) => Ok(state),
        Err(error) => {
            unsubscribe().await;
            Err(SwitchError::Server(error))
        }
    }
}

/// Switches this device off. The browser comes first: from then on nothing is shown, whatever the server still knows.
///
/// # Errors
/// The server still knows the address; its push service refuses it from now on, and the server drops it then.
pub async fn switch_off(session: &Session) -> Result<(), SwitchError> {
    unsubscribe().await;
    session.push().remove().await.map_err(SwitchError::Server)
}

/// Ends everything on this device, when somebody signs out. The server forgets the address with the session.
pub async fn end() {
    unsubscribe().await;
    tell_worker(object([("konsil", "end".into())])).await;
    if !residents::place().is_empty()
        && let Some(registration) = registration().await
    {
        let _ = ask_for(&registration, "unregister", &[]).await;
    }
}

async fn tell_worker(message: Object) {
    let Some(registration) = registration().await else { return };
    // None yet, at the very first start.
    let _ = call(&get(&registration, "active"), "postMessage", &[message.into()]);
}

/// Tells the worker what is unread and which chat is being read: its notifications and the number on the app's icon follow.
pub fn tell_state(unread: u64, read: Option<String>) {
    let message = object([
        ("konsil", "state".into()),
        ("lang", lang().tag().into()),
        ("unread", (unread as f64).into()),
        ("room", read.into()),
    ]);
    leptos::task::spawn_local(tell_worker(message));
}

impl Wakes {
    /// Hears the worker as long as the owner lives, and brings the server up to date about this device.
    pub fn follow(session: Session) -> Self {
        let this = Self { acknowledged: RwSignal::new(0) };
        let Ok(target) = workers().dyn_into::<web_sys::EventTarget>() else { return this };
        let session = StoredValue::new_local(session);
        platform::listen::<web_sys::Event>(&target, "message", move |event| {
            if let Some(session) = session.try_get_value() {
                this.heard(&event, session);
            }
        });
        // Messages wait in the browser until it is told that somebody listens.
        let _ = call(&target, "startMessages", &[]);
        if !residents::is_passing() {
            leptos::task::spawn_local(bring_up_to_date(session.get_value()));
        }
        this
    }

    fn heard(self, event: &web_sys::Event, session: Session) {
        let message = get(event, "data");
        if !is_for_here(&message) {
            return;
        }
        let text = |name| get(&message, name).as_string();
        match text("konsil").as_deref() {
            Some("acknowledge") => {
                let Some(token) = text("token") else { return };
                leptos::task::spawn_local(async move {
                    // A token that is not waited for any more is of an earlier question.
                    if session.push().acknowledge(&token).await.is_ok() {
                        self.acknowledged.try_update(|count| *count += 1);
                    }
                });
            }
            Some("woken") => session.retry_now(),
            Some("open") => {
                let place = text("room").map_or(Route::Chats, Route::Chat);
                Frame::get().nav.go(place);
            }
            Some("subscription") => leptos::task::spawn_local(async move {
                if let Some(renewed) = subscription().await {
                    // Without network the next start does it.
                    let _ = session.push().set(&renewed, lang().tag()).await;
                }
            }),
            _ => return,
        }
        let port = get(&get(event, "ports"), "0");
        let _ = call(&port, "postMessage", &[JsValue::TRUE]);
    }

    /// Whether messages really arrive on this device: has the server send a token through the push service and waits for it.
    ///
    /// # Errors
    /// The server did not send one.
    pub async fn check(self, session: &Session) -> Result<bool, SwitchError> {
        let Some(subscription) = subscription().await else { return Ok(false) };
        let before = self.acknowledged.get_untracked();
        let asked = session.push().set_anew(&subscription, lang().tag()).await;
        asked.map_err(SwitchError::Server)?;
        Ok(self.arrives_after(before).await)
    }

    /// How many tokens came back so far.
    pub fn acknowledged(self) -> u64 {
        self.acknowledged.get_untracked()
    }

    /// Waits for one more token; `false` if none comes.
    pub async fn arrives_after(self, before: u64) -> bool {
        const STEP: Duration = Duration::from_millis(200);
        for _ in 0..ARRIVES_WITHIN.as_millis() / STEP.as_millis() {
            match self.acknowledged.try_get_untracked() {
                Some(count) if count > before => return true,
                Some(_) => platform::sleep(STEP).await,
                None => return false,
            }
        }
        false
    }
}

/// At the start: what is switched on in the browser is known to the server, and what the hospital no longer allows is switched off.
async fn bring_up_to_date(session: Session) {
    let Some(found) = subscription().await else { return };
    let push = session.push();
    if !push.is_wanted().await {
        return unsubscribe().await;
    }
    // Without the server nothing can be said; the next start looks again.
    let Ok(key) = push.key().await else { return };
    let Some(key) = key else { return unsubscribe().await };
    match push.state(&found).await {
        Ok(Waking::Active) | Err(_) => {}
        Ok(Waking::Awaited) => {
            // The token never came back: nobody was there to hear it. A new one is on its way.
            let _ = push.set(&found, lang().tag()).await;
        }
        Ok(Waking::Unknown) => {
            // Never told, or dropped because its push service refused it. An address that was refused stays so.
            unsubscribe().await;
            let _ = switch_on(&session, &key).await;
        }
    }
}
