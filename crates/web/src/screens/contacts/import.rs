//! Taking contacts over (I.d): from a chat, the directory, a file, a QR code. Each source ends at the same preview.

use std::{sync::Arc, time::Duration};

use client::{
    ChatId, Person, PersonId,
    contacts::{
        Contact, Origin,
        import::{Draft, Reading, read_file},
    },
    room_list::RoomRow,
};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{Start, code_step::CodeStep, preview::Preview};
use crate::{
    context::{Desk, Frame, lang},
    photo, platform,
    screens::{
        choose_chat::{ChatRow, chats},
        directory::{Chosen, PaneHead, PeopleFound, choosing},
        rooms::SearchField,
    },
    ui::{Empty, Icon, Picture, Problem, RowBones},
};

/// Largest file that is read: cards with pictures are large, lists of people are not.
const MAX_FILE_BYTES: f64 = 20e6;

/// How often and how long is waited for the members of a chat.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: usize = 50;

/// How far it has come.
#[derive(Clone, PartialEq)]
enum Step {
    Sources,
    Chats,
    Directory,
    Code,
    Reading,
    Preview(Reading),
}

/// The left column while contacts are taken over.
#[component]
pub fn Import(start: Start, on_meet: Callback<PersonId>, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    frame.nav.cover(move || on_close.run(()));
    let step = RwSignal::new(Step::Sources);
    let problem = RwSignal::new(None::<String>);
    let back = Callback::new(move |()| match step.get_untracked() {
        Step::Sources => on_close.run(()),
        _ => step.set(Step::Sources),
    });
    let people = Callback::new(move |(people, origin): (Vec<Person>, Origin)| {
        step.set(Step::Preview(reading_of(&people, origin)));
    });
    let person = Callback::new(move |person: PersonId| {
        if Desk::get().session().contacts().of_person(&person).is_some() {
            return on_meet.run(person);
        }
        step.set(Step::Reading);
        let directory = Desk::get().session().directory();
        spawn_local(async move {
            // Without the network the address alone is known; the name comes when somebody looks it up.
            let found = directory.person(&person).await;
            let found = found.unwrap_or_else(|_| Person::unknown(person));
            step.try_set(Step::Preview(reading_of(&[found], Origin::Qr)));
        });
    });
    let cards = Callback::new(move |reading: Reading| step.set(Step::Preview(reading)));
    if let Start::Person(id) = start {
        person.run(id);
    }
    let done = Callback::new(move |n: usize| {
        frame.say(lang.import_done(n));
        on_close.run(());
    });
    view! {
        <section class="pane" aria-label=lang.import_contacts() data-testid="import">
            {move || {
                let title = match step.get() {
                    Step::Chats => lang.import_choose_chat(),
                    Step::Directory => lang.import_directory(),
                    Step::Code => lang.import_code(),
                    Step::Preview(_) => lang.import_preview(),
                    _ => lang.import_contacts(),
                };
                view! { <PaneHead title on_back=back/> }
            }}
            {move || match step.get() {
                Step::Sources => view! { <Sources step problem/> }.into_any(),
                Step::Chats => view! { <Chats on_people=people/> }.into_any(),
                Step::Directory => view! { <FromDirectory on_people=people/> }.into_any(),
                Step::Code => view! { <CodeStep on_person=person on_cards=cards/> }.into_any(),
                Step::Reading => {
                    view! {
                        <p role="status" class="pane-note" data-testid="import-reading">{lang.import_reading()}</p>
                        <RowBones/>
                    }
                        .into_any()
                }
                Step::Preview(reading) => view! { <Preview reading on_done=done/> }.into_any(),
            }}
        </section>
    }
}

/// People of the hospital as drafts.
fn reading_of(people: &[Person], origin: Origin) -> Reading {
    let me = Desk::get().me.get_untracked().person.id;
    let others = people.iter().filter(|person| person.id != me);
    let draft = |person: &Person| Draft { line: 0, contact: Contact::of(person, origin, &me) };
    Reading { drafts: others.map(draft).collect(), ..Reading::default() }
}

