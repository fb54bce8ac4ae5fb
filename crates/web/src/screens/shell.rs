//! The frame around everything once somebody is signed in: rail, columns, bottom bar, and what lies above them.

use std::{collections::HashSet, sync::Arc};

use client::{
    ChatId, Connection,
    room_list::{Membership, RoomError, RoomRow},
};
use leptos::prelude::*;

use super::{
    broadcasts::BroadcastsPane,
    chat::ChatScreen,
    contacts::ContactsPane,
    crash::CrashQuestion,
    details::Details,
    directory::{NewChat, NewGroup, People},
    import_chat::TransferBar,
    link::{LinkDevice, Linking},
    privacy::{NewNotice, look_for_notice},
    recipient::CameraFirst,
    reminder::UrgentReminder,
    rooms::Rooms,
    settings::SettingsScreen,
    shortcuts::Shortcuts,
    verify::{ConfirmDevice, VerificationSheet},
};
use crate::{
    context::{Desk, Frame, lang},
    platform, push,
    route::{Pane, Route},
    text,
    ui::{Avatar, AvatarSize, Empty, Icon, Picture},
};

/// The width from which the details stand beside the chat; the style sheet has the same number.
const WIDE: &str = "(min-width: 1180px)";

/// Which of the left columns is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Rooms,
    People,
    NewChat,
    NewGroup,
    Broadcasts,
    Contacts,
    Settings,
}

impl Left {
    fn at(route: &Route) -> Self {
        match route {
            Route::Chats | Route::Chat(_) | Route::Details(_) | Route::Invitation(_) => Self::Rooms,
            Route::People => Self::People,
            Route::NewChat => Self::NewChat,
            Route::NewGroup => Self::NewGroup,
            Route::Broadcasts => Self::Broadcasts,
            Route::Contacts | Route::Contact(_) => Self::Contacts,
            Route::Settings | Route::Link(_) => Self::Settings,
        }
    }

    /// A step on the way to whom one writes to.
    fn is_for_a_new_chat(self) -> bool {
        matches!(self, Self::NewChat | Self::NewGroup | Self::Broadcasts)
    }
}

