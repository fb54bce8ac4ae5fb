//! Who is in a chat: the right column on a desk, a page on a phone.

use client::{
    Chat, ChatId, Person, PersonId,
    chat::{ChatHeader, Member},
    room_list::RoomKind,
    trust::VerifyWith,
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    directory::{PeopleFound, write_to},
    export::ExportSheet,
    recovery::trust_words,
    rooms::SearchField,
};
use crate::{
    context::{Desk, Frame, follow_with, lang},
    i18n::Lang,
    route::Route,
    text,
    ui::{
        Avatar, AvatarSize, Icon, Picture, Problem, Question, RowBones, Sheet, action_words,
        room_words,
    },
};

/// The column.
#[component]
pub fn Details(id: ChatId) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let chat = RwSignal::new_local(None::<Chat>);
    let header = RwSignal::new(None::<ChatHeader>);
    let session = Desk::get().session();
    let owner = Owner::current();
    let opened = id.clone();
    spawn_local(async move {
        let Ok(open) = session.open(&opened).await else { return };
        let (Some(owner), true) = (owner, header.try_with_untracked(|_| ()).is_some()) else {
            return;
        };
        owner.with(|| {
            let live = open.header();
            header.set(Some(live.peek()));
            follow_with(live, move |value| {
                header.try_set(Some(value));
            });
        });
        chat.try_set(Some(open));
    });
    let back_to = Route::Chat(id.to_string());
    // Outside of what is drawn anew with the header, so that nobody's typing closes it.
    let topic = RwSignal::new(None::<String>);
    let chosen = RwSignal::new(None::<PersonId>);
    let adding = RwSignal::new(false);
    let exporting = RwSignal::new(false);
    // Drawn anew when something of it changes, not whenever somebody types.
    let header = Memo::new(move |_| {
        header.get().map(|header| ChatHeader {
            typing: Vec::new(),
            pinned: Default::default(),
            ..header
        })
    });
    let toggles = id.clone();
    view! {
        <aside class="details" aria-label=lang.details() data-testid="details">
            <div class="back">
                <button type="button" class="icon-button" aria-label=lang.back() on:click=move |_| nav.back(back_to.clone())>
                    <Picture icon=Icon::Back/>
                </button>
                {lang.details()}
            </div>
            {move || match header.get() {
                None => view! { <RowBones rows=2/> }.into_any(),
                Some(header) => {
                    match header.kind.clone() {
                        RoomKind::Direct { other: Some(other) } => person(&header, &other, lang).into_any(),
                        _ => view! { <Group header chat topic chosen adding/> }.into_any(),
                    }
                }
            }}
            <Toggles id=toggles header/>
            <button
                type="button"
                class="button plain"
                hidden=move || header.with(Option::is_none)
                data-testid="export-open"
                on:click=move |_| exporting.set(true)
            >
                {lang.export_chat()}
            </button>
            {move || {
                let id = chosen.get()?;
                let member = header.get()?.member(&id).cloned()?;
                Some(view! { <MemberSheet member chat on_close=Callback::new(move |()| chosen.set(None))/> })
            }}
            {move || exporting.get().then(|| view! { <ExportSheet chat on_close=Callback::new(move |()| exporting.set(false))/> })}
            {move || adding.get().then(|| view! { <AddMembers chat header on_close=Callback::new(move |()| adding.set(false))/> })}
            {move || topic.get().map(|begun| view! { <TopicSheet begun chat topic/> })}
        </aside>
    }
}

/// Favourite, muted, archived: for this person alone, on all of their devices.
#[component]
fn Toggles(id: ChatId, header: Memo<Option<ChatHeader>>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let rooms = StoredValue::new_local(Desk::get().room_list());
    let id = StoredValue::new(id);
    let toggle = move |what: Toggle| {
        let on = header.with(|header| header.as_ref().is_some_and(|header| what.of(header)));
        let (rooms, id) = (rooms.get_value(), id.get_value());
        spawn_local(async move {
            let done = match what {
                Toggle::Favourite => rooms.set_favourite(&id, !on).await,
                Toggle::Muted => rooms.set_muted(&id, !on).await,
                Toggle::Archived => rooms.set_archived(&id, !on).await,
            };
            if let Err(error) = done {
                frame.say(room_words(&error, lang));
            }
        });
    };
    let button = move |what: Toggle, icon: Icon, label: &'static str, testid: &'static str| {
        view! {
            <button
                type="button"
                class="toggle"
                aria-pressed=move || header.with(|header| header.as_ref().is_some_and(|header| what.of(header))).to_string()
                data-testid=testid
                on:click=move |_| untrack(move || toggle(what))
            >
                <Picture icon/>
                {label}
            </button>
        }
    };
    view! {
        <div class="toggles" hidden=move || header.with(Option::is_none)>
            {button(Toggle::Favourite, Icon::Star, lang.favourite(), "toggle-favourite")}
            {button(Toggle::Muted, Icon::Muted, lang.muted(), "toggle-muted")}
            {button(Toggle::Archived, Icon::Archive, lang.archived(), "toggle-archived")}
        </div>
    }
}

