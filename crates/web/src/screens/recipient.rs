//! Camera first, recipient second: the quickest way from something seen to the colleague who should see it.

use std::sync::Arc;

use client::{ChatId, Person, RoomList, room_list::RoomRow};
use leptos::{prelude::*, task::spawn_local};

use super::{
    chat::{Camera, Taken},
    choose_chat::{ChatRow, chats},
    directory::PeopleFound,
    rooms::SearchField,
};
use crate::{
    context::{Desk, Frame, lang},
    route::Route,
    ui::{Problem, Sheet, room_words},
};

/// The camera, then the choice of whom it goes to; the chat that opens shows what was taken before it is sent.
#[component]
pub fn CameraFirst(on_close: Callback<()>) -> impl IntoView {
    let taken = RwSignal::new_local(None::<Taken>);
    let keep = Callback::new(move |what: Taken| taken.set(Some(what)));
    move || match taken.get() {
        None => view! { <Camera on_taken=keep on_close/> }.into_any(),
        Some(taken) => view! { <Recipients taken on_close/> }.into_any(),
    }
}

#[component]
fn Recipients(taken: Taken, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let desk = Desk::get();
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let taken = StoredValue::new_local(taken);

    let send_to = move |chat: &ChatId| {
        desk.taken.set_value(Some(taken.get_value()));
        on_close.run(());
        let route = Route::Chat(chat.to_string());
        if nav.route().get_untracked() == route {
            // The chat is open already: it looks for what was taken when the place is entered anew.
            nav.replace(Route::Chats);
        }
        nav.go(route);
    };
    let write = Callback::new(move |person: Person| {
        let rooms: RoomList = desk.room_list();
        spawn_local(async move {
            match rooms.direct(&person.id).await {
                Ok(chat) => send_to(&chat),
                Err(error) => {
                    problem.try_set(Some(room_words(&error, lang)));
                }
            }
        });
    });
    let choose = Callback::new(move |row: Arc<RoomRow>| send_to(&row.id));
    let recent = move || {
        let rows = chats(text).into_iter().take(30);
        rows.map(|row| view! { <ChatRow row testid="recipient" on_choose=choose/> }).collect_view()
    };
    view! {
        <Sheet title=lang.recipients() on_close testid="recipients">
            <SearchField text label=lang.search_people() testid="recipient-search"/>
            <Problem text=problem/>
            <p class="letter">{lang.recent()}</p>
            {recent}
            <p class="letter">{lang.people()}</p>
            <PeopleFound text on_choose=write/>
        </Sheet>
    }
}
