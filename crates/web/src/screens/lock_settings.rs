//! The app lock in the settings: locking now, changing the PIN, finger or face, opening without the server, what the hospital's policy says.

mod authenticator;
mod biometrics;

use client::lock::{LockPolicy, Offline};
use leptos::{html, prelude::*, task::spawn_local};

use super::lock::{KeyboardChoice, NewPinFields, PinField, new_pin, offline_words, unlock_words};
use crate::{
    app::Phases,
    context::{Desk, Frame, lang},
    lock, platform,
    ui::{Icon, Picture, Problem, Sheet},
};
use authenticator::{Purpose, SetUpAuthenticator};
use biometrics::FingerOrFace;

/// Its part of the settings.
#[component]
pub fn AppLock() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let phases = Phases::get();
    let policy = RwSignal::new(None::<LockPolicy>);
    let changing = RwSignal::new(false);
    spawn_local(async move {
        policy.try_set(Some(lock::policy().await));
    });
    if desk.session().is_passing() {
        return view! {
            <div class="setting" data-testid="passing-session">
                <h2>{lang.passing_session()}</h2>
                {move || {
                    let LockPolicy { idle_minutes, hidden_seconds, .. } = policy.get().unwrap_or_default();
                    view! { <p class="note">{lang.passing_policy(idle_minutes, hidden_seconds)}</p> }
                }}
                <div>
                    <button type="button" class="button outline" data-testid="end-session" on:click=move |_| lock::lock(phases, desk.session())>
                        <Picture icon=Icon::SignOut class="small"/>
                        {lang.end_session()}
                    </button>
                </div>
            </div>
        }
            .into_any();
    }
    view! {
        <div class="setting">
            <h2>{lang.app_lock()}</h2>
            // Without network it is not known; the strict one holds then.
            {move || {
                let LockPolicy { idle_minutes, hidden_seconds, .. } = policy.get().unwrap_or_default();
                view! { <p class="note" data-testid="lock-policy">{lang.lock_policy(idle_minutes, hidden_seconds)}</p> }
            }}
            <div class="chips">
                <button type="button" class="button outline" data-testid="lock-now" on:click=move |_| lock::lock(phases, desk.session())>
                    <Picture icon=Icon::Lock class="small"/>
                    {lang.lock_now()}
                </button>
                <button type="button" class="button outline" data-testid="change-person" on:click=move |_| lock::change_person(phases, desk.session())>
                    <Picture icon=Icon::People class="small"/>
                    {lang.change_person()}
                </button>
                <button type="button" class="button outline" data-testid="change-pin" on:click=move |_| changing.set(true)>
                    <Picture icon=Icon::Key class="small"/>
                    {lang.change_pin()}
                </button>
            </div>
        </div>
        {move || {
            let LockPolicy { biometrics, pin_hours, .. } = policy.get()?;
            biometrics.then(|| view! { <FingerOrFace hours=pin_hours/> })
        }}
        {move || {
            let hours = policy.get()?.offline_hours;
            (hours > 0).then(|| view! { <WithoutServer hours/> })
        }}
        {move || {
            changing
                .get()
                .then(|| {
                    let min_length = policy.get_untracked().unwrap_or_default().min_length;
                    view! { <ChangePin min_length on_close=Callback::new(move |()| changing.set(false))/> }
                })
        }}
    }
        .into_any()
}

#[component]
fn ChangePin(min_length: u32, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let frame = Frame::get();
    let present = NodeRef::<html::Input>::new();
    let (one, other) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let (digits, present_digits) = (RwSignal::new(true), RwSignal::new(false));
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(present) = present.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        let earlier = present.value();
        if earlier.is_empty() {
            let _ = present.focus();
            return problem.set(Some(lang.enter_pin().into()));
        }
        let pin = match new_pin(one, other, min_length, lang) {
            Ok(pin) => pin,
            Err(words) => return problem.set(Some(words)),
        };
        busy.set(true);
        problem.set(None);
        let session = desk.session();
        spawn_local(async move {
            platform::sleep(std::time::Duration::from_millis(40)).await;
            match session.change_pin(&earlier, &pin, min_length).await {
                Ok(()) => {
                    frame.say(lang.pin_changed());
                    on_close.run(());
                }
                Err(error) => {
                    busy.try_set(false);
                    problem.try_set(Some(unlock_words(&error, min_length, lang)));
                }
            }
        });
    };
    view! {
        <Sheet title=lang.change_pin() on_close testid="change-pin-sheet">
            <form on:submit=submit novalidate>
                <div class="body">
                    <PinField label=lang.current_pin() id="pin-present" field=present digits=present_digits/>
                    <NewPinFields one other digits/>
                    <p>{lang.pin_at_least(min_length)}</p>
                    <Problem text=problem testid="change-pin-problem"/>
                    <div><KeyboardChoice digits/></div>
                </div>
                <div class="buttons">
                    <button type="button" class="button plain" on:click=move |_| on_close.run(())>{lang.cancel()}</button>
                    <button type="submit" class="button primary" data-testid="change-pin-submit" disabled=move || busy.get()>
                        {move || busy.get().then(|| view! { <Picture icon=Icon::Spinner class="small spin"/> })}
                        {lang.save_pin()}
                    </button>
                </div>
            </form>
        </Sheet>
    }
}

/// Opening without the server, where the hospital allows it.
#[component]
fn WithoutServer(hours: u32) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let frame = Frame::get();
    let standing = RwSignal::new(None::<Offline>);
    let setting_up = RwSignal::new(false);
    let look = move || {
        let session = desk.session();
        spawn_local(async move {
            standing.try_set(Some(session.offline().await));
        });
    };
    look();
    let end = move |_| {
        let session = desk.session();
        spawn_local(async move {
            match session.end_offline().await {
                Ok(()) => frame.say(lang.offline_ended()),
                Err(error) => frame.say(unlock_words(&error, 0, lang)),
            }
            look();
        });
    };
    let close = Callback::new(move |()| {
        setting_up.set(false);
        look();
    });
    view! {
        <div class="setting" data-testid="offline-setting">
            <h2>{lang.offline_title()}</h2>
            <p class="note">{lang.offline_allowed(hours)}</p>
            {move || match standing.get() {
                None => view! { <p class="note" role="status">{lang.offline_looking()}</p> }.into_any(),
                Some(Offline::NotSetUp) => {
                    view! {
                        <div class="chips">
                            <button type="button" class="button outline" data-testid="offline-set-up" on:click=move |_| setting_up.set(true)>
                                <Picture icon=Icon::NoNetwork class="small"/>
                                {lang.offline_set_up()}
                            </button>
                        </div>
                    }
                        .into_any()
                }
                Some(is) => {
                    view! {
                        <p data-testid="offline-until">{offline_words(is, hours, lang)}</p>
                        <div class="chips">
                            <button type="button" class="button outline" data-testid="offline-end" on:click=end>{lang.offline_end()}</button>
                        </div>
                    }
                        .into_any()
                }
            }}
        </div>
        {move || setting_up.get().then(|| view! { <SetUpAuthenticator purpose=Purpose::WithoutServer on_close=close/> })}
    }
}
