//! Pinned messages, below the chat's name.

use client::{MessageId, chat::Pinned};
use leptos::{prelude::*, task::spawn_local};

use super::Open;
use crate::{
    context::{Frame, lang},
    ui::{Icon, Picture, Sheet, preview_words},
};

/// The latest pinned message; with several, all of them in a sheet.
#[component]
pub fn PinnedBar() -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let pinned = Memo::new(move |_| open.header.with(|header| header.pinned.clone()));
    let all = RwSignal::new(false);
    let close = Callback::new(move |()| all.set(false));
    view! {
        {move || {
            let list = pinned.get();
            let first = list.first()?.clone();
            let (_, words) = preview_words(&first.preview, lang);
            let many = list.len();
            let go = move |_| match many {
                1 => go_to(open, &first.id),
                _ => all.set(true),
            };
            Some(
                view! {
                    <button type="button" class="pinned-bar" data-testid="pinned-bar" on:click=go>
                        <Picture icon=Icon::Pin class="small"/>
                        <span class="grow cut">
                            <b>{first.sender.clone()} ": "</b>
                            {words}
                        </span>
                        {(many > 1).then(|| view! { <span class="count" aria-label=lang.pinned_messages()>{many}</span> })}
                    </button>
                },
            )
        }}
        {move || {
            all.get()
                .then(|| {
                    view! {
                        <Sheet title=lang.pinned_messages() on_close=close testid="pinned-sheet">
                            <div class="menu">{move || pinned.get().iter().map(|pinned| row(pinned, open, close, lang)).collect_view()}</div>
                        </Sheet>
                    }
                })
        }}
    }
}

fn row(
    pinned: &Pinned,
    open: Open,
    close: Callback<()>,
    lang: crate::i18n::Lang,
) -> impl IntoView + use<> {
    let id = pinned.id.clone();
    let (_, words) = preview_words(&pinned.preview, lang);
    view! {
        <button
            type="button"
            data-testid="pinned-row"
            on:click=move |_| {
                close.run(());
                go_to(open, &id);
            }
        >
            <Picture icon=Icon::Pin class="small"/>
            <span class="cut">
                <b>{pinned.sender.clone()} ": "</b>
                {words}
            </span>
        </button>
    }
}

/// Goes to a message, loading what lies between.
pub fn go_to(open: Open, id: &MessageId) {
    if let Some(row) = open.row_of(id) {
        return open.jump.set(Some(row));
    }
    let frame = Frame::get();
    let id = id.clone();
    let chat = open.chat();
    spawn_local(async move {
        if !chat.load_until(&id).await {
            return frame.say(frame.lang.get_untracked().quote_not_loaded());
        }
        // The rows are drawn first.
        crate::platform::sleep(std::time::Duration::from_millis(120)).await;
        if let Some(row) = open.rows.try_with_untracked(|_| ()).and_then(|()| open.row_of(&id)) {
            open.jump.try_set(Some(row));
        }
    });
}
