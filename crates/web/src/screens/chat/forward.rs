//! Passing a message on to another chat.

use std::sync::Arc;

use client::{ChatId, MessageId, room_list::RoomRow};
use leptos::{prelude::*, task::spawn_local};

use super::Open;
use crate::{
    context::{Desk, Frame, lang},
    screens::{
        choose_chat::{ChatRow, chats},
        rooms::SearchField,
    },
    ui::{Question, Sheet, action_words},
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
    let choose = Callback::new(move |row: Arc<RoomRow>| choose(row.id.clone()));
    let rows = move || {
        let others = chats(search).into_iter().filter(|row| row.id != here).take(40);
        others
            .map(|row| view! { <ChatRow row testid="forward-to" on_choose=choose/> })
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
