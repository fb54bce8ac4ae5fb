//! Reactions and votes: encrypted by hand, with a queue of their own that survives a reload.
//!
//! The SDK's queue cannot carry them, because it would send reactions in clear and put beside a vote which poll it belongs
//! to (see [`encrypt`](super::encrypt)). The SDK's timeline understands them on the receiving side, since what was decrypted
//! is like any other.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eyeball::SharedObservable;
use matrix_sdk::{Client, Room, sleep::sleep};
use ruma::{
    EventId, OwnedEventId, OwnedRoomId, OwnedTransactionId, RoomId, TransactionId,
    api::client::message::send_message_event,
    events::{
        AnyMessageLikeEventContent, AnySyncMessageLikeEvent, AnySyncTimelineEvent,
        MessageLikeEventContent, MessageLikeEventType, SyncMessageLikeEvent,
        poll::{
            unstable_end::UnstablePollEndEventContent,
            unstable_response::UnstablePollResponseEventContent,
        },
        reaction::ReactionEventContent,
        relation::{Annotation, RelationType},
    },
    serde::Raw,
};
use serde::{Deserialize, Serialize};

use super::encrypt::encrypt;
use crate::{Connection, kept, session::core::Core, trouble::Trouble};

/// What is said to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// A reaction, added or taken back.
    Reaction { emoji: String, add: bool },
    /// The answers chosen in a poll, instead of earlier ones.
    Vote { answers: Vec<String> },
    /// The poll takes no more votes.
    EndOfPoll { text: String },
}

/// A response of ours that is to go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    room: OwnedRoomId,
    pub target: OwnedEventId,
    pub what: What,
    transaction: OwnedTransactionId,
    /// Done; shown from here until the sync has brought it back.
    #[serde(skip)]
    done: bool,
    /// The reaction's event, once it was sent.
    sent: Option<OwnedEventId>,
}

impl Waiting {
    fn new(room: &RoomId, target: &EventId, what: What, sent: Option<OwnedEventId>) -> Self {
        Self {
            room: room.to_owned(),
            target: target.to_owned(),
            what,
            transaction: TransactionId::new(),
            done: false,
            sent,
        }
    }

    /// The emoji if this adds a reaction.
    pub fn adds(&self) -> Option<&str> {
        match &self.what {
            What::Reaction { emoji, add: true } => Some(emoji),
            _ => None,
        }
    }

    /// Whether this takes back a reaction with the emoji.
    pub fn takes_back(&self, emoji: &str) -> bool {
        matches!(&self.what, What::Reaction { emoji: own, add: false } if own == emoji)
    }
}

#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Vec<Waiting>>,
    sending: Mutex<bool>,
    /// Counted up when something was added or sent.
    pub changed: SharedObservable<u64>,
}

const KEPT_AS: &str = "konsil.responses";

/// Reason in the redaction that takes a reaction back. Once redacted, nothing else tells it apart from a deleted message,
/// which leaves a visible line. The server can read it; what the reaction was or belonged to it cannot.
pub(super) const TAKEN_BACK: &str = "de.konsil.reaction";

impl Outbox {
    pub async fn load(&self, client: &Client) {
        let kept: Vec<Waiting> = kept::read(client, KEPT_AS).await.unwrap_or_default();
        *self.waiting.lock().expect("no panic while held") = kept;
    }

    pub fn in_room(&self, room: &RoomId) -> Vec<Waiting> {
        self.waiting
            .lock()
            .expect("no panic while held")
            .iter()
            .filter(|it| it.room == room)
            .cloned()
            .collect()
    }

    async fn change(&self, client: &Client, change: impl FnOnce(&mut Vec<Waiting>)) {
        let open: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().expect("no panic while held");
            change(&mut waiting);
            waiting.iter().filter(|it| !it.done).cloned().collect()
        };
        self.changed.update(|n| *n += 1);
        kept::write(client, KEPT_AS, &open).await;
    }
}

/// Adds a reaction of ours, or takes it back if it is there (`mine`).
pub(super) async fn toggle(
    core: &Arc<Core>,
    room: &RoomId,
    target: OwnedEventId,
    emoji: &str,
    mine: bool,
) {
    core.responses
        .change(&core.client, |waiting| {
            let same = |it: &Waiting| {
                let of_emoji = |it: &Waiting| match &it.what {
                    What::Reaction { emoji: own, .. } => own == emoji,
                    _ => false,
                };
                it.room == room && it.target == target && of_emoji(it)
            };
            let adds = |it: &Waiting| it.adds().is_some();
            // What has not gone out yet is simply forgotten. What is being sent keeps its place and is taken back after.
            if let Some(open) =
                waiting.iter().position(|it| same(it) && !it.done && adds(it) == mine)
            {
                waiting.remove(open);
                return;
            }
            let sent = waiting
                .iter()
                .find(|it| same(it) && it.done && adds(it))
                .and_then(|it| it.sent.clone());
            waiting.retain(|it| !(same(it) && it.done));
            let what = What::Reaction { emoji: emoji.to_owned(), add: !mine };
            waiting.push(Waiting::new(room, &target, what, sent));
        })
        .await;
    flush(core);
}

/// Says something to a poll: a later vote takes the place of one that has not gone out.
pub(super) async fn say(core: &Arc<Core>, room: &RoomId, target: &EventId, what: What) {
    core.responses
        .change(&core.client, |waiting| {
            let is_vote = matches!(what, What::Vote { .. });
            waiting.retain(|it| {
                let earlier = it.target == target && matches!(it.what, What::Vote { .. });
                !(is_vote && earlier)
            });
            waiting.push(Waiting::new(room, target, what, None));
        })
        .await;
    flush(core);
}

