//! What others have sent as urgent and nobody has taken over yet, in all chats: the app reminds of it until somebody does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use eyeball::SharedObservable;
use futures_util::{FutureExt, select};
use matrix_sdk::{Client, RoomState, deserialized_responses::TimelineEvent, sleep::sleep};
use ruma::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId,
};
use serde::{Deserialize, Serialize};
use vocabulary::messages::{TAKEN_OVER, URGENT};

use crate::{
    ids::{ChatId, MessageId},
    kept,
    people::Person,
    session::core::Core,
};

/// After so long it is no reminder any more, but history.
const LIFE_MS: u64 = 24 * 60 * 60 * 1000;

/// How often it is looked whether something has become history.
const LOOK: Duration = Duration::from_secs(15 * 60);

const KEPT_AS: &str = "konsil.urgent";

/// Something urgent that waits for somebody to take it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenUrgent {
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub message: MessageId,
    /// Who asks.
    pub sender: Person,
    /// What for.
    pub text: String,
    /// When it was sent, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Kept on the device, so that a reminder survives a restart of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    sender: OwnedUserId,
    text: String,
    at_ms: u64,
}

type InRoom = BTreeMap<OwnedEventId, Found>;

#[derive(Default)]
pub(crate) struct Urgent {
    open: Mutex<BTreeMap<OwnedRoomId, InRoom>>,
    pub view: SharedObservable<Arc<Vec<OpenUrgent>>>,
}

/// What the events of a room say about urgent messages of others.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    asked: InRoom,
    taken: BTreeSet<OwnedEventId>,
    /// All of these events, so that what was deleted is known as gone.
    seen: BTreeSet<OwnedEventId>,
}

impl Said {
    /// From each event's id and JSON.
    fn read<'a>(events: impl Iterator<Item = (&'a EventId, &'a str)>, own: &UserId) -> Self {
        let mut said = Self::default();
        for (id, json) in events {
            said.seen.insert(id.to_owned());
            // A cheap look first: most events are something else.
            if !json.contains(URGENT) && !json.contains(TAKEN_OVER) {
                continue;
            }
            let Ok(event) = serde_json::from_str::<Event>(json) else { continue };
            let content = event.content;
            match (&*event.event_type, content.msgtype.as_deref(), content.relates_to) {
                ("m.reaction", _, Some(Relation { event_id: Some(target), key, .. }))
                    if key.as_deref() == Some(TAKEN_OVER) =>
                {
                    said.taken.insert(target);
                }
                ("m.room.message", Some(URGENT), relation)
                    if event.sender != own
                        && relation.as_ref().is_none_or(|relation| relation.rel_type.is_none()) =>
                {
                    let found = Found {
                        sender: event.sender,
                        text: content.body.unwrap_or_default(),
                        at_ms: event.origin_server_ts.get().into(),
                    };
                    said.asked.insert(id.to_owned(), found);
                }
                _ => {}
            }
        }
        said
    }

    /// What is open after this, of what was open before.
    fn applied_to(self, before: InRoom, now_ms: u64) -> InRoom {
        let mut open = before;
        open.retain(|id, _| !self.seen.contains(id));
        open.extend(self.asked);
        open.retain(|id, found| !self.taken.contains(id) && found.at_ms + LIFE_MS > now_ms);
        open
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    event_type: String,
    sender: OwnedUserId,
    origin_server_ts: MilliSecondsSinceUnixEpoch,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    msgtype: Option<String>,
    body: Option<String>,
    #[serde(rename = "m.relates_to")]
    relates_to: Option<Relation>,
}

#[derive(Deserialize)]
struct Relation {
    rel_type: Option<String>,
    event_id: Option<OwnedEventId>,
    key: Option<String>,
}

fn now_ms() -> u64 {
    MilliSecondsSinceUnixEpoch::now().get().into()
}

/// Learns from what this device has of a room; called whenever that changes.
pub(crate) async fn look(core: &Arc<Core>, room: &RoomId, events: &[TimelineEvent]) {
    let events = events.iter().filter_map(|event| {
        // What came in clear is nobody's urgent message; but it may be what is left of a deleted one.
        let json = event.encryption_info().map_or("", |_| event.raw().json().get());
        Some((event.event_id()?, json))
    });
    let said = Said::read(events, &core.own_id);
    {
        let mut open = core.urgent.open.lock().expect("no panic while held");
        let before = open.remove(room).unwrap_or_default();
        let after = said.applied_to(before.clone(), now_ms());
        let same = before == after;
        if !after.is_empty() {
            open.insert(room.to_owned(), after);
        }
        if same {
            return;
        }
    }
    keep(core).await;
    publish(core);
}

async fn keep(core: &Core) {
    let open = core.urgent.open.lock().expect("no panic while held").clone();
    kept::write(&core.client, KEPT_AS, &open).await;
}

