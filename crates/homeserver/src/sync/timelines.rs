//! The part of a room's timeline that an answer holds: what is new, cut to the wanted length, as its reader may see it.

use std::{collections::HashMap, sync::Arc};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, Row, params};
use parking_lot::RwLock;
use ruma::{OwnedRoomId, RoomId};
use store::{
    rooms::{self as rows, EventRow},
    timeline::{STATE_HISTORY, StateVersion, VERSION_AT},
};

use super::{
    event::TimelineEvent,
    live_rooms::with_prev_content,
    sight::{Histories, Sight},
};
use crate::{Homeserver, Session};

/// How many events are looked at where a filter holds some back.
const LOOKED_AT: usize = 250;

/// Matrix ids of rooms: they never change.
#[derive(Debug, Default)]
pub struct RoomIds {
    ids: RwLock<HashMap<RoomNid, OwnedRoomId>>,
}

impl RoomIds {
    /// The id of a room that was met before.
    pub fn get(&self, room: RoomNid) -> Option<OwnedRoomId> {
        self.ids.read().get(&room).cloned()
    }

    /// Remembers the id of a room.
    pub fn keep(&self, room: RoomNid, id: &RoomId) {
        if !self.ids.read().contains_key(&room) {
            self.ids.write().insert(room, id.to_owned());
        }
    }
}

/// The Matrix ids of rooms. A room that is not known has none.
pub async fn room_ids(
    hs: &Homeserver,
    rooms: impl IntoIterator<Item = RoomNid>,
) -> Result<HashMap<RoomNid, OwnedRoomId>, Error> {
    let memory = &hs.feeds.memory.room_ids;
    let (mut known, mut missing, mut set) = (HashMap::new(), Vec::new(), ReadSet::new());
    for room in rooms {
        if let Some(id) = memory.get(room) {
            known.insert(room, id);
        } else {
            missing.push(room);
            set.push(&rows::ROOM_ID, params![room.0]);
        }
    }
    if missing.is_empty() {
        return Ok(known);
    }
    for (room, found) in missing.into_iter().zip(hs.db.read(set).await?) {
        let Some(row) = found.first() else { continue };
        let id = RoomId::parse(row.get::<&str>(0)?).map_err(|_| Error::corrupt("rooms.room_id"))?;
        memory.keep(room, &id);
        known.insert(room, id);
    }
    Ok(known)
}

/// Which part of which timeline is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The room.
    pub room: RoomNid,
    /// What the reader has of it; `None` is nothing.
    pub since: Option<Pos>,
    /// Where the answer ends.
    pub upto: Pos,
    /// Most events.
    pub limit: usize,
    /// The reader was in the room throughout `(since, upto]`.
    pub member_throughout: bool,
}

/// A part of a timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The events, oldest first.
    pub events: Vec<Arc<TimelineEvent>>,
    /// State events that the filter holds back, newest last.
    pub held_back: Vec<Arc<TimelineEvent>>,
    /// There are older events that the reader does not have.
    pub limited: bool,
    /// Behind which position an older page ends.
    pub prev_batch: Option<Pos>,
    /// Version of the room's state where the part begins; `None` if nothing happened, so that it is that at the end.
    pub start_ver: Option<i64>,
    /// Version of the room's state at the end; `None` if nothing happened in between.
    pub end_ver: Option<i64>,
    /// Running number of messages at the end; `None` if nothing happened in between.
    pub notifying: Option<i64>,
    /// Running number of messages at the reader's own last event that was looked at.
    pub last_own: Option<i64>,
    /// Everything that happened in the room in between was looked at.
    pub whole: bool,
    /// The reader's sight of the room.
    pub sight: Sight,
}

