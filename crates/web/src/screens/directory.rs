//! The hospital's directory: looking people up, starting a chat, putting a group together.

use std::time::Duration;

use client::{
    Person, PersonId,
    directory::{DirectoryError, Found},
};
use leptos::{prelude::*, task::spawn_local};

use super::{contacts::ToContacts, rooms::SearchField};
use crate::{
    context::{Desk, Frame, lang},
    platform::Debounce,
    route::Route,
    ui::{Empty, Icon, PersonRow, Picture, Problem, RowBones, room_words},
};

/// How long typing has to pause before the server is asked.
const PAUSE: Duration = Duration::from_millis(180);

/// What a search has brought.
#[derive(Clone, PartialEq)]
enum Hits {
    Loading,
    /// What the server has found for this text.
    Found(String, Found),
    Failed(DirectoryError),
}

/// Those who fit what is typed before the server has answered it: nobody else may be chosen by a quick Enter (M.6).
fn narrowed(found: &Found, typed: &str) -> Found {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let fits = |person: &&Person| {
        let facts = [Some(&person.name), person.role.as_ref(), person.department.as_ref()];
        let facts: Vec<String> =
            facts.into_iter().flatten().map(|text| text.to_lowercase()).collect();
        words.iter().all(|word| facts.iter().any(|fact| fact.contains(word)))
    };
    Found { people: found.people.iter().filter(fits).cloned().collect(), limited: false }
}

/// People for what is typed, asked from the server after a pause.
fn search_people(text: RwSignal<String>) -> (ReadSignal<Hits>, Callback<()>) {
    let desk = Desk::get();
    let (hits, set_hits) = signal(Hits::Loading);
    let turn = StoredValue::new(0_u64);
    let ask = move |text: String| {
        let next = turn.try_update_value(|turn| {
            *turn += 1;
            *turn
        });
        // The list is gone already.
        let Some(this_turn) = next else { return };
        let directory = desk.session().directory();
        spawn_local(async move {
            let text = text.trim().to_owned();
            let result = directory.search(&text).await;
            // An answer that a later question has overtaken would replace better ones.
            if turn.try_get_value() == Some(this_turn) {
                set_hits.try_set(match result {
                    Ok(found) => Hits::Found(text, found),
                    Err(error) => Hits::Failed(error),
                });
            }
        });
    };
    let debounce = Debounce::default();
    Effect::new(move |before: Option<()>| {
        let text = text.get();
        if before.is_none() {
            ask(text);
        } else {
            debounce.run(PAUSE, move || ask(text));
        }
    });
    let again = Callback::new(move |()| {
        set_hits.set(Hits::Loading);
        ask(text.get_untracked());
    });
    (hits, again)
}

