//! Who one is talking to.

use client::{chat::ChatHeader, room_list::RoomKind};
use leptos::prelude::*;

use super::Open;
use crate::{
    context::{Desk, Frame, lang},
    route::Route,
    screens::shell::follow_link,
    text,
    ui::{Avatar, Icon, Picture},
};

/// Name, role and department above the chat.
#[component]
pub fn Header() -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let open = Open::get();
    let id = open.header.with_untracked(|header| header.id.to_string());
    let details = Route::Details(id);
    let href = details.fragment();
    view! {
        <header>
            <button type="button" class="icon-button back" aria-label=lang.back() data-testid="back" on:click=move |_| nav.back(Route::Chats)>
                <Picture icon=Icon::Back/>
            </button>
            <h2>
                <a class="who" href=href data-testid="open-details" on:click=move |event| follow_link(&event, details.clone())>
                    {move || open.header.with(|header| who(header, lang))}
                </a>
            </h2>
            <button
                type="button"
                class="icon-button"
                aria-label=lang.search_chat()
                title=lang.search_chat()
                data-testid="open-chat-search"
                on:click=move |_| open.searching.set(true)
            >
                <Picture icon=Icon::Search/>
            </button>
            {move || {
                let phone = open.header.with(|header| match &header.kind {
                    RoomKind::Direct { other: Some(other) } => other.phone.clone(),
                    _ => None,
                })?;
                Some(
                    view! {
                        <a class="icon-button" href=format!("tel:{phone}") aria-label=lang.call() title=format!("{} {phone}", lang.call()) data-testid="call">
                            <Picture icon=Icon::Phone/>
                        </a>
                    },
                )
            }}
        </header>
    }
}

fn who(header: &ChatHeader, lang: crate::i18n::Lang) -> impl IntoView + use<> {
    let me = Desk::get().me.get_untracked().person.id;
    let (below, outside) = match &header.kind {
        RoomKind::Direct { other: Some(other) } => {
            let outside = text::is_outside(other.id.as_str(), me.as_str());
            (
                header.subtitle.clone(),
                outside.then(|| text::server_of(other.id.as_str()).unwrap_or_default().to_owned()),
            )
        }
        RoomKind::Direct { other: None } => (header.subtitle.clone(), None),
        RoomKind::Group { members } => (Some(lang.members(*members)), None),
    };
    let group = matches!(header.kind, RoomKind::Group { .. });
    view! {
        <Avatar initials=header.initials.clone() tint=header.tint group outside=outside.is_some()/>
        <span>
            <span class="name">
                <span class="cut" data-testid="chat-title">{header.title.clone()}</span>
            </span>
            <span class="role cut">
                {outside.map(|hospital| view! { <span class="away">{hospital}</span> })}
                {below}
            </span>
        </span>
    }
}
