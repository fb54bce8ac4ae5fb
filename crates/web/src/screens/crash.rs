//! Asking after a crash (I.k): what would be sent is shown as it is, and nothing is sent before the person says so.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::lang,
    crash,
    ui::{Icon, Picture, Sheet},
};

/// Asks, if a crash is noted.
#[component]
pub fn CrashQuestion() -> impl IntoView {
    let report = RwSignal::new(crash::noted());
    crash::on_noted(move || report.set(crash::noted()));
    let leave = Callback::new(move |()| {
        crash::forget();
        report.set(None);
    });
    move || report.get().map(|text| view! { <Ask text on_done=leave/> })
}

#[component]
fn Ask(text: String, on_done: Callback<()>) -> impl IntoView {
    let lang = lang();
    let sending = RwSignal::new(false);
    let shown = text.clone();
    let send = move |_| {
        sending.set(true);
        let text = text.clone();
        spawn_local(async move {
            if crash::send(&text).await {
                crash::say(lang.crash_sent());
                on_done.run(());
            } else {
                crash::say(lang.crash_not_sent());
                sending.try_set(false);
            }
        });
    };
    let never = move |_| {
        crash::set_asks(false);
        on_done.run(());
    };
    view! {
        <Sheet title=lang.crash_title() on_close=on_done testid="crash">
            <div class="body">
                <p>{lang.crash_explain()}</p>
                <pre class="crash-content" tabindex="0" role="group" aria-label=lang.crash_content() data-testid="crash-content">{shown}</pre>
                <p class="note">{lang.crash_where()}</p>
            </div>
            <div class="buttons">
                <button type="button" class="button primary" data-testid="crash-send" disabled=move || sending.get() on:click=send>
                    <Picture icon=Icon::Send class="small"/>
                    {lang.crash_send()}
                </button>
                <button type="button" class="button outline" data-testid="crash-not" on:click=move |_| on_done.run(())>{lang.crash_not()}</button>
                <button type="button" class="button plain" data-testid="crash-never" on:click=never>{lang.crash_never()}</button>
            </div>
        </Sheet>
    }
}
