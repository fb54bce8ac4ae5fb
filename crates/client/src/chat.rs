//! One chat: its rows, and what can be done in it.

pub(crate) mod actions;
pub(crate) mod beyond_reach;
mod completeness;
mod convert;
mod delivery;
mod encrypt;
mod export;
mod header;
pub(crate) mod hidden;
mod media;
mod missing_keys;
pub(crate) mod parts;
mod pins;
mod polls;
pub(crate) mod preview;
mod proof;
mod repeats;
pub(crate) mod responses;
mod rows;
mod send;
mod timeline;
pub(crate) mod upload;
mod watch;

pub use completeness::FindingKind;
pub use export::Exported;
pub use proof::{DeviceProof, Proof};
pub use rows::{
    Body, ChatHeader, EmojiOnly, FileView, ImageView, MediaRef, Member, Message, OwnState, Parts,
    Pinned, PollAnswer, PollView, Reach, Reaction, Reader, ReplyQuote, ReplyTarget, Row, RowKind,
    ScrollBack, SendFailure, Sender, Stage, SystemLine, TrustWarning, UndecryptableReason,
    UrgentView, VideoView, VoiceView,
};
pub use send::{
    ActionError, Draft, FileToSend, ImageToSend, MediaError, PollToSend, TextToSend, VideoToSend,
    VoiceToSend,
};

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use eyeball::SharedObservable;
use matrix_sdk::{
    Room,
    executor::{AbortOnDrop, JoinHandleExt, spawn},
};
use matrix_sdk_ui::timeline::Timeline;
use ruma::{OwnedEventId, RoomId};

use self::delivery::Delivered;
use crate::{
    Live, Session, details,
    ids::{ChatId, MessageId},
    room_list::RoomError,
    session::core::Core,
    trouble,
};

/// A chat that is open. Clone it freely; the chat closes with its last clone.
#[derive(Clone)]
pub struct Chat {
    inner: Arc<Inner>,
}

struct Inner {
    open: Arc<Open>,
    _tasks: Vec<AbortOnDrop<()>>,
}

/// What the tasks of an open chat share.
struct Open {
    core: Arc<Core>,
    room: Room,
    /// Made anew when it is out of step (see [`timeline`]).
    timeline: SharedObservable<Arc<Timeline>>,
    rows: SharedObservable<Arc<Vec<Arc<Row>>>>,
    header: SharedObservable<ChatHeader>,
    scroll_back: SharedObservable<ScrollBack>,
    /// The last event that was read when the chat was opened; the "new messages" mark stays below it.
    read_up_to: Option<OwnedEventId>,
    /// Replies whose target was asked for.
    asked_for: Mutex<BTreeSet<OwnedEventId>>,
    /// Keys of the rows of messages, by event ID (see [`repeats::keep_keys`]).
    keys: Mutex<HashMap<String, String>>,
    /// What does not fit between the messages.
    findings: SharedObservable<Arc<Vec<completeness::Finding>>>,
    /// How far our messages got with others.
    delivered: SharedObservable<Delivered>,
    /// Pinned messages that were looked up.
    pins: Mutex<pins::Known>,
    /// What is kept of the composer, once that is known.
    draft: Mutex<Option<Draft>>,
}

impl Open {
    fn timeline(&self) -> Arc<Timeline> {
        self.timeline.get()
    }
}

/// How many messages a first look and each scroll back bring.
const PAGE: u16 = 40;

impl Chat {
    pub(crate) async fn open(session: &Session, chat: &ChatId) -> Result<Self, RoomError> {
        let core = session.inner.core.clone();
        let id = RoomId::parse(chat.as_str()).map_err(|_| RoomError::UnknownChat)?;
        let room = core.client.get_room(&id).ok_or(RoomError::UnknownChat)?;
        let timeline = timeline::of(&room)
            .await
            .map_err(|error| RoomError::Failed(trouble::kind_of(&error)))?;
        // The list brings the newest events only; a subscription brings members, receipts and more of the past. Not before the
        // timeline is there, which would have to be made again.
        core.sync.room_list_service().set_room_subscriptions(&[&id]).await;
        core.imports.look_into_queue(&room).await;
        let read_up_to =
            timeline.latest_user_read_receipt(&core.own_id).await.map(|(event, _)| event);
        let header = header::build(&core, &room).await;
        let open = Arc::new(Open {
            core: core.clone(),
            room: room.clone(),
            timeline: SharedObservable::new(Arc::new(timeline)),
            rows: SharedObservable::new(Arc::default()),
            header: SharedObservable::new(header),
            scroll_back: SharedObservable::new(ScrollBack::More),
            read_up_to,
            asked_for: Mutex::default(),
            keys: Mutex::default(),
            findings: SharedObservable::new(Arc::default()),
            delivered: SharedObservable::default(),
            pins: Mutex::default(),
            draft: Mutex::default(),
        });
        watch::build_rows_once(&open).await;
        let tasks = vec![
            spawn(watch::keep_rows(open.clone())).abort_on_drop(),
            spawn(header::keep(open.clone())).abort_on_drop(),
            spawn(watch::first_page(open.clone())).abort_on_drop(),
            spawn(missing_keys::keep_asking(open.clone())).abort_on_drop(),
            spawn(delivery::keep(open.clone())).abort_on_drop(),
            spawn(completeness::keep(open.clone())).abort_on_drop(),
            spawn(details::search_history(core, room)).abort_on_drop(),
        ];
        Ok(Self { inner: Arc::new(Inner { open, _tasks: tasks }) })
    }

    /// The rows, oldest first. Unchanged rows keep their `Arc`.
    pub fn rows(&self) -> Live<Arc<Vec<Arc<Row>>>> {
        Live::of(&self.inner.open.rows)
    }

    /// What stands above the chat.
    pub fn header(&self) -> Live<ChatHeader> {
        Live::of(&self.inner.open.header)
    }

    /// What is above the oldest row.
    pub fn scroll_back(&self) -> Live<ScrollBack> {
        Live::of(&self.inner.open.scroll_back)
    }

    /// Loads older rows until this message is among them, as far as it is worth waiting for; tells whether it is.
    pub async fn load_until(&self, message: &MessageId) -> bool {
        const PAGES: usize = 25;
        let open = &self.inner.open;
        for _ in 0..=PAGES {
            // A page may be on its way already, as when the chat was just opened.
            let mut scroll_back = open.scroll_back.subscribe();
            while open.scroll_back.get() == ScrollBack::Loading {
                if scroll_back.next().await.is_none() {
                    return false;
                }
            }
            if watch::has(open, message).await {
                return true;
            }
            watch::notice_gap(open).await;
            if open.scroll_back.get() == ScrollBack::Beginning {
                if watch::comes(open, message).await {
                    return true;
                }
                if open.scroll_back.get() == ScrollBack::Beginning {
                    return false;
                }
            }
            self.load_older().await;
        }
        false
    }

    /// Loads older rows. Does nothing while loading or at the beginning.
    pub async fn load_older(&self) {
        watch::load_older(&self.inner.open).await;
    }
}
