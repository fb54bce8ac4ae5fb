//! One contact: reaching them, what is known of them, and what the hospital says of them.

use std::{sync::Arc, time::Duration};

use client::{
    Person, PersonId,
    contacts::{Also, Contact, PhoneKind},
};
use leptos::{prelude::*, task::spawn_local};

use super::{is_outside, share::ShareContact};
use crate::{
    context::{Desk, Frame, lang},
    platform,
    route::Route,
    ui::{Avatar, AvatarSize, Icon, Picture, Problem, Question, Sheet, room_words},
};

/// A sheet that closes gives its place in the history back; then the way on is free.
const CLOSES: Duration = Duration::from_millis(60);

#[derive(Clone, Copy, PartialEq)]
enum Above {
    Nothing,
    Share,
    Delete,
}

/// The sheet with one contact.
#[component]
pub fn ContactDetails(
    id: String,
    on_edit: Callback<Contact>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let above = RwSignal::new(Above::Nothing);
    let key = StoredValue::new(id);
    // What was written a moment ago is in the book before the list hears of it.
    let now = move || key.with_value(|id| desk.session().contacts().get(id));
    let contact = Memo::new(move |_| {
        let shown = desk.contacts.with(|view| {
            let is_it = |contact: &&Arc<Contact>| key.with_value(|id| contact.id == *id);
            view.contacts.iter().find(is_it).cloned()
        });
        shown.or_else(|| now().map(Arc::new))
    });
    let title = now().map(|contact| contact.shown_name().to_owned()).unwrap_or_default();
    let delete = Callback::new(move |()| {
        let id = key.get_value();
        on_close.run(());
        spawn_local(async move {
            desk.session().contacts().delete(&id).await;
            Frame::get().say(lang.contact_deleted());
        });
    });
    let stay = Callback::new(move |()| above.set(Above::Nothing));
    let person = move || contact.get_untracked().and_then(|contact| contact.matrix.clone());
    move || match (above.get(), person()) {
        (Above::Delete, _) => view! {
            <Question
                title=lang.contact_delete()
                consequence=vec![lang.contact_delete_means().to_owned()]
                answer=lang.contact_delete()
                danger=true
                on_answer=delete
                on_close=stay
            />
        }
        .into_any(),
        (Above::Share, Some(person)) => view! { <ShareContact person on_close=stay/> }.into_any(),
        _ => {
            let title = title.clone();
            view! {
                <Sheet title on_close testid="contact-details">
                    {move || match contact.get() {
                        Some(contact) => view! { <Shown contact above on_edit on_close/> }.into_any(),
                        None => view! { <p class="body" role="status">{lang.contact_gone()}</p> }.into_any(),
                    }}
                </Sheet>
            }
            .into_any()
        }
    }
}

