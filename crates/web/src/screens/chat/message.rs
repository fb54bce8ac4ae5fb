//! One row of a chat.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use client::chat::{
    Body, EmojiOnly, FindingKind, Message, OwnState, Reaction, ReplyQuote, ReplyTarget, Row,
    RowKind, SystemLine, TrustWarning, UndecryptableReason,
};
use client::{
    import::{Gone, Imported},
    large::OnItsWay,
    room_list::RoomKind,
};
use leptos::prelude::*;

use super::{
    Action, Open, Reference,
    composer::one_line,
    contact::ContactBubble,
    media::{FileBubble, ImageBubble, UploadBar, VideoBubble},
    message_in,
    pins::go_to,
    poll::PollBubble,
    urgent::UrgentBubble,
    voice::VoiceBubble,
    writer::{is_mine, writer, writer_words},
};
use crate::{
    clock,
    context::{Keyed, lang},
    i18n::Lang,
    platform::{self, Debounce},
    screens::import_chat::source_words,
    text::{self, Piece, pieces_with},
    ui::{AvatarSize, Icon, Picture, preview_words, system_words, tick},
};

/// How long a finger rests on a message to open what can be done with it.
const HOLD: Duration = Duration::from_millis(420);
/// How far a finger may slip meanwhile.
const SLIP_PX: i32 = 10;

/// Draws a row and keeps it up to date.
#[component]
pub fn RowView(keyed: Keyed<Row>) -> impl IntoView {
    let lang = lang();
    let row = keyed.row.clone();
    let is_message = Memo::new(move |_| row.with(|row| message_in(row).is_some()));
    let open = Open::get();
    let between_two = Memo::new(move |_| {
        open.header.with(|header| matches!(header.kind, RoomKind::Direct { .. }))
    });
    move || {
        if is_message.get() {
            return view! { <MessageView keyed=keyed.clone()/> }.into_any();
        }
        keyed.row.with(|row| match &row.kind {
            RowKind::Start => view! { <Beginning/> }.into_any(),
            RowKind::Day { at_ms } => {
                let words = clock::day_heading(platform::local_time(*at_ms), platform::now(), lang);
                view! { <h3 class="day" data-testid="day">{words}</h3> }.into_any()
            }
            RowKind::NewMessages if !open.began_unread.get() => ().into_any(),
            RowKind::NewMessages => {
                view! { <div class="newline" role="separator" data-testid="new-messages">{lang.new_messages()}</div> }.into_any()
            }
            // Between two people it goes without saying who made the chat and who was asked in.
            RowKind::System { line: SystemLine::Created { .. } | SystemLine::Joined { .. } | SystemLine::Invited { .. }, .. }
                if between_two.get() =>
            {
                ().into_any()
            }
            RowKind::Finding { who, kind } => view! { <FindingView who=who.name.clone() kind=*kind/> }.into_any(),
            RowKind::System { line, .. } => view! { <p class="system" data-testid="system">{system_words(line, lang)}</p> }.into_any(),
            // Became a message in this very moment; the memo above draws it next.
            RowKind::Message(_) => ().into_any(),
        })
    }
}

/// Something is missing here, or not as it was sent.
#[component]
fn FindingView(who: String, kind: FindingKind) -> impl IntoView {
    let lang = lang();
    let (words, hint) = match kind {
        FindingKind::Missing(count) => (lang.messages_missing(&who, count), lang.missing_hint()),
        FindingKind::Altered => (lang.message_altered(&who), lang.altered_hint()),
    };
    view! {
        <div class="finding" role="note" data-testid="finding">
            <Picture icon=Icon::Warning/>
            <p>
                <strong>{words}</strong>
                <span>{hint}</span>
            </p>
        </div>
    }
}

#[component]
fn Beginning() -> impl IntoView {
    let open = Open::get();
    let lang = lang();
    view! {
        <div class="chat-start">
            <b>{move || open.header.with(|header| header.title.clone())}</b>
            {move || open.header.with(|header| match header.kept_days {
                Some(days) => lang.beginning_after(days),
                None => lang.beginning().to_owned(),
            })}
        </div>
    }
}

/// A part of a message that is drawn again only when it changes itself.
fn part<T: PartialEq + Send + Sync + 'static>(
    row: &ArcRwSignal<Arc<Row>>,
    of: impl Fn(&Message) -> T + Send + Sync + 'static,
) -> Memo<Option<T>> {
    let row = row.clone();
    Memo::new(move |_| row.with(|row| message_in(row).map(&of)))
}

