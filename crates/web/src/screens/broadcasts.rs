//! Broadcast lists: who is on them, writing to all of them, and who has got it.

use std::sync::Arc;

use client::{
    Person,
    broadcast::{Delivery, List, MAX_PEOPLE, Stage},
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{
    directory::{Chosen, NameField, PaneHead, PeopleFound, choosing},
    rooms::SearchField,
};
use crate::{
    context::{Desk, Frame, follow, lang},
    i18n::Lang,
    platform,
    route::Route,
    ui::{AvatarSize, Empty, Icon, Picture, Question, RowBones, room_words},
};

/// Most characters of one message to a list.
const MAX_TEXT: usize = 20_000;

/// Where one is among the lists.
#[derive(Clone, PartialEq)]
enum At {
    Lists,
    Edit(List),
    Write(List),
}

/// The left column with the lists.
#[component]
pub fn BroadcastsPane() -> impl IntoView {
    let at = RwSignal::new(At::Lists);
    let to_lists = Callback::new(move |()| at.set(At::Lists));
    move || match at.get() {
        At::Lists => view! { <Lists at/> }.into_any(),
        At::Edit(list) => view! { <Edit list on_close=to_lists/> }.into_any(),
        At::Write(list) => view! { <Write list on_close=to_lists/> }.into_any(),
    }
}

#[component]
fn Lists(at: RwSignal<At>) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let desk = Desk::get();
    let lists = RwSignal::new(None::<Vec<List>>);
    spawn_local(async move {
        let found = desk.session().broadcasts().lists().await;
        lists.try_set(Some(found));
    });
    let new = move |_| {
        at.set(At::Edit(List { id: String::new(), name: String::new(), people: Vec::new() }));
    };
    let row = move |list: List| {
        let (edited, written) = (list.clone(), list.clone());
        let edit = format!("{}: {}", lang.list_edit(), list.name);
        view! {
            <li class="list-row">
                <button type="button" class="row" data-testid="list-row" on:click=move |_| at.set(At::Write(written.clone()))>
                    <span class="avatar group" aria-hidden="true"><Picture icon=Icon::Broadcast/></span>
                    <span class="name cut">{list.name.clone()}</span>
                    <span class="role cut">{names(&list.people, lang)}</span>
                </button>
                <button type="button" class="icon-button" aria-label=edit data-testid="list-edit" on:click=move |_| at.set(At::Edit(edited.clone()))>
                    <Picture icon=Icon::Pencil class="small"/>
                </button>
            </li>
        }
    };
    let on_back = Callback::new(move |()| nav.replace(Route::NewChat));
    view! {
        <section class="pane" aria-label=lang.lists() data-testid="lists">
            <PaneHead title=lang.lists() on_back/>
            <p class="note pane-note">{lang.lists_hint()}</p>
            <div class="scroll">
                {move || match lists.get() {
                    None => view! { <RowBones/> }.into_any(),
                    Some(lists) if lists.is_empty() => {
                        view! { <Empty icon=Icon::Broadcast title=lang.lists_none() hint=lang.lists_none_hint() testid="lists-none"/> }.into_any()
                    }
                    Some(lists) => view! { <ul>{lists.into_iter().map(row).collect_view()}</ul> }.into_any(),
                }}
            </div>
            <div class="pane-foot">
                <button type="button" class="button primary wide" data-testid="list-new" on:click=new>{lang.list_new()}</button>
            </div>
        </section>
    }
}

/// How many are on a list, and who.
fn names(people: &[Person], lang: Lang) -> String {
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    format!("{}: {}", lang.list_people(names.len()), names.join(", "))
}

#[component]
fn Edit(list: List, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    Frame::get().nav.cover(move || on_close.run(()));
    let is_new = list.id.is_empty();
    let id = StoredValue::new(list.id);
    let name = RwSignal::new(list.name);
    let people = RwSignal::new(list.people);
    let text = RwSignal::new(String::new());
    let asking = RwSignal::new(false);
    let toggle = choosing(people);
    let problem = move || {
        let n = people.with(Vec::len);
        (n > MAX_PEOPLE).then(|| lang.list_too_many(MAX_PEOPLE))
    };
    let ready = move || {
        let is_named = !name.with(|name| name.trim().is_empty());
        is_named && !people.with(Vec::is_empty) && problem().is_none()
    };
    let keep = move |_| {
        let list =
            List { id: id.get_value(), name: name.get_untracked(), people: people.get_untracked() };
        spawn_local(async move {
            desk.session().broadcasts().keep(&list).await;
            on_close.try_run(());
        });
    };
    let forget = Callback::new(move |()| {
        spawn_local(async move {
            desk.session().broadcasts().forget(&id.get_value()).await;
            on_close.try_run(());
        });
    });
    let on_stay = Callback::new(move |()| asking.set(false));
    view! {
        <section class="pane" aria-label=lang.list_edit() data-testid="list-pane">
            <PaneHead title=if is_new { lang.list_new() } else { lang.list_edit() } on_back=on_close/>
            <NameField id="list-name" label=lang.list_name() hint=lang.list_name_hint() name/>
            <SearchField text label=lang.search_people() testid="directory-search"/>
            <Chosen people on_choose=toggle/>
            <p class="problem" role="alert" hidden=move || problem().is_none()>{problem}</p>
            <div class="scroll">
                <PeopleFound text on_choose=toggle picked=people.into()/>
            </div>
            <div class="pane-foot">
                {(!is_new)
                    .then(|| {
                        view! {
                            <button type="button" class="button plain wide" data-testid="list-forget" on:click=move |_| asking.set(true)>
                                {lang.list_forget()}
                            </button>
                        }
                    })}
                <button type="button" class="button primary wide" data-testid="list-keep" disabled=move || !ready() on:click=keep>
                    {move || match people.with(Vec::len) {
                        0 => lang.choose_members().to_owned(),
                        n => format!("{} · {}", lang.list_keep(), lang.chosen(n)),
                    }}
                </button>
            </div>
            {move || {
                asking
                    .get()
                    .then(|| {
                        view! {
                            <Question
                                title=lang.list_forget()
                                consequence=vec![lang.list_forget_means().to_owned()]
                                answer=lang.list_forget()
                                danger=true
                                on_answer=forget
                                on_close=on_stay
                            />
                        }
                    })
            }}
        </section>
    }
}

