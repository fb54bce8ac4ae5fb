//! Messages that somebody has deleted for themselves. They stay with the others, and on this person's other devices.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use eyeball::SharedObservable;
use matrix_sdk::Client;
use ruma::{OwnedRoomId, RoomId};

use crate::kept;

#[derive(Default)]
pub(crate) struct Hidden {
    messages: Mutex<BTreeMap<OwnedRoomId, BTreeSet<String>>>,
    /// Counted up when one more was hidden.
    pub changed: SharedObservable<u64>,
}

const KEPT_AS: &str = "konsil.hidden";

impl Hidden {
    pub async fn load(&self, client: &Client) {
        let kept = kept::read(client, KEPT_AS).await.unwrap_or_default();
        *self.messages.lock().expect("no panic while held") = kept;
    }

    pub fn in_room(&self, room: &RoomId) -> BTreeSet<String> {
        self.messages.lock().expect("no panic while held").get(room).cloned().unwrap_or_default()
    }

    pub fn contains(&self, room: &RoomId, event: &str) -> bool {
        let messages = self.messages.lock().expect("no panic while held");
        messages.get(room).is_some_and(|hidden| hidden.contains(event))
    }

    pub async fn add(&self, client: &Client, room: &RoomId, event: &str) {
        let all = {
            let mut messages = self.messages.lock().expect("no panic while held");
            messages.entry(room.to_owned()).or_default().insert(event.to_owned());
            messages.clone()
        };
        kept::write(client, KEPT_AS, &all).await;
        self.changed.update(|n| *n += 1);
    }
}
