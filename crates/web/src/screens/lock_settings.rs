//! The app lock in the settings: locking now, changing the PIN, what the hospital's policy says.

use client::lock::LockPolicy;
use leptos::{html, prelude::*, task::spawn_local};

use super::lock::{KeyboardChoice, NewPinFields, PinField, new_pin, unlock_words};
use crate::{
    app::Phases,
    context::{Desk, Frame, lang},
    lock, platform,
    ui::{Icon, Picture, Problem, Sheet},
};

/// Its part of the settings.
#[component]
pub fn AppLock() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let phases = Phases::get();
    let policy = RwSignal::new(None::<LockPolicy>);
    let changing = RwSignal::new(false);
    spawn_local(async move {
        policy.try_set(client::lock::policy(&crate::app::settings()).await.ok());
    });
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
                <button type="button" class="button outline" data-testid="change-pin" on:click=move |_| changing.set(true)>
                    <Picture icon=Icon::Key class="small"/>
                    {lang.change_pin()}
                </button>
            </div>
        </div>
        {move || {
            changing
                .get()
                .then(|| {
                    let min_length = policy.get_untracked().unwrap_or_default().min_length;
                    view! { <ChangePin min_length on_close=Callback::new(move |()| changing.set(false))/> }
                })
        }}
    }
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
