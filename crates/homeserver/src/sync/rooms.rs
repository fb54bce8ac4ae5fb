//! The rooms of an answer of `/v3/sync`: what is read of each, in as few steps for all of them together, and how it is written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use base::{EventNid, Pos, RoomNid};
use bytes::Bytes;
use db::{Error, ReadSet, Row, params};
use futures_util::{StreamExt, TryStreamExt, stream};
use ruma::{OwnedRoomId, api::client::filter::LazyLoadOptions};
use serde::Deserialize;
use store::{
    account_data::{Entry, IN_ROOM_AFTER},
    receipts::{RECEIPTS_AFTER, SeenReceipt},
    rooms::{EventRow, OPEN},
    timeline::{
        MEMBER_OF_SENDER, NOTIFYING, STATE_BEFORE_MEMBERS, STATE_BEHIND_MEMBERS, STATE_DELTA,
        STATE_OF_KIND, STATE_PART, StatePart,
    },
};

use super::{
    answer::{Reader, Room, Standing},
    ephemeral::{MAX_RECEIPTS, write_receipts},
    erased::veiled_state,
    event::{
        TimelineEvent, content_of, redacted, sender_of, write_account_data, write_event,
        write_stripped,
    },
    filter, shape,
    sight::Sight,
    summary::{self, Summary},
    timelines::{self, Ask, Look, Timeline},
    unread::{self, Counts, Found, ReadPlace},
};
use crate::{json_writer::Object, rooms::TimelineToken};

const MEMBER: &str = "m.room.member";

/// What people outside of a room get to know of it. <https://spec.matrix.org/v1.19/client-server-api/#stripped-state>
pub const STRIPPED: [&str; 7] = [
    "m.room.create",
    "m.room.name",
    "m.room.avatar",
    "m.room.topic",
    "m.room.join_rules",
    "m.room.canonical_alias",
    "m.room.encryption",
];

/// Which state is wanted of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StateWish {
    /// All of it at a version.
    Whole(i64),
    /// What of a version came after a position.
    Delta { since: Pos, version: i64 },
    /// The device has it all, but perhaps for some members at this version.
    Nothing(i64),
}

/// Everything that was read of a room that the reader is or was in.
struct Reading {
    timeline: Option<Timeline>,
    wish: Option<StateWish>,
    /// Members to be sent beside the state, where members are loaded lazily.
    lazy: Vec<String>,
    wants_receipts: bool,
    wants_account_data: bool,
    place: Option<ReadPlace>,
    wants_place: bool,
    found: Option<Found>,
    counts: Option<Counts>,
    /// The room's running number of messages.
    newest: Option<i64>,
    wants_newest: bool,
    summary: Option<Arc<Summary>>,
    wants_summary: bool,
    state: Vec<StatePart>,
    receipts: Vec<SeenReceipt>,
    account_data: Vec<Entry>,
    /// The events as servers exchange them, if they are wanted so.
    pdus: HashMap<EventNid, Bytes>,
    /// Parts of the state that the reader gets as deleted.
    veiled: HashSet<EventNid>,
}

impl Reading {
    /// About how many bytes its events take.
    fn bytes(&self) -> usize {
        const ROUND_EACH: usize = 96;
        let timeline = self.timeline.iter().flat_map(|timeline| &timeline.events);
        let events = timeline.map(|event| event.row.client.len() + ROUND_EACH);
        events.chain(self.state.iter().map(|part| part.client.len() + 1)).sum()
    }

    /// The events that may be shown.
    fn events(&self) -> Vec<EventNid> {
        let mut events: Vec<EventNid> = self.state.iter().map(|part| part.event).collect();
        if let Some(timeline) = &self.timeline {
            let shown = timeline.events.iter().chain(&timeline.held_back);
            events.extend(shown.map(|event| event.row.event));
        }
        events
    }
}