#[component]
fn MessageView(keyed: Keyed<Row>) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let Keyed { key, row } = keyed;
    if row.with_untracked(|row| message_in(row).is_none()) {
        return ().into_any();
    }
    let is_group =
        open.header.with_untracked(|header| matches!(header.kind, RoomKind::Group { .. }));
    let mine = part(&row, is_mine);
    let mine = Memo::new(move |_| mine.get().unwrap_or_default());
    // Who has written what was taken over is nobody of this chat.
    let faced = part(&row, move |it| !is_mine(it) && (is_group || it.imported.is_some()));
    let faced = Memo::new(move |_| faced.get().unwrap_or_default());

    let continues = part(&row, |message| message.continues);
    let drawn = part(&row, |message| Drawn::of(&message.body));
    let poll = part(&row, |message| match &message.body {
        Body::Poll(poll) => Some(poll.clone()),
        _ => None,
    });
    let poll = Memo::new(move |_| poll.get().flatten());
    let urgent = part(&row, |message| match &message.body {
        Body::Urgent(urgent) => Some(urgent.clone()),
        _ => None,
    });
    let urgent = Memo::new(move |_| urgent.get().flatten());
    let mentions = part(&row, |message| message.mentions.clone());
    let forwarded = part(&row, |message| message.forwarded);
    let highlighted = part(&row, |message| message.highlighted && !message.sender.is_me);
    let reply = part(&row, |message| message.reply.clone());
    let reactions = part(&row, |message| message.reactions.clone());
    let own = part(&row, |message| message.own.clone());
    let own = Memo::new(move |_| own.get().flatten());
    let way = part(&row, |message| message.on_its_way);
    let way = Memo::new(move |_| way.get().flatten());
    let meta = part(&row, |message| {
        let edited = message.edited || message.imported.as_ref().is_some_and(|it| it.edited);
        (message.at_ms, edited, message.pinned, message.warning.filter(is_alarming))
    });
    let imported = part(&row, |message| {
        let imported = message.imported.clone()?;
        Some((imported, message.sender.is_me, message.sender.person.name.clone()))
    });
    let imported = Memo::new(move |_| imported.get().flatten());
    let imported_too = part(&row, |message| message.imported_too);
    let can_reply = part(&row, |message| message.can_reply);
    let person = part(&row, move |message| writer(message, lang));
    let event_id = part(&row, |message| message.id.event_id().map(str::to_owned));

    let flashing = {
        let key = key.clone();
        Memo::new(move |_| open.jump.with(|jump| jump.as_ref() == Some(&key)))
    };
    let menu = {
        let key = key.clone();
        Callback::new(move |action: Action| open.action.set(Some((key.clone(), action))))
    };
    let hold = hold_handlers(menu);
    let state = move || match own.get() {
        None => "received",
        Some(OwnState::Queued { .. }) => "queued",
        Some(OwnState::Failed(_)) => "failed",
        Some(OwnState::Sent) => "sent",
        Some(OwnState::Delivered { .. }) => "delivered",
        Some(OwnState::Read { .. }) => "read",
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        if event.target() == event.current_target() && matches!(event.key().as_str(), "Enter" | " ")
        {
            event.prevent_default();
            menu.run(Action::Menu);
        }
    };
    let answer = {
        let key = key.clone();
        move |_| {
            if let Some(message) = open.message(&key) {
                open.reference.set(Some(Reference::Reply(message.id)));
            }
        }
    };
    let parts = part(&row, |message| message.parts.as_ref().map(|parts| (parts.have, parts.of)));
    // What is heard when the arrow keys come to it.
    let spoken = part(&row, move |message| {
        let who = writer_words(message, lang);
        let time = match &message.imported {
            Some(imported) => {
                let stamp = clock::stamp(platform::local_time(imported.at_ms), lang);
                format!("{stamp}, {}", lang.chat_import_mark())
            }
            None => platform::local_time(message.at_ms).clock(),
        };
        format!("{who}: {}, {time}", one_line(message, lang))
    });
    let body_key = key.clone();
    let reaction_key = key.clone();
    view! {
        <article
            class="turn"
            class:me=move || mine.get()
            class:faced=move || faced.get()
            class:first=move || !continues.get().unwrap_or_default()
            class:flash=move || flashing.get()
            class:mentioned=move || highlighted.get().unwrap_or_default()
            tabindex="-1"
            aria-label=move || spoken.get()
            data-testid="message"
            data-key=key.to_string()
            data-event-state=state
            data-event-id=move || event_id.get().flatten()
            on:keydown=on_key
        >
            {move || faced.get().then(|| view! { <span class="face">{move || person.get().map(|person| AvatarSize::Small.of(&person))}</span> })}
            <div class="stack">
                <div class="bubble" class:alarming=move || urgent.with(Option::is_some) class:elsewhere=move || imported.with(Option::is_some) on:pointerdown=hold.down on:pointermove=hold.slip on:pointerup=hold.up.clone() on:pointercancel=hold.up on:contextmenu=hold.menu>
                    {move || {
                        let name = person.get()?.name;
                        let shown = faced.get() && !continues.get().unwrap_or_default();
                        Some(
                            match (shown, mine.get()) {
                                (true, _) => view! { <span class="sender">{name}</span> }.into_any(),
                                (false, true) => view! { <span class="sr">{lang.you()}": "</span> }.into_any(),
                                (false, false) => view! { <span class="sr">{name}": "</span> }.into_any(),
                            },
                        )
                    }}
                    {move || {
                        let (imported, by_me, by) = imported.get()?;
                        let is_said = imported_too.get().unwrap_or_default();
                        let source = source_words(imported.source, lang);
                        let words = if by_me { lang.chat_import_from_by_me(source) } else { lang.chat_import_from(source, &by) };
                        (!is_said)
                            .then(|| {
                                view! {
                                    <span class="passed-on" data-testid="imported">
                                        <Picture icon=Icon::Import class="tiny"/>
                                        {words}
                                    </span>
                                }
                            })
                    }}
                    {move || {
                        forwarded
                            .get()
                            .unwrap_or_default()
                            .then(|| {
                                view! {
                                    <span class="passed-on" data-testid="forwarded">
                                        <Picture icon=Icon::PassOn class="tiny"/>
                                        {lang.forwarded()}
                                    </span>
                                }
                            })
                    }}
                    {move || reply.get().flatten().map(|reply| quote(reply, lang))}
                    {move || {
                        let key = body_key.clone();
                        Some(
                            match drawn.get()? {
                                Drawn::Poll => view! { <PollBubble poll key/> }.into_any(),
                                Drawn::Urgent => view! { <UrgentBubble urgent key me=mine.get_untracked()/> }.into_any(),
                                Drawn::Other(body) => {
                                    if let Some(view) = imported.with(|it| it.as_ref().and_then(|(it, ..)| muted_view(it, &body, lang))) {
                                        return Some(view);
                                    }
                                    let names = mentions.get().unwrap_or_default();
                                    body_view(*body, key, (own, way), person, &names, lang)
                                }
                            },
                        )
                    }}
                    {move || {
                        let (have, of) = parts.get().flatten()?;
                        (have < of)
                            .then(|| {
                                view! {
                                    <p class="parts" role="note" data-testid="message-parts">
                                        <Picture icon=Icon::Warning class="tiny"/>
                                        {lang.parts(have, of)}
                                    </p>
                                }
                            })
                    }}
                    <footer class="meta">
                        {move || {
                            let (at_ms, edited, pinned, warning) = meta.get()?;
                            Some(
                                view! {
                                    {warning
                                        .map(|warning| {
                                            let words = warning_words(warning, lang);
                                            view! {
                                                <span title=words class="warning">
                                                    <Picture icon=Icon::Warning class="tiny"/>
                                                    <span class="sr">{words}</span>
                                                </span>
                                            }
                                        })}
                                    {pinned
                                        .then(|| {
                                            view! {
                                                <span title=lang.pinned() data-testid="pinned-mark">
                                                    <Picture icon=Icon::Pin class="tiny"/>
                                                    <span class="sr">{lang.pinned()}</span>
                                                </span>
                                            }
                                        })}
                                    {edited.then(|| view! { <span data-testid="edited">{lang.edited()}</span> })}
                                    {match imported.with(|it| it.as_ref().map(|(it, ..)| it.at_ms)) {
                                        Some(at_ms) => {
                                            view! {
                                                <Picture icon=Icon::Import class="tiny"/>
                                                <time datetime=platform::iso(at_ms) data-testid="imported-time">
                                                    {clock::stamp(platform::local_time(at_ms), lang)}
                                                </time>
                                            }
                                                .into_any()
                                        }
                                        None => {
                                            view! { <time datetime=platform::iso(at_ms)>{platform::local_time(at_ms).clock()}</time> }.into_any()
                                        }
                                    }}
                                },
                            )
                        }}
                        {move || {
                            let is_shown = |own: &OwnState| mine.get() || matches!(own, OwnState::Queued { .. } | OwnState::Failed(_));
                            own.get().filter(is_shown).map(|own| tick(&own, lang))
                        }}
                    </footer>
                    <div class="tools">
                        {move || {
                            can_reply
                                .get()
                                .unwrap_or_default()
                                .then(|| {
                                    view! {
                                        <button
                                            type="button"
                                            class="icon-button"
                                            tabindex="-1"
                                            title=lang.react()
                                            aria-label=lang.react()
                                            data-testid="reaction-add"
                                            on:click=move |_| menu.run(Action::React)
                                        >
                                            <Picture icon=Icon::Smile/>
                                        </button>
                                        <button
                                            type="button"
                                            class="icon-button"
                                            tabindex="-1"
                                            title=lang.reply()
                                            aria-label=lang.reply()
                                            data-testid="reply"
                                            on:click=answer.clone()
                                        >
                                            <Picture icon=Icon::Reply/>
                                        </button>
                                    }
                                })
                        }}
                        <button
                            type="button"
                            class="icon-button"
                            tabindex="-1"
                            title=lang.more()
                            aria-label=lang.more()
                            data-testid="message-menu"
                            on:click=move |_| menu.run(Action::Menu)
                        >
                            <Picture icon=Icon::More/>
                        </button>
                    </div>
                </div>
                {move || {
                    let reactions = reactions.get().unwrap_or_default();
                    (!reactions.is_empty()).then(|| reaction_row(reactions, reaction_key.clone(), open, lang))
                }}
            </div>
        </article>
    }
    .into_any()
}

