//! The person's chats, to choose one of them.

use std::sync::Arc;

use client::room_list::{Membership, RoomKind, RoomRow, matches};
use leptos::prelude::*;

use crate::{context::Desk, ui::Avatar};

/// The chats that the person is in and that fit what is typed.
pub fn chats(search: RwSignal<String>) -> Vec<Arc<RoomRow>> {
    let fits = |row: &&Arc<RoomRow>, search: &str| {
        row.membership == Membership::Joined && matches(row, search)
    };
    search.with(|search| {
        Desk::get()
            .rooms
            .with(|rooms| rooms.rows.iter().filter(|row| fits(row, search)).cloned().collect())
    })
}

/// One of them.
#[component]
pub fn ChatRow(
    row: Arc<RoomRow>,
    testid: &'static str,
    on_choose: Callback<Arc<RoomRow>>,
) -> impl IntoView {
    let group = matches!(row.kind, RoomKind::Group { .. });
    let chosen = row.clone();
    view! {
        <button
            type="button"
            class="row"
            class:solo=row.subtitle.is_none()
            data-testid=testid
            data-room=row.id.to_string()
            on:click=move |_| on_choose.run(chosen.clone())
        >
            <Avatar initials=row.initials.clone() tint=row.tint group/>
            <span class="name cut">{row.title.clone()}</span>
            {row.subtitle.clone().map(|subtitle| view! { <span class="role cut">{subtitle}</span> })}
        </button>
    }
}