/// Writes the member `rooms` of the answer; says whether there was anything to write.
pub(super) async fn write(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    rooms: Vec<Room>,
    typing: HashSet<RoomNid>,
) -> Result<bool, Error> {
    if reader.since.is_none() {
        // It may have lost what it was told before.
        reader.hs.feeds.memory.lazy_members.forget(reader.session.device);
    }
    let rooms = with_typing(reader, rooms, &typing).await?;
    let (inside, outside): (Vec<Room>, Vec<Room>) = rooms
        .into_iter()
        .partition(|room| matches!(room.standing, Standing::Joined { .. } | Standing::Left { .. }));
    let readings = read_in_parts(reader, &inside).await?;
    let stripped = read_stripped(reader, &outside).await?;

    let (mut joined, mut left) = (BTreeMap::new(), BTreeMap::new());
    for (room, reading) in inside.iter().zip(readings) {
        let is_joined = matches!(room.standing, Standing::Joined { .. });
        if let Some(json) = write_room(reader, room, &reading, typing.contains(&room.room)) {
            if is_joined { &mut joined } else { &mut left }.insert(&room.room_id, json);
        }
    }
    let (mut invited, mut knocked) = (BTreeMap::new(), BTreeMap::new());
    for (room, state) in outside.iter().zip(stripped) {
        let inviter = || inviter_of(&state).unwrap_or_default();
        if matches!(room.standing, Standing::Invited { .. })
            && !reader.preferences.ignored.shows_invitation_of(&inviter())
        {
            continue;
        }
        let (group, name) = match room.standing {
            Standing::Knocked { .. } => (&mut knocked, "knock_state"),
            _ => (&mut invited, "invite_state"),
        };
        let mut json = Vec::new();
        let mut entry = Object::new(&mut json);
        super::event::write_events(&mut entry, name, &state);
        drop(entry);
        group.insert(&room.room_id, json);
    }

    let groups = [("join", joined), ("invite", invited), ("knock", knocked), ("leave", left)];
    let mut any = false;
    out.object_unless_empty("rooms", |rooms| {
        for (name, group) in groups {
            rooms.object_unless_empty(name, |object| write_group(object, &group));
        }
        any = !rooms.is_empty();
    });
    Ok(any)
}

fn write_group(object: &mut Object<'_>, group: &BTreeMap<&OwnedRoomId, Vec<u8>>) {
    // Megabytes, at a first sync: they are not to be moved again and again while the answer grows.
    object.reserve(group.iter().map(|(id, json)| id.as_str().len() + json.len() + 8).sum());
    for (room_id, json) in group {
        object.raw(room_id.as_str(), json);
    }
}

/// Adds the rooms of which nothing is new but who is typing there.
async fn with_typing(
    reader: &Reader<'_>,
    mut rooms: Vec<Room>,
    typing: &HashSet<RoomNid>,
) -> Result<Vec<Room>, Error> {
    let known: HashSet<RoomNid> = rooms.iter().map(|room| room.room).collect();
    let ids = timelines::room_ids(reader.hs, typing.difference(&known).copied()).await?;
    for (room, room_id) in ids {
        if filter::admits_whole_room(&reader.filter.room, &room_id) {
            let standing = Standing::Joined { since: reader.since, throughout: true };
            rooms.push(Room { room, room_id, standing, change: Default::default() });
        }
    }
    Ok(rooms)
}

/// So many rooms are read together.
const PART: usize = 25;
/// So many parts are read at the same time: several processors then share the work of a large answer, and nobody else waits
/// for all of it.
const PARTS_AT_ONCE: usize = 4;

async fn read_in_parts(reader: &Reader<'_>, rooms: &[Room]) -> Result<Vec<Reading>, Error> {
    if rooms.len() <= PART {
        return read(reader, rooms).await;
    }
    let mut parts = Vec::new();
    for part in rooms.chunks(PART) {
        parts.push(read(reader, part));
    }
    let readings: Vec<Vec<Reading>> =
        stream::iter(parts).buffered(PARTS_AT_ONCE).try_collect().await?;
    Ok(readings.into_iter().flatten().collect())
}

