//! What has been on this device for long enough goes (I.e).
//!
//! Messages stay for as many days after they were sent as the hospital allows, drafts for as many after they were written. What is older is removed when
//! the store is opened, before anything is shown: nobody else has the events in hand then, and a device that was closed for long keeps to it
//! as well. The server still has the messages: where they were, the chat has a gap, and scrolling up fills it again.
//!
//! Opened attachments are not among it, since they never get onto the device; nor is what still waits to be sent.

mod cut;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use matrix_sdk::{Client, Room, deserialized_responses::TimelineEvent, sync::RoomUpdates};
use matrix_sdk_base::{
    RoomInfoNotableUpdateReasons, event_cache::store::EventCacheStoreError,
    latest_event::LatestEventValue, linked_chunk::LinkedChunkId, store::StoreError,
};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedRoomId, RoomId,
    api::client::discovery::get_capabilities::v3 as get_capabilities,
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{Connection, kept, session::core::Core, urgent};

const KEPT_AS: &str = "konsil.expiry";

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// As long as no hospital has said anything else.
const STRICT_DAYS: u16 = 7;

/// A room whose time has come is cleared of what comes next too: so much of the period. Else a busy room would be written anew at each opening.
const AHEAD: u64 = 14;

/// What is known of how old the things in the store are.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    /// The hospital's setting, when it was heard last.
    text_days: u16,
    /// For how many days the server keeps messages, as far as it has said so.
    #[serde(default)]
    server_days: Option<u16>,
    /// When the oldest event was sent that the store has of a room.
    oldest_ms: BTreeMap<OwnedRoomId, u64>,
    /// Rooms whose last event is not on this device any more, or never was; when it was sent, if a row of the list has shown it.
    latest_ms: BTreeMap<OwnedRoomId, Option<u64>>,
    /// When a draft was written.
    drafts_ms: BTreeMap<OwnedRoomId, u64>,
}

/// Handle to it.
pub(crate) struct Expiry {
    kept: Mutex<Kept>,
    /// One writes after the other.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
enum CannotRemove {
    #[error(transparent)]
    Events(#[from] EventCacheStoreError),
    #[error(transparent)]
    State(#[from] StoreError),
    #[error("the store is in use elsewhere")]
    InUse,
}

fn now_ms() -> u64 {
    MilliSecondsSinceUnixEpoch::now().get().into()
}

/// When an event was sent; nothing for what does not say so.
fn sent_ms(event: &TimelineEvent) -> Option<u64> {
    event.timestamp.or_else(|| event.timestamp_raw()).map(|it| it.get().into())
}

impl Expiry {
    /// Removes what is too old. Before anything else reads the store.
    pub async fn open(client: &Client) -> Self {
        let kept = kept::read::<Kept>(client, KEPT_AS).await;
        let is_first = kept.is_none();
        let kept = kept.unwrap_or_else(|| Kept {
            text_days: STRICT_DAYS,
            server_days: None,
            oldest_ms: BTreeMap::new(),
            latest_ms: BTreeMap::new(),
            drafts_ms: BTreeMap::new(),
        });
        let this = Self { kept: Mutex::new(kept), writing: tokio::sync::Mutex::new(()) };
        if is_first {
            this.learn(client).await;
        }
        this.remove(client, now_ms()).await;
        this
    }

    fn with<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.kept.lock().expect("no panic while held"))
    }

    /// For how many days the server keeps messages; `None`: until they are deleted, or it has not said so yet.
    pub fn server_days(&self) -> Option<u16> {
        self.with(|kept| kept.server_days)
    }

    async fn keep(&self, client: &Client) {
        let _turn = self.writing.lock().await;
        let kept = self.with(|kept| kept.clone());
        kept::write(client, KEPT_AS, &kept).await;
    }

    /// Of a store that was filled before anything was known of it, everything has to be looked at.
    async fn learn(&self, client: &Client) {
        for room in client.rooms() {
            let id = room.room_id();
            let has_draft = matches!(room.load_composer_draft(None).await, Ok(Some(_)));
            self.with(|kept| {
                kept.oldest_ms.insert(id.to_owned(), 0);
                if has_draft {
                    kept.drafts_ms.insert(id.to_owned(), now_ms());
                }
            });
        }
    }

    async fn remove(&self, client: &Client, now_ms: u64) {
        let period = self.with(|kept| u64::from(kept.text_days) * DAY_MS);
        let cutoff = now_ms.saturating_sub(period);
        let is_due = |(room, at): (&OwnedRoomId, &u64)| (*at < cutoff).then(|| room.clone());
        let due: Vec<OwnedRoomId> =
            self.with(|kept| kept.oldest_ms.iter().filter_map(is_due).collect());
        for id in due {
            match remove_events(client, &id, cutoff + period / AHEAD).await {
                Ok(oldest) => self.with(|kept| match oldest {
                    Some(oldest) => drop(kept.oldest_ms.insert(id, oldest)),
                    None => drop(kept.oldest_ms.remove(&id)),
                }),
                // Tried again at the next opening.
                Err(error) => tracing::warn!(%error, "What is old in a chat could not be removed"),
            }
        }
        for room in client.rooms() {
            match remove_preview(&room, cutoff).await {
                Ok(Some(at)) => {
                    self.with(|kept| kept.latest_ms.insert(room.room_id().to_owned(), Some(at)));
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "A preview could not be removed"),
            }
        }
        let due: Vec<OwnedRoomId> =
            self.with(|kept| kept.drafts_ms.iter().filter_map(is_due).collect());
        for id in due {
            let removed = match client.get_room(&id) {
                Some(room) => room.clear_composer_draft(None).await.is_ok(),
                None => true,
            };
            if removed {
                self.with(|kept| kept.drafts_ms.remove(&id));
            }
        }
        urgent::forget_old(client, now_ms).await;
        self.keep(client).await;
    }