/// The frame.
#[component]
pub fn Shell() -> impl IntoView {
    let frame = Frame::get();
    let desk = Desk::get();
    let route = frame.nav.route();
    let left = Memo::new(move |_| Left::at(&route.get()));
    let pane = Memo::new(move |_| route.with(Route::pane));
    let camera = RwSignal::new(false);
    let notice = look_for_notice(desk);
    // On a desk the chat stays open while the left column shows something else.
    let chat = Memo::new(move |before: Option<&Option<String>>| {
        route.with(|route| match route.chat() {
            Some(id) => Some(id.to_owned()),
            None if *route == Route::Chats && is_phone() => None,
            None => before.cloned().flatten(),
        })
    });
    let wide = media_query(WIDE);
    // On a phone the chat lies behind the list.
    let seen = Signal::derive(move || {
        let is_seen = !is_phone() || pane.get() == Pane::Chat;
        chat.get().filter(|_| is_seen).map(|id| ChatId::new(&id))
    });
    let with_details = Memo::new(move |_| {
        chat.with(Option::is_some) && (wide.get() || pane.get() == Pane::Details)
    });

    Effect::new(move |_| {
        let unread = desk.rooms.with(|rooms| rooms.unread_total);
        let name = lang().app_name();
        document().set_title(&if unread == 0 {
            name.to_owned()
        } else {
            format!("({unread}) {name}")
        });
    });

    // The worker's notifications and the number on the app's icon follow what is read. Before the server has answered, the count says
    // only what this device knew last.
    let reading = Memo::new(move |_| seen.get().map(|id| id.as_str().to_owned()));
    let unread = Memo::new(move |_| desk.rooms.with(|rooms| rooms.unread_total));
    let visible = RwSignal::new(platform::is_visible());
    platform::listen::<web_sys::Event>(&document(), "visibilitychange", move |_| {
        visible.set(platform::is_visible());
    });
    Effect::new(move |before: Option<(bool, u64)>| {
        let (unread, reading, visible) = (unread.get(), reading.get(), visible.get());
        let now = (desk.connection.get() == Connection::Online, unread);
        // A page that goes has nothing to say: its last word would come late and take away what the worker has shown meanwhile.
        let is_news = before != Some(now) || visible;
        if now.0 && is_news {
            push::tell_state(unread, reading.filter(|_| visible));
        }
        now
    });

    accept_from_own_hospital(desk);
    let open_camera = Callback::new(move |()| camera.set(true));
    provide_context(OpenCamera(open_camera));
    Linking::provide();

    view! {
        <NetBanner/>
        <UrgentReminder chat=seen/>
        <TransferBar/>
        <div class="shell" class:with-details=move || with_details.get() && wide.get() data-pane=move || pane.get().name() data-notice=move || notice.get().name() data-testid="shell">
            <Rail left/>
            {move || match left.get() {
                Left::Rooms => view! { <Rooms/> }.into_any(),
                Left::People => view! { <People/> }.into_any(),
                Left::NewChat => view! { <NewChat/> }.into_any(),
                Left::NewGroup => view! { <NewGroup/> }.into_any(),
                Left::Broadcasts => view! { <BroadcastsPane/> }.into_any(),
                Left::Contacts => view! { <ContactsPane/> }.into_any(),
                Left::Settings => view! { <SettingsScreen/> }.into_any(),
            }}
            <main class="main">
                {move || match chat.get() {
                    Some(id) => view! { <ChatScreen id=ChatId::new(&id)/> }.into_any(),
                    None => view! { <NoChat/> }.into_any(),
                }}
            </main>
            {move || {
                let id = chat.get().filter(|_| with_details.get())?;
                Some(view! { <Details id=ChatId::new(&id)/> })
            }}
        </div>
        <Tabs left/>
        <div class="sr" role="log" aria-live="polite" data-testid="announcement">{move || desk.announcement.get()}</div>
        {move || camera.get().then(|| view! { <CameraFirst on_close=Callback::new(move |()| camera.set(false))/> })}
        <NewNotice state=notice/>
        <CrashQuestion/>
        <VerificationSheet/>
        <ConfirmDevice/>
        <LinkDevice/>
        <Shortcuts/>
    }
}

/// Enters chats to which people of the own hospital invite: a colleague's message is simply there. People from outside
/// are asked about.
fn accept_from_own_hospital(desk: Desk) {
    let asked = StoredValue::new(HashSet::<ChatId>::new());
    Effect::new(move |_| {
        desk.connection.track();
        let me = desk.me.with(|me| me.person.id.clone());
        let invitations: Vec<ChatId> = desk.rooms.with(|rooms| {
            let is_inside = |row: &&Arc<RoomRow>| match &row.membership {
                Membership::Invited { by: Some(by) } => {
                    !text::is_outside(by.id.as_str(), me.as_str())
                }
                _ => false,
            };
            rooms.rows.iter().filter(is_inside).map(|row| row.id.clone()).collect()
        });
        for id in invitations {
            if !asked.try_update_value(|asked| asked.insert(id.clone())).unwrap_or_default() {
                continue;
            }
            let rooms = desk.room_list();
            leptos::task::spawn_local(async move {
                if rooms.accept(&id).await == Err(RoomError::NoConnection) {
                    // Tried again when the connection is back.
                    asked.try_update_value(|asked| asked.remove(&id));
                }
            });
        }
    });
}

/// Opens the camera before a recipient is chosen.
#[derive(Clone, Copy)]
pub struct OpenCamera(pub Callback<()>);

fn is_phone() -> bool {
    window().match_media("(max-width: 720px)").ok().flatten().is_some_and(|query| query.matches())
}