async fn read(reader: &Reader<'_>, rooms: &[Room]) -> Result<Vec<Reading>, Error> {
    let mut readings = plan(reader, rooms).await?;
    let (hs, user) = (reader.hs, reader.session.user);
    let generation = hs.feeds.memory.read_places.generation();
    let mut set = ReadSet::new();
    for (room, reading) in rooms.iter().zip(&readings) {
        push_state(&mut set, reader, room.room, reading);
        if reading.wants_receipts {
            let since = known(room).unwrap_or_default();
            set.push(&RECEIPTS_AFTER, params![room.room.0, since, user.0, MAX_RECEIPTS]);
        }
        if reading.wants_account_data {
            let since = known(room).unwrap_or_default();
            set.push(&IN_ROOM_AFTER, params![user.0, room.room.0, since]);
        }
        if reading.wants_place {
            unread::push_reads(
                &mut set,
                user,
                reader.session.user_id.as_str(),
                room.room,
                reader.upto,
            );
        }
        if reading.wants_newest {
            set.push(&NOTIFYING, params![room.room.0]);
        }
        if reading.wants_summary {
            summary::push_reads(&mut set, room.room);
        }
    }
    let mut answers = hs.db.read(set).await?.into_iter();
    for (room, reading) in rooms.iter().zip(&mut readings) {
        let mut next = || answers.next().unwrap_or_default();
        for _ in 0..state_reads(reader, reading) {
            reading.state.extend(parts(&next())?);
        }
        if reading.wants_receipts {
            reading.receipts =
                next().iter().map(SeenReceipt::from_row).collect::<Result<_, _>>()?;
        }
        if reading.wants_account_data {
            reading.account_data = next().iter().map(entry).collect::<Result<_, _>>()?;
        }
        if reading.wants_place {
            let rows: Vec<Vec<Row>> = (0..unread::READS).map(|_| next()).collect();
            reading.found = Some(Found::read(&rows)?);
        }
        if reading.wants_newest {
            reading.newest = next().first().map(|row| row.get(0)).transpose()?;
        }
        if reading.wants_summary {
            let rows: Vec<Vec<Row>> = (0..summary::READS).map(|_| next()).collect();
            reading.summary =
                Some(hs.feeds.memory.summaries.keep(room.room, summary::summary_of(&rows)?));
        }
    }
    for (room, reading) in rooms.iter().zip(&mut readings) {
        let who = (reader.session.user, &*reader.session.user_id);
        let preferences = &reader.preferences;
        reading.counts = match (&reading.found, reading.place, reading.newest) {
            (Some(found), _, newest) => {
                let (of, found) = ((room.room, &*room.room_id), (found, generation));
                unread::settle(hs, who, preferences, of, found, (reader.upto, newest)).await?
            }
            (None, Some(place), Some(newest)) => Some(Counts::plain(newest, place)),
            _ => None,
        };
    }
    read_heroes(reader, rooms, &mut readings).await?;
    let shown = rooms.iter().zip(&readings).map(|(room, reading)| {
        let sight = reading.timeline.as_ref().map(|timeline| &timeline.sight);
        (room.room, sight, reading.state.as_slice())
    });
    let veiled = veiled_state(hs, reader.session, shown).await?;
    for reading in &mut readings {
        let state = reading.state.iter().map(|part| part.event);
        let veils = |event: &TimelineEvent, sight: &Sight| {
            sight.veils(&event.row.sender, &event.row.kind).then_some(event.row.event)
        };
        let held_back = reading.timeline.iter().flat_map(|timeline| {
            timeline.held_back.iter().filter_map(|event| veils(event, &timeline.sight))
        });
        reading.veiled = state.filter(|event| veiled.contains(event)).chain(held_back).collect();
    }
    if reader.shape.is_federation() {
        for reading in &mut readings {
            reading.pdus = shape::pdus(hs, &reading.events()).await?;
        }
    }
    Ok(readings)
}

