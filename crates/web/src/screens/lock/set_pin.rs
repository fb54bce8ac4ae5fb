//! Setting the PIN.

use client::{
    Session,
    lock::{UnlockError, Unprotected},
    session::SessionEnd,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{DRAW, KeyboardChoice, LockHead, NewPinFields, new_pin, unlock_words};
use crate::{
    app::{Phase, Phases, settings},
    context::{Frame, lang},
    lock, platform, residents,
    ui::{Icon, Picture, Problem},
};

/// After the first sign-in on a device: nothing is stored before there is a PIN.
#[component]
pub fn SetPin(unprotected: Unprotected) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let phases = Phases::get();
    let (one, other) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let digits = RwSignal::new(true);
    let min_length = RwSignal::new(client::lock::LockPolicy::default().min_length);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let is_new = unprotected.is_new();
    spawn_local(async move {
        min_length.try_set(lock::policy().await.min_length);
    });
    one.on_load(|field| {
        let _ = field.focus();
    });
    let unprotected = StoredValue::new_local(unprotected);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let at_least = min_length.get_untracked();
        let pin = match new_pin(one, other, at_least, lang) {
            Ok(pin) => pin,
            Err(words) => return problem.set(Some(words)),
        };
        busy.set(true);
        problem.set(None);
        let unprotected = unprotected.get_value();
        spawn_local(async move {
            platform::sleep(DRAW).await;
            residents::add();
            match unprotected.protect(&pin, at_least).await {
                Ok(session) => phases.enter(Phase::SignedIn(session)),
                Err(UnlockError::SignedOut) => {
                    let _ = Session::forget(&settings()).await;
                    residents::remove();
                    phases.enter(Phase::SignedOut(Some(SessionEnd::LoggedOutByServer)));
                }
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(match error {
                        UnlockError::NoConnection => lang.pin_needs_network().into(),
                        error => unlock_words(&error, at_least, lang),
                    }));
                }
            }
        });
    };
    let give_up = move |_| {
        let unprotected = unprotected.get_value();
        phases.enter(Phase::SignedOut(None));
        spawn_local(async move { unprotected.give_up().await });
    };
    view! {
        <main class="gate" data-testid="set-pin">
            <div class="gate-card">
                <LockHead title=lang.pin_title()>
                    <p>{move || frame.hospital.get()}</p>
                </LockHead>
                <p>{if is_new { lang.pin_explain() } else { lang.pin_explain_earlier() }}</p>
                <form on:submit=submit novalidate>
                    <NewPinFields one other digits/>
                    <p class="note" data-testid="pin-length">{move || lang.pin_at_least(min_length.get())}</p>
                    <Problem text=problem testid="pin-problem"/>
                    <button type="submit" class="button primary wide" data-testid="pin-submit" disabled=move || busy.get()>
                        {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                        {move || if busy.get() { lang.pin_setting() } else { lang.pin_set() }}
                    </button>
                </form>
                <p class="note">{lang.pin_forget_hint()}</p>
                <div class="gate-foot">
                    <KeyboardChoice digits/>
                    {is_new
                        .then(|| {
                            view! {
                                <button type="button" class="button plain" data-testid="pin-cancel" disabled=move || busy.get() on:click=give_up>
                                    {lang.cancel()}
                                </button>
                            }
                        })}
                </div>
            </div>
        </main>
    }
}
