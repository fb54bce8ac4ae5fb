//! Who is in a chat: the right column on a desk, a page on a phone.

use client::{
    Chat, ChatId, Person,
    chat::{ChatHeader, Member},
    room_list::RoomKind,
    trust::VerifyWith,
};
use leptos::{prelude::*, task::spawn_local};

use super::{directory::write_to, recovery::trust_words};
use crate::{
    context::{Desk, Frame, follow_with, lang},
    i18n::Lang,
    route::Route,
    text,
    ui::{Avatar, AvatarSize, Icon, Picture, Problem, Question, RowBones, Sheet, action_words},
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
                        _ => view! { <Group header chat topic/> }.into_any(),
                    }
                }
            }}
            {move || topic.get().map(|begun| view! { <TopicSheet begun chat topic/> })}
        </aside>
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
) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let problem = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
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
        header.members.iter().map(|member| member_row(member, problem, busy, lang)).collect_view();
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
    problem: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
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
            disabled=member.is_me
            title=lang.start_chat()
            on:click=move |_| write_to(&id, problem, busy)
        >
            {AvatarSize::Middle.of(&person)}
            <span class="name cut">{name}</span>
            <span class="role cut">{notes.join(" · ")}</span>
        </button>
    }
}
