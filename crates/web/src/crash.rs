//! Crashes of the app (I.k): what of one is noted on this device, and what is sent if the person agrees. `static/crash.js` notes it.

use std::panic::PanicHookInfo;

use js_sys::{Function, JSON};
use leptos::prelude::*;
use vocabulary::crash::{Browser, CrashReport, Kind, Part, System, place_in_source};
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    by_name::get,
    context::Frame,
    hospital::Hospital,
    platform::{self, text_in},
};

/// Under which name a crash is noted, and whether the person wants to be asked.
const NOTED: &str = "crash";
const WISH: &str = "crash-reports";
const NEVER: &str = "never";

/// Has a panic say where it was. Its words may hold anything, so they go nowhere but to the console.
pub fn watch_panics() {
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        console_error_panic_hook::hook(panic);
        let place = panic
            .location()
            .map(|it| place_in_source(it.file(), it.line(), it.column()))
            .unwrap_or_else(|| vocabulary::crash::UNKNOWN.to_owned());
        note(Part::App, Kind::Panic, &place);
    }));
}

/// Notes a crash on this device, unless the hospital or the person wants none.
pub fn note(part: Part, kind: Kind, place: &str) {
    let Ok(note) = get(&js_sys::global(), "konsilCrash").dyn_into::<Function>() else { return };
    let _ =
        note.call3(&JsValue::UNDEFINED, &part.text().into(), &kind.text().into(), &place.into());
}

/// Notes what a worker says of its end, if it says any of it.
pub fn note_worker(part: Part, answer: &JsValue) {
    let crash = get(answer, "crash");
    let kind = text_in(&crash, "kind").and_then(|kind| Kind::of(&kind));
    if let (Some(kind), Some(place)) = (kind, text_in(&crash, "place")) {
        note(part, kind, &place);
    }
}

/// What would be sent of the crash that is noted, as text: exactly this is shown and sent. What is noted otherwise is forgotten.
pub fn noted() -> Option<String> {
    let report = read(&platform::preference(NOTED)?).filter(CrashReport::is_valid);
    if report.is_none() || !is_wanted() {
        forget();
        return None;
    }
    report.map(|report| report.text())
}

fn read(noted: &str) -> Option<CrashReport> {
    let noted = JSON::parse(noted).ok()?;
    let agent = platform::user_agent();
    Some(CrashReport {
        version: text_in(&noted, "version")?,
        part: Part::of(&text_in(&noted, "part")?)?,
        kind: Kind::of(&text_in(&noted, "kind")?)?,
        place: text_in(&noted, "place")?,
        browser: Browser::named_by(&agent),
        system: System::named_by(&agent),
    })
}

/// Whether the hospital takes reports, as it was last known, and the person wants to be asked.
fn is_wanted() -> bool {
    Hospital::kept().crash_reports && asks()
}

/// Whether the person wants to be asked.
pub fn asks() -> bool {
    platform::preference(WISH).as_deref() != Some(NEVER)
}

/// Asks from now on, or never.
pub fn set_asks(asks: bool) {
    platform::keep_preference(WISH, (!asks).then_some(NEVER));
}

/// Nothing is known of the crash any more.
pub fn forget() {
    platform::keep_preference(NOTED, None);
}

/// Sends what was shown. `false` if it did not arrive.
pub async fn send(text: &str) -> bool {
    platform::post_text("/_konsil/crash_reports", text).await.is_ok()
}

/// Calls this whenever a crash is noted while the app goes on.
pub fn on_noted(action: impl Fn() + 'static) {
    platform::listen::<web_sys::Event>(&window(), "konsil-crash", move |_| action());
}

/// A sentence for the person.
pub fn say(text: &'static str) {
    Frame::get().say(text);
}