/// Reads the members after whom rooms are called, where members are loaded lazily: they belong to the summary.
async fn read_heroes(
    reader: &Reader<'_>,
    rooms: &[Room],
    readings: &mut [Reading],
) -> Result<(), Error> {
    if reader.filter.room.state.lazy_load_options.is_disabled() {
        return Ok(());
    }
    let me = reader.session.user_id.as_str();
    let (mut set, mut asked) = (ReadSet::new(), Vec::new());
    for (room, reading) in rooms.iter().zip(&mut *readings) {
        let (Some(summary), Some(wish)) = (&reading.summary, reading.wish) else {
            asked.push(0);
            continue;
        };
        let version = match wish {
            StateWish::Whole(version)
            | StateWish::Delta { version, .. }
            | StateWish::Nothing(version) => version,
        };
        let heroes = summary.heroes(me).into_iter().map(|hero| hero.user_id.as_str());
        let mut heroes: BTreeSet<&str> = heroes.filter(|_| summary.name.is_none()).collect();
        heroes.retain(|hero| !reading.lazy.iter().any(|known| known == hero));
        tell_of(reader, room.room, wish, &mut heroes);
        for hero in &heroes {
            set.push(&STATE_PART, params![room.room.0, MEMBER, *hero, version]);
        }
        asked.push(heroes.len());
    }
    let mut answers = reader.hs.db.read(set).await?.into_iter();
    for (reading, asked) in readings.iter_mut().zip(asked) {
        for rows in answers.by_ref().take(asked) {
            reading.state.extend(parts(&rows)?);
        }
    }
    Ok(())
}

fn parts(rows: &[Row]) -> Result<Vec<StatePart>, Error> {
    rows.iter().map(StatePart::from_row).collect()
}

fn entry(row: &Row) -> Result<Entry, Error> {
    Ok(Entry { kind: row.get(0)?, content: row.get(1)?, pos: row.get(2)? })
}

/// What the device has of a room.
fn known(room: &Room) -> Option<Pos> {
    match room.standing {
        Standing::Joined { since, .. } | Standing::Left { since, .. } => since,
        Standing::Invited { .. } | Standing::Knocked { .. } => None,
    }
}

/// Whether the reader, who is in the room, was outside in between: nothing from before counts as unread any more.
fn was_outside(room: &Room) -> bool {
    room.change.membership && matches!(room.standing, Standing::Joined { throughout: false, .. })
}

/// Reads the timelines, and from them sees what else must be read.
async fn plan(reader: &Reader<'_>, rooms: &[Room]) -> Result<Vec<Reading>, Error> {
    let filter = &reader.filter.room;
    let limit = filter::timeline_limit(&filter.timeline);
    let mut asks = Vec::new();
    for room in rooms {
        let (since, upto, member_throughout) = match room.standing {
            Standing::Joined { since, throughout } => {
                (since, reader.upto, throughout && since.is_some())
            }
            Standing::Left { at, inside: false, .. } => {
                (Some(Pos::new(at.get().saturating_sub(1))), at, false)
            }
            Standing::Left { since, at, inside: true } => (since, at, false),
            Standing::Invited { .. } | Standing::Knocked { .. } => continue,
        };
        if room.change.timeline || reader.full_state {
            asks.push(Ask { room: room.room, since, upto, limit, member_throughout });
        }
    }
    let in_room: BTreeMap<RoomNid, &str> =
        rooms.iter().map(|room| (room.room, room.room_id.as_str())).collect();
    let keep = |row: &EventRow| {
        let room = in_room.get(&row.room).copied().unwrap_or_default();
        filter::admits(&filter.timeline, room, &row.kind, Some(row.sender.as_str()), &row.client)
    };
    let look = Look {
        session: reader.session,
        ignored: &reader.preferences.ignored,
        keep: &keep,
        selective: filter::is_selective(&filter.timeline),
    };
    let mut timelines = timelines::timelines(reader.hs, &look, &asks).await?.into_iter();
    let mut readings = Vec::with_capacity(rooms.len());
    for room in rooms {
        let timeline =
            if room.change.timeline || reader.full_state { timelines.next() } else { None };
        readings.push(wishes(reader, room, timeline));
    }
    Ok(readings)
}

