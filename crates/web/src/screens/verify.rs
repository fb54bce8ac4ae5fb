//! Confirming this device or a person: by seven pictures or by the recovery key.

use client::trust::{
    DeviceTrust, Recovery, Verification, VerificationEnd, VerificationStep, VerifyWith,
};
use leptos::{prelude::*, task::spawn_local};

use super::recovery::{KeyForm, needs_key, trust_words};
use crate::{
    context::{Desk, Frame, lang},
    i18n::{Lang, emoji_name},
    ui::{Icon, Picture, Problem, Sheet},
};

/// Asks on a new device how to confirm it. It can be put off: writing works without, reading what is old does not.
#[component]
pub fn ConfirmDevice() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let is_open = Memo::new(move |_| {
        let trust = desk.trust.get();
        let waits = trust.this_device == DeviceTrust::NotConfirmed
            && matches!(trust.recovery, Recovery::NeedsKey | Recovery::Ready);
        waits && trust.verification.is_none() && !desk.confirm_put_off.get()
    });
    let put_off = Callback::new(move |()| desk.confirm_put_off.set(true));
    view! {
        {move || is_open.get().then(|| view! { <ConfirmSheet on_close=put_off/> })}
        <SetUp lang/>
    }
}

/// The sheet that asks how to confirm this device.
#[component]
pub fn ConfirmSheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let desk = Desk::get();
    let with_key = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let start = move |_| {
        let trust = desk.session().trust();
        problem.set(None);
        spawn_local(async move {
            if let Err(error) = trust.verify(&VerifyWith::MyOtherDevice).await {
                problem.try_set(Some(trust_words(&error, lang)));
            }
        });
    };
    let done = Callback::new(move |()| {
        frame.say(lang.device_confirmed_hint());
        on_close.run(());
    });
    view! {
        <Sheet title=lang.confirm_device() on_close testid="confirm-device">
            <div class="body">
                <p>{lang.confirm_device_hint()}</p>
                {move || {
                    if with_key.get() {
                        return view! { <KeyForm on_done=done/> }.into_any();
                    }
                    view! {
                        <div class="choices">
                            <button type="button" class="choice" data-testid="verify-start" on:click=start>
                                <span class="kind">
                                    <Picture icon=Icon::Phones/>
                                </span>
                                <b>{lang.confirm_with_other()}</b>
                                <small>{lang.confirm_with_other_hint()}</small>
                                <Picture icon=Icon::Forward/>
                            </button>
                            <button type="button" class="choice" data-testid="recovery-start" on:click=move |_| with_key.set(true)>
                                <span class="kind">
                                    <Picture icon=Icon::Key/>
                                </span>
                                <b>{lang.confirm_with_key()}</b>
                                <small>{lang.confirm_with_key_hint()}</small>
                                <Picture icon=Icon::Forward/>
                            </button>
                        </div>
                    }
                        .into_any()
                }}
                <Problem text=problem/>
            </div>
            <div class="buttons">
                <button type="button" class="button plain" data-testid="confirm-later" on:click=move |_| on_close.run(())>
                    {lang.not_now()}
                </button>
            </div>
        </Sheet>
    }
}

/// Finishes a first sign-in that was interrupted before the account's identity was made.
#[component]
fn SetUp(lang: Lang) -> impl IntoView {
    let desk = Desk::get();
    let wanted = Memo::new(move |_| desk.trust.with(|trust| trust.recovery == Recovery::NotSetUp));
    let password = RwSignal::new(String::new());
    let asks = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let run = move |password: Option<String>| {
        let trust = desk.session().trust();
        spawn_local(async move {
            match trust.set_up(password.as_deref()).await {
                Ok(()) => {
                    asks.try_set(false);
                }
                Err(client::trust::TrustError::PasswordNeeded) => {
                    asks.try_set(true);
                }
                Err(error) => {
                    problem.try_set(Some(trust_words(&error, lang)));
                }
            }
        });
    };
    Effect::new(move |_| {
        if wanted.get() {
            run(None);
        }
    });
    let close = Callback::new(move |()| asks.set(false));
    move || {
        (asks.get() && wanted.get()).then(|| {
            view! {
                <Sheet title=lang.confirm_device() on_close=close testid="set-up">
                    <form
                        class="body"
                        on:submit=move |event| {
                            event.prevent_default();
                            run(Some(password.get_untracked()));
                        }
                    >
                        <div class="field">
                            <label for="set-up-password">{lang.password_needed()}</label>
                            <input
                                id="set-up-password"
                                class="input"
                                type="password"
                                autocomplete="current-password"
                                on:input=move |event| password.set(event_target_value(&event))
                            />
                        </div>
                        <Problem text=problem/>
                        <button type="submit" class="button primary wide">{lang.set_up()}</button>
                    </form>
                </Sheet>
            }
        })
    }
}

/// A comparison that is under way, wherever in the app one is.
#[component]
pub fn VerificationSheet() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let flow = Memo::new(move |_| {
        desk.trust.with(|trust| trust.verification.as_ref().map(|v| v.flow.clone()))
    });
    let cancel = Callback::new(move |()| {
        let trust = desk.session().trust();
        spawn_local(async move {
            // Cancelling what is over already is what was wanted.
            let _ = trust.cancel().await;
        });
    });
    move || {
        flow.get().map(|_| {
            let title = desk
                .trust
                .with_untracked(|trust| trust.verification.as_ref().map(|v| title(v, lang)))
                .unwrap_or_default();
            view! {
                <Sheet title on_close=cancel testid="verify">
                    {move || {
                        let verification = desk.trust.with(|trust| trust.verification.clone());
                        verification.map(|verification| step(verification, cancel, lang))
                    }}
                </Sheet>
            }
        })
    }
}

