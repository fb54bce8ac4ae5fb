//! Reminding of what is urgent, wherever one is in the app, until somebody takes it over.

use std::{sync::Arc, time::Duration};

use client::{ChatId, OpenUrgent};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    chime,
    context::{Desk, Frame, lang},
    platform,
    route::Route,
    ui::{Icon, Picture},
};

/// How long it is quiet between two reminders.
const PAUSE: Duration = Duration::from_secs(120);

/// The oldest urgent message that nobody has taken over, above everything else. It sounds when it comes, and again after
/// each pause. In the chat itself the message stands with its button, so there it only sounds.
#[component]
pub fn UrgentReminder(#[prop(into)] chat: Signal<Option<ChatId>>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let first = Memo::new(move |_| desk.urgent.with(|open| open.first().cloned()));
    let count = Memo::new(move |_| desk.urgent.with(|open| open.len()));
    remind(desk.urgent);
    move || {
        let urgent = first.get()?;
        if chat.get().as_ref() == Some(&urgent.chat) {
            return None;
        }
        let more = count.get().saturating_sub(1);
        let title = lang.urgent_from(&urgent.sender.name);
        let to = urgent.clone();
        let open = move |_| {
            desk.jump.set(Some((to.chat.clone(), to.message.clone())));
            Frame::get().nav.go(Route::Chat(to.chat.as_str().to_owned()));
        };
        Some(view! {
            <div class="reminder" role="alert" data-testid="urgent-reminder">
                <Picture icon=Icon::Warning/>
                <p>
                    <b>{title}</b>
                    <span class="reminder-text">{urgent.text.clone()}</span>
                    {(more > 0).then(|| view! { <span class="reminder-more">{lang.urgent_more(more)}</span> })}
                </p>
                <button type="button" class="button danger" data-testid="urgent-reminder-open" on:click=open>
                    {lang.urgent_show()}
                </button>
            </div>
        })
    }
}

/// Sounds with each new message, and after each pause as long as anything is open.
fn remind(open: ReadSignal<Arc<Vec<OpenUrgent>>>) {
    // A new message begins the pauses anew: there is one clock, not one for each message.
    let round = StoredValue::new(0_u64);
    Effect::new(move |known: Option<Arc<Vec<OpenUrgent>>>| {
        let open_now = open.get();
        let is_known = |it: &OpenUrgent| {
            known.as_ref().is_some_and(|known| known.iter().any(|old| old.message == it.message))
        };
        if !open_now.iter().all(is_known) {
            let this = round.get_value() + 1;
            round.set_value(this);
            spawn_local(async move {
                let is_open = || open.try_with_untracked(|open| !open.is_empty()) == Some(true);
                while is_open() && round.try_get_value() == Some(this) {
                    chime::ring();
                    platform::sleep(PAUSE).await;
                }
            });
        }
        open_now
    });
}