/// Cuts what was looked at, oldest first, to what is shown. `more`: there is more before it.
fn cut(
    looked_at: Vec<Arc<TimelineEvent>>,
    more: bool,
    limit: usize,
    sight: Sight,
    user_id: &str,
    keep: &dyn Fn(&EventRow) -> bool,
) -> Timeline {
    let newest = looked_at.last().map(|event| &event.row);
    let (end_ver, notifying, newest) = (
        newest.map(|row| row.state_ver),
        newest.map(|row| row.notifying),
        newest.and_then(|row| row.pos),
    );
    let last_own = looked_at
        .iter()
        .rev()
        .find(|event| event.row.sender == user_id && event.row.kind != "m.room.member")
        .map(|event| event.row.notifying);
    let (mut events, mut held_back) = (Vec::new(), Vec::new());
    let (mut limited, mut first) = (more, None);
    for event in looked_at.iter().rev() {
        if !sight.sees(user_id, &event.row) {
            // What came before the reader's time is no gap: there is nothing to ask for.
            continue;
        }
        if !keep(&event.row) {
            if event.row.state_key.is_some() {
                held_back.push(event.clone());
            }
            first = Some(event);
            continue;
        }
        if events.len() == limit {
            limited = true;
            break;
        }
        events.push(event.clone());
        first = Some(event);
    }
    events.reverse();
    held_back.reverse();
    let before = |row: &EventRow| row.state_ver - i64::from(row.state_key.is_some());
    let start_ver = first.map_or(end_ver, |event| Some(before(&event.row)));
    let prev_batch = match first {
        Some(event) => event.row.pos.map(|pos| Pos::new(pos.get().saturating_sub(1))),
        None => newest,
    };
    Timeline {
        events,
        held_back,
        limited,
        prev_batch,
        start_ver,
        end_ver,
        notifying,
        last_own,
        whole: !more,
        sight,
    }
}

/// The wanted parts, in the order of the question. `keep` says which events the filter lets through, and `selective`
/// whether there is one.
pub async fn timelines(
    hs: &Homeserver,
    session: &Session,
    asks: &[Ask],
    selective: bool,
    keep: &(dyn Fn(&EventRow) -> bool + Sync),
) -> Result<Vec<Timeline>, Error> {
    let user_id = session.user_id.as_str();
    let mut timelines: Vec<Option<Timeline>> = Vec::with_capacity(asks.len());
    let mut set = ReadSet::new();
    for ask in asks {
        if let Ask { since: Some(since), member_throughout: true, .. } = *ask
            && let Some(events) =
                hs.feeds.memory.live.between(hs, ask.room, since, ask.upto).await?
        {
            timelines.push(Some(cut(events, false, ask.limit, Sight::Member, user_id, &keep)));
            continue;
        }
        timelines.push(None);
        let wanted = wanted(ask, selective);
        let since = ask.since.unwrap_or_default();
        set.push(&rows::TIMELINE_BACKWARDS, params![ask.room.0, since, ask.upto, wanted + 1]);
        if !ask.member_throughout {
            set.push(&STATE_HISTORY, params![ask.room.0, "m.room.history_visibility", ""]);
            set.push(&STATE_HISTORY, params![ask.room.0, "m.room.member", user_id]);
        }
    }
    let mut answers = hs.db.read(set).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    // The events of all rooms together, so that what they replaced is read at once.
    let (mut rows_of_all, mut parts) = (Vec::new(), Vec::new());
    for (index, ask) in asks.iter().enumerate() {
        if timelines[index].is_some() {
            continue;
        }
        let wanted = wanted(ask, selective);
        let mut events = next().iter().map(EventRow::from_row).collect::<Result<Vec<_>, _>>()?;
        let more = events.len() > wanted;
        events.truncate(wanted);
        events.reverse();
        let sight = if ask.member_throughout {
            Sight::Member
        } else {
            let visibility = versions(&next())?;
            Sight::Varying(Histories::new(&visibility, &versions(&next())?))
        };
        parts.push((index, ask.limit, more, sight, events.len()));
        rows_of_all.extend(events);
    }
    let mut events = with_prev_content(hs, rows_of_all).await?.into_iter();
    for (index, limit, more, sight, count) in parts {
        let events = events.by_ref().take(count).map(Arc::new).collect();
        timelines[index] = Some(cut(events, more, limit, sight, user_id, &keep));
    }
    Ok(timelines.into_iter().flatten().collect())
}

/// How many events are looked at. One at least, since the state at the end is known from the last.
fn wanted(ask: &Ask, selective: bool) -> usize {
    if selective { LOOKED_AT.max(ask.limit) } else { ask.limit.max(1) }
}

