//! Unread counts: the room's running number of messages, less its value where the reader has read to.
//! <https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications>
//!
//! No row is written per member and message. Who writes in a room has read it: own messages never count. How far that is
//! costs a look back through the room, so that it is remembered and then follows the events as they are read.
//!
//! Threads and mentions are looked at one by one; so is everything for readers who have changed their push rules or ignore
//! somebody, up to a limit ([`counts`]).

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{
    preferences::Preferences,
    threads::{Lineage, lineages},
    timelines::Timeline,
};
use base::{Pos, RoomNid, UserNid};
use db::{Error, ReadSet, Row, params};
use parking_lot::Mutex;
use ruma::{
    OwnedEventId, OwnedUserId, RoomId, UInt, UserId,
    events::room::power_levels::{RoomPowerLevels, RoomPowerLevelsSource},
    push::{PushConditionRoomCtx, Ruleset},
    serde::Raw,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use store::{
    receipts::{OWN_RECEIPTS, OwnReceipt, UNTHREADED},
    rooms::{self as rows, EventRow, OPEN, TIMELINE_BACKWARDS},
    timeline::{
        ANY_APART, APART_EVENTS, LAST_OWN_EVENT, MEMBER_COUNTS, NOTIFYING_AT_JOIN, STATE_PART,
        StatePart,
    },
};

use super::event::content_text;
use crate::{Homeserver, push_rules};

/// How far back an own message is looked for. Behind as many unread messages the exact number is of no use.
const LOOKED_AT: u32 = 500;
/// Most places that are remembered.
const MAX_PLACES: usize = 500_000;
/// Most events that are looked at one by one for a count.
const LOOKED_AT_SINGLY: u32 = 500;

/// How far readers have read, as a running number of messages; only where nothing has to be looked at one by one.
#[derive(Debug, Default)]
pub struct ReadPlaces {
    places: Mutex<HashMap<(UserNid, RoomNid), ReadPlace>>,
    /// Raised when a receipt moves: what was read from the tables before must not be remembered afterwards.
    generation: AtomicU64,
}

/// How far a reader has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlace {
    /// Own events up to here are taken into account.
    pub as_of: Pos,
    /// Running number of messages there.
    pub notifying: i64,
}

impl ReadPlaces {
    /// What is remembered of a reader in a room.
    pub fn get(&self, user: UserNid, room: RoomNid) -> Option<ReadPlace> {
        self.places.lock().get(&(user, room)).copied()
    }

    /// To be taken before places are read from the tables.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Remembers a place that was read from the tables at `generation`.
    pub fn remember(&self, user: UserNid, room: RoomNid, place: ReadPlace, generation: u64) {
        let mut places = self.places.lock();
        if self.generation() != generation {
            return;
        }
        if places.len() >= MAX_PLACES {
            places.clear();
        }
        places.insert((user, room), place);
    }

    /// Follows an own event, or that nothing of the reader's own came up to `as_of`.
    fn follow(&self, user: UserNid, room: RoomNid, place: ReadPlace) {
        if let Some(known) = self.places.lock().get_mut(&(user, room)) {
            known.as_of = known.as_of.max(place.as_of);
            known.notifying = known.notifying.max(place.notifying);
        }
    }

    /// How far a reader has read, if that is remembered and the timeline goes on from there.
    pub fn followed(
        &self,
        user: UserNid,
        room: RoomNid,
        timeline: &Timeline,
        since: Option<Pos>,
        upto: Pos,
    ) -> Option<ReadPlace> {
        let known = self.get(user, room)?;
        let goes_on = timeline.whole && since.is_some_and(|since| since <= known.as_of);
        if timeline.any_apart || (!goes_on && known.as_of < upto) {
            self.places.lock().remove(&(user, room));
            return None;
        }
        let notifying = timeline.last_own.map_or(known.notifying, |own| own.max(known.notifying));
        let place = ReadPlace { as_of: upto.max(known.as_of), notifying };
        self.follow(user, room, place);
        Some(place)
    }

    /// The messages of a room are gone up to where the running number is `notifying`.
    pub fn raise(&self, room: RoomNid, notifying: i64) {
        let mut places = self.places.lock();
        self.generation.fetch_add(1, Ordering::SeqCst);
        for ((_, of), place) in places.iter_mut() {
            if *of == room {
                place.notifying = place.notifying.max(notifying);
            }
        }
    }

