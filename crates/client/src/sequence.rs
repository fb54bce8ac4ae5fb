//! Running numbers for what this device writes in a room (II.b): see [`vocabulary::sequence`].
//!
//! A number is taken while a message is put into the SDK's queue and is on the disk before the message is. What becomes of the message is
//! then followed: a number whose message will never come is said to be void in the next message, or in an event of its own when a
//! later message has gone out already. In doubt, as after a crash in between, a number is void: a gap is then explained that
//! might have been a loss, but nobody is alarmed for nothing.

mod content;
mod follow;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use matrix_sdk::{
    Room,
    send_queue::{LocalEchoContent, RoomSendQueueError},
};
use rand::{Rng, distr::Alphanumeric};
use ruma::{
    OwnedRoomId, OwnedTransactionId, RoomId, events::AnyMessageLikeEventContent, serde::Raw,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OwnedMutexGuard;
use vocabulary::sequence::{Previous, SEQUENCE, Sequence};

pub(crate) use self::{
    content::{hash, of_content, sha256},
    follow::{Updates, follow},
};
use crate::{kept, session::core::Core};

/// The chains of this device.
#[derive(Default)]
pub(crate) struct Sequences(Mutex<HashMap<OwnedRoomId, Arc<tokio::sync::Mutex<Chain>>>>);

impl Sequences {
    fn of(&self, room: &RoomId) -> Arc<tokio::sync::Mutex<Chain>> {
        let mut chains = self.0.lock().expect("no panic while held");
        chains.entry(room.to_owned()).or_default().clone()
    }

    fn rooms(&self) -> Vec<OwnedRoomId> {
        self.0.lock().expect("no panic while held").keys().cloned().collect()
    }
}

/// What this device has sent in a room.
#[derive(Default)]
struct Chain {
    /// `None` until it was read from the disk.
    kept: Option<Kept>,
    /// Messages in the queue.
    waiting: HashMap<OwnedTransactionId, Waiting>,
}

/// What of it outlasts the app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    chain: String,
    /// The last number taken.
    last: u64,
    /// Numbers of which it is not known what has become.
    open: BTreeSet<u64>,
    /// Numbers without a message, of which it is not known that the others have heard.
    void: BTreeSet<u64>,
    /// The last message that the server has and whose hash is known.
    sent: Option<Previous>,
    /// The highest number of a message that the server has. 0: none.
    #[serde(default)]
    last_sent: u64,
}

/// A message in the queue.
#[derive(Clone, Debug, PartialEq)]
struct Waiting {
    sequence: Sequence,
    content: Content,
}

/// What is known of the content that goes out.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    /// It has this hash, if it has one.
    Final(Option<String>),
    /// The attachment's address is still to come.
    Unfinished,
    /// Changed while it may have been on its way: it went out with the old content or the new one.
    Unknown,
}

/// Stands for the address of an attachment until it was uploaded (matrix-sdk's send queue).
const LOCAL_ADDRESS: &str = "mxc://send-queue.localhost/";

impl Content {
    /// After it was said anew. `before`: what was known until then.
    fn of(content: &str, before: Option<&Self>) -> Self {
        let sha256 = hash(content);
        match before {
            None | Some(Self::Unfinished) if content.contains(LOCAL_ADDRESS) => Self::Unfinished,
            None | Some(Self::Unfinished) => Self::Final(sha256),
            Some(Self::Final(before)) if *before == sha256 => Self::Final(sha256),
            Some(Self::Final(_) | Self::Unknown) => Self::Unknown,
        }
    }

    fn sha256(self) -> Option<String> {
        match self {
            Self::Final(sha256) => sha256,
            Self::Unfinished | Self::Unknown => None,
        }
    }
}

impl Kept {
    fn new() -> Self {
        let chain = rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect();
        Self {
            chain,
            last: 0,
            open: BTreeSet::new(),
            void: BTreeSet::new(),
            sent: None,
            last_sent: 0,
        }
    }

    fn next(&mut self) -> Sequence {
        self.last += 1;
        self.open.insert(self.last);
        Sequence {
            chain: self.chain.clone(),
            number: self.last,
            previous: self.sent.clone(),
            void: self.void.clone(),
        }
    }