fn wishes(reader: &Reader<'_>, room: &Room, timeline: Option<Timeline>) -> Reading {
    let memory = &reader.hs.feeds.memory;
    let is_joined = matches!(room.standing, Standing::Joined { .. });
    let since = known(room);
    let is_new = since.is_none();
    let is_outsider = matches!(room.standing, Standing::Left { inside: false, .. });
    let wish = timeline
        .as_ref()
        .filter(|_| !is_outsider)
        .and_then(|timeline| state_wish(reader, since, timeline));
    let lazy = match (&timeline, wish) {
        (Some(timeline), Some(wish))
            if !reader.filter.room.state.lazy_load_options.is_disabled() =>
        {
            lazy_members(reader, room.room, timeline, wish)
        }
        _ => Vec::new(),
    };
    let changes_summary = timeline.as_ref().is_some_and(|timeline| {
        timeline.limited
            || timeline
                .events
                .iter()
                .chain(&timeline.held_back)
                .any(|event| bears_on_summary(event))
    });
    let end_ver = timeline.as_ref().and_then(|timeline| timeline.end_ver);
    let shows_summary = is_joined && (is_new || changes_summary || reader.full_state);
    let summary = end_ver
        .filter(|_| shows_summary)
        .and_then(|version| memory.summaries.at(room.room, version));
    let place = match &timeline {
        _ if was_outside(room) || !reader.preferences.count_like_everybody() => None,
        Some(timeline) => memory.read_places.followed(
            reader.session.user,
            room.room,
            timeline,
            since,
            reader.upto,
        ),
        None => memory.read_places.get(reader.session.user, room.room),
    };
    Reading {
        wants_place: is_joined && (timeline.is_some() || room.change.receipts) && place.is_none(),
        newest: timeline.as_ref().and_then(|timeline| timeline.notifying),
        wants_newest: is_joined && timeline.is_none() && room.change.receipts,
        place,
        found: None,
        counts: None,
        wants_summary: shows_summary && summary.is_none(),
        summary,
        wants_receipts: is_joined && (room.change.receipts || is_new),
        wants_account_data: (room.change.account_data || is_new) && !is_outsider,
        timeline,
        wish,
        lazy,
        state: Vec::new(),
        receipts: Vec::new(),
        account_data: Vec::new(),
        pdus: HashMap::new(),
        veiled: HashSet::new(),
    }
}

/// Whether an event bears on the summary: a name of the room, or that somebody comes or goes, and not only their own name or
/// picture.
fn bears_on_summary(event: &TimelineEvent) -> bool {
    #[derive(Deserialize)]
    struct Member {
        membership: String,
    }
    if event.row.kind != MEMBER {
        return matches!(event.row.kind.as_str(), "m.room.name" | "m.room.canonical_alias");
    }
    let member = |content: &Bytes| {
        serde_json::from_slice::<Member>(content).ok().map(|member| member.membership)
    };
    content_of(&event.row.client).as_ref().and_then(member)
        != event.replaced.as_ref().and_then(|replaced| replaced.content.as_ref()).and_then(member)
}

fn state_wish(reader: &Reader<'_>, since: Option<Pos>, timeline: &Timeline) -> Option<StateWish> {
    let version = if reader.use_state_after { timeline.end_ver } else { timeline.start_ver };
    let Some(since) = since else { return version.map(StateWish::Whole) };
    if reader.full_state {
        // Where nothing has happened since, the state is that of now.
        return Some(StateWish::Whole(version.unwrap_or(OPEN - 1)));
    }
    let version = version?;
    Some(if timeline.limited || reader.use_state_after {
        StateWish::Delta { since, version }
    } else {
        StateWish::Nothing(version)
    })
}

