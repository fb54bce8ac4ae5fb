//! Camera first, recipient second: the quickest way from something seen to the colleague who should see it.

use client::{
    ChatId, Person, RoomList,
    room_list::{Membership, RoomKind, matches},
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    chat::{Camera, Taken},
    directory::PeopleFound,
    rooms::SearchField,
};
use crate::{
    context::{Desk, Frame, lang},
    route::Route,
    ui::{Avatar, Problem, Sheet, room_words},
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
    let recent = move || {
        let rows = desk.rooms.with(|rooms| rooms.rows.clone());
        let shown = text.with(|text| {
            rows.iter()
                .filter(|row| row.membership == Membership::Joined && matches(row, text))
                .take(30)
                .cloned()
                .collect::<Vec<_>>()
        });
        shown
            .into_iter()
            .map(|row| {
                let id = row.id.clone();
                let group = matches!(row.kind, RoomKind::Group { .. });
                let solo = row.subtitle.is_none();
                view! {
                    <button type="button" class="row" class:solo=solo data-testid="recipient" data-room=id.to_string() on:click=move |_| send_to(&id)>
                        <Avatar initials=row.initials.clone() tint=row.tint group/>
                        <span class="name cut">{row.title.clone()}</span>
                        {row.subtitle.clone().map(|subtitle| view! { <span class="role cut">{subtitle}</span> })}
                    </button>
                }
            })
            .collect_view()
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
