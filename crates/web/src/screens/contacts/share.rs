//! Sending somebody's contact into a chat: who they are by the hospital, not as they are called here.

use client::{
    ChatId, PersonId,
    room_list::{Membership, RoomKind, matches},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    context::{Desk, Frame, lang},
    screens::rooms::SearchField,
    ui::{Avatar, Empty, Icon, Problem, Sheet},
};

/// Choosing the chat.
#[component]
pub fn ShareContact(person: PersonId, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let search = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let person = StoredValue::new(person);
    let send = move |to: ChatId| {
        let session = desk.session();
        let person = person.get_value();
        spawn_local(async move {
            let sent = async {
                let known = session.directory().person(&person).await.ok()?;
                let chat = session.open(&to).await.ok()?;
                chat.send_contact(&known).await.ok()
            };
            match sent.await {
                Some(()) => {
                    on_close.try_run(());
                    Frame::get().say(lang.contact_shared());
                }
                None => drop(problem.try_set(Some(lang.action_failed().into()))),
            }
        });
    };
    let rows = move || {
        let shown: Vec<_> = search.with(|search| {
            let fits = |row: &&std::sync::Arc<client::room_list::RoomRow>| {
                row.membership == Membership::Joined && matches(row, search)
            };
            desk.rooms.with(|rooms| rooms.rows.iter().filter(fits).take(40).cloned().collect())
        });
        if shown.is_empty() {
            return view! { <Empty icon=Icon::Chats title=lang.nothing_found()/> }.into_any();
        }
        shown
            .into_iter()
            .map(|row| {
                let id = row.id.clone();
                let group = matches!(row.kind, RoomKind::Group { .. });
                view! {
                    <button type="button" class="row" class:solo=row.subtitle.is_none() data-testid="share-to" on:click=move |_| send(id.clone())>
                        <Avatar initials=row.initials.clone() tint=row.tint group/>
                        <span class="name cut">{row.title.clone()}</span>
                        {row.subtitle.clone().map(|subtitle| view! { <span class="role cut">{subtitle}</span> })}
                    </button>
                }
            })
            .collect_view()
            .into_any()
    };
    view! {
        <Sheet title=lang.contact_share() on_close testid="share-contact">
            <SearchField text=search label=lang.search() testid="share-search"/>
            <Problem text=problem testid="share-problem"/>
            {rows}
        </Sheet>
    }
}
