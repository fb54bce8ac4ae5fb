//! Messages to a list on their way into the queues of the chats. Whom a message is still to be queued for is kept on the device: a
//! list is long, and an app that locks itself meanwhile must forget nobody.

use std::{sync::Arc, time::Duration};

use eyeball::SharedObservable;
use futures_util::{FutureExt, StreamExt, pin_mut, select, stream::FuturesUnordered};
use matrix_sdk::{
    send_queue::{LocalEchoContent, RoomSendQueueUpdate},
    sleep::sleep,
};
use ruma::{
    OwnedTransactionId, OwnedUserId, UserId,
    events::{AnyMessageLikeEventContent, room::message::RoomMessageEventContent},
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use tokio::sync::{Mutex, broadcast::Receiver};

use super::{Delivery, Stage};
use crate::{
    Connection,
    chat::parts,
    kept,
    room_list::{self, RoomError},
    sequence,
    session::core::Core,
    trouble,
};

const KEPT_AS: &str = "konsil.broadcasts_to_queue";

/// How long the messages are followed once all are queued. What is slower goes out by itself, as any message.
const FOLLOWED: Duration = Duration::from_secs(60);
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// A message that is not yet in the queue of everybody's chat.
#[derive(Clone, Serialize, Deserialize)]
struct Unqueued {
    text: String,
    people: Vec<OwnedUserId>,
}

/// Whoever holds it queues; nobody else changes what is kept.
#[derive(Default)]
pub(crate) struct Turn(Mutex<()>);

/// Writes to each of those in `progress`, and says there how far each message is.
pub(super) async fn send(
    core: Arc<Core>,
    text: &str,
    progress: &SharedObservable<Arc<Vec<Delivery>>>,
) {
    let set = |at: usize, stage: Stage| {
        progress.update(|deliveries| Arc::make_mut(deliveries)[at].stage = stage);
    };
    let mut followed = FuturesUnordered::new();
    {
        let _turn = core.broadcasts.0.lock().await;
        let ids = progress.get();
        let ids = ids.iter().map(|it| UserId::parse(it.person.id.as_str()).ok());
        let people: Vec<Option<OwnedUserId>> = ids.collect();
        let mut all = kept_now(&core).await;
        all.push(Unqueued {
            text: text.to_owned(),
            people: people.iter().flatten().cloned().collect(),
        });
        keep(&core, &all).await;
        for (at, user) in people.iter().enumerate() {
            let Some(user) = user else {
                set(at, Stage::Failed(RoomError::NobodyChosen));
                continue;
            };
            if has_no_device(&core, user).await {
                set(at, Stage::NoDevice);
            } else {
                match queue(&core, user, text).await {
                    // It stays kept.
                    Err(RoomError::NoConnection) => {
                        set(at, Stage::Queued);
                        continue;
                    }
                    Ok(updates) => {
                        set(at, Stage::Queued);
                        followed.push(async move { (at, outcome(updates, text).await) });
                    }
                    Err(error) => set(at, Stage::Failed(error)),
                }
            }
            if let Some(ours) = all.last_mut() {
                ours.people.retain(|other| other != user);
            }
            keep(&core, &all).await;
        }
    }
    // Whoever only looks keeps no session open.
    drop(core);
    while let Some((at, stage)) = followed.next().await {
        set(at, stage);
    }
}

/// Queues in the background what was not queued for lack of network or time.
pub(crate) fn flush(core: &Arc<Core>) {
    let core = core.clone();
    core.clone().spawn(async move {
        while !flushed(&core).await && core.connection.get() == Connection::Online {
            // Offline `back_online` begins anew; a single failed request is tried again here.
            sleep(RETRY_AFTER).await;
        }
    });
}

/// Whether nothing is left to be queued.
async fn flushed(core: &Arc<Core>) -> bool {
    let _turn = core.broadcasts.0.lock().await;
    let mut all = kept_now(core).await;
    for at in 0..all.len() {
        for user in all[at].people.clone() {
            match queue(core, &user, &all[at].text).await {
                Err(RoomError::NoConnection) => continue,
                // Who has no device is said in the chat, above the composer.
                Ok(_) => {}
                Err(_) => tracing::warn!("A message to somebody of a list was refused"),
            }
            all[at].people.retain(|other| *other != user);
            keep(core, &all).await;
        }
    }
    all.iter().all(|it| it.people.is_empty())
}

async fn kept_now(core: &Core) -> Vec<Unqueued> {
    kept::read(&core.client, KEPT_AS).await.unwrap_or_default()
}

/// Keeps what is left for anybody.
async fn keep(core: &Core, all: &[Unqueued]) {
    let left: Vec<&Unqueued> = all.iter().filter(|it| !it.people.is_empty()).collect();
    kept::write(&core.client, KEPT_AS, &left).await;
}

/// Whether nothing can be encrypted for somebody yet; without network what is known already has to do.
async fn has_no_device(core: &Core, user: &UserId) -> bool {
    matches!(core.client.encryption().request_user_identity(user).await, Ok(None))
}

/// Puts the message into the queue of the chat with somebody.
async fn queue(
    core: &Core,
    user: &UserId,
    text: &str,
) -> Result<Receiver<RoomSendQueueUpdate>, RoomError> {
    let room = room_list::direct(core, user).await?;
    let (_, updates) = room.send_queue().subscribe().await.map_err(failed)?;
    for message in parts::messages_of(text).map_err(failed)? {
        let content = RoomMessageEventContent::new(message).into();
        sequence::send(core, &room, content, Map::new()).await.map_err(failed)?;
    }
    Ok(updates)
}

fn failed(error: impl std::fmt::Debug) -> RoomError {
    RoomError::Failed(trouble::kind_of(&error))
}

/// What becomes of the message with this text, whose last part counts.
async fn outcome(mut updates: Receiver<RoomSendQueueUpdate>, text: &str) -> Stage {
    let follow = async {
        let mut ours: Option<OwnedTransactionId> = None;
        while let Ok(update) = updates.recv().await {
            match update {
                RoomSendQueueUpdate::NewLocalEvent(echo) => {
                    if let LocalEchoContent::Event { serialized_event, .. } = &echo.content
                        && let Ok(AnyMessageLikeEventContent::RoomMessage(message)) =
                            serialized_event.deserialize()
                        && text.ends_with(message.body())
                    {
                        ours = Some(echo.transaction_id);
                    }
                }
                RoomSendQueueUpdate::SentEvent { transaction_id, .. }
                    if Some(&transaction_id) == ours.as_ref() =>
                {
                    return Stage::Sent;
                }
                RoomSendQueueUpdate::SendError { transaction_id, error, is_recoverable: false }
                    if Some(&transaction_id) == ours.as_ref() =>
                {
                    return Stage::Failed(RoomError::Failed(trouble::kind_of(&error)));
                }
                _ => {}
            }
        }
        Stage::Queued
    }
    .fuse();
    let gave_up = sleep(FOLLOWED).fuse();
    pin_mut!(follow, gave_up);
    select! {
        stage = follow => stage,
        () = gave_up => Stage::Queued,
    }
}
