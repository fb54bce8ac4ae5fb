//! The recovery key: a calm reminder to keep it, showing and printing it, entering it.

use client::trust::{Recovery, RecoveryKey, TrustError};
use leptos::{html, prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, follow, lang},
    i18n::Lang,
    platform, printed,
    text::key_groups,
    ui::{Icon, Picture, Problem, Sheet},
};

/// Reminds of a key that was made and not kept yet. It waits; nothing is forced.
#[component]
pub fn RecoveryBanner() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let new_key = follow(desk.session().trust().new_recovery_key());
    let shown = RwSignal::new(false);
    view! {
        {move || {
            (new_key.with(Option::is_some) && !desk.key_put_off.get())
                .then(|| {
                    view! {
                        <div class="banner" role="region" aria-label=lang.recovery_banner() data-testid="recovery-banner">
                            <Picture icon=Icon::Key/>
                            <span class="grow">
                                <b>{lang.recovery_banner()}</b>
                                {lang.recovery_banner_hint()}
                                <button type="button" class="button plain" data-testid="recovery-show" on:click=move |_| shown.set(true)>
                                    {lang.recovery_show()}
                                </button>
                            </span>
                            <button
                                type="button"
                                class="icon-button"
                                aria-label=lang.later()
                                title=lang.later()
                                on:click=move |_| desk.key_put_off.set(true)
                            >
                                <Picture icon=Icon::Close class="small"/>
                            </button>
                        </div>
                    }
                })
        }}
        {move || shown.get().then(|| view! { <KeySheet on_close=Callback::new(move |()| shown.set(false))/> })}
    }
}

/// Where the key stands.
#[derive(Clone, PartialEq)]
enum Key {
    Fetching,
    Here(RecoveryKey),
    NotHere,
    Failed(String),
}

/// Shows the key, to print or copy it.
#[component]
pub fn KeySheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let trust = StoredValue::new_local(desk.session().trust());
    let key = RwSignal::new(Key::Fetching);
    let fresh = trust.get_value().new_recovery_key().peek();
    match fresh {
        Some(fresh) => key.set(Key::Here(fresh)),
        None => spawn_local(async move {
            key.try_set(match trust.get_value().recovery_key().await {
                Ok(found) => Key::Here(found),
                Err(TrustError::NotAvailableHere) => Key::NotHere,
                Err(error) => Key::Failed(trust_words(&error, lang)),
            });
        }),
    }
    let kept = move |_| {
        let handle = trust.get_value();
        spawn_local(async move { handle.recovery_key_kept().await });
        on_close.run(());
    };
    view! {
        <Sheet title=lang.recovery_key() on_close testid="recovery-sheet">
            <div class="body">
                {move || match key.get() {
                    Key::Fetching => view! { <p role="status">{lang.recovery_loading()}</p> }.into_any(),
                    Key::NotHere => view! { <p>{lang.recovery_not_here()}</p> }.into_any(),
                    Key::Failed(words) => view! { <p class="problem">{words}</p> }.into_any(),
                    Key::Here(found) => {
                        let groups = StoredValue::new(key_groups(found.expose()));
                        view! {
                            <p>{lang.recovery_explain()}</p>
                            <p class="key-box" translate="no" data-testid="recovery-key">{groups.get_value()}</p>
                            <p>{lang.recovery_keep()}</p>
                            <div class="buttons">
                                <button type="button" class="button outline" on:click=move |_| copy(&groups.get_value(), lang)>
                                    <Picture icon=Icon::Copy class="small"/>
                                    {lang.copy()}
                                </button>
                                <button type="button" class="button outline" data-testid="recovery-print" on:click=move |_| print(&groups.get_value(), lang)>
                                    <Picture icon=Icon::Printer class="small"/>
                                    {lang.print()}
                                </button>
                                <button type="button" class="button primary" data-testid="recovery-saved" on:click=kept>
                                    {lang.recovery_saved()}
                                </button>
                            </div>
                        }
                            .into_any()
                    }
                }}
            </div>
        </Sheet>
    }
}

fn copy(key: &str, lang: Lang) {
    let frame = Frame::get();
    let promise = window().navigator().clipboard().write_text(key);
    spawn_local(async move {
        let copied = wasm_bindgen_futures::JsFuture::from(promise).await.is_ok();
        frame.say(if copied { lang.copied() } else { lang.action_failed() });
    });
}

/// Prints a page with the key and nothing else.
fn print(key: &str, lang: Lang) {
    let me = Desk::get().me.get_untracked().person;
    let hospital = Frame::get().hospital.get_untracked();
    printed::print([
        ("h1", "", format!("{}: {}", lang.app_name(), lang.recovery_key())),
        ("p", "", format!("{}, {hospital}", me.name)),
        ("p", "key-box", key.to_owned()),
        ("p", "", lang.recovery_explain().to_owned()),
        ("p", "", lang.recovery_keep().to_owned()),
    ]);
}

