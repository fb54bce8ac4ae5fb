//! Messages past their time. Of a room the oldest go first and none is left between them, so that what is gone is one stretch of the timeline.

use std::{collections::HashSet, time::Duration};

use base::{Pos, RoomNid, Timestamp};
use db::{Batch, Error, ReadSet, params};
use ruma::{EventId, OwnedEventId, RoomId};
use serde::Deserialize;
use store::{
    rooms::{self as rows, IS_THERE, OPEN, OldMessage, PurgedUpto},
    timeline::{STATE_PART, StatePart},
};

use super::{DAY, PurgeError, cutoff, days, record};
use crate::{Homeserver, rooms::relations::relation_in};

/// Rooms whose own periods are read together.
const ROOMS: u32 = 100;
/// Events that are deleted together: others write in between.
const STEP: u32 = 200;

/// Deletes the messages that are past their time; returns how many.
pub(super) async fn purge(hs: &Homeserver, now: Timestamp) -> Result<u64, PurgeError> {
    let mut purged = 0;
    let mut after = RoomNid(0);
    loop {
        let rooms = rows::rooms_after(&hs.db, after, ROOMS).await?;
        let Some(last) = rooms.last() else { return Ok(purged) };
        after = *last;
        for (room, own) in rooms.iter().zip(own_lifetimes(hs, &rooms).await?) {
            let lifetime = [hs.policy.retention.message_days.map(days), own].into_iter().flatten();
            if let Some(lifetime) = lifetime.min() {
                purged += purge_room(hs, *room, cutoff(now, lifetime), now).await?;
            }
        }
    }
}

/// The rooms' own periods: `m.room.retention` with `max_lifetime`, in milliseconds. A day at least: what was sent must reach devices that were off.
async fn own_lifetimes(hs: &Homeserver, rooms: &[RoomNid]) -> Result<Vec<Option<Duration>>, Error> {
    #[derive(Deserialize)]
    struct Event {
        content: Content,
    }
    #[derive(Deserialize)]
    struct Content {
        max_lifetime: Option<u64>,
    }
    let set = rooms.iter().fold(ReadSet::new(), |set, room| {
        set.get(&STATE_PART, params![room.0, "m.room.retention", "", OPEN - 1])
    });
    let answers = hs.db.read(set).await?;
    let lifetime = |part: StatePart| {
        let event: Event = serde_json::from_slice(&part.client).ok()?;
        event.content.max_lifetime.map(|ms| Duration::from_millis(ms).max(DAY))
    };
    answers
        .iter()
        .map(|rows| Ok(rows.first().map(StatePart::from_row).transpose()?.and_then(lifetime)))
        .collect()
}