/// Sends what waits, in order, in the background. Does nothing if that is already under way.
pub(crate) fn flush(core: &Arc<Core>) {
    {
        let mut sending = core.responses.sending.lock().expect("no panic while held");
        if std::mem::replace(&mut *sending, true) {
            return;
        }
    }
    let core = core.clone();
    core.clone().spawn(async move {
        while let Some(next) = next_open(&core) {
            let result = send(&core, &next).await;
            match result {
                // Offline `back_online` begins anew; a single failed request is tried again here.
                Err(Trouble::NoConnection) if core.connection.get() == Connection::Online => {
                    sleep(RETRY_AFTER).await
                }
                Err(Trouble::NoConnection) => break,
                Ok(sent) => {
                    core.responses
                        .change(&core.client, |waiting| {
                            if let Some(it) =
                                waiting.iter_mut().find(|it| it.transaction == next.transaction)
                            {
                                it.done = true;
                                it.sent = sent;
                            }
                        })
                        .await;
                    forget_later(&core, next.transaction);
                }
                Err(trouble) => {
                    tracing::warn!(trouble = trouble.code(), room.id = %next.room, "A response was refused");
                    core.responses
                        .change(&core.client, |waiting| {
                            waiting.retain(|it| it.transaction != next.transaction)
                        })
                        .await;
                }
            }
        }
        *core.responses.sending.lock().expect("no panic while held") = false;
    });
}

const RETRY_AFTER: Duration = Duration::from_secs(3);

fn next_open(core: &Core) -> Option<Waiting> {
    core.responses.waiting.lock().expect("no panic while held").iter().find(|it| !it.done).cloned()
}

/// The sync brings it back in a moment; until then it is shown from here, so that it does not flicker.
fn forget_later(core: &Arc<Core>, transaction: OwnedTransactionId) {
    const ECHO_TAKES: Duration = Duration::from_secs(10);
    let core = core.clone();
    core.clone().spawn(async move {
        sleep(ECHO_TAKES).await;
        core.responses
            .change(&core.client, |waiting| {
                waiting.retain(|it| it.transaction != transaction || !it.done)
            })
            .await;
    });
}

async fn send(core: &Core, it: &Waiting) -> Result<Option<OwnedEventId>, Trouble> {
    let room = core.client.get_room(&it.room).ok_or(Trouble::NotFound)?;
    match &it.what {
        What::Reaction { emoji, add: false } => {
            take_back(core, &room, it, emoji).await.map(|()| None)
        }
        _ => add(core, &room, it).await.map(Some),
    }
}

async fn add(core: &Core, room: &Room, it: &Waiting) -> Result<OwnedEventId, Trouble> {
    let target = it.target.clone();
    let content: AnyMessageLikeEventContent = match &it.what {
        What::Reaction { emoji, .. } => {
            ReactionEventContent::new(Annotation::new(target, emoji.clone())).into()
        }
        What::Vote { answers } => {
            UnstablePollResponseEventContent::new(answers.clone(), target).into()
        }
        What::EndOfPoll { text } => UnstablePollEndEventContent::new(text.clone(), target).into(),
    };
    let event_type = content.event_type().to_string();
    let content = Raw::new(&content).expect("plain data serializes");
    let encrypted =
        encrypt(core, room, &event_type, &content).await.map_err(|error| Trouble::of(&error))?;
    let request = send_message_event::v3::Request::new_raw(
        it.room.clone(),
        it.transaction.clone(),
        MessageLikeEventType::RoomEncrypted,
        encrypted,
    );
    let response = core.client.send(request).await.map_err(|error| Trouble::of_http(&error))?;
    crate::trust::back_up_soon(core);
    Ok(response.event_id)
}

async fn take_back(core: &Core, room: &Room, it: &Waiting, emoji: &str) -> Result<(), Trouble> {
    let event = match &it.sent {
        Some(event) => event.clone(),
        None => own_reaction(core, room, it, emoji).await.ok_or(Trouble::NotFound)?,
    };
    room.redact(&event, Some(TAKEN_BACK), Some(it.transaction.clone()))
        .await
        .map(drop)
        .map_err(|error| Trouble::of_http(&error))
}

/// The event of our reaction, from what the device has of the room.
async fn own_reaction(core: &Core, room: &Room, it: &Waiting, emoji: &str) -> Option<OwnedEventId> {
    let (cache, _guard) = room.event_cache().await.ok()?;
    let related =
        cache.find_event_relations(&it.target, Some(vec![RelationType::Annotation])).await.ok()?;
    related.into_iter().find_map(|event| {
        let event = event.raw().deserialize().ok()?;
        match &event {
            AnySyncTimelineEvent::MessageLike(AnySyncMessageLikeEvent::Reaction(
                SyncMessageLikeEvent::Original(reaction),
            )) if reaction.sender == core.own_id
                && reaction.content.relates_to.key == emoji
                && reaction.content.relates_to.event_id == it.target =>
            {
                Some(reaction.event_id.clone())
            }
            _ => None,
        }
    })
}

/// Whether this is what is left of a reaction that was taken back; it leaves no line in the chat.
pub(super) fn is_taken_back(event: &AnySyncMessageLikeEvent) -> bool {
    let AnySyncMessageLikeEvent::RoomEncrypted(SyncMessageLikeEvent::Redacted(event)) = event
    else {
        return false;
    };
    #[derive(Deserialize)]
    struct Redaction {
        content: Content,
    }
    #[derive(Deserialize)]
    struct Content {
        reason: Option<String>,
    }
    serde_json::from_str::<Redaction>(event.unsigned.redacted_because.json().get())
        .is_ok_and(|redaction| redaction.content.reason.as_deref() == Some(TAKEN_BACK))
}