/// The people found, or why there are none.
#[component]
pub fn PeopleFound(
    text: RwSignal<String>,
    on_choose: Callback<Person>,
    #[prop(optional)] picked: Option<Signal<Vec<Person>>>,
) -> impl IntoView {
    let lang = lang();
    let (hits, again) = search_people(text);
    let shown = Memo::new(move |_| match hits.get() {
        Hits::Found(asked, found) => {
            let typed = text.with(|text| text.trim().to_owned());
            let narrowed = if typed == asked { found } else { narrowed(&found, &typed) };
            // Nobody who is known fits, but the server may know somebody.
            if typed != asked && narrowed.people.is_empty() {
                return Hits::Loading;
            }
            Hits::Found(typed, narrowed)
        }
        other => other,
    });
    move || {
        match shown.get() {
        Hits::Loading => view! { <RowBones/> }.into_any(),
        Hits::Failed(error) => {
            let hint = match &error {
                DirectoryError::NoConnection => lang.directory_offline().to_owned(),
                DirectoryError::Failed(code) => lang.failed_with(code),
            };
            let icon = if error == DirectoryError::NoConnection { Icon::NoNetwork } else { Icon::Alert };
            view! {
                <Empty icon title=lang.directory_failed() hint testid="directory-problem">
                    <button type="button" class="button outline" on:click=move |_| again.run(())>{lang.retry()}</button>
                </Empty>
            }
            .into_any()
        }
        Hits::Found(typed, found) if found.people.is_empty() && typed.is_empty() => {
            view! { <Empty icon=Icon::Search title=lang.find_person() hint=lang.search_people_hint()/> }.into_any()
        }
        Hits::Found(_, found) if found.people.is_empty() => {
            view! { <Empty icon=Icon::Search title=lang.no_people() hint=lang.no_people_hint() testid="directory-empty"/> }.into_any()
        }
        Hits::Found(_, found) => {
            let rows = found
                .people
                .into_iter()
                .map(|person| match picked {
                    Some(picked) => {
                        let id = person.id.clone();
                        let is_picked = Signal::derive(move || picked.with(|picked| picked.iter().any(|other| other.id == id)));
                        view! { <PersonRow person on_choose picked=is_picked/> }.into_any()
                    }
                    None => view! { <PersonRow person on_choose/> }.into_any(),
                })
                .collect_view();
            view! {
                {rows}
                {found.limited.then(|| view! { <p class="letter">{lang.more_people()}</p> })}
            }
            .into_any()
        }
    }
    }
}

/// Opens the chat with somebody, existing or new.
pub fn write_to(person: &PersonId, problem: RwSignal<Option<String>>, busy: RwSignal<bool>) {
    if busy.get_untracked() {
        return;
    }
    let lang = lang();
    let nav = Frame::get().nav;
    let rooms = Desk::get().room_list();
    let person = person.clone();
    busy.set(true);
    problem.set(None);
    spawn_local(async move {
        let result = rooms.direct(&person).await;
        busy.try_set(false);
        match result {
            Ok(chat) => {
                let route = Route::Chat(chat.to_string());
                // Choosing somebody was the way into the chat: back from there leads to the list.
                match nav.route().get_untracked() {
                    Route::NewChat => nav.replace(route),
                    _ => nav.go(route),
                }
            }
            Err(error) => {
                problem.try_set(Some(room_words(&error, lang)));
            }
        }
    });
}

/// The tab "people".
#[component]
pub fn People() -> impl IntoView {
    let lang = lang();
    view! {
        <section class="pane" aria-label=lang.people() data-testid="people">
            <header>
                <h1>{lang.people()}</h1>
            </header>
            <Directory with_group=false/>
        </section>
    }
}

/// Choosing whom to write to.
#[component]
pub fn NewChat() -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    view! {
        <section class="pane" aria-label=lang.new_chat() data-testid="new-chat-pane">
            <PaneHead title=lang.new_chat() on_back=Callback::new(move |()| nav.back(Route::Chats))/>
            <Directory with_group=true/>
        </section>
    }
}

#[component]
fn Directory(with_group: bool) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let choose = Callback::new(move |person: Person| write_to(&person.id, problem, busy));
    view! {
        <SearchField text label=lang.search_people() testid="directory-search" focused=with_group/>
        <Problem text=problem testid="directory-error"/>
        <div class="scroll" aria-busy=move || busy.get().to_string()>
            {with_group
                .then(|| {
                    view! {
                        <button type="button" class="row action" data-testid="new-group" on:click=move |_| nav.replace(Route::NewGroup)>
                            <span class="avatar group">
                                <Picture icon=Icon::Group/>
                            </span>
                            <span class="name">{lang.new_group()}</span>
                        </button>
                        <button type="button" class="row action" data-testid="broadcasts" on:click=move |_| nav.replace(Route::Broadcasts)>
                            <span class="avatar group">
                                <Picture icon=Icon::Broadcast/>
                            </span>
                            <span class="name">{lang.lists()}</span>
                        </button>
                    }
                })}
            {move || text.with(String::is_empty).then(|| view! { <ToContacts/> })}
            <PeopleFound text on_choose=choose/>
        </div>
    }
}

