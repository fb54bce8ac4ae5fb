//! Broadcast lists: people to whom one often writes the same. What is written to a list goes to each of them in their own chat,
//! encrypted for each alone; nobody sees who else is on it.
//!
//! The lists lie in the encrypted store of this device: whom somebody puts together is nobody else's business, the server's neither.

use std::sync::Arc;

use eyeball::SharedObservable;
use ruma::{OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use crate::{Live, Session, kept, people::Person, room_list::RoomError};

pub(crate) mod outbox;

const KEPT_AS: &str = "konsil.broadcast_lists";

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
    /// It is kept on this device and goes out as soon as there is network.
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

    /// Writes to each of them, and tells how far each message is. It goes on when nobody looks any more, and after the app was
    /// closed: who was begun with gets the message like the others.
    pub fn send(&self, people: &[Person], text: &str) -> Live<Arc<Vec<Delivery>>> {
        let waiting = people
            .iter()
            .map(|person| Delivery { person: person.clone(), stage: Stage::Waiting })
            .collect();
        let progress = SharedObservable::new(Arc::new(waiting));
        let live = Live::to_the_last(progress.clone());
        let (core, text) = (self.session.inner.core.clone(), text.to_owned());
        core.clone().spawn(async move { outbox::send(core, &text, &progress).await });
        live
    }

    async fn kept(&self) -> Vec<Kept> {
        kept::read(&self.session.inner.core.client, KEPT_AS).await.unwrap_or_default()
    }
}
