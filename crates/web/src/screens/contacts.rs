//! The person's own address book (I.c): the list, and from there everything that is done with it.
//!
//! What somebody calls a person stands here alone. Over a chat stands what the hospital says (M.6).

mod code_step;
mod details;
mod form;
mod import;
mod own_code;
mod preview;
mod share;
mod words;

pub use own_code::OwnCode;

use std::sync::Arc;

use client::{
    PersonId,
    contacts::{BookView, Contact, code},
};
use leptos::{prelude::*, task::spawn_local};

use self::{details::ContactDetails, form::ContactForm, import::Import};
use super::{directory::PaneHead, rooms::SearchField};
use crate::{
    context::{Desk, Frame, Keyed, carry_over, lang},
    i18n::Lang,
    route::Route,
    text,
    ui::{Avatar, Empty, Icon, Picture, Question, RowBones},
};

/// Where one is in the address book.
#[derive(Clone, PartialEq)]
enum At {
    List,
    /// A contact as it was seen; a new one has no key.
    Edit(Contact),
    Import(Start),
}

/// With what taking over begins.
#[derive(Clone, PartialEq)]
enum Start {
    Sources,
    /// Somebody whom a link or a code has named.
    Person(PersonId),
}

/// What lies above the list.
#[derive(Clone, PartialEq)]
enum Above {
    Nothing,
    Contact(String),
    OwnCode,
    DeleteAll,
}

/// The way to the address book from where people are looked up.
#[component]
pub fn ToContacts() -> impl IntoView {
    let nav = Frame::get().nav;
    view! {
        <button type="button" class="row action" data-testid="to-contacts" on:click=move |_| nav.go(Route::Contacts)>
            <span class="avatar group">
                <Picture icon=Icon::Contact/>
            </span>
            <span class="name">{lang().contacts()}</span>
        </button>
    }
}

/// The left column with the address book.
#[component]
pub fn ContactsPane() -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let desk = Desk::get();
    let at = RwSignal::new(At::List);
    let above = RwSignal::new(Above::Nothing);
    let route = frame.nav.route();
    let meet = Callback::new(move |person: PersonId| {
        if desk.me.with_untracked(|me| me.person.id == person) {
            return frame.say(lang.code_own());
        }
        match desk.session().contacts().of_person(&person) {
            Some(known) => {
                at.set(At::List);
                above.set(Above::Contact(known.id));
            }
            None => at.set(At::Import(Start::Person(person))),
        }
    });
    Effect::new(move |_| {
        if let Route::Contact(who) = route.get() {
            frame.nav.replace(Route::Contacts);
            match code::person_in(&who) {
                Some(person) => meet.run(person),
                None => frame.say(lang.code_other()),
            }
        }
    });
    let to_list = Callback::new(move |()| at.set(At::List));
    let to_contact = Callback::new(move |id: String| {
        at.set(At::List);
        above.set(Above::Contact(id));
    });
    move || match at.get() {
        At::List => view! { <List at above/> }.into_any(),
        At::Edit(seen) => {
            view! { <ContactForm seen on_close=to_list on_saved=to_contact/> }.into_any()
        }
        At::Import(start) => view! { <Import start on_meet=meet on_close=to_list/> }.into_any(),
    }
}

/// A row of the list, with the heading that stands above it where a letter begins.
#[derive(PartialEq)]
struct Line {
    contact: Arc<Contact>,
    heading: Option<String>,
}

fn lines(view: &BookView, typed: &str, lang: Lang) -> Vec<Arc<Line>> {
    let hits = view.contacts.iter().filter(|contact| contact.matches(typed));
    let (favourites, others): (Vec<_>, Vec<_>) = hits.partition(|contact| contact.favourite);
    let letter = |contact: &Contact| match contact.favourite {
        true => lang.contacts_favourites().to_owned(),
        false => contact.letter().to_string(),
    };
    let mut before = None;
    let line = |contact: &Arc<Contact>| {
        let letter = Some(letter(contact));
        let heading = letter.clone().filter(|_| letter != before);
        before = letter;
        Arc::new(Line { contact: contact.clone(), heading })
    };
    favourites.into_iter().chain(others).map(line).collect()
}

