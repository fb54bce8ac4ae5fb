//! The lock screen, which asks for the PIN.

mod biometrics;
mod pin_fields;
mod set_pin;
mod words;

pub use pin_fields::{KeyboardChoice, NewPinFields, PinField, new_pin};
pub use set_pin::SetPin;
pub use words::{offline_words, passkey_words, pin_needed_words, unlock_words};

use biometrics::{ByBiometrics, Offer};
use client::lock::{LockedSession, Offline, Standing, UnlockError};
use leptos::{html, prelude::*, task::spawn_local};
use std::time::Duration;

use crate::{
    app::{Phase, Phases},
    context::{Frame, lang},
    hospital::EmergencyNumber,
    lock, passkey, platform, push, residents,
    ui::{Icon, Picture, Problem, Question},
};

use super::residents::{AnotherPerson, OtherResidents};

/// How often the server is asked again while nothing opens without it.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Lets the browser draw that something is being done before the PIN is stretched, which holds everything up.
const DRAW: Duration = Duration::from_millis(40);
/// With so few tries left it is said what will be lost.
const WARN_FROM: u64 = 5;

/// Head of a page about the lock.
#[component]
fn LockHead(title: &'static str, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="gate-head">
            <div class="mark" aria-hidden="true"><Picture icon=Icon::Lock/></div>
            <h1>{title}</h1>
            {children.map(|children| children())}
        </div>
    }
}

/// Whom to call while nothing opens, as the hospital has said.
#[component]
pub fn EmergencyNumbers() -> impl IntoView {
    let numbers = Frame::get().emergency_numbers;
    move || {
        let call = |EmergencyNumber { name, phone }| {
            view! {
                <a class="button outline wide" href=format!("tel:{phone}") data-testid="emergency-number">
                    <Picture icon=Icon::Phone class="small"/>
                    {format!("{name}: {phone}")}
                </a>
            }
        };
        numbers.get().into_iter().map(call).collect_view()
    }
}

/// How it stands with the lock.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// A PIN is taken, or will be.
    Ready { tries_left: u64, until_ms: Option<f64> },
    /// The server does not answer.
    NoServer { since_ms: f64 },
    /// The hospital has locked the account.
    AccountLocked,
    /// Nothing opens it any more.
    Lost { signed_out: bool },
}

impl State {
    fn ready(standing: Standing) -> Self {
        Self::tried(standing.tries_left, standing.retry_after_ms)
    }

    /// After a wrong try.
    fn tried(tries_left: u64, retry_after_ms: Option<u64>) -> Self {
        let until_ms = retry_after_ms.map(|ms| js_sys::Date::now() + ms as f64);
        Self::Ready { tries_left, until_ms }
    }

    /// What an answer of the server means; `None` if it says nothing about the lock.
    fn after(error: &UnlockError, before: Self) -> Option<Self> {
        Some(match (error, before) {
            (UnlockError::Wrong { tries_left, retry_after_ms }, _) => {
                Self::tried(*tries_left, *retry_after_ms)
            }
            (UnlockError::TooSoon { retry_after_ms }, before) => {
                let tries_left = match before {
                    Self::Ready { tries_left, .. } => tries_left,
                    _ => WARN_FROM,
                };
                Self::tried(tries_left, Some(*retry_after_ms))
            }
            (UnlockError::Destroyed, _) => Self::Lost { signed_out: false },
            (UnlockError::SignedOut, _) => Self::Lost { signed_out: true },
            (UnlockError::AccountLocked, _) => Self::AccountLocked,
            (UnlockError::NoConnection, Self::NoServer { since_ms }) => Self::NoServer { since_ms },
            (UnlockError::NoConnection, _) => Self::NoServer { since_ms: js_sys::Date::now() },
            (
                UnlockError::Weak(_)
                | UnlockError::Store(_)
                | UnlockError::Failed(_)
                | UnlockError::WrongOffline { .. }
                | UnlockError::NotOffline(_)
                | UnlockError::PinNeeded(_),
                _,
            ) => return None,
        })
    }

    fn may_change_by_itself(self) -> bool {
        matches!(self, Self::NoServer { .. } | Self::AccountLocked)
    }
}