    fn is_sent(&mut self, waiting: Waiting) {
        let Waiting { sequence, content } = waiting;
        self.open.remove(&sequence.number);
        self.void.remove(&sequence.number);
        self.void.retain(|number| !sequence.void.contains(number));
        self.last_sent = self.last_sent.max(sequence.number);
        let is_latest = self.sent.as_ref().is_none_or(|sent| sent.number < sequence.number);
        if let Some(sha256) = content.sha256().filter(|_| is_latest) {
            self.sent = Some(Previous { number: sequence.number, sha256 });
        }
    }

    fn is_void(&mut self, number: u64) {
        if self.open.remove(&number) {
            self.void.insert(number);
        }
    }

    /// Whether the others see a gap that is none, and nothing is on its way that tells them.
    fn has_to_be_told(&self, waiting: &HashMap<OwnedTransactionId, Waiting>) -> bool {
        self.void.iter().any(|void| {
            *void < self.last_sent
                && !waiting.values().any(|waiting| waiting.sequence.void.contains(void))
        })
    }
}

fn name(room: &RoomId) -> String {
    format!("konsil.sequence.{room}")
}

impl Chain {
    /// The chain as it is on the disk and in the queue. What is in neither has no message.
    async fn load(&mut self, core: &Core, room: &RoomId) -> &mut Kept {
        if self.kept.is_none() {
            let mut kept =
                kept::read::<Kept>(&core.client, &name(room)).await.unwrap_or_else(Kept::new);
            self.look_into_queue(core, room, &kept.chain).await;
            let queued: BTreeSet<u64> =
                self.waiting.values().map(|waiting| waiting.sequence.number).collect();
            for number in kept.open.clone() {
                if !queued.contains(&number) {
                    kept.is_void(number);
                }
            }
            self.kept = Some(kept);
        }
        self.kept.as_mut().expect("it was read")
    }

    async fn look_into_queue(&mut self, core: &Core, room: &RoomId, chain: &str) {
        let Some(room) = core.client.get_room(room) else { return };
        let Ok((echoes, _)) = room.send_queue().subscribe().await else { return };
        for echo in echoes {
            if let LocalEchoContent::Event { serialized_event, .. } = &echo.content {
                self.note(echo.transaction_id, serialized_event.raw().0, chain);
            }
        }
    }

    /// Remembers which number a message in the queue has. Tells whether it has one.
    fn note(
        &mut self,
        transaction: OwnedTransactionId,
        content: &Raw<AnyMessageLikeEventContent>,
        chain: &str,
    ) -> bool {
        let sequence = of_content(content.json().get()).filter(|it| it.chain == chain);
        let Some(sequence) = sequence else { return false };
        let before = self.waiting.get(&transaction).map(|waiting| &waiting.content);
        let content = Content::of(content.json().get(), before);
        self.waiting.insert(transaction, Waiting { sequence, content });
        true
    }

    async fn keep(&self, core: &Core, room: &RoomId) {
        if let Some(kept) = &self.kept {
            kept::write(&core.client, &name(room), kept).await;
        }
    }
}

/// A number that was taken. While it is held no other message gets into the room's queue with a number; without [`Self::used`] it is given back.
pub(crate) struct Number {
    chain: OwnedMutexGuard<Chain>,
    sequence: Sequence,
    is_used: bool,
}

/// Takes the next number of this device in the room.
pub(crate) async fn next(core: &Core, room: &RoomId) -> Number {
    let mut chain = core.sequences.of(room).lock_owned().await;
    let sequence = chain.load(core, room).await.next();
    chain.keep(core, room).await;
    Number { chain, sequence, is_used: false }
}

impl Number {
    /// The field of the message that gets it.
    pub fn field(&self) -> Map<String, Value> {
        let value = serde_json::to_value(&self.sequence).expect("plain data serializes");
        Map::from_iter([(SEQUENCE.to_owned(), value)])
    }