#[derive(Clone, Copy)]
enum Toggle {
    Favourite,
    Muted,
    Archived,
}

impl Toggle {
    fn of(self, header: &ChatHeader) -> bool {
        match self {
            Self::Favourite => header.favourite,
            Self::Muted => header.muted,
            Self::Archived => header.archived,
        }
    }
}

/// What can be done with a member of a group.
#[component]
fn MemberSheet(
    member: Member,
    chat: RwSignal<Option<Chat>, LocalStorage>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let asks = RwSignal::new(false);
    let person = StoredValue::new(member.person.clone());
    let manages = member.manages;
    let act = move |remove: bool| {
        let Some(chat) = chat.get_untracked() else { return };
        let id = person.with_value(|person| person.id.clone());
        on_close.run(());
        spawn_local(async move {
            let done = match remove {
                true => chat.remove(&id).await,
                false => chat.set_manages(&id, !manages).await,
            };
            if let Err(error) = done {
                frame.say(action_words(&error, lang));
            }
        });
    };
    let name = member.person.name.clone();
    view! {
        {move || {
            let name = name.clone();
            if asks.get() {
                return view! {
                    <Question
                        title=lang.remove_question(&name)
                        consequence=vec![lang.remove_member_consequence().to_owned()]
                        answer=lang.remove_member()
                        danger=true
                        on_answer=Callback::new(move |()| act(true))
                        on_close
                    />
                }
                    .into_any();
            }
            let write = move |_| {
                on_close.run(());
                write_to(&person.with_value(|person| person.id.clone()), problem, busy);
            };
            view! {
                <Sheet title=name.clone() narrow=true on_close testid="member-sheet">
                    <p class="letter">{name.clone()}</p>
                    <div class="menu">
                        <button type="button" data-testid="member-write" on:click=write>
                            <Picture icon=Icon::Chats/>
                            {lang.start_chat()}
                        </button>
                        {member
                            .can_change
                            .then(|| {
                                view! {
                                    <button type="button" data-testid="member-manages" on:click=move |_| act(false)>
                                        <Picture icon=Icon::Key/>
                                        {if manages { lang.end_manager() } else { lang.make_manager() }}
                                    </button>
                                }
                            })}
                        {member
                            .can_remove
                            .then(|| {
                                view! {
                                    <button type="button" class="danger" data-testid="member-remove" on:click=move |_| asks.set(true)>
                                        <Picture icon=Icon::Close/>
                                        {lang.remove_member()}
                                    </button>
                                }
                            })}
                    </div>
                </Sheet>
            }
                .into_any()
        }}
    }
}

/// Asking people into a group.
#[component]
fn AddMembers(
    chat: RwSignal<Option<Chat>, LocalStorage>,
    header: Memo<Option<ChatHeader>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = lang();
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let add = Callback::new(move |person: Person| {
        let Some(chat) = chat.get_untracked() else { return };
        let is_here = header.with_untracked(|header| {
            header.as_ref().is_some_and(|header| header.member(&person.id).is_some())
        });
        if is_here {
            return on_close.run(());
        }
        spawn_local(async move {
            match chat.invite(&[person.id]).await {
                Ok(()) => drop(on_close.try_run(())),
                Err(error) => drop(problem.try_set(Some(action_words(&error, lang)))),
            }
        });
    });
    view! {
        <Sheet title=lang.add_members() on_close testid="add-members">
            <SearchField text label=lang.search_people() testid="add-members-search" focused=true/>
            <Problem text=problem/>
            <PeopleFound text on_choose=add/>
        </Sheet>
    }
}

/// Changing what a group is about. It travels encrypted, like the group's name.
#[component]
fn TopicSheet(
    begun: String,
    chat: RwSignal<Option<Chat>, LocalStorage>,
    topic: RwSignal<Option<String>>,
) -> impl IntoView {
    let lang = lang();
    let text = RwSignal::new(begun);
    let problem = RwSignal::new(None::<String>);
    let close = Callback::new(move |()| topic.set(None));
    let save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(chat) = chat.get_untracked() else { return };
        spawn_local(async move {
            match chat.set_topic(text.get_untracked().trim()).await {
                Ok(()) => close.run(()),
                Err(error) => {
                    problem.try_set(Some(action_words(&error, lang)));
                }
            }
        });
    };
    view! {
        <Sheet title=lang.topic() on_close=close testid="topic-sheet">
            <form class="body" on:submit=save>
                <div class="field">
                    <label for="topic-input">{lang.topic_hint()}</label>
                    <input
                        id="topic-input"
                        class="input"
                        data-testid="topic-input"
                        maxlength="250"
                        autocomplete="off"
                        prop:value=move || text.get()
                        on:input=move |event| text.set(event_target_value(&event))
                    />
                </div>
                <Problem text=problem/>
                <button type="submit" class="button primary wide" data-testid="topic-save">
                    {lang.save_change()}
                </button>
            </form>
        </Sheet>
    }
}