/// What stands where an export has nothing to read, or where nobody has written it.
fn muted_view(imported: &Imported, body: &Body, lang: Lang) -> Option<AnyView> {
    let text = match body {
        Body::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    let (words, more) = match imported.gone {
        Some(Gone::Deleted) => (lang.message_deleted().to_owned(), text),
        Some(Gone::LeftOut) => (lang.chat_import_left_out().to_owned(), text),
        None if imported.author.is_none() => (text?, None),
        None => return None,
    };
    // What other clients show in its place says no more.
    let says_no_more = |text: &String| {
        let said = |lang: Lang| [lang.message_deleted(), lang.chat_import_left_out()];
        [Lang::De, Lang::En].into_iter().any(|lang| said(lang).contains(&text.as_str()))
    };
    let more = more.filter(|text| !says_no_more(text));
    let muted = view! {
        <div class="text gone" data-testid="imported-muted">{words}</div>
        {more.map(|text| view! { <div class="text" data-testid="message-text">{text}</div> })}
    };
    Some(muted.into_any())
}

/// What is drawn as a whole, and what draws its own parts anew: there a button keeps its focus.
#[derive(Clone, PartialEq)]
enum Drawn {
    Poll,
    Urgent,
    Other(Box<Body>),
}

impl Drawn {
    fn of(body: &Body) -> Self {
        match body {
            Body::Poll(_) => Self::Poll,
            Body::Urgent(_) => Self::Urgent,
            other => Self::Other(Box::new(other.clone())),
        }
    }
}

struct Hold<D, S, U, M> {
    down: D,
    slip: S,
    up: U,
    menu: M,
}

/// Opens the menu when a finger rests on a message. A mouse has the tools beside it and its own menu.
#[expect(clippy::type_complexity, reason = "closures have no names that a type alias could hold")]
fn hold_handlers(
    open_menu: Callback<Action>,
) -> Hold<
    impl FnMut(web_sys::PointerEvent) + 'static,
    impl FnMut(web_sys::PointerEvent) + 'static,
    impl FnMut(web_sys::PointerEvent) + Clone + 'static,
    impl FnMut(web_sys::MouseEvent) + 'static,
> {
    let timer = Debounce::default();
    let start = Rc::new(Cell::new(None::<(i32, i32)>));
    let (down_timer, down_start) = (timer.clone(), start.clone());
    let (slip_timer, slip_start) = (timer.clone(), start.clone());
    let up_start = start.clone();
    Hold {
        down: move |event: web_sys::PointerEvent| {
            if event.pointer_type() == "mouse" {
                return;
            }
            down_start.set(Some((event.client_x(), event.client_y())));
            down_timer.run(HOLD, move || open_menu.run(Action::Menu));
        },
        slip: move |event: web_sys::PointerEvent| {
            let Some((x, y)) = slip_start.get() else { return };
            if (event.client_x() - x).abs() > SLIP_PX || (event.client_y() - y).abs() > SLIP_PX {
                slip_start.set(None);
                slip_timer.cancel();
            }
        },
        up: move |_| {
            up_start.set(None);
            timer.cancel();
        },
        menu: move |event: web_sys::MouseEvent| {
            if start.get().is_some() {
                event.prevent_default();
            }
        },
    }
}

fn quote(reply: ReplyQuote, lang: Lang) -> AnyView {
    let open = Open::get();
    let ReplyQuote { id, target } = reply;
    match target {
        ReplyTarget::Loading => {
            view! { <span class="quote"><span>{lang.quote_loading()}</span></span> }.into_any()
        }
        ReplyTarget::Missing => {
            view! { <span class="quote"><span>{lang.quote_missing()}</span></span> }.into_any()
        }
        ReplyTarget::Found { sender, preview } => {
            let name = if sender.is_me { lang.you().to_owned() } else { sender.person.name };
            let (_, words) = preview_words(&preview, lang);
            let jump = move |_| go_to(open, &id);
            view! {
                <button type="button" class="quote" title=lang.jump_to_original() data-testid="quote" on:click=jump>
                    <b class="cut">{name}</b>
                    <span>{words}</span>
                </button>
            }
            .into_any()
        }
    }
}

fn body_view(
    body: Body,
    key: Arc<str>,
    (own, way): (Memo<Option<OwnState>>, Memo<Option<OnItsWay>>),
    person: Memo<Option<client::Person>>,
    names: &[String],
    lang: Lang,
) -> AnyView {
    match body {
        Body::Text { text, emoji_only } => {
            let EmojiOnly(big) = emoji_only;
            if text::head(&text).is_some() {
                return view! { <LongText text names=names.to_vec()/> }.into_any();
            }
            view! { <div class="text" class:big=big class:emoji=big data-testid="message-text">{linked(&text, names)}</div> }.into_any()
        }
        Body::Image(image) => {
            let caption = image.caption.clone();
            let who = person.get_untracked().map(|person| person.name).unwrap_or_default();
            view! {
                <ImageBubble image key=key.clone() label=lang.picture_from(&who)/>
                <UploadBar own key/>
                {caption.map(|caption| view! { <div class="text" data-testid="message-text">{linked(&caption, names)}</div> })}
            }
            .into_any()
        }
        Body::Video(video) => {
            let caption = video.caption.clone();
            let who = person.get_untracked().map(|person| person.name).unwrap_or_default();
            view! {
                <VideoBubble video key=key.clone() label=lang.video_from(&who)/>
                <UploadBar own key/>
                {caption.map(|caption| view! { <div class="text" data-testid="message-text">{linked(&caption, names)}</div> })}
            }
            .into_any()
        }
        Body::File(file) => {
            let caption = file.caption.clone();
            view! {
                <FileBubble file key own way/>
                {caption.map(|caption| view! { <div class="text" data-testid="message-text">{linked(&caption, names)}</div> })}
            }
            .into_any()
        }
        Body::Voice(voice) => {
            let who = person.get_untracked().map(|person| person.name).unwrap_or_default();
            view! {
                <VoiceBubble voice who/>
                <UploadBar own key/>
            }
            .into_any()
        }
        Body::Contact(person) => view! { <ContactBubble person/> }.into_any(),
        // Their bubbles draw themselves.
        Body::Poll(_) | Body::Urgent(_) => ().into_any(),
        Body::Deleted => view! { <div class="text gone" data-testid="message-deleted">{lang.message_deleted()}</div> }.into_any(),
        Body::Undecryptable(reason) => view! {
            <div class="unread-key" data-testid="message-unreadable">
                <Picture icon=Icon::Lock class="small"/>
                <span>{unreadable_words(reason, lang)}</span>
            </div>
        }
        .into_any(),
        Body::Unknown { fallback: Some(text) } => view! { <div class="text">{text}</div> }.into_any(),
        Body::Unknown { fallback: None } => view! { <div class="text gone">{lang.unknown_message()}</div> }.into_any(),
    }
}

/// The beginning of a text, and all of it for whoever wants to read on.
#[component]
fn LongText(text: String, names: Vec<String>) -> impl IntoView {
    let lang = lang();
    let all = RwSignal::new(false);
    let words = move || match text::head(&text).filter(|_| !all.get()) {
        Some(head) => linked(&format!("{head} …"), &names),
        None => linked(&text, &names),
    };
    view! {
        <div class="text" data-testid="message-text">{words}</div>
        <button
            type="button"
            class="read-on"
            aria-expanded=move || all.get().to_string()
            data-testid="read-on"
            on:click=move |_| all.update(|all| *all = !*all)
        >
            {move || if all.get() { lang.read_less() } else { lang.read_on() }}
        </button>
    }
}

fn linked(text: &str, names: &[String]) -> Vec<AnyView> {
    pieces_with(text, names)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(text) => text.to_owned().into_any(),
            Piece::Mention(name) => {
                view! { <span class="mention" data-testid="mention">{name.to_owned()}</span> }.into_any()
            }
            Piece::Link(url) => {
                view! { <a href=url.to_owned() target="_blank" rel="noopener noreferrer nofollow">{url.to_owned()}</a> }.into_any()
            }
        })
        .collect()
}