    /// The message is in the queue.
    pub fn used(mut self) {
        self.is_used = true;
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        if let Some(kept) = self.chain.kept.as_mut().filter(|_| !self.is_used) {
            // Nothing has come after it: it was held.
            kept.open.remove(&self.sequence.number);
            kept.last = self.sequence.number - 1;
        }
    }
}

/// Puts a message with a number into the queue of a room.
pub(crate) async fn send(
    core: &Core,
    room: &Room,
    content: AnyMessageLikeEventContent,
    mut more: Map<String, Value>,
) -> Result<(), RoomSendQueueError> {
    let number = next(core, room.room_id()).await;
    more.extend(number.field());
    room.send_queue().send(content).with_extra_content(more).await?;
    number.used();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(kept: &mut Kept) -> Waiting {
        Waiting { sequence: kept.next(), content: Content::Final(Some("ab".into())) }
    }

    #[test]
    fn the_hash_is_that_of_what_went_out_or_none() {
        let (text, other) = (r#"{"body":"a"}"#, r#"{"body":"b"}"#);
        let new = Content::of(text, None);
        assert_eq!(new, Content::Final(hash(text)));
        assert_eq!(Content::of(text, Some(&new)), new, "said twice");
        // Nobody knows which of both the server has.
        assert_eq!(Content::of(other, Some(&new)).sha256(), None);
        let photo = format!(r#"{{"body":"a","url":"{LOCAL_ADDRESS}1"}}"#);
        let waiting = Content::of(&photo, None);
        assert_eq!(waiting, Content::Unfinished);
        assert_eq!(Content::of(text, Some(&waiting)), Content::Final(hash(text)));
    }

    #[test]
    fn numbers_run_and_name_the_last_message_that_is_known_to_be_there() {
        let mut kept = Kept::new();
        let (one, two) = (put(&mut kept), put(&mut kept));
        assert_eq!((one.sequence.number, two.sequence.number), (1, 2));
        assert_eq!(two.sequence.previous, None, "the first one is still waiting");
        kept.is_sent(one);
        let three = put(&mut kept);
        assert_eq!(three.sequence.previous, Some(Previous { number: 1, sha256: "ab".into() }));
        assert_eq!(three.sequence.chain, kept.chain);
        assert_eq!(kept.open, BTreeSet::from([2, 3]));
    }

    #[test]
    fn a_number_without_a_message_is_told_until_the_others_have_heard() {
        let mut kept = Kept::new();
        let waiting = HashMap::new();
        let (_lost, two) = (put(&mut kept), put(&mut kept));
        kept.is_void(1);
        assert!(!kept.has_to_be_told(&waiting), "nobody has seen a later one");
        kept.is_sent(two);
        assert!(kept.has_to_be_told(&waiting), "the others have the second one and miss the first");
        let three = put(&mut kept);
        assert_eq!(three.sequence.void, BTreeSet::from([1]));
        let on_its_way = HashMap::from([("t".into(), three.clone())]);
        assert!(!kept.has_to_be_told(&on_its_way), "the third one says it");
        kept.is_void(3);
        let four = put(&mut kept);
        assert_eq!(four.sequence.void, BTreeSet::from([1, 3]), "nobody has heard of it yet");
        kept.is_sent(four);
        assert!(put(&mut kept).sequence.void.is_empty());
    }

    #[test]
    fn a_number_without_a_message_is_told_also_after_a_message_whose_hash_nobody_knows() {
        let mut kept = Kept::new();
        let (_lost, mut two) = (put(&mut kept), put(&mut kept));
        two.content = Content::Unknown;
        kept.is_void(1);
        kept.is_sent(two);
        assert_eq!(kept.sent, None);
        assert!(kept.has_to_be_told(&HashMap::new()), "the others miss the first");
    }

    #[test]
    fn what_was_given_up_and_then_went_out_is_not_void() {
        let mut kept = Kept::new();
        let one = put(&mut kept);
        kept.is_void(1);
        kept.is_sent(one);
        assert!(put(&mut kept).sequence.void.is_empty());
        kept.is_void(1);
        assert!(kept.void.is_empty(), "it is there");
    }
}
