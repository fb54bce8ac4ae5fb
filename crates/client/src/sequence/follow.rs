//! What becomes of the messages that have a number.

use std::{collections::BTreeSet, sync::Arc};

use matrix_sdk::{
    Room,
    send_queue::{LocalEchoContent, RoomSendQueueUpdate, SendQueueUpdate},
};
use ruma::{OwnedTransactionId, RoomId, events::AnyMessageLikeEventContent, serde::Raw};
use serde_json::value::to_raw_value;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use vocabulary::sequence::SEQUENCE;

use super::{Chain, next};
use crate::session::core::Core;

/// What happens in the queues, from before the first message of the session on.
pub(crate) struct Updates(Receiver<SendQueueUpdate>);

impl Updates {
    /// Reads the chains of the rooms where something waits. Before the queues go on: what goes out then has to be known.
    pub async fn subscribe(core: &Core) -> Self {
        let updates = core.client.send_queue().subscribe();
        let rooms = core.client.state_store().load_rooms_with_unsent_requests().await;
        for room in rooms.unwrap_or_default() {
            core.sequences.of(&room).lock().await.load(core, &room).await;
        }
        Self(updates)
    }
}

/// Runs as long as the session.
pub(crate) async fn follow(core: Arc<Core>, updates: Updates) {
    let Updates(mut updates) = updates;
    loop {
        match updates.recv().await {
            Ok(update) => heed(&core, &update.room_id, update.update).await,
            Err(RecvError::Lagged(_)) => {
                for room in core.sequences.rooms() {
                    catch_up(&core, &room).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn heed(core: &Core, room: &RoomId, update: RoomSendQueueUpdate) {
    let chain = core.sequences.of(room);
    let mut chain = chain.lock().await;
    let id = chain.load(core, room).await.chain.clone();
    let has_changed = match update {
        RoomSendQueueUpdate::NewLocalEvent(echo) => {
            if let LocalEchoContent::Event { serialized_event, .. } = &echo.content {
                chain.note(echo.transaction_id, serialized_event.raw().0, &id);
            }
            false
        }
        RoomSendQueueUpdate::ReplacedLocalEvent { transaction_id, new_content } => {
            // Changed before it went out, and the number was left out.
            !chain.note(transaction_id.clone(), new_content.raw().0, &id)
                && chain.gives_up(&transaction_id)
        }
        RoomSendQueueUpdate::CancelledLocalEvent { transaction_id } => {
            chain.gives_up(&transaction_id)
        }
        RoomSendQueueUpdate::SendError { transaction_id, is_recoverable: false, .. } => {
            // It may be tried again: then it is there after all.
            let number = chain.waiting.get(&transaction_id).map(|it| it.sequence.number);
            if let (Some(number), Some(kept)) = (number, &mut chain.kept) {
                kept.is_void(number);
            }
            number.is_some()
        }
        RoomSendQueueUpdate::SentEvent { transaction_id, .. } => chain.is_sent(&transaction_id),
        _ => false,
    };
    if has_changed {
        chain.keep(core, room).await;
    }
    let has_to_be_told =
        chain.kept.as_ref().is_some_and(|kept| kept.has_to_be_told(&chain.waiting));
    drop(chain);
    if let Some(room) = core.client.get_room(room).filter(|_| has_changed && has_to_be_told) {
        tell(core, &room).await;
    }
}

impl Chain {
    fn gives_up(&mut self, transaction: &OwnedTransactionId) -> bool {
        let (Some(waiting), Some(kept)) = (self.waiting.remove(transaction), &mut self.kept) else {
            return false;
        };
        kept.is_void(waiting.sequence.number);
        true
    }

    fn is_sent(&mut self, transaction: &OwnedTransactionId) -> bool {
        let (Some(waiting), Some(kept)) = (self.waiting.remove(transaction), &mut self.kept) else {
            return false;
        };
        kept.is_sent(waiting);
        true
    }
}

/// After having missed some of what happened: what waits no longer has gone out, as nearly everything does.
async fn catch_up(core: &Core, room: &RoomId) {
    let chain = core.sequences.of(room);
    let mut chain = chain.lock().await;
    let id = chain.load(core, room).await.chain.clone();
    let before = std::mem::take(&mut chain.waiting);
    chain.look_into_queue(core, room, &id).await;
    let chain = &mut *chain;
    let still: BTreeSet<u64> = chain.waiting.values().map(|it| it.sequence.number).collect();
    let Some(kept) = &mut chain.kept else { return };
    for waiting in before.into_values().filter(|it| !still.contains(&it.sequence.number)) {
        kept.is_sent(waiting);
    }
    kept.open.retain(|number| still.contains(number));
    chain.keep(core, room).await;
}

/// Tells the others which numbers belong to no message.
async fn tell(core: &Core, room: &Room) {
    let number = next(core, room.room_id()).await;
    let content = to_raw_value(&number.field()).expect("plain data serializes");
    let content = Raw::<AnyMessageLikeEventContent>::from_json(content);
    match room.send_queue().send_raw(content, SEQUENCE.to_owned()).await {
        Ok(_) => number.used(),
        Err(_) => tracing::warn!("That a message was not sent could not be told"),
    }
}
