//! What every screen can reach: language, place, the session and what changes in it.

use std::{cell::Cell, sync::Arc};

use client::{
    ChatId, Connection, Live, MessageId, OpenUrgent, RoomList, Session, contacts::BookView,
    room_list::RoomListView, session::Me, trust::TrustView,
};
use futures_util::future::{AbortHandle, Abortable};
use leptos::prelude::*;

use crate::{
    hospital::EmergencyNumber, i18n::Lang, navigation::Navigation, platform::Theme, update::Updates,
};

// A page is one app with one person, and what a click starts has no owner to look a Leptos context up in. These hold
// nothing but handles to signals.
thread_local! {
    static FRAME: Cell<Option<Frame>> = const { Cell::new(None) };
    static DESK: Cell<Option<Desk>> = const { Cell::new(None) };
}

/// What exists before anybody has signed in.
#[derive(Clone, Copy)]
pub struct Frame {
    /// Language of the app.
    pub lang: RwSignal<Lang>,
    /// Light or dark.
    pub theme: RwSignal<Theme>,
    /// Where the app is.
    pub nav: Navigation,
    /// The hospital's name; the server's address until it is known.
    pub hospital: RwSignal<String>,
    /// Whom to call when the network is down.
    pub emergency_numbers: RwSignal<Vec<EmergencyNumber>>,
    /// New versions of the app.
    pub updates: Updates,
    /// A short sentence at the bottom that goes away by itself.
    pub toast: RwSignal<Option<String>>,
    /// Whether the person has just come by an invitation: then nothing is asked of them that can wait.
    pub newcomer: RwSignal<bool>,
}

impl Frame {
    /// Makes it reachable.
    pub fn provide(self) {
        FRAME.set(Some(self));
    }

    /// The frame, from anywhere in the app.
    pub fn get() -> Self {
        FRAME.get().expect("the app provides its frame before it draws anything")
    }

    /// Shows a short sentence for a few seconds.
    pub fn say(self, text: impl Into<String>) {
        self.toast.set(Some(text.into()));
    }
}

/// Language of the app. Changing it draws everything anew, so components read it once.
pub fn lang() -> Lang {
    Frame::get().lang.get_untracked()
}

/// What exists while somebody is signed in. View models are signals; the handles stay out of them (they are not `Send`).
#[derive(Clone, Copy)]
pub struct Desk {
    session: StoredValue<Session, LocalStorage>,
    /// Who is signed in.
    pub me: ReadSignal<Me>,
    /// The list of chats.
    pub rooms: ReadSignal<RoomListView>,
    /// Whether the server can be reached.
    pub connection: ReadSignal<Connection>,
    /// Where this device and account stand.
    pub trust: ReadSignal<TrustView>,
    /// What others have sent as urgent and nobody has taken over yet.
    pub urgent: ReadSignal<Arc<Vec<OpenUrgent>>>,
    /// The person's own address book.
    pub contacts: ReadSignal<BookView>,
    /// Messages of the open chat that wait for the network.
    pub waiting: RwSignal<usize>,
    /// What is read out to those who do not see it.
    pub announcement: RwSignal<String>,
    /// Photo or video taken before the recipient was chosen; the chat that opens next takes it.
    pub taken: StoredValue<Option<crate::screens::Taken>, LocalStorage>,
    /// A message to go to once its chat is open.
    pub jump: RwSignal<Option<(ChatId, MessageId)>>,
    /// Chats in which it was asked whether the person is the right one.
    pub asked_who: StoredValue<std::collections::HashSet<ChatId>>,
    /// A chat from elsewhere that is on its way over.
    pub transfer: crate::screens::Transfer,
    /// Whether the recovery key has been put off for now.
    pub key_put_off: RwSignal<bool>,
    /// Whether confirming this device has been put off for now.
    pub confirm_put_off: RwSignal<bool>,
}

impl Desk {
    /// Follows a session until the owner is gone.
    pub fn open(session: Session) -> Self {
        let desk = Self {
            me: follow(session.me()),
            rooms: follow(session.rooms().view()),
            connection: follow(session.connection()),
            trust: follow(session.trust().view()),
            urgent: follow(session.urgent()),
            contacts: follow(session.contacts().view()),
            session: StoredValue::new_local(session),
            waiting: RwSignal::new(0),
            announcement: RwSignal::new(String::new()),
            taken: StoredValue::new_local(None),
            jump: RwSignal::new(None),
            asked_who: StoredValue::new(Default::default()),
            transfer: crate::screens::Transfer::none(),
            key_put_off: RwSignal::new(false),
            confirm_put_off: RwSignal::new(false),
        };
        DESK.set(Some(desk));
        desk
    }

    /// The desk, from anything that is drawn after the sign-in.
    pub fn get() -> Self {
        DESK.get().expect("the desk is opened before anything of it is drawn")
    }

    /// The session.
    pub fn session(self) -> Session {
        self.session.get_value()
    }

    /// The list of chats, to change it.
    pub fn room_list(self) -> RoomList {
        self.session().rooms()
    }
}

/// A signal with the latest value, until the owner is gone.
pub fn follow<T: Clone + Send + Sync + 'static>(live: Live<T>) -> ReadSignal<T> {
    let (read, write) = signal(live.peek());
    follow_with(live, move |value| {
        write.try_set(value);
    });
    read
}

/// Calls `act` for every later value, until the owner is gone.
pub fn follow_with<T: Clone + 'static>(mut live: Live<T>, mut act: impl FnMut(T) + 'static) {
    let (handle, registration) = AbortHandle::new_pair();
    on_cleanup(move || handle.abort());
    let following = async move {
        while let Some(value) = live.next().await {
            act(value);
        }
    };
    leptos::task::spawn_local(async move {
        // Aborted means that nobody looks any more.
        let _ = Abortable::new(following, registration).await;
    });
}

/// One row of a list, with a signal of its own: the list is drawn anew only when rows come, go or move.
pub struct Keyed<T: 'static> {
    /// Stable name of the row.
    pub key: Arc<str>,
    /// The row.
    pub row: ArcRwSignal<Arc<T>>,
}

impl<T> Clone for Keyed<T> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), row: self.row.clone() }
    }
}

impl<T> PartialEq for Keyed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Carries new rows over into signals: unchanged ones are left alone, and so is the list if its order stays.
pub fn carry_over<T: PartialEq + Send + Sync>(
    into: RwSignal<Vec<Keyed<T>>>,
    rows: &[Arc<T>],
    key: impl Fn(&T) -> &str,
) {
    let mut old: std::collections::HashMap<Arc<str>, Keyed<T>> = into
        .with_untracked(|keyed| keyed.iter().map(|row| (row.key.clone(), row.clone())).collect());
    let same_order = into.with_untracked(|keyed| {
        keyed.len() == rows.len()
            && keyed.iter().zip(rows).all(|(keyed, row)| &*keyed.key == key(row))
    });
    let new: Vec<Keyed<T>> = rows
        .iter()
        .map(|row| match old.remove(key(row)) {
            Some(keyed) => {
                let is_same =
                    keyed.row.with_untracked(|old| Arc::ptr_eq(old, row) || **old == **row);
                if !is_same {
                    keyed.row.set(row.clone());
                }
                keyed
            }
            None => Keyed { key: key(row).into(), row: ArcRwSignal::new(row.clone()) },
        })
        .collect();
    if !same_order {
        into.set(new);
    }
}