/// Whom the device must be told of to show the timeline.
fn lazy_members(
    reader: &Reader<'_>,
    room: RoomNid,
    timeline: &Timeline,
    wish: StateWish,
) -> Vec<String> {
    let mut wanted: BTreeSet<&str> =
        timeline.events.iter().map(|event| event.row.sender.as_str()).collect();
    if matches!(wish, StateWish::Whole(_)) {
        wanted.insert(reader.session.user_id.as_str());
    }
    tell_of(reader, room, wish, &mut wanted);
    wanted.into_iter().map(str::to_owned).collect()
}

/// Leaves those members whom the device was not told of yet, or all of them if it wants to be told again.
fn tell_of(reader: &Reader<'_>, room: RoomNid, wish: StateWish, members: &mut BTreeSet<&str>) {
    let memory = &reader.hs.feeds.memory.lazy_members;
    let device = reader.session.device;
    let again = LazyLoadOptions::Enabled { include_redundant_members: true };
    let is_again = reader.filter.room.state.lazy_load_options == again;
    if !is_again && !matches!(wish, StateWish::Whole(_)) {
        members.retain(|user| !memory.knows(device, room, user, reader.since));
    }
    for user in &*members {
        memory.tell(device, room, user, reader.upto);
    }
}

fn push_state(set: &mut ReadSet, reader: &Reader<'_>, room: RoomNid, reading: &Reading) {
    let Some(wish) = reading.wish else { return };
    let lazily = !reader.filter.room.state.lazy_load_options.is_disabled();
    let version = match wish {
        StateWish::Whole(version) => {
            set.push(&STATE_BEFORE_MEMBERS, params![room.0, version]);
            set.push(&STATE_BEHIND_MEMBERS, params![room.0, version]);
            if !lazily {
                set.push(&STATE_OF_KIND, params![room.0, MEMBER, version]);
            }
            version
        }
        StateWish::Delta { since, version } => {
            set.push(&STATE_DELTA, params![room.0, since, version]);
            version
        }
        StateWish::Nothing(version) => version,
    };
    for user in &reading.lazy {
        set.push(&STATE_PART, params![room.0, MEMBER, user.as_str(), version]);
    }
}

/// How many answers [`push_state`] asked for.
fn state_reads(reader: &Reader<'_>, reading: &Reading) -> usize {
    let lazily = !reader.filter.room.state.lazy_load_options.is_disabled();
    let whole = match reading.wish {
        None | Some(StateWish::Nothing(_)) => 0,
        Some(StateWish::Delta { .. }) => 1,
        Some(StateWish::Whole(_)) if lazily => 2,
        Some(StateWish::Whole(_)) => 3,
    };
    whole + reading.lazy.len()
}

/// The JSON of a room; `None` if there is nothing new in it.
fn write_room(
    reader: &Reader<'_>,
    room: &Room,
    reading: &Reading,
    typing: bool,
) -> Option<Vec<u8>> {
    let mut json = Vec::with_capacity(512 + reading.bytes());
    let mut out = Object::new(&mut json);
    let is_joined = matches!(room.standing, Standing::Joined { .. });
    let mut has_state = false;
    if let Some(timeline) = &reading.timeline {
        write_timeline(reader, &mut out, room, reading, timeline);
        has_state = write_state(reader, &mut out, room, reading, timeline);
    }
    let filter = &reader.filter.room;
    let room_id = room.room_id.as_str();
    let account_data: Vec<&Entry> = reading
        .account_data
        .iter()
        .filter(|entry| filter::admits(&filter.account_data, room_id, &entry.kind, None, b""))
        .collect();
    if !account_data.is_empty() {
        let mut block = out.object("account_data");
        let mut events = block.array("events");
        account_data.into_iter().for_each(|entry| write_account_data(events.item(), entry));
    }
    if is_joined {
        write_ephemeral(reader, &mut out, room, reading, typing);
        if let Some(summary) = &reading.summary {
            summary.write(&mut out.object("summary"), reader.session.user_id.as_str());
        }
        // Others' receipts change nothing for this reader.
        let own_receipt = reading
            .receipts
            .iter()
            .any(|receipt| receipt.user_id == reader.session.user_id.as_str());
        let counts = own_receipt
            || known(room).is_none()
            || was_outside(room)
            || reading.timeline.as_ref().is_some_and(|timeline| timeline.may_change_counts);
        if let Some(counts) = reading.counts.as_ref().filter(|_| counts) {
            write_counts(&mut out, counts, filter.timeline.unread_thread_notifications);
        }
    }
    let is_empty = out.is_empty();
    // Who asked for it reads the state there alone, and takes its absence for a server that does not know it.
    if reader.use_state_after && !is_empty && !has_state {
        super::event::write_events(&mut out, "state_after", []);
    }
    drop(out);
    (!is_empty).then_some(json)
}