#[component]
fn Sources(step: RwSignal<Step>, problem: RwSignal<Option<String>>) -> impl IntoView {
    let lang = lang();
    let to = move |next: Step| {
        problem.set(None);
        step.set(next);
    };
    let read = move |event: web_sys::Event| {
        let input = event.target().and_then(|it| it.dyn_into::<web_sys::HtmlInputElement>().ok());
        let Some(file) = input.and_then(|input| input.files()?.get(0)) else { return };
        if file.size() > MAX_FILE_BYTES {
            return problem.set(Some(lang.import_too_large().into()));
        }
        to(Step::Reading);
        spawn_local(async move {
            let bytes = photo::bytes(&file).await;
            // So that the screen says that it reads before a long file keeps it busy.
            platform::sleep(Duration::from_millis(30)).await;
            match bytes {
                Some(bytes) => drop(step.try_set(Step::Preview(read_file(&bytes)))),
                None => {
                    problem.try_set(Some(lang.import_no_file().into()));
                    step.try_set(Step::Sources);
                }
            }
        });
    };
    let face = |icon: Icon, title: &'static str, hint: &'static str| {
        view! {
            <span class="kind" aria-hidden="true">
                <Picture icon/>
            </span>
            <b>{title}</b>
            <small>{hint}</small>
        }
    };
    view! {
        <p class="note pane-note">{lang.import_hint()}</p>
        <Problem text=problem testid="import-problem"/>
        <div class="scroll">
            <div class="choices import-choices">
                <button type="button" class="choice" data-testid="import-group" on:click=move |_| to(Step::Chats)>
                    {face(Icon::Group, lang.import_group(), lang.import_group_hint())}
                </button>
                <button type="button" class="choice" data-testid="import-directory" on:click=move |_| to(Step::Directory)>
                    {face(Icon::People, lang.import_directory(), lang.import_directory_hint())}
                </button>
                <label class="choice">
                    {face(Icon::Contact, lang.import_vcard(), lang.import_vcard_hint())}
                    <input type="file" class="sr" accept=".vcf,.vcard,text/vcard,text/x-vcard" data-testid="import-vcard" on:change=read/>
                </label>
                <label class="choice">
                    {face(Icon::Document, lang.import_csv(), lang.import_csv_hint())}
                    <input type="file" class="sr" accept=".csv,.txt,text/csv,text/plain" data-testid="import-csv" on:change=read/>
                </label>
                <button type="button" class="choice" data-testid="import-code" on:click=move |_| to(Step::Code)>
                    {face(Icon::Code, lang.import_code(), lang.import_code_hint())}
                </button>
            </div>
        </div>
    }
}

/// Choosing the chat whose members are taken.
#[component]
fn Chats(on_people: Callback<(Vec<Person>, Origin)>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let search = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let choose = move |id: ChatId| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let session = desk.session();
        spawn_local(async move {
            let members = members(&session, &id).await;
            busy.try_set(false);
            match members {
                Some(people) if people.is_empty() => {
                    problem.try_set(Some(lang.import_nobody().into()));
                }
                Some(people) => drop(on_people.try_run((people, Origin::Group))),
                None => drop(problem.try_set(Some(lang.import_chat_failed().into()))),
            }
        });
    };
    let choose = Callback::new(move |row: Arc<RoomRow>| choose(row.id.clone()));
    let rows = move || {
        let shown = chats(search);
        if shown.is_empty() {
            return view! { <Empty icon=Icon::Chats title=lang.import_no_chats() testid="import-no-chats"/> }
                .into_any();
        }
        shown
            .into_iter()
            .map(|row| view! { <ChatRow row testid="import-chat" on_choose=choose/> })
            .collect_view()
            .into_any()
    };
    view! {
        <SearchField text=search label=lang.search() testid="import-chat-search"/>
        <Problem text=problem testid="import-chat-problem"/>
        <div class="scroll" aria-busy=move || busy.get().to_string()>{rows}</div>
    }
}

/// Who is in a chat besides ourselves; `None` if that cannot be told.
async fn members(session: &client::Session, id: &ChatId) -> Option<Vec<Person>> {
    let chat = session.open(id).await.ok()?;
    let header = chat.header();
    for _ in 0..LOOKS {
        let now = header.peek();
        if !now.members.is_empty() {
            let others = now.members.into_iter().filter(|member| !member.is_me);
            return Some(others.map(|member| member.person).collect());
        }
        platform::sleep(LOOK).await;
    }
    None
}

/// Choosing people of the hospital.
#[component]
fn FromDirectory(on_people: Callback<(Vec<Person>, Origin)>) -> impl IntoView {
    let lang = lang();
    let text = RwSignal::new(String::new());
    let people = RwSignal::new(Vec::<Person>::new());
    let toggle = choosing(people);
    view! {
        <SearchField text label=lang.search_people() testid="directory-search" focused=true/>
        <Chosen people on_choose=toggle/>
        <div class="scroll">
            <PeopleFound text on_choose=toggle picked=people.into()/>
        </div>
        <div class="pane-foot">
            <button
                type="button"
                class="button primary wide"
                data-testid="import-continue"
                disabled=move || people.with(Vec::is_empty)
                on:click=move |_| on_people.run((people.get_untracked(), Origin::Directory))
            >
                {move || match people.with(Vec::len) {
                    0 => lang.choose_members().to_owned(),
                    n => format!("{} · {}", lang.import_continue(), lang.chosen(n)),
                }}
            </button>
        </div>
    }
}