fn versions(rows: &[Row]) -> Result<Vec<StateVersion>, Error> {
    rows.iter().map(StateVersion::from_row).collect()
}

/// What the reader was in each room at a position, in the order of the question.
pub async fn memberships_at(
    hs: &Homeserver,
    user_id: &str,
    rooms: &[RoomNid],
    pos: Pos,
) -> Result<Vec<Option<String>>, Error> {
    let mut set = ReadSet::new();
    for room in rooms {
        set.push(&VERSION_AT, params![room.0, pos]);
        set.push(&STATE_HISTORY, params![room.0, "m.room.member", user_id]);
    }
    let answers = hs.db.read(set).await?;
    let membership = |answer: &[Vec<Row>]| {
        let Some(row) = answer[0].first() else { return Ok(None) };
        let histories = Histories::new(&[], &versions(&answer[1])?);
        Ok(histories.membership_at(row.get(0)?).map(ToString::to_string))
    };
    answers.chunks_exact(2).map(membership).collect()
}

#[cfg(test)]
mod tests {
    use base::{EventNid, Timestamp};
    use bytes::Bytes;
    use ruma::{owned_event_id, owned_user_id};

    use super::*;

    fn event(pos: u64, kind: &str, state: bool, state_ver: i64) -> Arc<TimelineEvent> {
        let row = EventRow {
            event: EventNid(1),
            room: RoomNid(1),
            event_id: owned_event_id!("$a"),
            pos: Some(Pos::new(pos)),
            kind: kind.to_owned(),
            state_key: state.then(String::new),
            sender: owned_user_id!("@x:x"),
            ts: Timestamp(0),
            state_ver,
            notifying: pos.cast_signed(),
            redacted_because: None,
            transaction: None,
            client: Bytes::from_static(b"{}"),
        };
        Arc::new(TimelineEvent { row, prev_content: None })
    }

    /// A message at 10, a topic at 11 (version 5), messages at 12 and 13.
    fn looked_at() -> Vec<Arc<TimelineEvent>> {
        vec![
            event(10, "m", false, 4),
            event(11, "topic", true, 5),
            event(12, "m", false, 5),
            event(13, "m", false, 5),
        ]
    }

    fn cut_to(limit: usize, more: bool, keep: &dyn Fn(&EventRow) -> bool) -> Timeline {
        cut(looked_at(), more, limit, Sight::Member, "@anna:x", keep)
    }

    #[test]
    fn a_timeline_that_fits_is_whole_and_needs_no_state() {
        let timeline = cut_to(4, false, &|_| true);
        assert_eq!(
            (timeline.events.len(), timeline.limited, timeline.prev_batch),
            (4, false, Some(Pos::new(9)))
        );
        assert_eq!(
            (timeline.start_ver, timeline.end_ver, timeline.notifying),
            (Some(4), Some(5), Some(13))
        );
    }

    #[test]
    fn a_timeline_that_is_cut_begins_with_the_state_before_its_first_event() {
        let timeline = cut_to(3, false, &|_| true);
        assert_eq!(
            (timeline.events.len(), timeline.limited, timeline.prev_batch),
            (3, true, Some(Pos::new(10)))
        );
        assert_eq!(timeline.start_ver, Some(4), "the topic is in the timeline");
        let timeline = cut_to(2, false, &|_| true);
        assert_eq!(timeline.start_ver, Some(5), "the topic is before the timeline");
    }

    #[test]
    fn no_events_are_wanted_and_the_state_is_that_at_the_end() {
        let timeline = cut_to(0, false, &|_| true);
        assert!(timeline.events.is_empty() && timeline.limited);
        assert_eq!((timeline.start_ver, timeline.prev_batch), (Some(5), Some(Pos::new(13))));
    }

    #[test]
    fn state_that_the_filter_holds_back_is_not_lost() {
        let timeline = cut_to(10, false, &|row| row.kind == "m");
        assert_eq!((timeline.events.len(), timeline.limited), (3, false));
        assert_eq!(timeline.held_back.len(), 1);
    }

    #[test]
    fn what_was_not_looked_at_makes_a_gap() {
        let timeline = cut_to(10, true, &|_| true);
        assert!(timeline.limited && !timeline.whole);
    }
}
