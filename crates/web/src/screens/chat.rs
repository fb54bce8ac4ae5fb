//! One chat.

mod actions;
mod beyond_reach;
mod camera;
mod composer;
mod contact;
mod document;
mod editor;
mod forward;
mod header;
mod lightbox;
mod log;
mod media;
mod mentions;
mod message;
mod outbox;
mod pins;
mod poll;
mod save;
mod urgent;
mod voice;
mod writer;

use std::sync::Arc;

pub use camera::{Camera, Taken};
use client::{
    Chat, ChatId, MessageId,
    chat::{ActionError, ChatHeader, Message, Row, RowKind, ScrollBack},
    room_list::{Membership, RoomError},
};
use leptos::{prelude::*, task::spawn_local};
pub(in crate::screens) use save::Place;

use self::{
    actions::MessageActions,
    beyond_reach::BeyondReach,
    composer::Composer,
    header::Header,
    lightbox::Lightbox,
    log::Log,
    media::MediaCache,
    outbox::{Outbox, OutboxStage},
    pins::{PinnedBar, go_to},
    urgent::UrgentAlarm,
};
use super::search::ChatSearch;
use crate::{
    context::{Desk, Frame, Keyed, carry_over, follow, follow_with, lang},
    route::Route,
    ui::{Empty, Icon, action_words, room_words},
};

/// What is done with a message, above the chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Everything that can be done.
    Menu,
    /// All emoji.
    React,
    /// When, by whom, read by whom.
    Details,
    /// Asked before deleting: for all, or on this device alone.
    Delete,
    /// Choosing where to pass it on to.
    Forward,
}

/// What the composer refers to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// Answers this message.
    Reply(MessageId),
    /// Changes this message.
    Edit(MessageId),
}

/// An open chat, for everything drawn in it. Copy it freely.
#[derive(Clone, Copy)]
pub struct Open {
    chat: StoredValue<Chat, LocalStorage>,
    /// What stands above it.
    pub header: ReadSignal<ChatHeader>,
    /// Its rows.
    pub rows: RwSignal<Vec<Keyed<Row>>>,
    /// Whether there is more above.
    pub scroll_back: ReadSignal<ScrollBack>,
    /// Pictures and files that were fetched.
    pub media: MediaCache,
    /// What the composer refers to.
    pub reference: RwSignal<Option<Reference>>,
    /// What is written goes out as urgent.
    pub urgent: RwSignal<bool>,
    /// The search in this chat is open.
    pub searching: RwSignal<bool>,
    /// What is done with which message.
    pub action: RwSignal<Option<(Arc<str>, Action)>>,
    /// The row whose picture fills the screen.
    pub lightbox: RwSignal<Option<Arc<str>>>,
    /// Row to scroll to and to mark for a moment.
    pub jump: RwSignal<Option<Arc<str>>>,
    /// Raised when we sent something: the newest row is to be seen.
    pub sent: RwSignal<u64>,
    /// What is looked at once more before it is sent.
    pub outbox: RwSignal<Option<Outbox>, LocalStorage>,
    /// The camera is open.
    pub camera: RwSignal<bool>,
    /// Something was unread when the chat was opened, so the mark above it is shown. What comes later is seen coming.
    pub began_unread: RwSignal<bool>,
}

impl Open {
    fn new(chat: Chat) -> Self {
        let rows = RwSignal::new(Vec::new());
        let live = chat.rows();
        carry_over(rows, &live.peek(), |row: &Row| &row.key);
        let waiting = Desk::get().waiting;
        let id = chat.header().peek().id;
        let began_unread = Desk::get()
            .rooms
            .with_untracked(|rooms| rooms.rows.iter().any(|row| row.id == id && row.unread > 0));
        follow_with(live, move |new| {
            carry_over(rows, &new, |row: &Row| &row.key);
            waiting.set(new.iter().filter(|row| is_waiting(row)).count());
        });
        on_cleanup(move || waiting.set(0));
        Self {
            header: follow(chat.header()),
            scroll_back: follow(chat.scroll_back()),
            media: MediaCache::new(chat.clone()),
            chat: StoredValue::new_local(chat),
            rows,
            reference: RwSignal::new(None),
            urgent: RwSignal::new(false),
            searching: RwSignal::new(false),
            action: RwSignal::new(None),
            lightbox: RwSignal::new(None),
            jump: RwSignal::new(None),
            sent: RwSignal::new(0),
            outbox: RwSignal::new_local(None),
            camera: RwSignal::new(false),
            began_unread: RwSignal::new(began_unread),
        }
    }