/// The head of a step on the way to whom one writes to.
#[component]
pub fn PaneHead(
    #[prop(into)] title: String,
    on_back: Callback<()>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="sub">
            <button type="button" class="icon-button" aria-label=lang().back() data-testid="pane-back" on:click=move |_| on_back.run(())>
                <Picture icon=Icon::Back/>
            </button>
            <h1 class="cut">{title}</h1>
            {children.map(|children| children())}
        </header>
    }
}

/// What a group or a list is called.
#[component]
pub fn NameField(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    name: RwSignal<String>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                class="input"
                data-testid=id
                maxlength="120"
                autocomplete="off"
                placeholder=hint
                prop:value=move || name.get()
                on:input=move |event| name.set(event_target_value(&event))
            />
        </div>
    }
}

/// Choosing a person, or no longer.
pub fn choosing(people: RwSignal<Vec<Person>>) -> Callback<Person> {
    Callback::new(move |person: Person| {
        people.update(|people| match people.iter().position(|other| other.id == person.id) {
            Some(at) => drop(people.remove(at)),
            None => people.push(person),
        });
    })
}

/// Who is chosen so far; a click takes somebody out again.
#[component]
pub fn Chosen(people: RwSignal<Vec<Person>>, on_choose: Callback<Person>) -> impl IntoView {
    let lang = lang();
    let pick = move |person: Person| {
        let (label, name) = (format!("{}: {}", lang.remove(), person.name), person.name.clone());
        view! {
            <li>
                <button type="button" class="pick" aria-label=label on:click=move |_| on_choose.run(person.clone())>
                    {name}
                    <Picture icon=Icon::Close/>
                </button>
            </li>
        }
    };
    view! {
        <ul class="picks" aria-label=lang.members_heading() hidden=move || people.with(Vec::is_empty)>
            <For each=move || people.get() key=|person| person.id.clone() children=pick/>
        </ul>
    }
}

/// Putting a group together: members first, then the name.
#[component]
pub fn NewGroup() -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let text = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let members = RwSignal::new(Vec::<Person>::new());
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let toggle = choosing(members);
    let ready = move || {
        !busy.get() && !name.with(|name| name.trim().is_empty()) && !members.with(Vec::is_empty)
    };
    let create = move |_| {
        let rooms = Desk::get().room_list();
        let people: Vec<PersonId> = members
            .with_untracked(|members| members.iter().map(|person| person.id.clone()).collect());
        let name = name.get_untracked().trim().to_owned();
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let result = rooms.create_group(&name, &people).await;
            busy.try_set(false);
            match result {
                Ok(chat) => nav.replace(Route::Chat(chat.to_string())),
                Err(error) => {
                    problem.try_set(Some(room_words(&error, lang)));
                }
            }
        });
    };
    view! {
        <section class="pane" aria-label=lang.new_group() data-testid="new-group-pane">
            <PaneHead title=lang.new_group() on_back=Callback::new(move |()| nav.replace(Route::NewChat))/>
            <NameField id="group-name" label=lang.group_name() hint=lang.group_name_hint() name/>
            <SearchField text label=lang.search_people() testid="directory-search"/>
            <Chosen people=members on_choose=toggle/>
            <Problem text=problem testid="group-problem"/>
            <div class="scroll">
                <PeopleFound text on_choose=toggle picked=members.into()/>
            </div>
            <div class="pane-foot">
                <button type="button" class="button primary wide" data-testid="group-create" disabled=move || !ready() on:click=create>
                    {move || {
                        let n = members.with(Vec::len);
                        match (busy.get(), n) {
                            (true, _) => lang.creating().to_owned(),
                            (false, 0) => lang.choose_members().to_owned(),
                            (false, n) => format!("{} · {}", lang.create_group(), lang.chosen(n)),
                        }
                    }}
                </button>
            </div>
        </section>
    }
}
