//! Passing a message on to another chat.

use client::{
    ChatId, MessageId,
    room_list::{Membership, RoomKind, matches},
};
use leptos::{prelude::*, task::spawn_local};

use super::Open;
use crate::{
    context::{Desk, Frame, lang},
    screens::rooms::SearchField,
    ui::{Avatar, Question, Sheet, action_words},
};

/// Choosing the chat. Where people from outside would read it, that is said first.
#[component]
pub fn ForwardSheet(message: MessageId, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let desk = Desk::get();
    let open = Open::get();
    let search = RwSignal::new(String::new());
    let outside = RwSignal::new(None::<ChatId>);
    let message = StoredValue::new(message);
    let pass_on = Callback::new(move |to: ChatId| {
        let chat = open.chat();
        let id = message.get_value();
        on_close.run(());
        spawn_local(async move {
            match chat.forward(&id, &[to]).await {
                Ok(()) => frame.say(lang.forwarded_done()),
                Err(error) => frame.say(action_words(&error, lang)),
            }
        });
    });
    let choose = move |to: ChatId| {
        let rooms = desk.room_list();
        spawn_local(async move {
            if rooms.has_outsiders(&to).await {
                outside.try_set(Some(to));
            } else {
                pass_on.try_run(to);
            }
        });
    };
    let here = open.header.with_untracked(|header| header.id.clone());
    let rows = move || {
        let shown: Vec<_> = search.with(|search| {
            let fits = |row: &&std::sync::Arc<client::room_list::RoomRow>| {
                row.membership == Membership::Joined && row.id != here && matches(row, search)
            };
            desk.rooms.with(|rooms| rooms.rows.iter().filter(fits).take(40).cloned().collect())
        });
        shown
            .into_iter()
            .map(|row| {
                let id = row.id.clone();
                let group = matches!(row.kind, RoomKind::Group { .. });
                view! {
                    <button type="button" class="row" class:solo=row.subtitle.is_none() data-testid="forward-to" on:click=move |_| choose(id.clone())>
                        <Avatar initials=row.initials.clone() tint=row.tint group/>
                        <span class="name cut">{row.title.clone()}</span>
                        {row.subtitle.clone().map(|subtitle| view! { <span class="role cut">{subtitle}</span> })}
                    </button>
                }
            })
            .collect_view()
    };
    view! {
        {move || match outside.get() {
            None => {
                let rows = rows.clone();
                view! {
                    <Sheet title=lang.forward_to() on_close testid="forward-sheet">
                        <SearchField text=search label=lang.search() testid="forward-search"/>
                        {rows}
                    </Sheet>
                }
                    .into_any()
            }
            Some(to) => {
                view! {
                    <Question
                        title=lang.forward()
                        consequence=vec![lang.forward_outside().to_owned()]
                        answer=lang.forward()
                        on_answer=Callback::new(move |()| pass_on.run(to.clone()))
                        on_close
                    />
                }
                    .into_any()
            }
        }}
    }
}