#[component]
fn Shown(
    contact: Arc<Contact>,
    above: RwSignal<Above>,
    on_edit: Callback<Contact>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let write = move |person: PersonId| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (rooms, nav) = (desk.room_list(), Frame::get().nav);
        spawn_local(async move {
            let result = rooms.direct(&person).await;
            busy.try_set(false);
            match result {
                Ok(chat) => {
                    on_close.try_run(());
                    platform::sleep(CLOSES).await;
                    nav.go(Route::Chat(chat.to_string()));
                }
                Err(error) => drop(problem.try_set(Some(room_words(&error, lang)))),
            }
        });
    };
    let favourite = contact.favourite;
    let id = contact.id.clone();
    let favour = move |_| {
        let id = id.clone();
        spawn_local(async move { desk.session().contacts().favour(&id, !favourite).await });
    };
    let seen = contact.clone();
    let settle = Callback::new(move |(also, is_taken): (Also, bool)| {
        let seen = (*seen).clone();
        let mut new = seen.clone();
        new.also.retain(|other| *other != also);
        if is_taken {
            put(&mut new, &also);
        }
        spawn_local(async move {
            // It was kept before, and is no longer than it was.
            let _ = desk.session().contacts().keep(&seen, &new).await;
        });
    });
    let edited = (*contact).clone();
    let person = contact.matrix.clone();
    let to_write = person.clone();
    view! {
        <div class="contact-head">
            <Avatar initials=contact.initials() tint=contact.tint() size=AvatarSize::Large outside=is_outside(&contact)/>
            {contact.position().map(|position| view! { <p class="note">{position}</p> })}
        </div>
        <Problem text=problem testid="contact-write-problem"/>
        <div class="contact-ways">
            {to_write
                .map(|person| {
                    view! {
                        <button type="button" class="toggle" data-testid="contact-message" aria-busy=move || busy.get().to_string() on:click=move |_| write(person.clone())>
                            <Picture icon=Icon::Chats class="small"/>
                            {lang.write_to_contact()}
                        </button>
                    }
                })}
            <button type="button" class="toggle" aria-pressed=favourite.to_string() data-testid="contact-favour" on:click=favour>
                <Picture icon=Icon::Star class="small"/>
                {if favourite { lang.contact_unfavour() } else { lang.contact_favour() }}
            </button>
            {person
                .is_some()
                .then(|| {
                    view! {
                        <button type="button" class="toggle" data-testid="contact-share" on:click=move |_| above.set(Above::Share)>
                            <Picture icon=Icon::Share class="small"/>
                            {lang.contact_share()}
                        </button>
                    }
                })}
        </div>
        {contact.also.iter().cloned().map(|also| view! { <AlsoSaid also on_settle=settle/> }).collect_view()}
        <dl class="facts contact-facts">
            {(!contact.phones.is_empty())
                .then(|| {
                    view! {
                        <div>
                            <dt>{lang.contact_phones()}</dt>
                            {contact
                                .phones
                                .iter()
                                .map(|phone| {
                                    let kind = lang.phone_kind(phone.kind);
                                    view! {
                                        <dd>
                                            <a class="way" href=format!("tel:{}", phone.dialled()) data-testid="contact-phone">
                                                <Picture icon=if phone.kind == PhoneKind::Fax { Icon::Printer } else { Icon::Phone } class="small"/>
                                                <span>{phone.number.clone()}</span>
                                                <small>{kind}</small>
                                            </a>
                                        </dd>
                                    }
                                })
                                .collect_view()}
                        </div>
                    }
                })}
            {(!contact.mails.is_empty())
                .then(|| {
                    view! {
                        <div>
                            <dt>{lang.contact_mail()}</dt>
                            {contact
                                .mails
                                .iter()
                                .map(|mail| {
                                    view! {
                                        <dd>
                                            <a class="way" href=format!("mailto:{mail}") data-testid="contact-mail">
                                                <Picture icon=Icon::Mail class="small"/>
                                                <span>{mail.clone()}</span>
                                            </a>
                                        </dd>
                                    }
                                })
                                .collect_view()}
                        </div>
                    }
                })}
            {(!contact.note.is_empty())
                .then(|| {
                    view! {
                        <div>
                            <dt>{lang.contact_note()}</dt>
                            <dd class="written" data-testid="contact-shown-note">{contact.note.clone()}</dd>
                        </div>
                    }
                })}
            {person
                .map(|person| {
                    view! {
                        <div>
                            <dt>{lang.contact_address()}</dt>
                            <dd data-testid="contact-shown-address">{person.to_string()}</dd>
                        </div>
                        <Vouched person own_name=contact.name.clone()/>
                    }
                })}
            <div>
                <dt>{lang.contact_from()}</dt>
                <dd>{lang.contact_origin(contact.origin)}</dd>
            </div>
        </dl>
        <div class="buttons">
            <button type="button" class="button plain" data-testid="contact-delete" on:click=move |_| above.set(Above::Delete)>
                {lang.contact_delete()}
            </button>
            <button type="button" class="button outline" data-testid="contact-edit" on:click=move |_| on_edit.run(edited.clone())>
                <Picture icon=Icon::Pencil class="small"/>
                {lang.contact_edit()}
            </button>
        </div>
    }
}

/// Writes a value into its line.
fn put(contact: &mut Contact, also: &Also) {
    let line = match also.line {
        "name" => &mut contact.name,
        "role" => &mut contact.role,
        "department" => &mut contact.department,
        "hospital" => &mut contact.hospital,
        "matrix" => return contact.matrix = Some(PersonId::new(&also.value)),
        _ => &mut contact.note,
    };
    line.clone_from(&also.value);
}

/// What another device said at the same time, to be chosen or let go.
#[component]
fn AlsoSaid(also: Also, on_settle: Callback<(Also, bool)>) -> impl IntoView {
    let lang = lang();
    let (taken, dropped) = (also.clone(), also.clone());
    view! {
        <div class="also" data-testid="contact-also">
            <p>{lang.contact_also()}</p>
            <p>
                <small>{lang.contact_line(also.line)}</small>
                <b class="written">{also.value}</b>
            </p>
            <div class="buttons start">
                <button type="button" class="button outline" data-testid="contact-also-take" on:click=move |_| on_settle.run((taken.clone(), true))>
                    {lang.contact_also_take()}
                </button>
                <button type="button" class="button plain" data-testid="contact-also-drop" on:click=move |_| on_settle.run((dropped.clone(), false))>
                    {lang.contact_also_drop()}
                </button>
            </div>
        </div>
    }
}

/// Who the hospital says this is: what stands over the chat, whatever the contact is called here.
#[component]
fn Vouched(person: PersonId, own_name: String) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let said = RwSignal::new(None::<Option<Person>>);
    spawn_local(async move {
        let found = desk.session().directory().person(&person).await.ok();
        said.try_set(Some(found));
    });
    move || {
        let own_name = own_name.clone();
        said.get().map(|said| {
            let is_other = said.as_ref().is_some_and(|said| said.name != own_name);
            view! {
                <div data-testid="contact-vouched">
                    <dt>{lang.contact_vouched()}</dt>
                    <dd>
                        {match said {
                            Some(said) => {
                                let position = said.position().map(|position| format!(" · {position}"));
                                format!("{}{}", said.name, position.unwrap_or_default())
                            }
                            None => lang.contact_vouched_none().to_owned(),
                        }}
                    </dd>
                    {is_other.then(|| view! { <dd class="note">{lang.contact_other_name()}</dd> })}
                </div>
            }
        })
    }
}