    /// A receipt moved to where the running number of messages is `notifying`.
    pub fn moved(&self, user: UserNid, room: RoomNid, notifying: i64) {
        let mut places = self.places.lock();
        self.generation.fetch_add(1, Ordering::SeqCst);
        if let Some(known) = places.get_mut(&(user, room)) {
            known.notifying = known.notifying.max(notifying);
        }
    }
}

/// Answers of [`push_reads`].
pub const READS: usize = 4;

/// Adds to the set what a place is read from.
pub fn push_reads(set: &mut ReadSet, user: UserNid, user_id: &str, room: RoomNid, upto: Pos) {
    set.push(&OWN_RECEIPTS, params![room.0, user.0]);
    set.push(&NOTIFYING_AT_JOIN, params![room.0, user_id]);
    set.push(&LAST_OWN_EVENT, params![room.0, Pos::ZERO, upto, user.0, LOOKED_AT]);
    set.push(&ANY_APART, params![room.0, user.0, upto]);
}

/// A place in a room: position and running number of messages.
type At = (Pos, i64);

/// What was read of how far somebody has read.
#[derive(Clone, Debug, Default)]
pub struct Found {
    receipts: Vec<OwnReceipt>,
    join: At,
    own: At,
    /// Up to here the messages are gone.
    gone: At,
    /// There are events that must be looked at one by one.
    any_apart: bool,
}

impl Found {
    /// From the answers of [`push_reads`].
    pub fn read(answers: &[Vec<Row>]) -> Result<Self, Error> {
        let [receipts, membership, own, apart] = answers else { return Ok(Self::default()) };
        let place = |row: Option<&Row>, pos: usize, notifying: usize| match row {
            Some(row) => Ok((row.get(pos)?, row.get(notifying)?)),
            None => Ok((Pos::ZERO, 0)),
        };
        Ok(Self {
            receipts: receipts.iter().map(OwnReceipt::from_row).collect::<Result<_, _>>()?,
            join: place(membership.first(), 1, 0)?,
            own: place(own.first(), 0, 1)?,
            gone: (Pos::ZERO, 0),
            any_apart: !apart.is_empty(),
        })
    }

    fn receipts_for(&self, thread: &str) -> At {
        let matching = self.receipts.iter().filter(|receipt| receipt.thread == thread);
        matching.map(|receipt| (receipt.event_pos, receipt.notifying)).max().unwrap_or_default()
    }

    /// The same of a room whose messages are gone up to here.
    fn behind(&self, gone: At) -> Self {
        Self { gone, ..self.clone() }
    }

    /// Up to where the room as a whole is read, threads included. What is gone nobody can read any more.
    fn whole_room(&self) -> At {
        self.receipts_for(UNTHREADED).max(self.join).max(self.gone)
    }

    /// Up to where the main timeline is read.
    fn main_timeline(&self) -> At {
        self.whole_room().max(self.receipts_for("main")).max(self.own)
    }

    /// The place, if that is all there is to know.
    fn plain(&self, preferences: &Preferences, as_of: Pos) -> Option<ReadPlace> {
        let is_plain = !self.any_apart && preferences.count_like_everybody();
        is_plain.then(|| ReadPlace { as_of, notifying: self.main_timeline().1 })
    }
}

/// How many messages are unread where the room's running number is `newest`.
pub fn unread(newest: i64, place: ReadPlace) -> u64 {
    u64::try_from(newest - place.notifying).unwrap_or(0)
}

/// Whose unread messages are counted.
type Reader<'a> = (UserNid, &'a UserId);

/// What is unread of a timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// What notifies.
    pub notifications: u64,
    /// What notifies in particular, such as a mention.
    pub highlights: u64,
}

impl Count {
    fn add(&mut self, verdict: Verdict) {
        self.notifications += u64::from(verdict.notifies);
        self.highlights += u64::from(verdict.highlights);
    }
}

/// What is unread of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of the main timeline.
    pub main: Count,
    /// Of each thread that has anything unread.
    pub threads: BTreeMap<OwnedEventId, Count>,
}

impl Counts {
    /// Of a room where nothing is to be looked at one by one.
    pub fn plain(newest: i64, place: ReadPlace) -> Self {
        let main = Count { notifications: unread(newest, place), highlights: 0 };
        Self { main, threads: BTreeMap::new() }
    }