fn media_query(query: &str) -> ReadSignal<bool> {
    let list = window().match_media(query).ok().flatten();
    let (matches, set_matches) =
        signal(list.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(list) = list {
        crate::platform::listen::<web_sys::MediaQueryListEvent>(&list, "change", move |event| {
            set_matches.set(event.matches())
        });
    }
    matches
}

#[component]
fn Rail(left: Memo<Left>) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    view! {
        <nav class="rail" aria-label=lang.main_navigation()>
            <div class="mark" aria-hidden="true">"K"</div>
            <TabLinks left chats_id="rail-chats" people_id="rail-people"/>
            <span class="gap"></span>
            <a
                href=Route::Settings.fragment()
                class="icon-button"
                aria-label=lang.settings()
                title=lang.settings()
                data-testid="open-settings"
                on:click=move |event| follow_link(&event, Route::Settings)
            >
                {move || {
                    let me = desk.me.get().person;
                    view! { <Avatar initials=me.initials() tint=me.tint() size=AvatarSize::Middle/> }
                }}
            </a>
        </nav>
    }
}

#[component]
fn Tabs(left: Memo<Left>) -> impl IntoView {
    let covered = move || left.get().is_for_a_new_chat();
    view! {
        <nav class="tabs" class:covered=covered aria-label=lang().main_navigation()>
            <TabLinks left chats_id="tab-chats" people_id="tab-people"/>
            <TabLink here=Signal::derive(move || left.get() == Left::Settings) to=Route::Settings icon=Icon::Settings label=lang().settings() testid="tab-settings"/>
        </nav>
    }
}

#[component]
fn TabLinks(left: Memo<Left>, chats_id: &'static str, people_id: &'static str) -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let chats_here =
        Signal::derive(move || left.get() == Left::Rooms || left.get().is_for_a_new_chat());
    let people_here = Signal::derive(move || matches!(left.get(), Left::People | Left::Contacts));
    view! {
        <TabLink here=chats_here to=Route::Chats icon=Icon::Chats label=lang.chats() testid=chats_id>
            {move || {
                let unread = desk.rooms.with(|rooms| rooms.unread_total);
                (unread > 0).then(|| view! { <span class="count" aria-label=lang.unread_messages(unread)>{unread.min(99)}</span> })
            }}
        </TabLink>
        <TabLink here=people_here to=Route::People icon=Icon::People label=lang.people() testid=people_id/>
    }
}

#[component]
fn TabLink(
    here: Signal<bool>,
    to: Route,
    icon: Icon,
    label: &'static str,
    testid: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let href = to.fragment();
    view! {
        <a
            class="tab"
            href=href
            aria-current=move || here.get().then_some("page")
            data-testid=testid
            on:click=move |event| follow_link(&event, to.clone())
        >
            <Picture icon/>
            {label}
            {children.map(|children| children())}
        </a>
    }
}

/// A link of our own: without loading the page, except where a new tab or window was asked for.
pub fn follow_link(event: &web_sys::MouseEvent, to: Route) {
    if event.ctrl_key() || event.meta_key() || event.shift_key() {
        return;
    }
    event.prevent_default();
    Frame::get().nav.go(to);
}

#[component]
fn NetBanner() -> impl IntoView {
    let lang = lang();
    let desk = Desk::get();
    let text = move || match desk.connection.get() {
        Connection::Online | Connection::Connecting => None,
        Connection::Offline => Some(lang.offline()),
        Connection::Reconnecting { .. } => Some(lang.server_unreachable()),
    };
    view! {
        <div role="status">
            {move || {
                text()
                    .map(|text| {
                        view! {
                            <p class="net-banner" data-testid="offline-banner">
                                <Picture icon=Icon::NoNetwork class="small"/>
                                <span>
                                    {text}
                                    {move || {
                                        let waiting = desk.waiting.get();
                                        (waiting > 0).then(|| format!(" {}.", lang.waiting_messages(waiting)))
                                    }}
                                </span>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn NoChat() -> impl IntoView {
    let lang = lang();
    let OpenCamera(camera) = expect_context();
    view! {
        <Empty icon=Icon::Chats title=lang.choose_chat() hint=lang.choose_chat_hint() testid="no-chat">
            <button type="button" class="button outline" on:click=move |_| camera.run(())>
                <Picture icon=Icon::Camera class="small"/>
                {lang.take_photo()}
            </button>
        </Empty>
    }
}