/// Asks for the PIN.
#[component]
pub fn LockScreen(locked: LockedSession) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let field = NodeRef::<html::Input>::new();
    let digits = RwSignal::new(locked.is_digits());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let asking_forget = RwSignal::new(false);
    let state = RwSignal::new(State::Ready { tries_left: u64::MAX, until_ms: None });
    let rest_s = RwSignal::new(0_u64);
    let offline = RwSignal::new(locked.offline());
    let shows_name = RwSignal::new(lock::known_policy().show_names);
    let person = StoredValue::new(locked.person().map(str::to_owned));
    let offer = RwSignal::new(Offer::at_start(&locked));
    let policy = RwSignal::new(None);
    let locked = StoredValue::new_local(locked);

    // Known before the app opens: whoever looks elsewhere right after must not meet the strict one.
    spawn_local(async move {
        let said = lock::policy().await;
        shows_name.try_set(said.show_names);
        policy.try_set(Some(said));
    });
    // Runs until the screen is gone: counts the pause down, and asks again while the server may think better of it.
    spawn_local(async move {
        let mut ask_at_ms = 0.0;
        while let Some(now_state) = state.try_get_untracked() {
            let now = js_sys::Date::now();
            let is_first = ask_at_ms == 0.0;
            if is_first || (now_state.may_change_by_itself() && now >= ask_at_ms) {
                ask_at_ms = now + ASK_AGAIN.as_millis() as f64;
                let Some(asked) = locked.try_get_value() else { return };
                let answer = asked.standing().await;
                let Some(before) = state.try_get_untracked() else { return };
                let after = match answer {
                    Ok(standing) => {
                        if let Some(before) = offer.try_get_untracked() {
                            let now = before.after(standing.biometrics);
                            if now != before {
                                offer.try_set(now);
                                focus(field);
                            }
                        }
                        Some(State::ready(standing))
                    }
                    Err(error) => State::after(&error, before),
                };
                if let Some(after) = after.filter(|after| *after != before) {
                    state.try_set(after);
                }
            }
            let Some(now_offline) = locked.try_with_value(LockedSession::offline) else { return };
            if offline.try_get_untracked().is_some_and(|before| before != now_offline) {
                offline.try_set(now_offline);
            }
            let rest_ms = match state.try_get_untracked() {
                Some(State::Ready { until_ms: Some(until), .. }) => until - js_sys::Date::now(),
                _ => 0.0,
            };
            let rest = (rest_ms.max(0.0) / 1000.0).ceil() as u64;
            if rest_s.try_get_untracked().is_some_and(|shown| shown != rest) {
                rest_s.try_set(rest);
                if rest == 0 {
                    problem.try_set(None);
                    focus(field);
                }
            }
            platform::sleep(Duration::from_millis(250)).await;
        }
    });
    field.on_load(move |field| {
        // Where finger or face will do, a phone's keyboard stays down.
        if offer.get_untracked() != Offer::Made {
            let _ = field.focus();
        }
    });
    let answered = Callback::new(move |error: UnlockError| {
        let Some(before) = state.try_get_untracked() else { return };
        if let Some(after) = State::after(&error, before) {
            state.try_set(after);
        }
        focus(field);
    });

    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked() else { return };
        let pin = input.value();
        if busy.get_untracked() || rest_s.get_untracked() > 0 {
            return;
        }
        if pin.is_empty() {
            return problem.set(Some(lang.enter_pin().into()));
        }
        busy.set(true);
        problem.set(None);
        let locked = locked.get_value();
        let is_without_server = matches!(state.get_untracked(), State::NoServer { .. });
        spawn_local(async move {
            let opened = if is_without_server {
                let Some((credential, input)) = locked.asks_authenticator() else { return };
                match passkey::secret_of(&credential, &input).await {
                    Ok(secret) => {
                        platform::sleep(DRAW).await;
                        locked.unlock_offline(&pin, &secret).await
                    }
                    Err(error) => {
                        busy.try_set(false);
                        problem.try_set(Some(passkey_words(error, lang).into()));
                        return;
                    }
                }
            } else {
                platform::sleep(DRAW).await;
                locked.unlock(&pin).await
            };
            let error = match opened {
                Ok(session) => return phases.enter(Phase::SignedIn(session)),
                Err(error) => error,
            };
            busy.try_set(false);
            let Some(before) = state.try_get_untracked() else { return };
            let is_said_by_state = !matches!(
                error,
                UnlockError::Wrong { .. }
                    | UnlockError::WrongOffline { .. }
                    | UnlockError::Store(_)
                    | UnlockError::Failed(_)
            );
            if let Some(after) = State::after(&error, before) {
                state.try_set(after);
            }
            if !is_said_by_state {
                problem.try_set(Some(unlock_words(&error, 0, lang)));
                input.set_value("");
                focus(field);
            }
        });
    };
    let forget = Callback::new(move |()| {
        asking_forget.set(false);
        let locked = locked.get_value();
        spawn_local(async move {
            match locked.forget().await {
                Ok(()) => {
                    push::end().await;
                    residents::remove();
                    platform::start_anew(None);
                }
                Err(_) => phases.enter(Phase::StoreBroken),
            }
        });
    });
    let ask_forget = move |_| match state.get_untracked() {
        // Nothing is left to be lost.
        State::Lost { .. } => forget.run(()),
        _ => asking_forget.set(true),
    };
    let takes_pin = move || match state.get() {
        State::Ready { .. } => true,
        State::NoServer { .. } => matches!(offline.get(), Offline::Until { .. }),
        _ => false,
    };
    let offers_biometrics =
        move || offer.get() == Offer::Made && matches!(state.get(), State::Ready { .. });
    let tries_left = move || match state.get() {
        State::Ready { tries_left, .. } => tries_left,
        _ => u64::MAX,
    };

    view! {
        <main class="gate" data-testid="lock-screen">
            <div class="gate-card">
                <LockHead title=lang.locked_title()>
                    {move || {
                        let person = shows_name.get().then(|| person.get_value()).flatten();
                        person.map(|person| view! { <p data-testid="lock-person"><b>{person}</b></p> })
                    }}
                    <p>{move || frame.hospital.get()}</p>
                </LockHead>
                <OtherResidents/>
                {move || match state.get() {
                    State::Ready { .. } => ().into_any(),
                    State::NoServer { since_ms } => {
                        let clock = platform::local_time(since_ms as u64).clock();
                        let what = if platform::is_online() { lang.no_answer() } else { lang.no_network() };
                        view! {
                            <div class="problem" role="alert" data-testid="lock-offline">
                                <Picture icon=Icon::NoNetwork/>
                                <span>{format!("{what} {}", lang.since(&clock))}</span>
                            </div>
                            <p data-testid="lock-offline-how">{move || offline_words(offline.get(), lock::known_policy().offline_hours, lang)}</p>
                            <p class="note">{lang.lock_offline_hint()}</p>
                            <EmergencyNumbers/>
                        }
                            .into_any()
                    }
                    State::AccountLocked => {
                        view! {
                            <div class="problem" role="alert" data-testid="lock-account">
                                <Picture icon=Icon::Alert/>
                                <span>{lang.lock_account()}</span>
                            </div>
                        }
                            .into_any()
                    }
                    State::Lost { signed_out } => {
                        view! {
                            <div class="problem" role="alert" data-testid="lock-lost">
                                <Picture icon=Icon::Alert/>
                                <span>{if signed_out { lang.lock_signed_out() } else { lang.lock_destroyed() }}</span>
                            </div>
                            <p class="note">{lang.lock_anew_hint()}</p>
                        }
                            .into_any()
                    }
                }}
                <ByBiometrics
                    locked
                    offer
                    policy
                    busy
                    waits=Signal::derive(move || rest_s.get() > 0)
                    hidden=Signal::derive(move || !matches!(state.get(), State::Ready { .. }))
                    answered
                />
                <form on:submit=submit novalidate hidden=move || !takes_pin()>
                    <PinField
                        label=Signal::derive(move || if digits.get() { lang.pin_code() } else { lang.passphrase() })
                        id="unlock-pin"
                        field
                        digits
                        disabled=Signal::derive(move || rest_s.get() > 0)
                    />
                    <Problem text=problem testid="unlock-problem"/>
                    {move || (tries_left() == 1).then(|| view! { <p data-testid="unlock-last"><b>{lang.last_try()}</b></p> })}
                    {move || {
                        (tries_left() <= WARN_FROM)
                            .then(|| view! { <p class="note" data-testid="unlock-warning">{lang.what_is_lost()}</p> })
                    }}
                    <button
                        type="submit"
                        class="button wide"
                        class:primary=move || !offers_biometrics()
                        class:outline=offers_biometrics
                        data-testid="unlock-submit"
                        disabled=move || busy.get() || rest_s.get() != 0
                    >
                        {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                        {move || match (busy.get(), rest_s.get()) {
                            (true, _) => lang.unlocking().to_owned(),
                            (false, 0) => lang.unlock().to_owned(),
                            (false, rest) => lang.next_try_in(rest),
                        }}
                    </button>
                </form>
                <div class="gate-foot">
                    <span hidden=move || !takes_pin()>
                        <KeyboardChoice digits/>
                    </span>
                    <button type="button" class="button plain" data-testid="lock-forget" on:click=ask_forget>
                        {lang.forgot_pin()}
                    </button>
                    <AnotherPerson/>
                </div>
            </div>
            {move || {
                asking_forget
                    .get()
                    .then(|| {
                        view! {
                            <Question
                                title=lang.forgot_question()
                                consequence=vec![lang.forgot_lost().to_owned(), lang.forgot_back().to_owned()]
                                answer=lang.forgot_pin()
                                danger=true
                                on_answer=forget
                                on_close=Callback::new(move |()| asking_forget.set(false))
                            />
                        }
                    })
            }}
        </main>
    }
}

fn focus(field: NodeRef<html::Input>) {
    // Once the field is no longer disabled.
    spawn_local(async move {
        platform::sleep(Duration::ZERO).await;
        if let Some(field) = field.try_get_untracked().flatten() {
            let _ = field.focus();
        }
    });
}