    /// Of the room as a whole.
    pub fn total(&self) -> Count {
        let mut total = self.main;
        for thread in self.threads.values() {
            total.notifications += thread.notifications;
            total.highlights += thread.highlights;
        }
        total
    }
}

/// What push rules say of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Verdict {
    notifies: bool,
    highlights: bool,
}

/// An event that is looked at.
#[derive(Clone, Debug)]
struct Looked {
    at: At,
    /// It raised the running number.
    counted: bool,
    own: bool,
    thread: Option<OwnedEventId>,
    verdict: Verdict,
}

/// Counts from what was looked at. `newest` is the room's running number, if the rest counts as for everybody.
fn tally(found: &Found, newest: Option<i64>, events: &[Looked]) -> Counts {
    // Whoever writes in a timeline has read it.
    let mut main = found.main_timeline();
    let mut threads: BTreeMap<&OwnedEventId, Pos> = BTreeMap::new();
    for event in events {
        match &event.thread {
            Some(root) => {
                let read = threads
                    .entry(root)
                    .or_insert_with(|| found.receipts_for(root.as_str()).max(found.whole_room()).0);
                if event.own {
                    *read = event.at.0.max(*read);
                }
            }
            None if event.own => main = main.max(event.at),
            None => {}
        }
    }
    let mut counts = Counts::default();
    let mut plain = newest.map_or(0, |newest| newest - main.1);
    for event in events {
        if newest.is_some() && event.counted && event.at.0 > main.0 {
            plain -= 1;
        }
        let read = event.thread.as_ref().map_or(main.0, |root| threads[root]);
        if event.own || event.at.0 <= read {
            continue;
        }
        match &event.thread {
            Some(root) => counts.threads.entry(root.clone()).or_default().add(event.verdict),
            None => counts.main.add(event.verdict),
        }
    }
    counts.main.notifications += u64::try_from(plain).unwrap_or(0);
    counts.threads.retain(|_, count| *count != Count::default());
    counts
}

/// What is unread for a reader whose place was read at `generation`. Remembers the place if that is all there is to know.
pub async fn settle(
    hs: &Homeserver,
    reader: Reader<'_>,
    preferences: &Preferences,
    room: (RoomNid, &RoomId),
    (found, generation): (&Found, u64),
    (upto, newest): (Pos, Option<i64>),
) -> Result<Option<Counts>, Error> {
    let gone = hs.feeds.memory.gone.upto(room.0);
    let behind;
    let found = if gone == (Pos::ZERO, 0) {
        found
    } else {
        behind = found.behind(gone);
        &behind
    };
    if let Some(place) = found.plain(preferences, upto) {
        hs.feeds.memory.read_places.remember(reader.0, room.0, place, generation);
        return Ok(newest.map(|newest| Counts::plain(newest, place)));
    }
    match newest {
        Some(newest) => {
            counts(hs, reader, preferences, room, found, (upto, newest)).await.map(Some)
        }
        None => Ok(None),
    }
}

/// Counts what is unread by looking at events one by one. `newest` is the room's running number at `upto`.
async fn counts(
    hs: &Homeserver,
    reader: Reader<'_>,
    preferences: &Preferences,
    (room, room_id): (RoomNid, &RoomId),
    found: &Found,
    (upto, newest): At,
) -> Result<Counts, Error> {
    let as_everybody = preferences.count_like_everybody();
    let statement = if as_everybody { &APART_EVENTS } else { &TIMELINE_BACKWARDS };
    let after = found.whole_room().0;
    let range = params![room.0, after, upto, LOOKED_AT_SINGLY];
    let events = hs.db.query(statement, range).await?;
    let mut events = events.iter().map(EventRow::from_row).collect::<Result<Vec<_>, _>>()?;
    events.retain(|event| !preferences.ignored.contains(&event.sender));
    if events.is_empty() {
        return Ok(tally(found, Some(newest).filter(|_| as_everybody), &[]));
    }
    let context = context(hs, reader, room, room_id).await?;
    let default;
    let rules = match &preferences.rules {
        Some(rules) => rules,
        None => {
            default = push_rules::default_of(reader.1);
            &default
        }
    };
    // Only what was set apart has relations that matter.
    let mut found_lineages = lineages(hs, &related(&events)).await?.into_iter();
    let mut looked = Vec::with_capacity(events.len());
    for event in &events {
        let lineage = match event.apart {
            Some(_) => found_lineages.next().unwrap_or_default(),
            None => Lineage::default(),
        };
        let own = event.sender == *reader.1;
        looked.push(Looked {
            at: (event.pos.unwrap_or_default(), event.notifying),
            counted: event.apart == Some(true),
            own,
            thread: lineage.thread,
            verdict: if own { Verdict::default() } else { verdict(rules, event, &context).await },
        });
    }
    Ok(tally(found, Some(newest).filter(|_| as_everybody), &looked))
}