async fn purge_room(
    hs: &Homeserver,
    room: RoomNid,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<u64, PurgeError> {
    let mut purged = 0;
    let mut after = Pos::ZERO;
    let mut room_id = None;
    loop {
        let mut oldest = rows::oldest_messages(&hs.db, room, after, STEP).await?;
        let full = oldest.len() == STEP as usize;
        let expired = expired(&oldest, cutoff, now);
        let goes_on = full && expired == oldest.len();
        oldest.truncate(expired);
        let Some(last) = oldest.last() else { return Ok(purged) };
        let upto = PurgedUpto { room, pos: last.pos, notifying: last.notifying };
        let last = last.event_id.clone();
        let needed = still_needed(hs, &oldest).await?;
        oldest.retain(|message| !needed.contains(&message.event_id));
        if !oldest.is_empty() {
            if room_id.is_none() {
                room_id = rows::room_by_nid(&hs.db, room).await?.map(|room| room.room_id);
            }
            let Some(room_id) = &room_id else { return Ok(purged) };
            let mut batch = Batch::new();
            for message in &oldest {
                let key = transaction_key(message, room_id);
                rows::drop_message(&mut batch, message, relation_in(&message.client), key);
            }
            rows::note_purged(&mut batch, upto, &last, oldest.len() as u64);
            let names = oldest.iter().map(|message| message.event_id.to_string());
            record::note(hs, &mut batch, now, "messages", names).await?;
            hs.db.commit(batch).await?;
            hs.feeds.memory.messages_are_gone(upto);
            purged += oldest.len() as u64;
        }
        if !goes_on {
            return Ok(purged);
        }
        after = upto.pos;
    }
}

/// How many of the oldest messages go: up to the last one past its time before the first that is not. Whoever wrote while a clock was wrong by more
/// than a day has a message from the future: it goes with those behind it, or else none would go until then.
fn expired(oldest: &[OldMessage], cutoff: Timestamp, now: Timestamp) -> usize {
    let is_alive = |message: &&OldMessage| message.ts > cutoff && message.ts <= now.after(DAY);
    let living = oldest.iter().position(|message| is_alive(&message)).unwrap_or(oldest.len());
    let last = oldest[..living].iter().rposition(|message| message.ts <= cutoff);
    last.map_or(0, |last| last + 1)
}

/// Which of these have deleted an event that stays, such as a part of the room's state: that it is deleted is said there.
async fn still_needed(
    hs: &Homeserver,
    messages: &[OldMessage],
) -> Result<HashSet<OwnedEventId>, Error> {
    let going: HashSet<&EventId> = messages.iter().map(|message| &*message.event_id).collect();
    let redactions: Vec<(&OldMessage, OwnedEventId)> = messages
        .iter()
        .filter_map(|message| Some((message, redacted_by(message)?)))
        .filter(|(_, target)| !going.contains(&**target))
        .collect();
    let set = redactions
        .iter()
        .fold(ReadSet::new(), |set, (_, target)| set.get(&IS_THERE, params![target.as_str()]));
    let answers = hs.db.read(set).await?;
    let needed = redactions.iter().zip(answers).filter(|(_, rows)| !rows.is_empty());
    Ok(needed.map(|((message, _), _)| message.event_id.clone()).collect())
}

/// What a redaction has deleted. Until room version 10 that stands beside the content.
fn redacted_by(message: &OldMessage) -> Option<OwnedEventId> {
    #[derive(Deserialize)]
    struct Event {
        redacts: Option<OwnedEventId>,
        #[serde(default)]
        content: Content,
    }
    #[derive(Default, Deserialize)]
    struct Content {
        redacts: Option<OwnedEventId>,
    }
    if message.kind != "m.room.redaction" {
        return None;
    }
    let event: Event = serde_json::from_slice(&message.client).ok()?;
    event.redacts.or(event.content.redacts)
}

/// The key under which the request that sent it would be recognised (see `rooms::send`).
fn transaction_key(message: &OldMessage, room_id: &RoomId) -> Option<String> {
    let (_, txn_id) = message.transaction.as_ref()?;
    match redacted_by(message) {
        Some(target) => Some(format!("redact {txn_id} {room_id} {target}")),
        None => Some(format!("{} {txn_id} {room_id}", message.kind)),
    }
}

#[cfg(test)]
mod tests {
    use base::EventNid;
    use ruma::owned_event_id;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn at(ts: Timestamp) -> OldMessage {
        OldMessage {
            event: EventNid(1),
            event_id: owned_event_id!("$a"),
            pos: Pos::ZERO,
            kind: "m.room.encrypted".to_owned(),
            ts,
            notifying: 0,
            transaction: None,
            client: Default::default(),
        }
    }

    #[test]
    fn the_oldest_go_up_to_the_first_that_is_not_past_its_time() {
        let limit = cutoff(NOW, days(30));
        let (old, new, future) =
            (Timestamp(limit.0 - 1), Timestamp(limit.0 + 1), NOW.after(2 * DAY));
        for (times, gone) in [
            (vec![], 0),
            (vec![old, limit, new, old], 2),
            (vec![new, old], 0),
            (vec![old, future, old, new], 3),
            // Nothing behind it is past its time: that clock may have been right.
            (vec![old, future, new], 1),
            (vec![future, future], 0),
            // A clock that was put back a little makes nothing old.
            (vec![NOW.after(Duration::from_secs(5)), old], 0),
        ] {
            let messages: Vec<OldMessage> = times.iter().map(|ts| at(*ts)).collect();
            assert_eq!(expired(&messages, limit, NOW), gone, "{times:?}");
        }
    }
}
