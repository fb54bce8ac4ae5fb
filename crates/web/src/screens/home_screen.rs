//! The guide to the home screen on iPhone and iPad. It comes before the sign-in, since an app there has a storage of its own.

use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::{
    context::{Frame, lang},
    ui::{Icon, Picture},
};

/// How Konsil gets to the home screen; with an invitation, how its link gets there too.
#[component]
pub fn HomeScreenGuide(invited: bool, on_skip: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let copy = move |_| {
        let link = window().location().href().unwrap_or_default();
        let copied = window().navigator().clipboard().write_text(&link);
        leptos::task::spawn_local(async move {
            if JsFuture::from(copied).await.is_ok() {
                frame.say(lang.copied());
            }
        });
    };
    let last = if invited { lang.home_screen_open_invited() } else { lang.home_screen_open() };
    let steps = [
        (Icon::Share, lang.home_screen_share()),
        (Icon::AddToScreen, lang.home_screen_add()),
        (Icon::Phones, last),
    ];
    view! {
        <main class="gate" data-testid="home-screen">
            <div class="gate-card">
                <div class="gate-head">
                    <div class="mark" aria-hidden="true">"K"</div>
                    <h1>{lang.home_screen_title()}</h1>
                    <p data-testid="hospital-name">{move || frame.hospital.get()}</p>
                </div>
                <p class="note">{lang.home_screen_why()}</p>
                {invited
                    .then(|| {
                        view! {
                            <button type="button" class="button primary wide" data-testid="home-screen-copy" on:click=copy>
                                <Picture icon=Icon::Copy class="small"/>
                                {lang.home_screen_copy()}
                            </button>
                        }
                    })}
                <ol class="steps">
                    {steps
                        .into_iter()
                        .map(|(icon, words)| {
                            view! {
                                <li>
                                    <span class="kind"><Picture icon/></span>
                                    <span>{words}</span>
                                </li>
                            }
                        })
                        .collect_view()}
                </ol>
                <button type="button" class="button plain wide" data-testid="home-screen-skip" on:click=move |_| on_skip.run(())>
                    {lang.home_screen_skip()}
                </button>
            </div>
        </main>
    }
}