fn related(events: &[EventRow]) -> Vec<&EventRow> {
    events.iter().filter(|event| event.apart.is_some()).collect()
}

async fn verdict(rules: &Ruleset, event: &EventRow, context: &PushConditionRoomCtx) -> Verdict {
    let Ok(json) = serde_json::from_slice::<Box<RawValue>>(&event.client) else {
        return Verdict::default();
    };
    let event = Raw::<serde_json::Value>::from_json(json);
    let actions = rules.get_actions(&event, context).await;
    Verdict {
        notifies: actions.iter().any(|action| action.should_notify()),
        highlights: actions.iter().any(|action| action.is_highlight()),
    }
}

/// What push rules ask of a room.
async fn context(
    hs: &Homeserver,
    reader: Reader<'_>,
    room: RoomNid,
    room_id: &RoomId,
) -> Result<PushConditionRoomCtx, Error> {
    #[derive(Deserialize)]
    struct Create {
        sender: OwnedUserId,
        content: CreateContent,
    }
    #[derive(Deserialize)]
    struct CreateContent {
        #[serde(default)]
        additional_creators: Vec<OwnedUserId>,
    }
    #[derive(Deserialize)]
    struct Levels {
        content: ruma::events::room::power_levels::RoomPowerLevelsEventContent,
    }
    let now = OPEN - 1;
    let me = reader.1.as_str();
    let set = ReadSet::new()
        .get(&MEMBER_COUNTS, params![room.0])
        .get(&STATE_PART, params![room.0, "m.room.member", me, now])
        .get(&STATE_PART, params![room.0, "m.room.power_levels", "", now])
        .get(&STATE_PART, params![room.0, "m.room.create", "", now])
        .get(&rows::ROOM_BY_NID, params![room.0]);
    let answers = hs.db.read(set).await?;
    let mut members = 0;
    for row in &answers[0] {
        if row.get::<&str>(0)? == "join" {
            members = row.get(1)?;
        }
    }
    let part = |rows: &[Row]| rows.first().map(StatePart::from_row).transpose();
    let name = part(&answers[1])?.and_then(|part| content_text(&part.client, "displayname"));
    let context = PushConditionRoomCtx::new(
        room_id.to_owned(),
        UInt::new_saturating(members),
        reader.1.to_owned(),
        name.unwrap_or_default(),
    );
    let levels = part(&answers[2])?
        .and_then(|part| serde_json::from_slice::<Levels>(&part.client).ok())
        .map_or(RoomPowerLevelsSource::None, |levels| levels.content.into());
    let create =
        part(&answers[3])?.and_then(|part| serde_json::from_slice::<Create>(&part.client).ok());
    let version = answers[4].first().map(|row| row.get::<String>(2)).transpose()?;
    let version = version.and_then(|version| version.parse::<room::RoomVersion>().ok());
    let (Some(create), Some(version)) = (create, version) else { return Ok(context) };
    let creators: Vec<OwnedUserId> =
        std::iter::once(create.sender).chain(create.content.additional_creators).collect();
    let levels = RoomPowerLevels::new(levels, &version.rules().authorization, creators);
    Ok(context.with_power_levels(levels.into()))
}

#[cfg(test)]
mod tests {
    use ruma::owned_event_id;

    use super::*;

    const ANNA: UserNid = UserNid(1);
    const ROOM: RoomNid = RoomNid(1);

    fn place(as_of: u64, notifying: i64) -> ReadPlace {
        ReadPlace { as_of: Pos::new(as_of), notifying }
    }

    #[test]
    fn what_came_after_the_place_is_unread() {
        assert_eq!(unread(12, place(0, 7)), 5);
        assert_eq!(unread(7, place(0, 7)), 0);
        assert_eq!(
            unread(5, place(0, 7)),
            0,
            "a receipt ahead of the answer leaves nothing unread"
        );
    }