/// Writes what is unread: of the room as a whole, or of each thread apart.
fn write_counts(out: &mut Object<'_>, counts: &Counts, by_thread: bool) {
    let write = |object: &mut Object<'_>, count: unread::Count| {
        object.number("highlight_count", count.highlights);
        object.number("notification_count", count.notifications);
    };
    let main = if by_thread { counts.main } else { counts.total() };
    write(&mut out.object("unread_notifications"), main);
    if by_thread && !counts.threads.is_empty() {
        let mut threads = out.object("unread_thread_notifications");
        for (root, count) in &counts.threads {
            write(&mut threads.object(root.as_str()), *count);
        }
    }
}

fn write_timeline(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    room: &Room,
    reading: &Reading,
    timeline: &Timeline,
) {
    let is_joined = matches!(room.standing, Standing::Joined { .. });
    // A room that was left is named, whatever the filter leaves of it.
    if timeline.events.is_empty() && !timeline.limited && reader.since.is_some() && is_joined {
        return;
    }
    let now = reader.hs.clock.now();
    let mut block = out.object("timeline");
    let mut events = block.array("events");
    for event in &timeline.events {
        if reader.shape.is_plain() {
            write_event(events.item(), reader.session, event, &timeline.sight, now);
            continue;
        }
        let mut shaped = TimelineEvent::clone(event);
        if let Some(pdu) = reading.pdus.get(&shaped.row.event) {
            shaped.row.client = pdu.clone();
        }
        let mut json = Vec::new();
        write_event(&mut json, reader.session, &shaped, &timeline.sight, now);
        events.item().extend_from_slice(&reader.shape.fields_of(&json).unwrap_or(json));
    }
    drop(events);
    // What a device may have of the room from an earlier stay does not go on here.
    let is_new_stay = reader.since.is_some() && is_joined && known(room).is_none();
    block.flag("limited", timeline.limited || is_new_stay);
    if let Some(pos) = timeline.prev_batch {
        block.text("prev_batch", &TimelineToken(pos).to_string());
    }
}

/// Writes the state beside the timeline; says whether there was any.
fn write_state(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    room: &Room,
    reading: &Reading,
    timeline: &Timeline,
) -> bool {
    let filter = &reader.filter.room.state;
    let by_sender = filter.senders.is_some() || !filter.not_senders.is_empty();
    let passes = |kind: &str, client: &Bytes| {
        let sender = if by_sender { sender_of(client) } else { None };
        filter::admits(filter, room.room_id.as_str(), kind, sender.as_deref(), client)
    };
    // State that the timeline's filter held back is told here: the last of each part.
    let mut parts: BTreeMap<(&str, &str), (EventNid, &Bytes)> = BTreeMap::new();
    for part in &reading.state {
        parts.insert((&part.kind, &part.state_key), (part.event, &part.client));
    }
    for event in &timeline.held_back {
        if let Some(state_key) = event.row.state_key.as_deref().filter(|_| !reader.use_state_after)
        {
            parts.insert((&event.row.kind, state_key), (event.row.event, &event.row.client));
        }
    }
    parts.retain(|(kind, _), (_, client)| passes(kind, client));
    let name = if reader.use_state_after { "state_after" } else { "state" };
    // Clients expect it in rooms that were left, also if it is empty.
    if parts.is_empty() && !matches!(room.standing, Standing::Left { inside: true, .. }) {
        return false;
    }
    if reader.shape.is_plain() && reading.veiled.is_empty() {
        super::event::write_events(out, name, parts.into_values().map(|(_, client)| client));
        return true;
    }
    let shaped = parts.into_values().map(|(event, client)| {
        let json = reading.pdus.get(&event).unwrap_or(client);
        let veiled = reading.veiled.contains(&event).then(|| Bytes::from(redacted(json)));
        let json = veiled.as_ref().unwrap_or(json);
        reader.shape.fields_of(json).map_or_else(|| json.clone(), Bytes::from)
    });
    super::event::write_events(out, name, &shaped.collect::<Vec<_>>());
    true
}