    /// The chat around this component.
    pub fn get() -> Self {
        expect_context()
    }

    /// The handle.
    pub fn chat(self) -> Chat {
        self.chat.get_value()
    }

    /// The message in a row, as it is now.
    pub fn message(self, key: &str) -> Option<Message> {
        self.rows.with_untracked(|rows| {
            let row = rows.iter().find(|row| &*row.key == key)?;
            row.row.with_untracked(|row| message_in(row).cloned())
        })
    }

    /// The row with a message.
    pub fn row_of(self, id: &MessageId) -> Option<Arc<str>> {
        self.rows.with_untracked(|rows| {
            let is_it = |row: &&Keyed<Row>| {
                row.row.with_untracked(|row| message_in(row).is_some_and(|message| message.is(id)))
            };
            rows.iter().find(is_it).map(|row| row.key.clone())
        })
    }

    /// Does something in the background and says in words if it fails.
    pub fn attempt<F>(self, act: impl FnOnce(Chat) -> F + 'static)
    where
        F: Future<Output = Result<(), ActionError>> + 'static,
    {
        let chat = self.chat();
        let frame = Frame::get();
        spawn_local(async move {
            if let Err(error) = act(chat).await {
                frame.say(action_words(&error, frame.lang.get_untracked()));
            }
        });
    }
}

/// The message in a row, if it is one.
pub fn message_in(row: &Row) -> Option<&Message> {
    match &row.kind {
        RowKind::Message(message) => Some(message),
        _ => None,
    }
}

fn is_waiting(row: &Row) -> bool {
    use client::chat::OwnState;
    message_in(row).is_some_and(|message| matches!(message.own, Some(OwnState::Queued { .. })))
}

/// Where opening stands.
#[derive(Clone)]
enum Opening {
    Waiting,
    Failed(RoomError),
    Here(Chat),
}

/// The middle column with one chat.
#[component]
pub fn ChatScreen(id: ChatId) -> impl IntoView {
    let lang = lang();
    let nav = Frame::get().nav;
    let state = RwSignal::new_local(Opening::Waiting);
    let session = Desk::get().session();
    spawn_local(async move {
        state.try_set(match session.open(&id).await {
            Ok(chat) => Opening::Here(chat),
            Err(error) => Opening::Failed(error),
        });
    });
    move || match state.get() {
        Opening::Waiting => view! { <Bones/> }.into_any(),
        Opening::Failed(error) => {
            let hint = match error {
                RoomError::UnknownChat => lang.chat_unknown_hint().to_owned(),
                other => room_words(&other, lang),
            };
            view! {
                <Empty icon=Icon::Chats title=lang.chat_unknown() hint testid="chat-unknown">
                    <button type="button" class="button outline" on:click=move |_| nav.replace(Route::Chats)>
                        {lang.to_chats()}
                    </button>
                </Empty>
            }
            .into_any()
        }
        Opening::Here(chat) => view! { <OpenChat chat/> }.into_any(),
    }
}

/// The chat's skeleton: nothing jumps when the messages come.
#[component]
fn Bones() -> impl IntoView {
    view! {
        <div class="chat" role="status" aria-label=lang().loading() data-testid="chat-loading">
            <header>
                <span class="bone bone-face"></span>
                <span class="bone bone-line"></span>
            </header>
        </div>
    }
}

#[component]
fn OpenChat(chat: Chat) -> impl IntoView {
    let lang = lang();
    let open = Open::new(chat);
    provide_context(open);
    let desk = Desk::get();
    if let Some(taken) = desk.taken.try_update_value(Option::take).flatten() {
        open.outbox.set(Some(Outbox::of(taken, lang)));
    }
    // A message that was found from the list of chats.
    Effect::new(move |_| {
        let here = open.header.with_untracked(|header| header.id.clone());
        if let Some((_, id)) = desk.jump.get().filter(|(chat, _)| *chat == here) {
            desk.jump.set(None);
            go_to(open, &id);
        }
    });
    crate::screens::shortcuts::on_search_chat(move || open.searching.set(true));
    let dragged = RwSignal::new(false);
    let can_write = Memo::new(move |_| open.header.with(can_write));
    let drop_files = move |event: web_sys::DragEvent| {
        event.prevent_default();
        dragged.set(false);
        if can_write.get_untracked()
            && let Some(files) = event.data_transfer().and_then(|data| data.files())
        {
            outbox::take_files(open, &files);
        }
    };
    view! {
        <div
            class="chat"
            data-testid="chat"
            on:dragover=move |event| {
                event.prevent_default();
                dragged.set(can_write.get_untracked());
            }
            on:dragleave=move |event| {
                if event.related_target().is_none() {
                    dragged.set(false);
                }
            }
            on:drop=drop_files
        >
            <Header/>
            <PinnedBar/>
            <Log/>
            <UrgentAlarm/>
            {move || {
                if can_write.get() {
                    return view! { <BeyondReach/><Composer/> }.into_any();
                }
                open.header.with(|header| closed(header, lang))
            }}
            {move || dragged.get().then(|| view! { <div class="drop">{lang.drop_here()}</div> })}
            {move || open.outbox.get().map(|outbox| view! { <OutboxStage outbox/> })}
            {move || {
                open.camera
                    .get()
                    .then(|| {
                        let close = Callback::new(move |()| open.camera.set(false));
                        let keep = Callback::new(move |taken| {
                            open.outbox.set(Some(Outbox::of(taken, lang)));
                            open.camera.set(false);
                        });
                        view! { <Camera on_taken=keep on_close=close/> }
                    })
            }}
            <Lightbox/>
            <MessageActions/>
            {move || {
                open.searching
                    .get()
                    .then(|| {
                        let chat = open.header.with_untracked(|header| header.id.clone());
                        let choose = Callback::new(move |hit: client::search::Hit| go_to(open, &hit.id));
                        let close = Callback::new(move |()| open.searching.set(false));
                        view! { <ChatSearch chat on_choose=choose on_close=close/> }
                    })
            }}
        </div>
    }
}

fn can_write(header: &ChatHeader) -> bool {
    let left = !header.members.is_empty() && !header.members.iter().any(|member| member.is_me);
    header.membership == Membership::Joined && header.encrypted && !left
}

/// What stands in the composer's place where nothing can be written.
fn closed(header: &ChatHeader, lang: crate::i18n::Lang) -> AnyView {
    let words = match &header.membership {
        // The frame accepts what comes from the own hospital by itself.
        Membership::Invited { by: Some(by) } if !is_outside(by) => lang.opening(),
        Membership::Invited { by } => {
            let by = by.as_ref().map(|by| by.name.clone());
            return view! { <Invitation id=header.id.clone() by/> }.into_any();
        }
        Membership::Joined if !header.encrypted => lang.not_encrypted_chat(),
        Membership::Joined => lang.left_chat(),
    };
    view! { <p class="closed" data-testid="chat-closed">{words}</p> }.into_any()
}

fn is_outside(person: &client::Person) -> bool {
    let me = Desk::get().me.get_untracked().person.id;
    crate::text::is_outside(person.id.as_str(), me.as_str())
}

#[component]
fn Invitation(id: ChatId, by: Option<String>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let words = by.map_or_else(|| lang.invited().to_owned(), |by| lang.invited_by(&by));
    let busy = RwSignal::new(false);
    let id = StoredValue::new(id);
    let answer = move |accept: bool| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let rooms = Desk::get().room_list();
        let id = id.get_value();
        spawn_local(async move {
            let result = if accept { rooms.accept(&id).await } else { rooms.decline(&id).await };
            busy.try_set(false);
            match result {
                Ok(()) if !accept => frame.nav.replace(Route::Chats),
                Ok(()) => {}
                Err(error) => frame.say(room_words(&error, lang)),
            }
        });
    };
    view! {
        <div class="invite" data-testid="invitation">
            <p>{words}</p>
            <div class="buttons">
                <button type="button" class="button outline" data-testid="invite-decline" disabled=move || busy.get() on:click=move |_| answer(false)>
                    {lang.decline()}
                </button>
                <button type="button" class="button primary" data-testid="invite-accept" disabled=move || busy.get() on:click=move |_| answer(true)>
                    {lang.accept()}
                </button>
            </div>
        </div>
    }
}
