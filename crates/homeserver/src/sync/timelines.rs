//! The part of a room's timeline that an answer holds: what is new, cut to the wanted length, as its reader may see it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, Row, params};
use parking_lot::RwLock;
use ruma::{OwnedRoomId, RoomId, events::room::member::MembershipState};
use store::{
    rooms::{self as rows, EventRow},
    timeline::{STATE_HISTORY, StateVersion, VERSION_AT},
};

use super::{
    event::TimelineEvent,
    ignored::Ignored,
    live_rooms::with_prev_content,
    sight::{Histories, Sight},
};
use crate::{Homeserver, Session, rooms::aggregations};

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
    /// Unread counts look at some of it one by one.
    pub any_apart: bool,
    /// There is more than state in it, which may bear on unread counts.
    pub may_change_counts: bool,
    /// The reader's sight of the room.
    pub sight: Sight,
}

/// Who looks at a timeline, and what they want to see of it.
pub struct Look<'a> {
    /// Whose session.
    pub session: &'a Session,
    /// Whose messages are left out.
    pub ignored: &'a Ignored,
    /// Which events the filter lets through.
    pub keep: &'a (dyn Fn(&EventRow) -> bool + Sync),
    /// Whether the filter holds any back.
    pub selective: bool,
}

impl Look<'_> {
    /// How many events are looked at. One at least, since the state at the end is known from the last.
    fn wanted(&self, ask: &Ask) -> usize {
        if self.selective || !self.ignored.is_empty() {
            LOOKED_AT.max(ask.limit)
        } else {
            ask.limit.max(1)
        }
    }

    /// Whether an event is not for this reader. What ignored people do to the state is.
    fn passes_over(&self, sight: &Sight, row: &EventRow) -> bool {
        (row.state_key.is_none() && self.ignored.contains(&row.sender))
            || !sight.sees(self.session.user_id.as_str(), row)
    }
}

/// Cuts what was looked at, oldest first, to what is shown. `more`: there is more before it.
fn cut(
    looked_at: Vec<Arc<TimelineEvent>>,
    more: bool,
    limit: usize,
    sight: Sight,
    look: &Look<'_>,
) -> Timeline {
    let user_id = look.session.user_id.as_str();
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
    let is_message = |row: &EventRow| row.state_key.is_none() || row.apart.is_some();
    let is_passed = |row: &EventRow| look.passes_over(&sight, row);
    let may_change_counts =
        more || looked_at.iter().any(|event| is_message(&event.row) && !is_passed(&event.row));
    let any_apart = looked_at.iter().any(|event| event.row.apart.is_some());
    let (mut events, mut held_back) = (Vec::new(), Vec::new());
    let (mut limited, mut first) = (more, None);
    let mut shown_parts: HashSet<(&str, &str)> = HashSet::new();
    for event in looked_at.iter().rev() {
        let part = event.row.state_key.as_deref().map(|key| (event.row.kind.as_str(), key));
        let is_last = part.is_none_or(|part| shown_parts.insert(part));
        if look.passes_over(&sight, &event.row) {
            // What came before the reader's time is no gap: there is nothing to ask for. But what changed in the room while
            // the reader was out is a part of the state at the start of the timeline, which therefore starts behind it.
            if part.is_some() && is_last && first.is_some() {
                limited = true;
                break;
            }
            continue;
        }
        if !(look.keep)(&event.row) {
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
        any_apart,
        may_change_counts,
        sight,
    }
}

/// The wanted parts, in the order of the question.
pub async fn timelines(
    hs: &Homeserver,
    look: &Look<'_>,
    asks: &[Ask],
) -> Result<Vec<Timeline>, Error> {
    let user_id = look.session.user_id.as_str();
    let mut timelines: Vec<Option<Timeline>> = Vec::with_capacity(asks.len());
    let mut set = ReadSet::new();
    for ask in asks {
        if let Ask { since: Some(since), member_throughout: true, .. } = *ask
            && let Some(events) =
                hs.feeds.memory.live.between(hs, ask.room, since, ask.upto).await?
        {
            timelines.push(Some(cut(events, false, ask.limit, Sight::Member, look)));
            continue;
        }
        timelines.push(None);
        let wanted = look.wanted(ask);
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
        let wanted = look.wanted(ask);
        let mut events = next().iter().map(EventRow::from_row).collect::<Result<Vec<_>, _>>()?;
        let more = events.len() > wanted;
        events.truncate(wanted);
        events.reverse();
        let sight = if ask.member_throughout {
            Sight::Member
        } else {
            let visibility = versions(&next())?;
            let histories = Histories::new(&visibility, &versions(&next())?);
            Sight::Varying(histories.veiled(&hs.feeds.memory.erased))
        };
        parts.push((index, ask.limit, more, sight, events.len()));
        rows_of_all.extend(events);
    }
    let mut events = with_prev_content(hs, rows_of_all).await?.into_iter();
    for (index, limit, more, sight, count) in parts {
        let events = events.by_ref().take(count).map(Arc::new).collect();
        timelines[index] = Some(cut(events, more, limit, sight, look));
    }
    let mut timelines: Vec<Timeline> = timelines.into_iter().flatten().collect();
    for timeline in timelines.iter_mut().filter(|timeline| timeline.limited) {
        aggregations::add(hs, look.session, &timeline.sight, &mut timeline.events).await?;
    }
    Ok(timelines)
}

fn versions(rows: &[Row]) -> Result<Vec<StateVersion>, Error> {
    rows.iter().map(StateVersion::from_row).collect()
}

/// What a reader was in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Joined at the position.
    pub was_joined: bool,
    /// Joined at the position or at any time after it.
    pub was_inside: bool,
}

/// What the reader was in each room at and after a position, in the order of the question.
pub async fn past(
    hs: &Homeserver,
    user_id: &str,
    rooms: &[RoomNid],
    pos: Pos,
) -> Result<Vec<Past>, Error> {
    let mut set = ReadSet::new();
    for room in rooms {
        set.push(&VERSION_AT, params![room.0, pos]);
        set.push(&STATE_HISTORY, params![room.0, "m.room.member", user_id]);
    }
    let answers = hs.db.read(set).await?;
    let past = |answer: &[Vec<Row>]| {
        let version = answer[0].first().map_or(Ok(0), |row| row.get(0))?;
        let histories = Histories::new(&[], &versions(&answer[1])?);
        let was_joined = histories.membership_at(version) == Some(&MembershipState::Join);
        Ok(Past { was_joined, was_inside: was_joined || histories.joins_after(version) })
    };
    answers.chunks_exact(2).map(past).collect()
}

#[cfg(test)]
mod tests {
    use base::{DeviceNid, EventNid, Timestamp, UserNid};
    use bytes::Bytes;
    use ruma::{owned_device_id, owned_event_id, owned_user_id};

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
            related: false,
            apart: None,
        };
        Arc::new(row.into())
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

    fn cut_to(limit: usize, more: bool, keep: &(dyn Fn(&EventRow) -> bool + Sync)) -> Timeline {
        let session = Session {
            user: UserNid(1),
            user_id: owned_user_id!("@anna:x"),
            device: DeviceNid(1),
            device_id: owned_device_id!("D"),
            appservice: None,
            suspended: false,
        };
        let look = Look { session: &session, ignored: &Ignored::default(), keep, selective: false };
        cut(looked_at(), more, limit, Sight::Member, &look)
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