fn person(header: &ChatHeader, other: &Person, lang: Lang) -> impl IntoView + use<> {
    let frame = Frame::get();
    let desk = Desk::get();
    let id = other.id.clone();
    let verified = header.member(&other.id).is_some_and(|member| member.verified);
    let outside = text::is_outside(other.id.as_str(), desk.me.get_untracked().person.id.as_str());
    let server = text::server_of(other.id.as_str()).unwrap_or_default().to_owned();
    let facts = [(lang.role(), other.role.clone()), (lang.department(), other.department.clone())]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <dt>{name}</dt><dd>{value}</dd> }))
        .collect_view();
    let verify = move |_| {
        let trust = desk.session().trust();
        let with = VerifyWith::Person(id.clone());
        spawn_local(async move {
            if let Err(error) = trust.verify(&with).await {
                frame.say(trust_words(&error, lang));
            }
        });
    };
    view! {
        <Avatar initials=other.initials() tint=other.tint() size=AvatarSize::Large outside/>
        <h2 data-testid="details-name">{other.name.clone()}</h2>
        <p class="under">{other.position()}</p>
        <span class="seal" class:open=!verified>
            <Picture icon=if verified { Icon::Shield } else { Icon::Lock } class="tiny"/>
            {if verified { lang.identity_confirmed() } else { lang.identity_open() }}
        </span>
        <dl>
            {facts}
            {other
                .phone
                .clone()
                .map(|phone| {
                    view! {
                        <dt>{lang.extension()}</dt>
                        <dd>
                            <a href=format!("tel:{phone}")>{phone.clone()}</a>
                        </dd>
                    }
                })}
            <dt>{lang.hospital()}</dt>
            <dd>{move || if outside { server.clone() } else { frame.hospital.get() }}</dd>
        </dl>
        {(!verified)
            .then(|| {
                view! {
                    <button type="button" class="button outline wide" data-testid="verify-person" on:click=verify>
                        <Picture icon=Icon::Shield class="small"/>
                        {lang.confirm_identity()}
                    </button>
                }
            })}
    }
}

#[component]
fn Group(
    header: ChatHeader,
    chat: RwSignal<Option<Chat>, LocalStorage>,
    topic: RwSignal<Option<String>>,
    chosen: RwSignal<Option<PersonId>>,
    adding: RwSignal<bool>,
) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let problem = RwSignal::new(None::<String>);
    let asks = RwSignal::new(false);
    let leave = Callback::new(move |()| {
        asks.set(false);
        let Some(chat) = chat.get_untracked() else { return };
        spawn_local(async move {
            match chat.leave().await {
                Ok(()) => nav.replace(Route::Chats),
                Err(error) => {
                    problem.try_set(Some(action_words(&error, lang)));
                }
            }
        });
    });
    let members =
        header.members.iter().map(|member| member_row(member, chosen, lang)).collect_view();
    let can_manage = header.can_manage;
    let begun = header.topic.clone().unwrap_or_default();
    view! {
        <Avatar initials=header.initials.clone() tint=header.tint size=AvatarSize::Large group=true/>
        <h2 data-testid="details-name">{header.title.clone()}</h2>
        <p class="under">{header.topic.clone().unwrap_or_else(|| lang.members(header.members.len() as u64))}</p>
        <button type="button" class="button plain" data-testid="topic-edit" on:click=move |_| topic.set(Some(begun.clone()))>
            {lang.change_topic()}
        </button>
        <Problem text=problem/>
        <h3>{lang.members_heading()}</h3>
        {members}
        {can_manage
            .then(|| {
                view! {
                    <button type="button" class="row action" data-testid="add-members-open" on:click=move |_| adding.set(true)>
                        <span class="avatar m">
                            <Picture icon=Icon::UserPlus class="small"/>
                        </span>
                        <span class="name">{lang.add_members()}</span>
                    </button>
                }
            })}
        <button type="button" class="button outline wide" data-testid="leave" on:click=move |_| asks.set(true)>
            {lang.leave_group()}
        </button>
        {move || {
            asks.get()
                .then(|| {
                    view! {
                        <Question
                            title=lang.leave_question()
                            consequence=vec![lang.leave_consequence().to_owned()]
                            answer=lang.leave_group()
                            danger=true
                            on_answer=leave
                            on_close=Callback::new(move |()| asks.set(false))
                        />
                    }
                })
        }}
    }
}

fn member_row(
    member: &Member,
    chosen: RwSignal<Option<PersonId>>,
    lang: Lang,
) -> impl IntoView + use<> {
    let person = member.person.clone();
    let id = person.id.clone();
    let name = if member.is_me {
        format!("{} ({})", person.name, lang.you())
    } else {
        person.name.clone()
    };
    let notes: Vec<String> = [
        member.invited.then(|| lang.invited().to_owned()),
        person.position(),
        member.manages.then(|| lang.manages().to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    view! {
        <button
            type="button"
            class="row"
            data-testid="member"
            data-user=id.to_string()
            data-manages=member.manages.to_string()
            disabled=member.is_me
            on:click=move |_| chosen.set(Some(id.clone()))
        >
            {AvatarSize::Middle.of(&person)}
            <span class="name cut">{name}</span>
            <span class="role cut">{notes.join(" · ")}</span>
        </button>
    }
}