#[component]
fn Write(list: List, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    Frame::get().nav.cover(move || on_close.run(()));
    let text = RwSignal::new(String::new());
    let sending = RwSignal::new(None::<ReadSignal<Arc<Vec<Delivery>>>>);
    let owner = StoredValue::new(Owner::current());
    let field = NodeRef::<html::Textarea>::new();
    field.on_load(|field| {
        if platform::has_keyboard() {
            let _ = field.focus();
        }
    });
    let people = StoredValue::new(list.people.clone());
    let send = move |to: Vec<Person>| {
        let live = desk.session().broadcasts().send(&to, text.get_untracked().trim());
        // What is followed lives as long as this pane, not as the click.
        let progress =
            owner.with_value(|owner| owner.as_ref().map(|owner| owner.with(|| follow(live))));
        sending.set(progress);
    };
    let to = names(&list.people, lang);
    let compose = move || {
        view! {
            <div class="scroll">
                <div class="field">
                    <label for="list-text">{lang.list_write()}</label>
                    <textarea
                        id="list-text"
                        class="input"
                        node_ref=field
                        rows="6"
                        maxlength=MAX_TEXT.to_string()
                        autocomplete="off"
                        data-testid="list-text"
                        prop:value=move || text.get()
                        on:input=move |event| text.set(event_target_value(&event))
                    ></textarea>
                </div>
            </div>
            <div class="pane-foot">
                <button
                    type="button"
                    class="button primary wide"
                    data-testid="list-send"
                    disabled=move || text.with(|text| text.trim().is_empty())
                    on:click=move |_| send(people.get_value())
                >
                    {lang.list_send()}
                </button>
            </div>
        }
    };
    view! {
        <section class="pane" aria-label=list.name.clone() data-testid="list-write">
            <PaneHead title=list.name.clone() on_back=on_close/>
            <p class="note pane-note">{to}</p>
            {move || match sending.get() {
                None => compose().into_any(),
                Some(progress) => {
                    let again = Callback::new(send);
                    view! { <Progress progress again on_close/> }.into_any()
                }
            }}
        </section>
    }
}

fn stage_words(stage: &Stage, lang: Lang) -> (Icon, String) {
    match stage {
        Stage::Waiting => (Icon::Clock, lang.list_sending().into()),
        Stage::Queued => (Icon::Clock, lang.list_queued().into()),
        Stage::Sent => (Icon::TickSent, lang.state_sent().into()),
        Stage::NoDevice => (Icon::Alert, lang.list_no_device().into()),
        Stage::Failed(error) => (Icon::Alert, room_words(error, lang)),
    }
}

fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Waiting => "waiting",
        Stage::Queued => "queued",
        Stage::Sent => "sent",
        Stage::NoDevice => "no-device",
        Stage::Failed(_) => "failed",
    }
}

/// Who has it, who gets it, and who does not.
#[component]
fn Progress(
    progress: ReadSignal<Arc<Vec<Delivery>>>,
    again: Callback<Vec<Person>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let is_under_way = move || progress.with(|all| all.iter().any(|it| it.stage == Stage::Waiting));
    let failed = move || {
        let all = progress.get();
        let failed = all.iter().filter(|it| matches!(it.stage, Stage::Failed(_)));
        failed.map(|it| it.person.clone()).collect::<Vec<_>>()
    };
    let sent_of = move || {
        let all = progress.get();
        let sent = all.iter().filter(|it| it.stage == Stage::Sent).count();
        lang.list_sent_of(sent, all.len())
    };
    let line = move |delivery: &Delivery| {
        let (icon, words) = stage_words(&delivery.stage, lang);
        view! {
            <li class="row delivery" data-testid="list-delivery" data-stage=stage_name(&delivery.stage)>
                {AvatarSize::Normal.of(&delivery.person)}
                <span class="name cut">{delivery.person.name.clone()}</span>
                <span class="role">
                    <Picture icon class="tiny"/>
                    {words}
                </span>
            </li>
        }
    };
    view! {
        <p class="pane-note" role="status" data-testid="list-progress">{sent_of}</p>
        <ul class="scroll">{move || progress.get().iter().map(line).collect_view()}</ul>
        <div class="pane-foot">
            {move || {
                let failed = failed();
                (!is_under_way() && !failed.is_empty())
                    .then(|| {
                        view! {
                            <button type="button" class="button outline wide" data-testid="list-again" on:click=move |_| again.run(failed.clone())>
                                {lang.list_again()}
                            </button>
                        }
                    })
            }}
            <button type="button" class="button primary wide" data-testid="list-done" on:click=move |_| on_close.run(())>{lang.done()}</button>
        </div>
    }
}