fn title(verification: &Verification, lang: Lang) -> String {
    match (&verification.step, verification.is_own_device) {
        (VerificationStep::AskedByOther, true) => lang.verification_asked_own().into(),
        (VerificationStep::AskedByOther, false) => {
            lang.verification_asked_by(&verification.with.name)
        }
        (_, true) => lang.confirm_device().into(),
        (_, false) => format!("{}: {}", lang.confirm_identity(), verification.with.name),
    }
}

#[derive(Clone, Copy)]
enum Answer {
    Accept,
    Match,
    Differ,
}

fn step(verification: Verification, close: Callback<()>, lang: Lang) -> AnyView {
    let desk = Desk::get();
    let frame = Frame::get();
    let answer = move |answer: Answer| {
        let trust = desk.session().trust();
        spawn_local(async move {
            let result = match answer {
                Answer::Accept => trust.accept().await,
                Answer::Match => trust.confirm().await,
                Answer::Differ => trust.mismatch().await,
            };
            if let Err(error) = result {
                frame.say(trust_words(&error, lang));
            }
        });
    };
    let closing = move |label: &'static str, testid: &'static str| {
        view! {
            <div class="buttons">
                <button type="button" class="button primary" data-testid=testid on:click=move |_| close.run(())>{label}</button>
            </div>
        }
    };
    let waiting = move |title: &'static str, hint: &'static str| {
        view! {
            <div class="body" role="status">
                <p>
                    <b>{title}</b>
                </p>
                <p>{hint}</p>
            </div>
            <div class="buttons">
                <button type="button" class="button plain" data-testid="verify-cancel" on:click=move |_| close.run(())>{lang.cancel()}</button>
            </div>
        }
    };
    match verification.step {
        VerificationStep::AskedByOther => view! {
            <div class="body">
                <p>{verification.is_own_device.then(|| lang.verification_asked_own_hint())}</p>
            </div>
            <div class="buttons">
                <button type="button" class="button plain" data-testid="verify-decline" on:click=move |_| close.run(())>{lang.decline()}</button>
                <button type="button" class="button primary" data-testid="verify-accept" on:click=move |_| answer(Answer::Accept)>{lang.accept()}</button>
            </div>
        }
        .into_any(),
        VerificationStep::WaitingForOther => waiting(lang.verification_waiting(), lang.verification_waiting_hint()).into_any(),
        VerificationStep::WaitingForConfirmation => waiting(lang.verification_confirming(), lang.compare_hint()).into_any(),
        VerificationStep::Compare { emoji } => view! {
            <div class="body">
                <p>{lang.compare_hint()}</p>
                <ol class="emoji-code" aria-label=lang.compare() data-testid="verify-emoji">
                    {emoji
                        .into_iter()
                        .map(|emoji| {
                            let name = emoji_name(lang, emoji.index).map_or(emoji.name, str::to_owned);
                            view! {
                                <li>
                                    <span class="emoji" aria-hidden="true">{emoji.symbol}</span>
                                    <span>{name}</span>
                                </li>
                            }
                        })
                        .collect_view()}
                </ol>
            </div>
            <div class="buttons">
                <button type="button" class="button outline" data-testid="verify-mismatch" on:click=move |_| answer(Answer::Differ)>
                    {lang.they_differ()}
                </button>
                <button type="button" class="button primary" data-testid="verify-confirm" on:click=move |_| answer(Answer::Match)>
                    {lang.they_match()}
                </button>
            </div>
        }
        .into_any(),
        VerificationStep::Done => view! {
            <div class="body" role="status" data-testid="verify-done">
                <p>
                    <b>{lang.verification_done()}</b>
                </p>
                <p>{if verification.is_own_device { lang.device_confirmed_hint() } else { lang.verification_done_hint() }}</p>
            </div>
            {closing(lang.done(), "verify-close")}
        }
        .into_any(),
        VerificationStep::Ended(end) => {
            let words = match end {
                VerificationEnd::CancelledByUs | VerificationEnd::CancelledByOther => lang.verification_cancelled(),
                VerificationEnd::Mismatch => lang.verification_mismatch(),
                VerificationEnd::TimedOut => lang.verification_timeout(),
                VerificationEnd::AcceptedElsewhere => lang.verification_elsewhere(),
                VerificationEnd::Failed => lang.verification_failed(),
            };
            view! {
                <div class="body" role="alert">
                    <p>{words}</p>
                </div>
                {closing(lang.close(), "verify-close")}
            }
            .into_any()
        }
    }
}

/// Stays in the list after confirming was put off: why old messages cannot be read, and the way to change that.
#[component]
pub fn ConfirmBanner() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let shown = Memo::new(move |_| desk.confirm_put_off.get() && is_unconfirmed(desk));
    move || {
        shown.get().then(|| {
            view! {
                <div class="banner" role="region" aria-label=lang.confirm_device() data-testid="confirm-banner">
                    <Picture icon=Icon::Lock/>
                    <span class="grow">
                        <b>{lang.confirm_device()}</b>
                        {lang.device_not_confirmed_banner()}
                        <button
                            type="button"
                            class="button plain"
                            data-testid="confirm-again"
                            on:click=move |_| desk.confirm_put_off.set(false)
                        >
                            {lang.confirm()}
                        </button>
                    </span>
                </div>
            }
        })
    }
}

/// Whether something stands between this device and its old messages.
pub fn is_unconfirmed(desk: Desk) -> bool {
    desk.trust
        .with(|trust| trust.this_device == DeviceTrust::NotConfirmed || needs_key(trust.recovery))
}
