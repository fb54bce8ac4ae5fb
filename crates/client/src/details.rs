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
    /// When they were sent last, by whom ever, in milliseconds since 1970.
    #[serde(default)]
    sent_ms: u64,
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

    /// Takes over details if they are newer than what is known, and when they were sent.
    async fn learn(&self, core: &Core, room: &RoomId, told: Known) {
        let (snapshot, changed) = {
            let mut all = self.known.lock().expect("no panic while held");
            let changed = match all.get_mut(room) {
                Some(known) if known.content.since_ms > told.content.since_ms => return,
                Some(known) if known.content.since_ms == told.content.since_ms => {
                    if known.sent_ms >= told.sent_ms {
                        return;
                    }
                    known.sent_ms = told.sent_ms;
                    false
                }
                _ => {
                    all.insert(room.to_owned(), told);
                    true
                }
            };
            (all.clone(), changed)
        };
        kept::write(&core.client, KEPT_AS, &snapshot).await;
        if changed {
            core.room_changed(room);
        }
    }

    /// When the details of a room were sent last.
    fn sent_ms(&self, room: &RoomId) -> Option<u64> {
        self.known.lock().expect("no panic while held").get(room).map(|known| known.sent_ms)
    }

    /// The rooms to which we have given their details, or others have.
    fn given_by_us(&self, core: &Core, by_us: bool) -> Vec<OwnedRoomId> {
        let known = self.known.lock().expect("no panic while held");
        let given = known.iter().filter(|(_, it)| (it.sender == core.own_id) == by_us);
        given.map(|(room, _)| room.clone()).collect()
    }

    /// Notes that they were just sent again.
    async fn repeated(&self, core: &Core, room: &RoomId) {
        let known = self.known.lock().expect("no panic while held").get(room).cloned();
        if let Some(known) = known {
            self.learn(core, room, Known { sent_ms: now_ms(), ..known }).await;
        }
    }

    fn given_by(&self, room: &RoomId) -> Option<OwnedUserId> {
        self.known.lock().expect("no panic while held").get(room).map(|known| known.sender.clone())
    }
}

fn now_ms() -> u64 {
    MilliSecondsSinceUnixEpoch::now().get().into()
}

/// Gives a room another name or topic. Waits in the send queue while offline.
pub(crate) async fn give(
    core: &Core,
    room: &Room,
    name: Option<String>,
    topic: Option<String>,
) -> Result<(), matrix_sdk::send_queue::RoomSendQueueError> {
    let now_ms = now_ms();
    let content = RoomDetailsEventContent::new(name, topic, now_ms);
    queue(room, &content).await?;
    let told = Known { content, sender: core.own_id.clone(), sent_ms: now_ms };
    core.details.learn(core, room.room_id(), told).await;
    Ok(())
}

/// Sends what is known once more, so that people who came since can read it.
pub(crate) async fn repeat(core: &Core, room: &Room) {
    let Some(content) = core.details.get(room.room_id()) else { return };
    match queue(room, &content).await {
        Ok(()) => core.details.repeated(core, room.room_id()).await,
        Err(_) => {
            tracing::warn!(room.id = %room.room_id(), "The room's details could not be sent again");
        }
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
    for event in &events {
        let Some((content, sender)) = details_in(event) else { continue };
        let sent_ms = event.timestamp.or_else(|| event.timestamp_raw());
        let sent_ms = sent_ms.map_or(0, |at| at.get().into());
        core.details.learn(core, room_id, Known { content, sender, sent_ms }).await;
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

/// The server deletes messages after the hospital's period, these too: they are sent again before. Else whoever comes later, or takes up a new device,
/// would find a group without its name.
pub(crate) async fn keep_sent(core: Arc<Core>) {
    loop {
        sleep(LOOK_AFTER).await;
        for (given_by_us, longest) in [(true, OWN_PATIENCE), (false, PATIENCE)] {
            let is_due = |room: &OwnedRoomId| is_due(&core, room, given_by_us);
            let mut due = core.details.given_by_us(&core, given_by_us);
            due.retain(is_due);
            if due.is_empty() {
                continue;
            }
            // Of many who could do it not all do: who is later sees that it is done.
            sleep(longest.mul_f64(rand::random::<f64>())).await;
            for id in due.into_iter().filter(is_due) {
                let room = core.client.get_room(&id);
                if let Some(room) = room.filter(|room| room.state() == RoomState::Joined) {
                    repeat(&core, &room).await;
                }
            }
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn is_due(core: &Core, room: &RoomId, given_by_us: bool) -> bool {
    let Some(days) = core.expiry.server_days() else { return false };
    let sent_ms = core.details.sent_ms(room);
    sent_ms.is_some_and(|sent_ms| is_old(sent_ms, now_ms(), given_by_us, days))
}

/// Whether what was sent then is to be sent again: at half of the period by who gave it, a quarter later by everybody.
fn is_old(sent_ms: u64, now_ms: u64, given_by_us: bool, days: u16) -> bool {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let quarters = if given_by_us { 2 } else { 3 };
    now_ms.saturating_sub(sent_ms) > u64::from(days) * DAY_MS / 4 * quarters
}

/// Until then a start has other things to do, and what others have sent has come.
const LOOK_AFTER: Duration = Duration::from_secs(15);
/// How often it is looked what has to be sent again.
const LOOK_AGAIN: Duration = Duration::from_secs(3 * 60 * 60);
/// The longest that who gave a room its details waits for another of their devices to be quicker.
const OWN_PATIENCE: Duration = Duration::from_secs(10);
/// The longest that others wait.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How long after joining somebody is served again, so that a device that was off does not repeat it for old members.
const NEWCOMER_FOR: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_sent_again_before_the_server_deletes_them() {
        let now = 1_800_000_000_000;
        let ago = |days: u64| now - days * 24 * 60 * 60 * 1000;
        for (days, by_giver, by_others) in [
            (1, false, false),
            (14, false, false),
            (16, true, false),
            (22, true, false),
            (23, true, true),
        ] {
            assert_eq!(is_old(ago(days), now, true, 30), by_giver, "{days}");
            assert_eq!(is_old(ago(days), now, false, 30), by_others, "{days}");
        }
        assert!(is_old(0, now, false, 30), "nobody knows when they were sent");
        assert!(!is_old(now + 5, now, true, 30), "another device's clock is ahead");
    }

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