    /// Something of this time gets into the store. To be told before it does, or at once after.
    pub async fn comes(&self, client: &Client, room: &RoomId, sent_ms: u64) {
        let is_older = self.with(|kept| {
            let known = kept.oldest_ms.get(room).copied();
            let is_older = known.is_none_or(|known| sent_ms < known);
            if is_older {
                kept.oldest_ms.insert(room.to_owned(), sent_ms);
            }
            is_older
        });
        if is_older {
            self.keep(client).await;
        }
    }

    /// A draft was written, or is no more.
    pub async fn drafted(&self, client: &Client, room: &RoomId, is_draft: bool) {
        let now_ms = now_ms();
        let has_changed = self.with(|kept| match (is_draft, kept.drafts_ms.get(room)) {
            (false, None) => false,
            (false, Some(_)) => kept.drafts_ms.remove(room).is_some(),
            // To the hour is exact enough: it is written while somebody types.
            (true, Some(at)) if now_ms.abs_diff(*at) < HOUR_MS => false,
            (true, _) => {
                kept.drafts_ms.insert(room.to_owned(), now_ms);
                true
            }
        });
        if has_changed {
            self.keep(client).await;
        }
    }

    /// The server has something of a room that is too old for this device. Whether that is news.
    async fn has_older(&self, client: &Client, room: &RoomId) -> bool {
        let is_known = self.with(|kept| kept.latest_ms.contains_key(room));
        if !is_known {
            self.with(|kept| kept.latest_ms.insert(room.to_owned(), None));
            self.keep(client).await;
        }
        !is_known
    }

    /// Whether a room's last event is too old for this device; with the time when it was sent, if that is known.
    pub fn has_gone(&self, room: &RoomId) -> Option<Option<u64>> {
        self.with(|kept| kept.latest_ms.get(room).copied())
    }
}

/// Removes what was sent before `before_ms` and all that stands before it. Tells how old the oldest is that stays.
async fn remove_events(
    client: &Client,
    room: &RoomId,
    before_ms: u64,
) -> Result<Option<u64>, CannotRemove> {
    let lock = client.event_cache_store().lock().await.map_err(|_| CannotRemove::InUse)?;
    let store = lock.as_clean().ok_or(CannotRemove::InUse)?;
    let is_old = |event: &TimelineEvent| sent_ms(event).is_some_and(|at| at < before_ms);
    let chunks = store.load_all_chunks(LinkedChunkId::Room(room)).await?;
    let rest = cut::rest(chunks, is_old);
    let oldest = rest.events().filter_map(sent_ms).min();
    if let Some(updates) = rest.written_anew() {
        // In one transaction: either all is as before, or all as it shall be.
        store.handle_linked_chunk_updates(LinkedChunkId::Room(room), updates).await?;
    }
    // What lay beside the timeline, and what SQLite keeps of what was in it: their content goes.
    for event in store.get_room_events(room, None, None).await? {
        if is_old(&event) && !cut::is_empty(&event) {
            store.save_event(room, cut::emptied(&event)).await?;
        }
    }
    Ok(oldest)
}

/// Removes the event that the row of a room shows, if it is too old; tells when it was sent.
async fn remove_preview(room: &Room, before_ms: u64) -> Result<Option<u64>, StoreError> {
    let LatestEventValue::Remote(event) = matrix_sdk::BaseRoom::latest_event(room) else {
        return Ok(None);
    };
    let Some(at) = sent_ms(&event).filter(|at| *at < before_ms) else { return Ok(None) };
    room.update_and_save_room_info(|mut info| {
        info.set_latest_event(LatestEventValue::None);
        (info, RoomInfoNotableUpdateReasons::LATEST_EVENT)
    })
    .await?;
    Ok(Some(at))
}

/// Notes how old is what the sync brings, and where it does not bring the last event because that is too old. Runs as long as the session.
pub(crate) async fn follow(core: Arc<Core>, mut updates: Receiver<RoomUpdates>) {
    loop {
        let update = match updates.recv().await {
            Ok(update) => update,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let joined = update.joined.into_iter().map(|(room, it)| (room, it.timeline));
        let left = update.left.into_iter().map(|(room, it)| (room, it.timeline));
        for (room, timeline) in joined.chain(left) {
            if let Some(oldest) = timeline.events.iter().filter_map(sent_ms).min() {
                core.expiry.comes(&core.client, &room, oldest).await;
            } else if timeline.limited && core.expiry.has_older(&core.client, &room).await {
                core.room_changed(&room);
            }
        }
    }
}

/// Asks once in a session for how long the hospital wants it. Holds from the next opening on.
pub(crate) async fn keep_policy(core: Arc<Core>) {
    let mut connection = core.connection.subscribe();
    loop {
        if core.connection.get() == Connection::Online {
            let answer = core.client.send(get_capabilities::Request::new()).await;
            if let Ok(answer) = answer {
                let said = answer.capabilities.get("de.konsil.device");
                let days = said.and_then(|it| it["text_days"].as_u64());
                let days = days.and_then(|days| u16::try_from(days).ok()).unwrap_or(STRICT_DAYS);
                let said = answer.capabilities.get("de.konsil.retention");
                let on_server = said.and_then(|it| it["message_days"].as_u64());
                let on_server = on_server.and_then(|days| u16::try_from(days).ok());
                core.expiry.with(|kept| {
                    kept.text_days = days;
                    kept.server_days = on_server;
                });
                core.expiry.keep(&core.client).await;
                return;
            }
        }
        if connection.next().await.is_none() {
            return;
        }
    }
}