#[component]
fn List(at: RwSignal<At>, above: RwSignal<Above>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let desk = Desk::get();
    let search = RwSignal::new(String::new());
    let rows = RwSignal::new(Vec::<Keyed<Line>>::new());
    Effect::new(move |_| {
        let shown = search.with(|typed| desk.contacts.with(|view| lines(view, typed.trim(), lang)));
        carry_over(rows, &shown, |line| &line.contact.id);
    });
    let is_empty = Memo::new(move |_| desk.contacts.with(|view| view.contacts.is_empty()));
    let is_known = Memo::new(move |_| desk.contacts.with(|view| view.is_known));
    let needs_confirming = Memo::new(move |_| desk.contacts.with(|view| view.needs_confirming));
    let new = move || at.set(At::Edit(Contact::default()));
    let import = move || at.set(At::Import(Start::Sources));
    let close = Callback::new(move |()| above.set(Above::Nothing));
    let edit = Callback::new(move |contact: Contact| {
        above.set(Above::Nothing);
        at.set(At::Edit(contact));
    });
    let delete_all = Callback::new(move |()| {
        above.set(Above::Nothing);
        spawn_local(async move {
            desk.session().contacts().delete_all().await;
            frame.say(lang.contacts_deleted());
        });
    });
    view! {
        <section class="pane" aria-label=lang.contacts() data-testid="contacts">
            <PaneHead title=lang.contacts_title() on_back=Callback::new(move |()| frame.nav.back(Route::People))>
                <button type="button" class="icon-button" aria-label=lang.own_code() title=lang.own_code() data-testid="own-code-open" on:click=move |_| above.set(Above::OwnCode)>
                    <Picture icon=Icon::Code/>
                </button>
                <button type="button" class="icon-button" aria-label=lang.import_contacts() title=lang.import_contacts() data-testid="import-open" on:click=move |_| import()>
                    <Picture icon=Icon::Import/>
                </button>
                <button type="button" class="icon-button fill" aria-label=lang.contact_new() title=lang.contact_new() data-testid="contact-new" on:click=move |_| new()>
                    <Picture icon=Icon::Plus/>
                </button>
            </PaneHead>
            <SearchField text=search label=lang.contacts_search() testid="contacts-search"/>
            <Notes/>
            <div class="scroll" data-testid="contact-list">
                {move || match () {
                    // An unconfirmed device cannot know what there is.
                    () if is_empty.get() && !is_known.get() && !needs_confirming.get() => view! { <RowBones/> }.into_any(),
                    () if is_empty.get() => {
                        view! {
                            <Empty icon=Icon::Contact title=lang.contacts_none() hint=lang.contacts_none_hint() testid="contacts-none">
                                <button type="button" class="button primary" data-testid="contacts-none-import" on:click=move |_| import()>
                                    {lang.import_contacts()}
                                </button>
                                <button type="button" class="button outline" on:click=move |_| new()>{lang.contact_new()}</button>
                            </Empty>
                        }
                            .into_any()
                    }
                    () if rows.with(Vec::is_empty) => {
                        view! { <Empty icon=Icon::Search title=lang.contacts_no_hit() hint=lang.contacts_no_hit_hint() testid="contacts-no-hit"/> }.into_any()
                    }
                    () => ().into_any(),
                }}
                <For
                    each=move || rows.get()
                    key=|row| row.key.clone()
                    children=move |row| view! { <Row row=row.row above/> }
                />
                {move || {
                    (!is_empty.get() && search.with(String::is_empty))
                        .then(|| {
                            let n = desk.contacts.with(|view| view.contacts.len());
                            view! {
                                <div class="list-end">
                                    <p class="note" data-testid="contacts-count">{lang.contacts_count(n)}</p>
                                    <button type="button" class="button plain" data-testid="contacts-delete-all" on:click=move |_| above.set(Above::DeleteAll)>
                                        {lang.contacts_delete_all()}
                                    </button>
                                </div>
                            }
                        })
                }}
            </div>
            {move || match above.get() {
                Above::Nothing => ().into_any(),
                Above::Contact(id) => view! { <ContactDetails id on_edit=edit on_close=close/> }.into_any(),
                Above::OwnCode => view! { <OwnCode on_close=close/> }.into_any(),
                Above::DeleteAll => {
                    view! {
                        <Question
                            title=lang.contacts_delete_all()
                            consequence=vec![lang.contacts_delete_all_means().to_owned()]
                            answer=lang.contacts_delete_all()
                            danger=true
                            on_answer=delete_all
                            on_close=close
                        />
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

/// What is to be said of the whole book, where there is anything.
#[component]
fn Notes() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let words = Memo::new(move |_| {
        let is_down = desk.connection.get().is_down();
        desk.contacts.with(|view| {
            let notes = [
                (view.needs_confirming, lang.contacts_confirm()),
                (view.is_waiting && is_down, lang.contacts_waiting()),
                (view.is_mended, lang.contacts_mended()),
            ];
            notes
                .into_iter()
                .filter(|(is_so, _)| *is_so)
                .map(|(_, words)| words)
                .collect::<Vec<_>>()
        })
    });
    view! {
        <div role="status" data-testid="contacts-notes">
            {move || {
                words
                    .get()
                    .into_iter()
                    .map(|words| {
                        view! {
                            <p class="note pane-note with-icon">
                                <Picture icon=Icon::Info class="small"/>
                                <span>{words}</span>
                            </p>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

#[component]
fn Row(row: ArcRwSignal<Arc<Line>>, above: RwSignal<Above>) -> impl IntoView {
    move || {
        let line = row.get();
        let contact = &line.contact;
        let id = contact.id.clone();
        let position = contact.position();
        let solo = position.is_none();
        view! {
            {line.heading.clone().map(|heading| view! { <h2 class="letter">{heading}</h2> })}
            <button
                type="button"
                class="row"
                class:solo=solo
                data-testid="contact-row"
                data-contact=id.clone()
                on:click=move |_| above.set(Above::Contact(id.clone()))
            >
                <Avatar initials=contact.initials() tint=contact.tint() outside=is_outside(contact)/>
                <span class="name cut">{contact.shown_name().to_owned()}</span>
                {position.map(|position| view! { <span class="role cut">{position}</span> })}
            </button>
        }
    }
}

/// Whether they belong to another hospital, as far as their address says.
fn is_outside(contact: &Contact) -> bool {
    let me = Desk::get().me.get_untracked().person.id;
    contact.matrix.as_ref().is_some_and(|id| text::is_outside(id.as_str(), me.as_str()))
}
