//! Encrypted names and topics of rooms: learning them, keeping them, sending them, and sending them again to newcomers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use matrix_sdk::{Client, Room, RoomState, deserialized_responses::TimelineEvent, sleep::sleep};
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedRoomId, OwnedUserId, RoomId,
    events::{
        AnyMessageLikeEventContent, MessageLikeEventContent,
        room::member::{MembershipState, OriginalSyncRoomMemberEvent},
    },
    serde::Raw,
};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use vocabulary::{ROOM_DETAILS, RoomDetailsEventContent};

use crate::{kept, session::core::Core, trust, urgent};

/// What is known of rooms' names and topics.
#[derive(Default)]
pub(crate) struct Details {
    known: Mutex<BTreeMap<OwnedRoomId, Known>>,
    /// Newcomers who have got the details from us.
    served: Mutex<BTreeSet<(OwnedRoomId, OwnedUserId)>>,
    /// Rooms in whose history we have looked since the start.
    searched: Mutex<BTreeSet<OwnedRoomId>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    content: RoomDetailsEventContent,
    sender: OwnedUserId,
}

const KEPT_AS: &str = "konsil.room.details";

impl Details {
    pub async fn load(&self, client: &Client) {
        let kept: BTreeMap<OwnedRoomId, Known> =
            kept::read(client, KEPT_AS).await.unwrap_or_default();
        *self.known.lock().expect("no panic while held") = kept;
    }

    pub fn get(&self, room: &RoomId) -> Option<RoomDetailsEventContent> {
        self.known.lock().expect("no panic while held").get(room).map(|known| known.content.clone())
    }

    /// Takes over details if they are newer than what is known.
    async fn learn(
        &self,
        core: &Core,
        room: &RoomId,
        content: RoomDetailsEventContent,
        sender: OwnedUserId,
    ) {
        let snapshot = {
            let mut known = self.known.lock().expect("no panic while held");
            if known.get(room).is_some_and(|known| known.content.since_ms >= content.since_ms) {
                return;
            }
            known.insert(room.to_owned(), Known { content, sender });
            known.clone()
        };
        kept::write(&core.client, KEPT_AS, &snapshot).await;
        core.room_changed(room);
    }

    fn given_by(&self, room: &RoomId) -> Option<OwnedUserId> {
        self.known.lock().expect("no panic while held").get(room).map(|known| known.sender.clone())
    }
}

/// Gives a room another name or topic. Waits in the send queue while offline.
pub(crate) async fn give(
    core: &Core,
    room: &Room,
    name: Option<String>,
    topic: Option<String>,
) -> Result<(), matrix_sdk::send_queue::RoomSendQueueError> {
    let now_ms = u64::from(MilliSecondsSinceUnixEpoch::now().get());
    let content = RoomDetailsEventContent::new(name, topic, now_ms);
    queue(room, &content).await?;
    core.details.learn(core, room.room_id(), content, core.own_id.clone()).await;
    Ok(())
}

/// Sends what is known once more, so that people who came since can read it.
pub(crate) async fn repeat(core: &Core, room: &Room) {
    if let Some(content) = core.details.get(room.room_id())
        && queue(room, &content).await.is_err()
    {
        tracing::warn!(room.id = %room.room_id(), "The room's details could not be sent again");
    }
}

async fn queue(
    room: &Room,
    content: &RoomDetailsEventContent,
) -> Result<(), matrix_sdk::send_queue::RoomSendQueueError> {
    let event_type = content.event_type().to_string();
    let raw: Raw<AnyMessageLikeEventContent> =
        Raw::new(content).expect("plain data serializes").cast_unchecked();
    room.send_queue().send_raw(raw, event_type).await.map(drop)
}

