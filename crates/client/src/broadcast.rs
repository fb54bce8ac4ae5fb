//! Broadcast lists: people to whom one often writes the same. What is written to a list goes to each of them in their own chat,
//! encrypted for each alone; nobody sees who else is on it.
//!
//! The lists lie in the encrypted store of this device: whom somebody puts together is nobody else's business, the server's neither.

use std::{sync::Arc, time::Duration};

use eyeball::SharedObservable;
use futures_util::{FutureExt, StreamExt, pin_mut, select, stream::FuturesUnordered};
use matrix_sdk::{
    executor::spawn,
    send_queue::{LocalEchoContent, RoomSendQueueUpdate},
    sleep::sleep,
};
use ruma::{
    OwnedTransactionId, OwnedUserId, RoomId, UserId,
    events::{AnyMessageLikeEventContent, room::message::RoomMessageEventContent},
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;

use crate::{
    Live, PersonId, Session, chat::parts, kept, people::Person, room_list::RoomError, trouble,
};

const KEPT_AS: &str = "konsil.broadcast_lists";

/// How long the messages are followed once all are queued. What is slower goes out by itself, as any message.
const FOLLOWED: Duration = Duration::from_secs(60);

/// Most people of a list: each of them costs a message of their own.
pub const MAX_PEOPLE: usize = 100;

/// A list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Stable key of the list; empty for one that is not kept yet.
    pub id: String,
    /// Name that its owner gave it.
    pub name: String,
    /// Who is on it.
    pub people: Vec<Person>,
}

/// How far the message to one of them is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not queued yet.
    Waiting,
    /// It lies in their chat and goes out as soon as there is network.
    Queued,
    /// The server has it.
    Sent,
    /// They have never signed in: nothing can be encrypted for them yet, so nothing was sent.
    NoDevice,
    /// It does not reach them: there is no chat with them, or the message was refused.
    Failed(RoomError),
}

/// The message to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub person: Person,
    /// How far.
    pub stage: Stage,
}

#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    id: String,
    name: String,
    people: Vec<OwnedUserId>,
}

/// Handle of a session; clone it freely.
#[derive(Clone)]
pub struct Broadcasts {
    pub(crate) session: Session,
}

impl Broadcasts {
    /// The lists, by name.
    pub async fn lists(&self) -> Vec<List> {
        let core = &self.session.inner.core;
        let person = |id: &OwnedUserId| core.people.person(core, id, None);
        let mut lists: Vec<List> = self
            .kept()
            .await
            .into_iter()
            .map(|list| List {
                people: list.people.iter().map(person).collect(),
                id: list.id,
                name: list.name,
            })
            .collect();
        lists.sort_by_key(|list| list.name.to_lowercase());
        lists
    }

    /// Keeps a list instead of the earlier one with its key; without a key it is new.
    pub async fn keep(&self, list: &List) {
        let id = match list.id.as_str() {
            "" => format!("{:016x}", rand::random::<u64>()),
            id => id.to_owned(),
        };
        let people = list.people.iter().filter_map(|person| UserId::parse(person.id.as_str()).ok());
        let new = Kept {
            id: id.clone(),
            name: list.name.trim().to_owned(),
            people: people.take(MAX_PEOPLE).collect(),
        };
        let mut all = self.kept().await;
        all.retain(|list| list.id != id);
        all.push(new);
        kept::write(&self.session.inner.core.client, KEPT_AS, &all).await;
    }

    /// Forgets a list. The chats with its people stay.
    pub async fn forget(&self, id: &str) {
        let mut all = self.kept().await;
        all.retain(|list| list.id != id);
        kept::write(&self.session.inner.core.client, KEPT_AS, &all).await;
    }

    /// Writes to each of them, and tells how far each message is.
    pub fn send(&self, people: &[Person], text: &str) -> Live<Arc<Vec<Delivery>>> {
        let waiting: Vec<Delivery> = people
            .iter()
            .map(|person| Delivery { person: person.clone(), stage: Stage::Waiting })
            .collect();
        let progress = SharedObservable::new(Arc::new(waiting));
        let live = Live::to_the_last(progress.clone());
        let (this, text) = (self.clone(), text.to_owned());
        // It goes on when nobody looks any more: who was begun with gets the message like the others.
        drop(spawn(async move {
            let people: Vec<PersonId> =
                progress.get().iter().map(|it| it.person.id.clone()).collect();
            let set = |at: usize, stage: Stage| {
                progress.update(|deliveries| Arc::make_mut(deliveries)[at].stage = stage);
            };
            let mut followed = FuturesUnordered::new();
            for (at, person) in people.iter().enumerate() {
                match this.queue(person, &text).await {
                    Ok(Some(updates)) => {
                        set(at, Stage::Queued);
                        let text = &text;
                        followed.push(async move { (at, outcome(updates, text).await) });
                    }
                    Ok(None) => set(at, Stage::NoDevice),
                    Err(error) => set(at, Stage::Failed(error)),
                }
            }
            while let Some((at, stage)) = followed.next().await {
                set(at, stage);
            }
        }));
        live
    }

    /// Puts the message into the queue of the chat with somebody; `None` if they have no device to encrypt to.
    async fn queue(
        &self,
        person: &PersonId,
        text: &str,
    ) -> Result<Option<Receiver<RoomSendQueueUpdate>>, RoomError> {
        let core = &self.session.inner.core;
        let user = UserId::parse(person.as_str()).map_err(|_| RoomError::NobodyChosen)?;
        // Without network what is known already has to do.
        if let Ok(None) = core.client.encryption().request_user_identity(&user).await {
            return Ok(None);
        }
        let chat = self.session.rooms().direct(person).await?;
        let id = RoomId::parse(chat.as_str()).map_err(|_| RoomError::UnknownChat)?;
        let room = core.client.get_room(&id).ok_or(RoomError::UnknownChat)?;
        let queue = room.send_queue();
        let (_, updates) = queue.subscribe().await.map_err(failed)?;
        for message in parts::messages_of(text).map_err(failed)? {
            queue.send(RoomMessageEventContent::new(message).into()).await.map_err(failed)?;
        }
        Ok(Some(updates))
    }

    async fn kept(&self) -> Vec<Kept> {
        kept::read(&self.session.inner.core.client, KEPT_AS).await.unwrap_or_default()
    }
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
