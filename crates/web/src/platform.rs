//! What the browser offers: local time, preferences, where the app is served from, timers.

use std::{cell::Cell, rc::Rc, time::Duration};

use leptos::prelude::*;
use vocabulary::app::VERSION_HEADER;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::{
    by_name::{call, get, object},
    clock::LocalTime,
    i18n::Lang,
    update,
};

/// Where the app was loaded from, which is also where its server is: `https://konsil.klinikum.example`.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// What the browser says about itself.
pub fn user_agent() -> String {
    window().navigator().user_agent().unwrap_or_default()
}

/// Whether the browser believes that there is a network.
pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// A moment as the clock on the reader's wall shows it.
pub fn local_time(at_ms: u64) -> LocalTime {
    let date = js_sys::Date::new(&JsValue::from_f64(at_ms as f64));
    LocalTime {
        year: date.get_full_year() as i32,
        month: date.get_month() as u8 + 1,
        day: date.get_date() as u8,
        hour: date.get_hours() as u8,
        minute: date.get_minutes() as u8,
    }
}

/// Now, as the clock on the reader's wall shows it.
pub fn now() -> LocalTime {
    local_time(js_sys::Date::now() as u64)
}

/// The time as HTML's `datetime` wants it.
pub fn iso(at_ms: u64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(at_ms as f64));
    // A browser refuses to write down what is no moment; whoever sends one shall not stop the page.
    if date.get_time().is_nan() { String::new() } else { date.to_iso_string().into() }
}

/// Name of the clock on the reader's wall, such as `Europe/Berlin`.
pub fn time_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    text_in(&format.resolved_options(), "timeZone").unwrap_or_else(|| "Europe/Berlin".into())
}

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// What was chosen earlier on this device.
    pub fn chosen() -> Self {
        match preference("theme").as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Shows it, and remembers it on this device.
    pub fn choose(self) {
        keep_preference("theme", self.name());
        let Some(root) = document().document_element() else { return };
        // A failed attribute leaves the theme as it is; there is nothing to tell the user.
        let _ = match self.name() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
}

/// The language chosen earlier on this device, else the browser's.
pub fn chosen_language() -> Lang {
    let tag = preference("language").or_else(|| window().navigator().language());
    tag.as_deref().map(Lang::for_tag).unwrap_or_default()
}

/// Remembers the language on this device, and tells screen readers.
pub fn choose_language(lang: Lang) {
    keep_preference("language", Some(lang.tag()));
    announce_language(lang);
}

/// Tells screen readers which voice to use.
pub fn announce_language(lang: Lang) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", lang.tag());
    }
}

/// What was kept on this device under a name. Only appearance, language and what the server tells everybody are kept so, in clear:
/// nothing that says anything about anybody.
pub fn preference(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(&format!("konsil.{name}")).ok()?
}

/// Keeps it, or forgets it.
pub fn keep_preference(name: &str, value: Option<&str>) {
    let Ok(Some(storage)) = window().local_storage() else { return };
    let key = format!("konsil.{name}");
    // Without storage (private window) the choice lasts until the page goes.
    let _ = match value {
        Some(value) => storage.set_item(&key, value),
        None => storage.remove_item(&key),
    };
}

/// Whether people type on a keyboard of their own rather than on glass: then Enter sends, and the caret may go to a
/// field without a keyboard sliding over half the screen.
pub fn has_keyboard() -> bool {
    let coarse = window().match_media("(pointer: coarse)").ok().flatten();
    !coarse.is_some_and(|query| query.matches())
}

/// Whether somebody is looking at the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Waits.
pub async fn sleep(duration: Duration) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
            &resolve,
            duration.as_millis() as i32,
        );
    });
    let _ = JsFuture::from(promise).await;
}

/// Waits until the page shows what was just set, before something keeps it busy.
pub async fn painted() {
    sleep(Duration::from_millis(60)).await;
}

/// Waits for an event. An error if the target tells of an error, or nothing happens within this time. Listens as soon as it
/// is called.
pub fn happens(
    target: &web_sys::EventTarget,
    event: &str,
    within: Duration,
) -> impl Future<Output = Result<(), ()>> + use<> {
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        let _ = target.add_event_listener_with_callback(event, &resolve);
        let _ = target.add_event_listener_with_callback("error", &reject);
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(
            &reject,
            within.as_millis() as i32,
        );
    });
    async move { JsFuture::from(promise).await.map(drop).map_err(drop) }
}

/// A file in memory.
pub fn blob(bytes: &[u8], mime: &str) -> Option<web_sys::Blob> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()
}