/// Watches all rooms for details, whether they arrive by sync, by scrolling back or are decrypted late.
pub(crate) async fn keep_known(core: Arc<Core>) {
    let mut updates = core.client.event_cache().subscribe_to_room_generic_updates();
    loop {
        match updates.recv().await {
            Ok(update) => {
                core.index.forget(&update.room_id);
                look_into(&core, &update.room_id).await;
            }
            Err(RecvError::Lagged(_)) => {
                for room in core.client.joined_rooms() {
                    look_into(&core, room.room_id()).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn look_into(core: &Arc<Core>, room_id: &RoomId) {
    let Some(room) = core.client.get_room(room_id) else { return };
    let Ok((cache, _guard)) = room.event_cache().await else { return };
    // The latest in the timeline may be a repetition of an older state, so all of them are looked at.
    let Ok(events) = cache.events().await else { return };
    for (content, sender) in events.iter().filter_map(details_in) {
        core.details.learn(core, room_id, content, sender).await;
    }
    trust::on_late_request(core, room_id, &events).await;
    urgent::look(core, room_id, &events).await;
}

/// Content and sender, if this is a readable details event that travelled encrypted.
pub(crate) fn details_in(event: &TimelineEvent) -> Option<(RoomDetailsEventContent, OwnedUserId)> {
    event.encryption_info()?;
    parse(event.raw().json().get())
}

pub(crate) fn parse(json: &str) -> Option<(RoomDetailsEventContent, OwnedUserId)> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "type")]
        event_type: String,
        sender: OwnedUserId,
        content: RoomDetailsEventContent,
    }
    // A cheap look first: most events are something else.
    if !json.contains(ROOM_DETAILS) {
        return None;
    }
    let event: Event = serde_json::from_str(json).ok()?;
    (event.event_type == ROOM_DETAILS).then_some((event.content, event.sender))
}

/// On a new device the details may lie far back. Looks through the room's latest history, once.
pub(crate) async fn search_history(core: Arc<Core>, room: Room) {
    const PAGES: usize = 8;
    const EVENTS_PER_PAGE: u16 = 50;
    let id = room.room_id().to_owned();
    if core.details.get(&id).is_some()
        || !core.details.searched.lock().expect("no panic while held").insert(id.clone())
    {
        return;
    }
    let Ok((cache, _guard)) = room.event_cache().await else { return };
    for _ in 0..PAGES {
        let outcome = cache.pagination().run_backwards_once(EVENTS_PER_PAGE).await;
        look_into(&core, &id).await;
        match outcome {
            Ok(outcome) if !outcome.reached_start && core.details.get(&id).is_none() => {}
            Ok(_) => return,
            Err(_) => {
                core.details.searched.lock().expect("no panic while held").remove(&id);
                return;
            }
        }
    }
}

/// Somebody has joined: whoever gave the room its details sends them again, after a moment for the newcomer's keys.
pub(crate) async fn on_member(core: Arc<Core>, room: Room, event: OriginalSyncRoomMemberEvent) {
    if event.content.membership != MembershipState::Join || event.state_key == core.own_id {
        return;
    }
    let was_member = event
        .unsigned
        .prev_content
        .as_ref()
        .is_some_and(|it| it.membership == MembershipState::Join);
    let age = MilliSecondsSinceUnixEpoch::now()
        .to_system_time()
        .zip(event.origin_server_ts.to_system_time());
    let is_old =
        age.is_none_or(|(now, then)| now.duration_since(then).is_ok_and(|age| age > NEWCOMER_FOR));
    if was_member || is_old || room.state() != RoomState::Joined {
        return;
    }
    let id = room.room_id();
    if core.details.given_by(id).as_ref() != Some(&core.own_id) {
        return;
    }
    let first = core
        .details
        .served
        .lock()
        .expect("no panic while held")
        .insert((id.to_owned(), event.state_key.clone()));
    if first {
        sleep(Duration::from_secs(1)).await;
        repeat(&core, &room).await;
    }
}

/// How long after joining somebody is served again, so that a device that was off does not repeat it for old members.
const NEWCOMER_FOR: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_details_events_are_taken_for_details() {
        let event = |kind: &str, content: &str| {
            format!(r#"{{"type":"{kind}","sender":"@anna:klinikum.example","content":{content}}}"#)
        };
        let details = r#"{"name":"Station 3","since_ms":1,"body":"Station 3"}"#;
        let (content, sender) = parse(&event("de.konsil.room.details", details)).unwrap();
        assert_eq!(
            (content.name.as_deref(), sender.as_str()),
            (Some("Station 3"), "@anna:klinikum.example")
        );
        assert!(parse(&event("m.room.message", r#"{"body":"de.konsil.room.details"}"#)).is_none());
        assert!(parse(&event("de.konsil.room.details", "{}")).is_none());
    }
}
