//! Keys of messages from and to a file, as Matrix clients exchange them (I.g).

use client::trust::{KeyFileError, LEAST_PASSPHRASE, MAX_KEY_FILE_BYTES};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::chat::Place;
use crate::{
    context::{Desk, lang},
    i18n::Lang,
    photo, platform,
    ui::{Icon, Picture, Problem, Sheet},
};

/// Taking keys over from a file.
#[component]
pub fn TakeKeys(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let trust = StoredValue::new_local(Desk::get().session().trust());
    let file = RwSignal::new_local(None::<web_sys::File>);
    let passphrase = RwSignal::new(String::new());
    let busy = RwSignal::new(None::<String>);
    let done = RwSignal::new(None::<String>);
    let problem = RwSignal::new(None::<String>);
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
        problem.set(None);
        done.set(None);
        file.set(input.and_then(|input| input.files()?.get(0)));
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(chosen) = file.get_untracked() else {
            return problem.set(Some(lang.keys_no_file().into()));
        };
        if busy.with_untracked(Option::is_some) {
            return;
        }
        problem.set(None);
        if chosen.size() > MAX_KEY_FILE_BYTES as f64 {
            return problem.set(Some(words(&KeyFileError::TooLarge, lang)));
        }
        busy.set(Some(lang.keys_checking().into()));
        let (trust, entered) = (trust.get_value(), passphrase.get_untracked());
        spawn_local(async move {
            let bytes = photo::bytes(&chosen).await;
            platform::painted().await;
            let progress = move |at: usize, all: usize| {
                busy.try_set(Some(lang.keys_stored(at, all)));
            };
            let result = match bytes {
                Some(bytes) => trust.import_room_keys(&bytes, &entered, progress).await,
                None => Err(KeyFileError::NotAKeyFile),
            };
            busy.try_set(None);
            match result {
                Ok(keys) => {
                    passphrase.try_set(String::new());
                    done.try_set(Some(lang.keys_taken(keys.new, keys.all)));
                }
                Err(error) => drop(problem.try_set(Some(words(&error, lang)))),
            }
        });
    };
    view! {
        <Sheet title=lang.keys_take() on_close testid="keys-take">
            <form class="body" on:submit=submit novalidate>
                <p>{lang.keys_take_explain()}</p>
                <label class="choice">
                    <span class="kind" aria-hidden="true">
                        <Picture icon=Icon::Document/>
                    </span>
                    <b class="cut">{move || file.get().map_or_else(|| lang.keys_choose().to_owned(), |file| file.name())}</b>
                    <small>{lang.keys_choose_hint()}</small>
                    <input type="file" class="sr" accept=".txt,text/plain" data-testid="keys-file" on:change=chosen/>
                </label>
                <Passphrase value=passphrase hint=lang.keys_passphrase_theirs()/>
                <Problem text=problem testid="keys-problem"/>
                {move || busy.get().map(|words| view! { <p role="status" data-testid="keys-busy">{words}</p> })}
                {move || done.get().map(|words| view! { <p role="status" data-testid="keys-done">{words}</p> })}
                <button type="submit" class="button primary wide" data-testid="keys-take-submit" disabled=move || busy.with(Option::is_some)>
                    {lang.keys_take_submit()}
                </button>
            </form>
        </Sheet>
    }
}

/// Giving this device's keys into a file, where the hospital allows saving.
#[component]
pub fn GiveKeys(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let session = Desk::get().session();
    let trust = StoredValue::new_local(session.trust());
    let allowed = RwSignal::new(None::<bool>);
    let passphrase = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let done = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    spawn_local(async move {
        let may = session.may_save().await;
        allowed.try_set(Some(may));
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        problem.set(None);
        if passphrase.with_untracked(|it| it.chars().count()) < LEAST_PASSPHRASE {
            return problem.set(Some(words(&KeyFileError::TooShort, lang)));
        }
        let (trust, entered) = (trust.get_value(), passphrase.get_untracked());
        spawn_local(async move {
            let name = lang.keys_file_name();
            // Asked within the click, as browsers want it.
            let Some(place) = Place::ask(name).await else { return };
            busy.try_set(true);
            platform::painted().await;
            let made = trust.export_room_keys(&entered).await;
            let failed = || lang.save_failed().to_owned();
            let end = match made {
                Ok(file) => match place.write(file.as_bytes()).await {
                    Some(()) => place.finish(name).await.ok_or_else(failed),
                    None => Err(failed()),
                },
                Err(error) => {
                    place.give_up().await;
                    Err(words(&error, lang))
                }
            };
            busy.try_set(false);
            match end {
                Ok(()) => {
                    passphrase.try_set(String::new());
                    done.try_set(true);
                }
                Err(words) => drop(problem.try_set(Some(words))),
            }
        });
    };
    view! {
        <Sheet title=lang.keys_give() on_close testid="keys-give">
            {move || match allowed.get() {
                None => view! { <div class="body"><p role="status">{lang.loading()}</p></div> }.into_any(),
                Some(false) => {
                    view! { <div class="body"><p data-testid="keys-not-allowed">{lang.keys_not_allowed()}</p></div> }.into_any()
                }
                Some(true) => {
                    view! {
                        <form class="body" on:submit=submit novalidate>
                            <p>{lang.keys_give_explain()}</p>
                            <Passphrase value=passphrase hint=lang.keys_passphrase_new()/>
                            <Problem text=problem testid="keys-problem"/>
                            {move || busy.get().then(|| view! { <p role="status" data-testid="keys-busy">{lang.keys_making()}</p> })}
                            {move || done.get().then(|| view! { <p role="status" data-testid="keys-done">{lang.keys_given()}</p> })}
                            <button type="submit" class="button primary wide" data-testid="keys-give-submit" disabled=move || busy.get()>
                                {lang.keys_give_submit()}
                            </button>
                        </form>
                    }
                        .into_any()
                }
            }}
        </Sheet>
    }
}

#[component]
fn Passphrase(value: RwSignal<String>, hint: &'static str) -> impl IntoView {
    let lang = lang();
    view! {
        <div class="field">
            <label for="keys-passphrase">{lang.keys_passphrase()}</label>
            <input
                id="keys-passphrase"
                class="input"
                type="password"
                autocomplete="off"
                data-testid="keys-passphrase"
                aria-describedby="keys-passphrase-hint"
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p class="note" id="keys-passphrase-hint">{hint}</p>
        </div>
    }
}

fn words(error: &KeyFileError, lang: Lang) -> String {
    match error {
        KeyFileError::NotAKeyFile => lang.keys_other_file().into(),
        KeyFileError::WrongPassphrase => lang.keys_wrong().into(),
        KeyFileError::TooLarge => lang.keys_too_large().into(),
        KeyFileError::TooShort => lang.keys_too_short(LEAST_PASSPHRASE),
        KeyFileError::Failed(code) => lang.failed_with(code),
    }
}