fn reaction_row(reactions: Vec<Reaction>, key: Arc<str>, open: Open, lang: Lang) -> impl IntoView {
    let buttons = reactions
        .into_iter()
        .map(|reaction| {
            let names = reaction
                .by
                .iter()
                .map(|person| person.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let label = lang.reaction_by(&reaction.emoji, &names);
            let count = reaction.by.len();
            let emoji = reaction.emoji.clone();
            let key = key.clone();
            let toggle = move |_| {
                let Some(message) = open.message(&key) else { return };
                let emoji = emoji.clone();
                open.attempt(async move |chat| chat.react(&message.id, &emoji).await);
            };
            view! {
                <button
                    type="button"
                    class="reaction"
                    aria-pressed=reaction.mine.to_string()
                    aria-label=label
                    title=names
                    data-testid="reaction"
                    data-emoji=reaction.emoji.clone()
                    on:click=toggle
                >
                    <span class="emoji">{reaction.emoji.clone()}</span>
                    {(count > 1).then_some(count)}
                </button>
            }
        })
        .collect_view();
    view! { <div class="reactions">{buttons}</div> }
}

/// Keys from the backup do not prove who wrote a message, which is so for all that a new device reads of the past: that
/// stands in the message's details. A mark on every row would make the others unseen.
fn is_alarming(warning: &TrustWarning) -> bool {
    match warning {
        TrustWarning::NotProven => false,
        TrustWarning::DeviceNotConfirmed
        | TrustWarning::IdentityChanged
        | TrustWarning::SentInClear => true,
    }
}

/// What has to be said about the device that a message comes from.
pub fn warning_words(warning: TrustWarning, lang: Lang) -> &'static str {
    match warning {
        TrustWarning::DeviceNotConfirmed => lang.warn_device(),
        TrustWarning::IdentityChanged => lang.warn_identity(),
        TrustWarning::NotProven => lang.warn_not_proven(),
        TrustWarning::SentInClear => lang.warn_clear(),
    }
}

fn unreadable_words(reason: UndecryptableReason, lang: Lang) -> &'static str {
    match reason {
        UndecryptableReason::WaitingForKey => lang.key_waiting(),
        UndecryptableReason::NeedsRecovery => lang.key_needs_recovery(),
        UndecryptableReason::NotInBackup => lang.key_not_in_backup(),
        UndecryptableReason::BeforeJoining => lang.key_before_joining(),
        UndecryptableReason::DeviceNotConfirmed => lang.key_device_not_confirmed(),
        UndecryptableReason::SenderNotConfirmed => lang.key_sender_not_confirmed(),
        UndecryptableReason::SenderIdentityChanged => lang.key_identity_changed(),
        UndecryptableReason::Broken => lang.key_broken(),
    }
}