fn publish(core: &Arc<Core>) {
    let open = core.urgent.open.lock().expect("no panic while held").clone();
    let now_ms = now_ms();
    let mut all = Vec::new();
    for (room, found) in open {
        let is_joined =
            core.client.get_room(&room).is_some_and(|it| it.state() == RoomState::Joined);
        if !is_joined {
            continue;
        }
        // Our own answer counts from the tap on, also where it still waits for the network.
        let answers = core.responses.in_room(&room);
        let is_answered = |id: &OwnedEventId| {
            answers.iter().any(|it| it.target == *id && it.adds() == Some(TAKEN_OVER))
        };
        let open = found
            .into_iter()
            .filter(|(id, found)| !is_answered(id) && found.at_ms + LIFE_MS > now_ms);
        all.extend(open.map(|(id, found)| OpenUrgent {
            chat: ChatId::new(&room),
            message: MessageId::Sent(id.as_str().into()),
            sender: core.people.person(core, &found.sender, None),
            text: found.text,
            at_ms: found.at_ms,
        }));
    }
    all.sort_by_key(|urgent| urgent.at_ms);
    core.urgent.view.set_if_not_eq(Arc::new(all));
}

/// Takes what has become history off the device. Before the session begins.
pub(crate) async fn forget_old(client: &Client, now_ms: u64) {
    let kept: Option<BTreeMap<OwnedRoomId, InRoom>> = kept::read(client, KEPT_AS).await;
    let Some(before) = kept else { return };
    let mut after = before.clone();
    after.values_mut().for_each(|room| room.retain(|_, it| it.at_ms + LIFE_MS > now_ms));
    after.retain(|_, room| !room.is_empty());
    if after != before {
        kept::write(client, KEPT_AS, &after).await;
    }
}

/// Runs as long as the session.
pub(crate) async fn keep_view(core: Arc<Core>) {
    let mut responses = core.responses.changed.subscribe();
    let mut people = core.people.changed.subscribe();
    let kept: Option<BTreeMap<OwnedRoomId, InRoom>> = kept::read(&core.client, KEPT_AS).await;
    {
        let mut open = core.urgent.open.lock().expect("no panic while held");
        for (room, found) in kept.unwrap_or_default() {
            // What was learnt meanwhile is newer.
            open.entry(room).or_insert(found);
        }
    }
    loop {
        publish(&core);
        select! {
            _ = responses.next().fuse() => {}
            _ = people.next().fuse() => {}
            _ = Box::pin(sleep(LOOK)).fuse() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;

    type Sent = (OwnedEventId, String);

    fn event(id: &str, sender: &str, kind: &str, content: serde_json::Value) -> Sent {
        let event =
            json!({ "type": kind, "sender": sender, "origin_server_ts": 1000, "content": content });
        (id.try_into().expect("an event ID"), event.to_string())
    }

    fn urgent(id: &str, sender: &str) -> Sent {
        event(id, sender, "m.room.message", json!({ "msgtype": URGENT, "body": "Bitte kommen" }))
    }

    fn taken(id: &str, target: &str) -> Sent {
        let relation = json!({ "rel_type": "m.annotation", "event_id": target, "key": TAKEN_OVER });
        event(id, "@murat:h", "m.reaction", json!({ "m.relates_to": relation }))
    }

    fn open(events: &[Sent], before: InRoom, now_ms: u64) -> InRoom {
        let events = events.iter().map(|(id, json)| (&**id, json.as_str()));
        let said = Said::read(events, user_id!("@jonas:h"));
        said.applied_to(before, now_ms)
    }

    fn ids(open: &InRoom) -> Vec<&str> {
        open.keys().map(|id| id.as_str()).collect()
    }

    #[test]
    fn what_others_ask_is_open_until_somebody_takes_it_over() {
        let asked = [urgent("$a", "@anna:h"), urgent("$own", "@jonas:h")];
        let first = open(&asked, InRoom::new(), 2000);
        assert_eq!(ids(&first), ["$a"], "our own message reminds others, not us");
        assert!(open(&[taken("$t", "$a")], first.clone(), 2000).is_empty());
        assert_eq!(ids(&open(&[taken("$t", "$b")], first, 2000)), ["$a"], "another one was taken");
    }

    #[test]
    fn what_lies_further_back_stays_open_and_what_was_deleted_does_not() {
        let first = open(&[urgent("$a", "@anna:h")], InRoom::new(), 2000);
        let other =
            event("$x", "@anna:h", "m.room.message", json!({ "msgtype": "m.text", "body": "" }));
        assert_eq!(ids(&open(&[other], first.clone(), 2000)), ["$a"]);
        let deleted = event("$a", "@anna:h", "m.room.encrypted", json!({}));
        assert!(open(&[deleted], first, 2000).is_empty());
    }

    #[test]
    fn nobody_is_reminded_of_yesterday() {
        let asked = [urgent("$a", "@anna:h")];
        assert_eq!(open(&asked, InRoom::new(), LIFE_MS + 999).len(), 1);
        assert!(open(&asked, InRoom::new(), LIFE_MS + 1000).is_empty());
    }
}
