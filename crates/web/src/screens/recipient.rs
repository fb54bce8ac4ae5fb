//! Camera first, recipient second: the quickest way from something seen to the colleague who should see it.

use client::{
    ChatId, Person, RoomList,
    room_list::{Membership, RoomKind, matches},
};
use leptos::{prelude::*, task::spawn_local};

use super::{chat::Camera, directory::PeopleFound, rooms::SearchField};
use crate::{
    context::{Desk, Frame, lang},
    photo::Photo,
    route::Route,
    ui::{Avatar, Problem, Sheet, room_words},
};

/// The camera, then the choice of whom the photo goes to; the chat that opens shows the photo before it is sent.
#[component]
pub fn CameraFirst(on_close: Callback<()>) -> impl IntoView {
    let photo = RwSignal::new_local(None::<Photo>);
    let taken = Callback::new(move |taken: Photo| photo.set(Some(taken)));
    move || match photo.get() {
        None => view! { <Camera on_photo=taken on_close/> }.into_any(),
        Some(photo) => view! { <Recipients photo on_close/> }.into_any(),
    }
}

#[component]
fn Recipients(photo: Photo, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let desk = Desk::get();
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let photo = StoredValue::new_local(photo);

    let send_to = move |chat: &ChatId| {
        desk.photo.set_value(Some(photo.get_value()));
        on_close.run(());
        let route = Route::Chat(chat.to_string());
        if nav.route().get_untracked() == route {
            // The chat is open already: it looks for the photo when the place is entered anew.
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