    fn receipt(thread: &str, pos: u64, notifying: i64) -> OwnReceipt {
        OwnReceipt {
            kind: "m.read".to_owned(),
            thread: thread.to_owned(),
            event_id: "$a".to_owned(),
            event_pos: Pos::new(pos),
            notifying,
        }
    }

    fn read(receipts: &[OwnReceipt]) -> Found {
        Found { receipts: receipts.to_vec(), ..Found::default() }
    }

    /// An event that raised the running number to `notifying`.
    fn looked(pos: u64, notifying: i64, thread: Option<OwnedEventId>, highlights: bool) -> Looked {
        Looked {
            at: (Pos::new(pos), notifying),
            counted: true,
            own: false,
            thread,
            verdict: Verdict { notifies: true, highlights },
        }
    }

    fn count(notifications: u64, highlights: u64) -> Count {
        Count { notifications, highlights }
    }

    #[test]
    fn the_receipt_of_a_thread_leaves_the_room_unread() {
        assert_eq!(read(&[receipt(UNTHREADED, 3, 7)]).main_timeline().1, 7);
        assert_eq!(read(&[receipt("main", 3, 7)]).main_timeline().1, 7);
        assert_eq!(read(&[receipt("$root", 3, 7)]).main_timeline().1, 0);
    }

    #[test]
    fn threads_are_read_apart_from_the_main_timeline() {
        // A message, two in a thread (one a mention), a mention, another in the thread, a message: six.
        let root = owned_event_id!("$root");
        let events = [
            looked(20, 2, Some(root.clone()), false),
            looked(30, 3, Some(root.clone()), true),
            looked(40, 4, None, true),
            looked(50, 5, Some(root.clone()), false),
        ];
        let of = |receipts: &[OwnReceipt]| {
            let counts = tally(&read(receipts), Some(6), &events);
            let thread = counts.threads.get(&root).copied().unwrap_or_default();
            (counts.main, thread, counts.total())
        };
        assert_eq!(of(&[]), (count(3, 1), count(3, 1), count(6, 2)));
        assert_eq!(of(&[receipt("main", 10, 1)]), (count(2, 1), count(3, 1), count(5, 2)));
        let both = [receipt("main", 10, 1), receipt("$root", 20, 2)];
        assert_eq!(of(&both), (count(2, 1), count(2, 1), count(4, 2)));
        let whole = [receipt(UNTHREADED, 40, 4)];
        assert_eq!(of(&whole), (count(1, 0), count(1, 0), count(2, 0)));
        let all = [receipt(UNTHREADED, 40, 4), receipt("$root", 60, 6)];
        assert_eq!(of(&all), (count(1, 0), count(0, 0), count(1, 0)));
    }

    #[test]
    fn who_writes_in_a_thread_has_read_the_thread_and_not_the_room() {
        let root = owned_event_id!("$root");
        let mut own = looked(30, 3, Some(root.clone()), false);
        own.own = true;
        let events = [looked(20, 2, Some(root.clone()), false), own];
        let counts = tally(&Found::default(), Some(3), &events);
        assert_eq!((counts.main, counts.threads.len()), (count(1, 0), 0));
    }

    #[test]
    fn where_rules_differ_only_what_was_looked_at_counts() {
        let quiet = Looked { verdict: Verdict::default(), ..looked(20, 2, None, false) };
        let counts = tally(&Found::default(), None, &[quiet, looked(30, 3, None, false)]);
        assert_eq!(counts.main, count(1, 0));
    }

    #[test]
    fn a_place_never_moves_backwards() {
        let places = ReadPlaces::default();
        places.remember(ANNA, ROOM, place(10, 5), places.generation());
        places.moved(ANNA, ROOM, 3);
        places.follow(ANNA, ROOM, place(9, 4));
        assert_eq!(places.get(ANNA, ROOM), Some(place(10, 5)));
        places.follow(ANNA, ROOM, place(12, 6));
        assert_eq!(places.get(ANNA, ROOM), Some(place(12, 6)));
    }

    #[test]
    fn what_was_read_before_a_receipt_moved_is_not_remembered() {
        let places = ReadPlaces::default();
        let generation = places.generation();
        places.moved(ANNA, ROOM, 9);
        places.remember(ANNA, ROOM, place(10, 5), generation);
        assert_eq!(places.get(ANNA, ROOM), None);
    }
}