fn write_ephemeral(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    room: &Room,
    reading: &Reading,
    typing: bool,
) {
    let filter = &reader.filter.room.ephemeral;
    let mut events: Vec<Bytes> = Vec::new();
    let room_id = room.room_id.as_str();
    if !reading.receipts.is_empty() && filter::admits(filter, room_id, "m.receipt", None, b"") {
        let mut event = Vec::new();
        write_receipts(&mut event, &reading.receipts);
        events.push(event.into());
    }
    let typing = typing || (known(room).is_none() && reader.hs.typing.is_anybody_typing(room.room));
    if typing && filter::admits(filter, room_id, "m.typing", None, b"") {
        events.extend(reader.hs.typing.event(room.room).map(Bytes::from));
    }
    if !events.is_empty() {
        super::event::write_events(out, "ephemeral", &events);
    }
}

/// What people who are not in the rooms get to know of them, as stripped events.
async fn read_stripped(reader: &Reader<'_>, rooms: &[Room]) -> Result<Vec<Vec<Bytes>>, Error> {
    let mut set = ReadSet::new();
    for room in rooms {
        if let Standing::Invited { event, state_ver } | Standing::Knocked { event, state_ver } =
            room.standing
        {
            push_stripped(&mut set, room.room, event, state_ver, reader.session.user_id.as_str());
        }
    }
    let answers = reader.hs.db.read(set).await?;
    answers.chunks_exact(STRIPPED_READS).map(stripped_of).collect()
}

/// Who invites, from stripped state: the sender of the reader's own membership, which comes last.
pub fn inviter_of(stripped: &[Bytes]) -> Option<String> {
    stripped.last().and_then(|own| sender_of(own))
}

/// Answers of one room in [`push_stripped`].
pub const STRIPPED_READS: usize = 4;

/// Adds to the set what stripped state is made of.
pub fn push_stripped(
    set: &mut ReadSet,
    room: RoomNid,
    event: base::EventNid,
    state_ver: i64,
    user_id: &str,
) {
    set.push(&STATE_BEFORE_MEMBERS, params![room.0, state_ver]);
    set.push(&STATE_BEHIND_MEMBERS, params![room.0, state_ver]);
    set.push(&MEMBER_OF_SENDER, params![room.0, event.0, state_ver]);
    set.push(&STATE_PART, params![room.0, MEMBER, user_id, state_ver]);
}

/// Stripped events from the answers of [`push_stripped`]; the reader's own membership comes last.
pub fn stripped_of(answers: &[Vec<Row>]) -> Result<Vec<Bytes>, Error> {
    let mut events: BTreeMap<(bool, String, String), Bytes> = BTreeMap::new();
    for (index, rows) in answers.iter().enumerate() {
        for part in parts(rows)? {
            if part.kind == MEMBER || STRIPPED.contains(&part.kind.as_str()) {
                let mut json = Vec::new();
                write_stripped(&mut json, &part.kind, &part.state_key, &part.client);
                let is_own = index + 1 == answers.len();
                // Who knocks is also who sent the event.
                events.retain(|(_, kind, key), _| {
                    !is_own || *kind != part.kind || *key != part.state_key
                });
                events.insert((is_own, part.kind, part.state_key), json.into());
            }
        }
    }
    Ok(events.into_values().collect())
}
