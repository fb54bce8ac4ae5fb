//! Handing on who somebody is.

use client::Person;
use leptos::prelude::*;

use super::Open;
use crate::{
    context::{Desk, lang},
    screens::{
        directory::{PeopleFound, write_to},
        rooms::SearchField,
    },
    text,
    ui::{Avatar, Icon, Picture, Problem, Sheet},
};

/// Choosing whose contact is sent.
#[component]
pub fn ContactSheet(on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let search = RwSignal::new(String::new());
    let choose = Callback::new(move |person: Person| {
        on_close.run(());
        let sent = open.sent;
        open.attempt(async move |chat| {
            chat.send_contact(&person).await?;
            sent.try_update(|sent| *sent += 1);
            Ok(())
        });
    });
    view! {
        <Sheet title=lang.send_contact() on_close testid="contact-sheet">
            <SearchField text=search label=lang.search_people() testid="contact-search" focused=true/>
            <PeopleFound text=search on_choose=choose/>
        </Sheet>
    }
}

/// A contact in a bubble: who it is, and writing or calling at once.
#[component]
pub fn ContactBubble(person: Person) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let me = desk.me.get_untracked().person.id;
    let is_me = person.id == me;
    let outside = text::is_outside(person.id.as_str(), me.as_str());
    let hospital =
        outside.then(|| text::server_of(person.id.as_str()).unwrap_or_default().to_owned());
    let id = person.id.clone();
    view! {
        <div class="contact-card" data-testid="contact">
            <Avatar initials=person.initials() tint=person.tint() outside/>
            <span class="grow">
                <b class="text" data-testid="message-text">{person.name.clone()}</b>
                <small>
                    {hospital.map(|hospital| view! { <span class="away">{hospital}</span> })}
                    {person.position()}
                </small>
            </span>
            <div class="card-buttons">
                {(!is_me)
                    .then(|| {
                        view! {
                            <button type="button" class="button plain" data-testid="contact-write" on:click=move |_| write_to(&id, problem, busy)>
                                <Picture icon=Icon::Chats class="small"/>
                                {lang.write_to_contact()}
                            </button>
                        }
                    })}
                {person
                    .phone
                    .clone()
                    .map(|phone| {
                        view! {
                            <a class="button plain" href=format!("tel:{phone}") data-testid="contact-call">
                                <Picture icon=Icon::Phone class="small"/>
                                {phone.clone()}
                            </a>
                        }
                    })}
            </div>
            <Problem text=problem/>
        </div>
    }
}
