//! The rooms of an answer of `/v3/sync`: what is read of each, in as few steps for all of them together, and how it is written.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use base::{Pos, RoomNid};
use bytes::Bytes;
use db::{Error, ReadSet, Row, params};
use ruma::OwnedRoomId;
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
    event::{sender_of, write_account_data, write_event, write_stripped},
    filter,
    summary::{self, Summary},
    timelines::{self, Ask, Timeline},
    unread::{self, ReadPlace},
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
    /// The room's running number of messages.
    newest: Option<i64>,
    wants_newest: bool,
    summary: Option<Arc<Summary>>,
    wants_summary: bool,
    state: Vec<StatePart>,
    receipts: Vec<SeenReceipt>,
    account_data: Vec<Entry>,
}

/// Writes the member `rooms` of the answer; says whether there was anything to write.
pub(super) async fn write(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    rooms: Vec<Room>,
    typing: HashSet<RoomNid>,
) -> Result<bool, Error> {
    let rooms = with_typing(reader, rooms, &typing).await?;
    let (inside, outside): (Vec<Room>, Vec<Room>) = rooms
        .into_iter()
        .partition(|room| matches!(room.standing, Standing::Joined { .. } | Standing::Left { .. }));
    let readings = read(reader, &inside).await?;
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
            let place = unread::place_of(&next(), &next(), &next(), reader.upto)?;
            hs.feeds.memory.read_places.remember(user, room.room, place, generation);
            reading.place = Some(place);
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
    Ok(readings)
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
            Standing::Left { since, at } => (since, at, false),
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
    let selective = filter::is_selective(&filter.timeline);
    let mut timelines =
        timelines::timelines(reader.hs, reader.session, &asks, selective, &keep).await?.into_iter();
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
    let wish = timeline.as_ref().and_then(|timeline| state_wish(reader, since, timeline));
    let lazy = match (&timeline, wish) {
        (Some(timeline), Some(wish))
            if !reader.filter.room.state.lazy_load_options.is_disabled() =>
        {
            lazy_members(reader, room.room, timeline, wish)
        }
        _ => Vec::new(),
    };
    let changes_members = timeline.as_ref().is_some_and(|timeline| {
        timeline.limited
            || timeline
                .events
                .iter()
                .chain(&timeline.held_back)
                .any(|event| event.row.kind == MEMBER)
    });
    let end_ver = timeline.as_ref().and_then(|timeline| timeline.end_ver);
    let shows_summary = is_joined && (is_new || changes_members || reader.full_state);
    let summary = end_ver
        .filter(|_| shows_summary)
        .and_then(|version| memory.summaries.at(room.room, version));
    // Who was outside in between has not left those messages unread.
    let is_steady = !room.change.membership
        || !is_joined
        || matches!(room.standing, Standing::Joined { throughout: true, .. });
    let place = match &timeline {
        _ if !is_steady => None,
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
        wants_summary: shows_summary && summary.is_none(),
        summary,
        wants_receipts: is_joined
            && (room.change.receipts || is_new)
            && filter::admits_kind(&reader.filter.room.ephemeral, "m.receipt"),
        wants_account_data: is_joined && (room.change.account_data || is_new),
        timeline,
        wish,
        lazy,
        state: Vec::new(),
        receipts: Vec::new(),
        account_data: Vec::new(),
    }
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
    let memory = &reader.hs.feeds.memory.lazy_members;
    let device = reader.session.device;
    let mut wanted: BTreeSet<&str> =
        timeline.events.iter().map(|event| event.row.sender.as_str()).collect();
    if matches!(wish, StateWish::Whole(_)) {
        wanted.insert(reader.session.user_id.as_str());
    } else {
        wanted.retain(|user| !memory.knows(device, room, user, reader.since));
    }
    for user in &wanted {
        memory.tell(device, room, user, reader.upto);
    }
    wanted.into_iter().map(str::to_owned).collect()
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
    let mut json = Vec::with_capacity(512);
    let mut out = Object::new(&mut json);
    let is_joined = matches!(room.standing, Standing::Joined { .. });
    if let Some(timeline) = &reading.timeline {
        write_timeline(reader, &mut out, timeline);
        write_state(reader, &mut out, room, reading, timeline);
    }
    let filter = &reader.filter.room;
    let account_data: Vec<&Entry> = reading
        .account_data
        .iter()
        .filter(|entry| filter::admits_kind(&filter.account_data, &entry.kind))
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
        let counts = reading.timeline.is_some() || own_receipt;
        if let (Some(place), Some(newest), true) = (reading.place, reading.newest, counts) {
            let mut counts = out.object("unread_notifications");
            // What mentions somebody stands in the ciphertext: only the device can tell.
            counts.number("highlight_count", 0);
            counts.number("notification_count", unread::unread(newest, place));
        }
    }
    let is_empty = out.is_empty();
    drop(out);
    (!is_empty).then_some(json)
}

fn write_timeline(reader: &Reader<'_>, out: &mut Object<'_>, timeline: &Timeline) {
    if timeline.events.is_empty() && !timeline.limited && reader.since.is_some() {
        return;
    }
    let now = reader.hs.clock.now();
    let mut block = out.object("timeline");
    let mut events = block.array("events");
    for event in &timeline.events {
        let membership = timeline.sight.membership_at(event.row.state_ver);
        write_event(events.item(), reader.session, event, membership, now);
    }
    drop(events);
    block.flag("limited", timeline.limited);
    if let Some(pos) = timeline.prev_batch {
        block.text("prev_batch", &TimelineToken(pos).to_string());
    }
}

fn write_state(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    room: &Room,
    reading: &Reading,
    timeline: &Timeline,
) {
    let filter = &reader.filter.room.state;
    let by_sender = filter.senders.is_some() || !filter.not_senders.is_empty();
    let passes = |kind: &str, client: &Bytes| {
        let sender = if by_sender { sender_of(client) } else { None };
        filter::admits(filter, room.room_id.as_str(), kind, sender.as_deref(), client)
    };
    // State that the timeline's filter held back is told here: the last of each part.
    let mut parts: BTreeMap<(&str, &str), &Bytes> = BTreeMap::new();
    for part in &reading.state {
        parts.insert((&part.kind, &part.state_key), &part.client);
    }
    for event in &timeline.held_back {
        if let Some(state_key) = event.row.state_key.as_deref().filter(|_| !reader.use_state_after)
        {
            parts.insert((&event.row.kind, state_key), &event.row.client);
        }
    }
    parts.retain(|(kind, _), client| passes(kind, client));
    if parts.is_empty() {
        return;
    }
    let name = if reader.use_state_after { "state_after" } else { "state" };
    super::event::write_events(out, name, parts.into_values());
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
    if !reading.receipts.is_empty() && filter::admits_room(filter, room.room_id.as_str()) {
        let mut event = Vec::new();
        write_receipts(&mut event, &reading.receipts);
        events.push(event.into());
    }
    let typing = typing || (known(room).is_none() && reader.hs.typing.is_anybody_typing(room.room));
    if typing && filter::admits(filter, room.room_id.as_str(), "m.typing", None, b"") {
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
