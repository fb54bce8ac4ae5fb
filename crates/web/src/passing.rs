//! Sessions that pass with the page: nothing of them is stored on the device, and the device leaves the account.
//!
//! What is left of one whose page was closed while the server was away, or whose browser ended, is a token by which its device leaves
//! the account at the next start. It says nothing about anybody and is good for nothing else.

use client::{Session, tabs};
use leptos::prelude::*;

use crate::{
    app::settings,
    by_name::{call, object},
    platform, residents,
};

/// Under which name the tokens are kept, each with the name by which its page is known to be open.
const LEAVING: &str = "leaving";

fn kept() -> Vec<String> {
    let kept = platform::preference(LEAVING).unwrap_or_default();
    kept.split(' ').filter(|it| it.contains(':')).map(str::to_owned).collect()
}

fn keep(entries: &[String]) {
    let text = entries.join(" ");
    platform::keep_preference(LEAVING, (!text.is_empty()).then_some(&text));
}

fn forget(entry: &str) {
    // Read anew: another tab may have come between.
    let mut entries = kept();
    entries.retain(|it| it != entry);
    keep(&entries);
}

/// Notes how the device of this session leaves the account, and has it leave when the page goes.
pub async fn begin(session: &Session) {
    let token = session.leaving_token().await;
    let mut entries = kept();
    entries.push(format!("{}:{token}", residents::current()));
    keep(&entries);
    let bye = move |_: web_sys::Event| {
        let headers = object([("Authorization", format!("Bearer {token}").into())]);
        let options = object([
            ("method", "POST".into()),
            ("keepalive", true.into()),
            ("headers", headers.into()),
            ("body", "{}".into()),
        ]);
        // Nobody is there any more to hear whether it worked; the next start looks.
        let _ = call(&window(), "fetch", &["/_konsil/lock/sign_out".into(), options.into()]);
    };
    platform::listen::<web_sys::Event>(&window(), "pagehide", bye);
    // A page that the browser has put by and takes out again is signed out.
    platform::listen::<web_sys::Event>(&window(), "pageshow", |_| platform::start_anew(None));
}

/// Has devices leave the account whose pages are gone.
pub async fn tidy() {
    for entry in kept() {
        let Some((name, token)) = entry.split_once(':') else { continue };
        if tabs::is_free(name).await && client::lock::leave(&settings(), token).await {
            forget(&entry);
        }
    }
}