/// Entering the key on a new device.
#[component]
pub fn KeyForm(on_done: Callback<()>) -> impl IntoView {
    let lang = lang();
    let trust = StoredValue::new_local(Desk::get().session().trust());
    let input = NodeRef::<html::Textarea>::new();
    let typed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    if platform::has_keyboard() {
        input.on_load(|input| {
            let _ = input.focus();
        });
    }
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (trust, entered) = (trust.get_value(), typed.get_untracked());
        spawn_local(async move {
            let result = trust.recover(&entered).await;
            busy.try_set(false);
            match result {
                // The sheet around may have closed by itself: the device is confirmed by now.
                Ok(()) => drop(on_done.try_run(())),
                Err(error) => {
                    problem.try_set(Some(trust_words(&error, lang)));
                }
            }
        });
    };
    view! {
        <form class="body" on:submit=submit novalidate>
            <KeyField testid="recovery-input" value=typed hint=lang.recovery_input_hint() node_ref=input/>
            <Problem text=problem testid="recovery-problem"/>
            <button type="submit" class="button primary wide" data-testid="recovery-submit" disabled=move || busy.get()>
                {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                {move || if busy.get() { lang.recovery_checking() } else { lang.confirm() }}
            </button>
        </form>
    }
}

/// A field for a recovery key.
#[component]
pub fn KeyField(
    testid: &'static str,
    value: RwSignal<String>,
    hint: &'static str,
    #[prop(optional)] node_ref: NodeRef<html::Textarea>,
) -> impl IntoView {
    let lang = lang();
    let hint_id = format!("{testid}-hint");
    view! {
        <div class="field">
            <label for=testid>{lang.recovery_input()}</label>
            <textarea
                node_ref=node_ref
                id=testid
                class="input key-box"
                data-testid=testid
                rows="3"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                prop:writingSuggestions="false"
                aria-describedby=hint_id.clone()
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            <p class="note" id=hint_id>{hint}</p>
        </div>
    }
}

/// How it stands with the recovery key, in the settings: the words, and whether all is well.
pub fn state_words(recovery: Recovery, is_kept: bool, lang: Lang) -> (&'static str, bool) {
    match recovery {
        Recovery::Unknown => (lang.recovery_checking(), false),
        Recovery::NotSetUp => (lang.recovery_not_set_up(), false),
        Recovery::NeedsKey => (lang.recovery_needs_key(), false),
        Recovery::Ready if is_kept => (lang.recovery_ready(), true),
        Recovery::Ready => (lang.recovery_not_kept(), false),
    }
}

/// Testing the printed key, before it is needed.
#[component]
pub fn TestKey(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let trust = StoredValue::new_local(Desk::get().session().trust());
    let typed = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let is_right = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        is_right.set(false);
        problem.set(None);
        let (trust, entered) = (trust.get_value(), typed.get_untracked());
        spawn_local(async move {
            let result = trust.check_recovery_key(&entered).await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    // Whoever has it at hand has kept it.
                    trust.recovery_key_kept().await;
                    typed.try_set(String::new());
                    is_right.try_set(true);
                }
                Err(error) => drop(problem.try_set(Some(trust_words(&error, lang)))),
            }
        });
    };
    view! {
        <Sheet title=lang.recovery_test() on_close testid="recovery-test">
            <form class="body" on:submit=submit novalidate>
                <p>{lang.recovery_test_explain()}</p>
                <KeyField testid="recovery-test-key" value=typed hint=lang.recovery_input_hint()/>
                <Problem text=problem testid="recovery-test-problem"/>
                {move || is_right.get().then(|| view! { <p role="status" data-testid="recovery-test-right">{lang.recovery_test_right()}</p> })}
                <button type="submit" class="button primary wide" data-testid="recovery-test-submit" disabled=move || busy.get()>
                    {move || if busy.get() { lang.recovery_checking() } else { lang.recovery_test_submit() }}
                </button>
            </form>
        </Sheet>
    }
}

/// Whether old messages are out of reach until the key is entered.
pub fn needs_key(recovery: Recovery) -> bool {
    recovery == Recovery::NeedsKey
}

/// Why something about trust failed, and what to do.
pub fn trust_words(error: &TrustError, lang: Lang) -> String {
    match error {
        TrustError::NoConnection => lang.needs_network().into(),
        TrustError::PasswordNeeded => lang.password_needed().into(),
        TrustError::MalformedKey => lang.recovery_malformed().into(),
        TrustError::WrongKey => lang.recovery_wrong().into(),
        TrustError::NotAvailableHere => lang.recovery_not_here().into(),
        TrustError::NoVerification => lang.verification_cancelled().into(),
        TrustError::NoIdentity => lang.no_identity().into(),
        TrustError::Failed(code) => lang.failed_with(code),
    }
}