/// Runs only the last of several calls in quick succession.
#[derive(Clone, Default)]
pub struct Debounce(Rc<Cell<u64>>);

impl Debounce {
    /// Runs `action` after `delay`, unless another call comes before.
    pub fn run(&self, delay: Duration, action: impl FnOnce() + 'static) {
        let turn = self.0.get() + 1;
        self.0.set(turn);
        let turns = self.0.clone();
        leptos::task::spawn_local(async move {
            sleep(delay).await;
            if turns.get() == turn {
                action();
            }
        });
    }

    /// Drops what waits.
    pub fn cancel(&self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Listens on an event target until the owner is gone.
pub fn listen<E: JsCast + 'static>(
    target: &web_sys::EventTarget,
    event: &'static str,
    mut handler: impl FnMut(E) + 'static,
) {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        if let Ok(event) = event.dyn_into::<E>() {
            handler(event);
        }
    });
    if target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref()).is_err() {
        return;
    }
    let target = target.clone();
    on_gone(move || {
        let _ = target.remove_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    });
}

/// Runs when the owner is gone. Like Leptos's `on_cleanup`, for what belongs to this thread, as all of a page does.
pub fn on_gone(action: impl FnOnce() + 'static) {
    let action = StoredValue::new_local(Some(action));
    on_cleanup(move || {
        if let Some(action) = action.try_update_value(Option::take).flatten() {
            action();
        }
    });
}

/// What the server tells everybody at this address; `None` if it does not.
pub async fn data(address: &str) -> Option<JsValue> {
    let response = JsFuture::from(window().fetch_with_str(address)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.json().ok()?).await.ok()
}

/// Sends an object to the server at this address, without anybody's token.
///
/// # Errors
/// The server's error code, `None` if it did not answer.
pub async fn post<const N: usize>(
    address: &str,
    fields: [(&str, &str); N],
) -> Result<JsValue, Option<String>> {
    let body = object(fields.map(|(name, value)| (name, value.into())));
    let body = js_sys::JSON::stringify(&body).map_err(|_| None)?;
    post_text(address, &String::from(body)).await
}

/// The same with JSON that is written already.
///
/// # Errors
/// As [`post`].
pub async fn post_text(address: &str, body: &str) -> Result<JsValue, Option<String>> {
    let headers = object([
        ("Content-Type", "application/json".into()),
        (VERSION_HEADER, update::version().into()),
    ]);
    let init =
        object([("method", "POST".into()), ("headers", headers.into()), ("body", body.into())]);
    let sent = call(&window(), "fetch", &[address.into(), init.into()]).map_err(|_| None)?;
    let response = JsFuture::from(js_sys::Promise::resolve(&sent)).await.map_err(|_| None)?;
    let response: web_sys::Response = response.dyn_into().map_err(|_| None)?;
    let said = JsFuture::from(response.json().map_err(|_| None)?).await.map_err(|_| None)?;
    if response.ok() { Ok(said) } else { Err(text_in(&said, "errcode")) }
}

/// A text of an object.
pub fn text_in(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}

/// A list of an object; empty if there is none.
pub fn list_in(object: &JsValue, name: &str) -> Vec<JsValue> {
    let list = get(object, name);
    if js_sys::Array::is_array(&list) { js_sys::Array::from(&list).to_vec() } else { Vec::new() }
}

/// Loads the page anew, so that nothing of a session stays in its memory and its store can go. `why` is known afterwards.
pub fn start_anew(why: Option<&str>) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = match why {
            Some(why) => storage.set_item("konsil.why", why),
            None => storage.remove_item("konsil.why"),
        };
    }
    let _ = window().location().reload();
}

/// Loads the page anew as the tab that has the app: others do not get it meanwhile.
pub fn start_anew_in_front() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item("konsil.front", "1");
    }
    start_anew(None);
}

/// Whether this tab had the app when the page was loaded anew; known once.
pub fn was_in_front() -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    let was = storage.get_item("konsil.front").ok().flatten().is_some();
    let _ = storage.remove_item("konsil.front");
    was
}

/// Whether this is why the page was loaded anew; known once.
pub fn was_anew_for(why: &str) -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    let is_why = storage.get_item("konsil.why").ok().flatten().as_deref() == Some(why);
    if is_why {
        let _ = storage.remove_item("konsil.why");
    }
    is_why
}

/// Asks the browser not to throw the store away when space gets short.
pub fn keep_storage() {
    if let Ok(promise) = window().navigator().storage().persist() {
        leptos::task::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}
