//! The rooms of an answer of sliding sync: what is read of each, and how it is written.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use base::{EventNid, Pos, RoomNid};
use bytes::Bytes;
use db::{Error, ReadSet, Row, params};
use ruma::OwnedRoomId;
use store::{
    rooms::OPEN,
    timeline::{
        MEMBERSHIP, MembershipRow, NOTIFYING, STATE_BEFORE_MEMBERS, STATE_BEHIND_MEMBERS,
        STATE_DELTA, STATE_OF_KIND, STATE_PART, StatePart,
    },
};

use super::{
    answer::Reader, connection::SentRoom, interest::Interest, required_state::RequiredState,
};
use crate::{
    Homeserver,
    json_writer::Object,
    rooms::TimelineToken,
    sync::{
        changes::RoomChange,
        erased::veiled_state,
        event::{redacted, write_event},
        rooms::{STRIPPED_READS, push_stripped, stripped_of},
        summary::{self, Summary},
        timelines::{self, Ask, Look, Timeline},
        unread::{self, Count, Counts, Found, ReadPlace},
    },
};

const MEMBER: &str = "m.room.member";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The state as it is now.
const NOW: i64 = OPEN - 1;
/// Parts of the state that change how a room looks in a list.
const LOOKS: [&str; 4] = [MEMBER, "m.room.name", "m.room.avatar", "m.room.canonical_alias"];

/// A room that is looked at.
pub struct Shown {
    /// The room.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// The user is in it; else invited or knocking.
    pub joined: bool,
    /// What lists are ordered by.
    pub bump: Pos,
    /// What the client has of it.
    pub sent_upto: Option<Pos>,
    /// What may have changed since.
    pub change: RoomChange,
    /// What is wanted of it.
    pub interest: Interest,
}

/// What was sent.
pub struct Sent {
    /// How many rooms there was something to say of.
    pub written: usize,
    /// What the client then has of the rooms.
    pub rooms: Vec<(RoomNid, Option<SentRoom>)>,
}

/// A room with everything that was read of it.
struct Reading<'a> {
    shown: &'a Shown,
    sent: Option<&'a SentRoom>,
    timeline: Option<Timeline>,
    /// The client asked for more events than before.
    expanded: bool,
    /// All wanted state is sent, not only what changed.
    whole_state: bool,
    members: Vec<String>,
    state: Vec<StatePart>,
    /// Parts of the state that the reader gets as deleted.
    veiled: HashSet<EventNid>,
    summary: Option<Arc<Summary>>,
    wants_summary: bool,
    place: Option<ReadPlace>,
    wants_place: bool,
    found: Option<Found>,
    counts: Option<Counts>,
    newest: Option<i64>,
    stripped: Vec<Bytes>,
}

/// Writes the member `rooms`.
pub(super) async fn write(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    shown: &[Shown],
    left: &[RoomNid],
) -> Result<Sent, Error> {
    let readings = read(reader, shown).await?;
    let mut sent = Sent { written: 0, rooms: Vec::new() };
    let mut json: BTreeMap<OwnedRoomId, Vec<u8>> = BTreeMap::new();
    for reading in &readings {
        let unread = reading.counts.as_ref().map(Counts::total);
        if let Some(room) = write_room(reader, reading, unread) {
            json.insert(reading.shown.room_id.clone(), room);
        }
        let is_touched = reading.sent.is_none() || reading.shown.change != RoomChange::default();
        if is_touched || reading.expanded || reading.whole_state {
            sent.rooms.push((reading.shown.room, Some(remembered(reader, reading, unread))));
        }
    }
    for (room, room_id, written) in write_left(reader, left).await? {
        if let Some(written) = written {
            json.insert(room_id, written);
        }
        sent.rooms.push((room, None));
    }
    sent.written = json.len();
    let mut rooms = out.object("rooms");
    json.iter().for_each(|(room_id, room)| rooms.raw(room_id.as_str(), room));
    Ok(sent)
}

/// What the client has of a room after this answer.
fn remembered(reader: &Reader<'_>, reading: &Reading<'_>, unread: Option<Count>) -> SentRoom {
    let known = reading.sent;
    let mut members: BTreeSet<String> = known.map(|sent| sent.members.clone()).unwrap_or_default();
    members.extend(reading.members.iter().cloned());
    let mut required_state = known.map(|sent| sent.required_state.clone()).unwrap_or_default();
    required_state.extend(reading.shown.interest.required_state.pairs.iter().cloned());
    SentRoom {
        upto: reader.upto,
        joined: reading.shown.joined,
        timeline_limit: reading
            .shown
            .interest
            .timeline_limit
            .max(known.map_or(0, |sent| sent.timeline_limit)),
        required_state,
        members,
        unread: unread.or(known.map(|sent| sent.unread)).unwrap_or_default(),
    }
}

async fn read<'a>(reader: &Reader<'a>, shown: &'a [Shown]) -> Result<Vec<Reading<'a>>, Error> {
    let mut readings = plan(reader, shown).await?;
    let (hs, user) = (reader.hs, reader.session.user);
    let me = reader.session.user_id.as_str();
    let generation = hs.feeds.memory.read_places.generation();
    let mut set = ReadSet::new();
    let mut outside_set = ReadSet::new();
    for reading in &readings {
        let room = reading.shown.room;
        if !reading.shown.joined {
            if reading.sent.is_none() || reading.shown.change.membership {
                outside_set.push(&MEMBERSHIP, params![user.0, room.0]);
            }
            continue;
        }
        push_state(&mut set, reading, me);
        if reading.wants_place {
            unread::push_reads(&mut set, user, reader.session.user_id.as_str(), room, reader.upto);
        }
        if reading.shown.change.receipts && reading.timeline.is_none() {
            set.push(&NOTIFYING, params![room.0]);
        }
        if reading.wants_summary {
            summary::push_reads(&mut set, room);
        }
    }
    let mut answers = hs.db.read(set).await?.into_iter();
    for reading in readings.iter_mut().filter(|reading| reading.shown.joined) {
        let mut next = || answers.next().unwrap_or_default();
        for _ in 0..state_reads(reading, me) {
            reading.state.extend(parts(&next())?);
        }
        if reading.wants_place {
            let rows: Vec<Vec<Row>> = (0..unread::READS).map(|_| next()).collect();
            reading.found = Some(Found::read(&rows)?);
        }
        if reading.shown.change.receipts && reading.timeline.is_none() {
            reading.newest = next().first().map(|row| row.get(0)).transpose()?;
        }
        if reading.wants_summary {
            let rows: Vec<Vec<Row>> = (0..summary::READS).map(|_| next()).collect();
            let summary = summary::summary_of(&rows)?;
            reading.summary = Some(hs.feeds.memory.summaries.keep(reading.shown.room, summary));
        }
    }
    for reading in &mut readings {
        let who = (reader.session.user, &*reader.session.user_id);
        let preferences = &reader.preferences;
        reading.counts = match (&reading.found, reading.place, reading.newest) {
            (Some(found), _, newest) => {
                let of = (reading.shown.room, &*reading.shown.room_id);
                let newest = (reader.upto, newest);
                unread::settle(hs, who, preferences, of, (found, generation), newest).await?
            }
            (None, Some(place), Some(newest)) => Some(Counts::plain(newest, place)),
            _ => None,
        };
    }
    let shown = readings.iter().map(|reading| {
        let sight = reading.timeline.as_ref().map(|timeline| &timeline.sight);
        (reading.shown.room, sight, reading.state.as_slice())
    });
    let veiled = veiled_state(hs, reader.session, shown).await?;
    for reading in &mut readings {
        let state = reading.state.iter().map(|part| part.event);
        reading.veiled = state.filter(|event| veiled.contains(event)).collect();
    }
    read_outside(reader, &mut readings, outside_set).await?;
    Ok(readings)
}

/// Reads what invited people and those who knock get to know.
async fn read_outside(
    reader: &Reader<'_>,
    readings: &mut [Reading<'_>],
    set: ReadSet,
) -> Result<(), Error> {
    let found = reader.hs.db.read(set).await?;
    let mut set = ReadSet::new();
    for row in found.iter().flatten() {
        let row = MembershipRow::from_row(row)?;
        push_stripped(
            &mut set,
            row.room,
            row.event,
            row.state_ver,
            reader.session.user_id.as_str(),
        );
    }
    let answers = reader.hs.db.read(set).await?;
    for (row, answers) in found.iter().flatten().zip(answers.chunks_exact(STRIPPED_READS)) {
        let room = RoomNid(row.get(0)?);
        if let Some(reading) = readings.iter_mut().find(|reading| reading.shown.room == room) {
            reading.stripped = stripped_of(answers)?;
        }
    }
    Ok(())
}

fn parts(rows: &[Row]) -> Result<Vec<StatePart>, Error> {
    rows.iter().map(StatePart::from_row).collect()
}

/// Leaves out what the app may no longer keep, and what stands before it.
fn leave_out_old(timeline: &mut Timeline, hs: &Homeserver) {
    let period = u64::from(hs.policy.device_days()) * DAY_MS;
    let cutoff = hs.clock.now().0.saturating_sub(period);
    let Some(last) = timeline.events.iter().rposition(|event| event.row.ts.0 < cutoff) else {
        return;
    };
    timeline.prev_batch = timeline.events[last].row.pos.or(timeline.prev_batch);
    timeline.limited = true;
    timeline.events.drain(..=last);
}

/// How timelines are looked at: whole, but for what ignored people wrote.
fn look<'a>(reader: &'a Reader<'_>) -> Look<'a> {
    Look {
        session: reader.session,
        ignored: &reader.preferences.ignored,
        keep: &|_| true,
        selective: false,
    }
}

/// Reads the timelines, and from them sees what else must be read.
async fn plan<'a>(reader: &Reader<'a>, shown: &'a [Shown]) -> Result<Vec<Reading<'a>>, Error> {
    let mut asks = Vec::new();
    let mut readings = Vec::with_capacity(shown.len());
    for room in shown {
        let sent = reader.snapshot.rooms.get(&room.room).filter(|sent| sent.joined == room.joined);
        let expanded = sent.is_some_and(|sent| sent.timeline_limit < room.interest.timeline_limit);
        let whole_state = sent
            .is_none_or(|sent| !room.interest.required_state.pairs.is_subset(&sent.required_state));
        if room.joined && (sent.is_none() || expanded || room.change.timeline) {
            let since = room.sent_upto.filter(|_| !expanded);
            asks.push(Ask {
                room: room.room,
                since,
                upto: reader.upto,
                limit: room.interest.timeline_limit,
                member_throughout: since.is_some() && !room.change.membership,
            });
        }
        readings.push(Reading {
            shown: room,
            sent,
            timeline: None,
            expanded,
            whole_state,
            members: Vec::new(),
            state: Vec::new(),
            veiled: HashSet::new(),
            summary: None,
            wants_summary: false,
            place: None,
            wants_place: false,
            found: None,
            counts: None,
            newest: None,
            stripped: Vec::new(),
        });
    }
    let timelines = timelines::timelines(reader.hs, &look(reader), &asks).await?;
    for (ask, mut timeline) in asks.iter().zip(timelines) {
        if let Some(reading) = readings.iter_mut().find(|reading| reading.shown.room == ask.room) {
            if reader.is_app
                && !reader.request.room_subscriptions.contains_key(&reading.shown.room_id)
            {
                leave_out_old(&mut timeline, reader.hs);
            }
            reading.timeline = Some(timeline);
        }
    }
    readings
        .iter_mut()
        .filter(|reading| reading.shown.joined)
        .for_each(|reading| wishes(reader, reading));
    Ok(readings)
}

fn wishes(reader: &Reader<'_>, reading: &mut Reading<'_>) {
    let memory = &reader.hs.feeds.memory;
    let (room, user) = (reading.shown.room, reader.session.user);
    reading.newest = reading.timeline.as_ref().and_then(|timeline| timeline.notifying);
    reading.place = match &reading.timeline {
        // Who was outside in between has not left those messages unread.
        _ if reading.shown.change.membership => None,
        _ if !reader.preferences.count_like_everybody() => None,
        Some(timeline) => {
            memory.read_places.followed(user, room, timeline, reading.shown.sent_upto, reader.upto)
        }
        None => memory.read_places.get(user, room),
    };
    reading.wants_place =
        reading.place.is_none() && (reading.timeline.is_some() || reading.shown.change.receipts);
    let changes_looks = reading.timeline.as_ref().is_some_and(|timeline| {
        timeline.limited
            || timeline.events.iter().any(|event| LOOKS.contains(&event.row.kind.as_str()))
    });
    if reading.sent.is_none() || changes_looks {
        let version = reading.timeline.as_ref().and_then(|timeline| timeline.end_ver);
        reading.summary = version.and_then(|version| memory.summaries.at(room, version));
        reading.wants_summary = reading.summary.is_none();
    }
    if reading.shown.interest.required_state.is_lazy()
        && let Some(timeline) = &reading.timeline
    {
        // The members whom the timeline shows: who wrote, and whose membership it is about.
        let mut members: BTreeSet<&str> = BTreeSet::new();
        for event in &timeline.events {
            members.insert(event.row.sender.as_str());
            if event.row.kind == MEMBER {
                members.extend(event.row.state_key.as_deref());
            }
        }
        let is_changed = |member: &str| {
            timeline.events.iter().any(|event| {
                event.row.kind == MEMBER && event.row.state_key.as_deref() == Some(member)
            })
        };
        let is_known =
            |member: &str| reading.sent.is_some_and(|sent| sent.members.contains(member));
        let members = members.into_iter().filter(|member| !is_known(member) || is_changed(member));
        reading.members = members.map(str::to_owned).collect();
    }
}

/// The members that are read one by one.
fn single_members<'a>(reading: &'a Reading<'_>, me: &'a str) -> BTreeSet<&'a str> {
    let required = &reading.shown.interest.required_state;
    let mut members: BTreeSet<&str> = reading.members.iter().map(String::as_str).collect();
    if reading.whole_state && !required.wants_all_members() {
        members.extend(required.named_members(me));
    }
    members
}

fn push_state(set: &mut ReadSet, reading: &Reading<'_>, me: &str) {
    let required = &reading.shown.interest.required_state;
    let room = reading.shown.room.0;
    if reading.whole_state {
        if required.wants_more_than_members() {
            set.push(&STATE_BEFORE_MEMBERS, params![room, NOW]);
            set.push(&STATE_BEHIND_MEMBERS, params![room, NOW]);
        }
        if required.wants_all_members() {
            set.push(&STATE_OF_KIND, params![room, MEMBER, NOW]);
        }
    }
    if wants_delta(reading) {
        set.push(&STATE_DELTA, params![room, reading.shown.sent_upto.unwrap_or_default(), NOW]);
    }
    for member in single_members(reading, me) {
        set.push(&STATE_PART, params![room, MEMBER, member, NOW]);
    }
}

/// How many answers [`push_state`] asked for.
fn state_reads(reading: &Reading<'_>, me: &str) -> usize {
    let required = &reading.shown.interest.required_state;
    let mut reads = 0;
    if reading.whole_state {
        reads += 2 * usize::from(required.wants_more_than_members())
            + usize::from(required.wants_all_members());
    }
    reads + usize::from(wants_delta(reading)) + single_members(reading, me).len()
}

/// Whether state has changed since the client was told of it. State in the timeline is told here too: clients read it here alone.
fn wants_delta(reading: &Reading<'_>) -> bool {
    reading.sent.is_some()
        && !reading.whole_state
        && reading.timeline.as_ref().is_some_and(|timeline| {
            timeline.limited || timeline.events.iter().any(|event| event.row.state_key.is_some())
        })
}

/// The JSON of a room; `None` if there is nothing new in it.
fn write_room(
    reader: &Reader<'_>,
    reading: &Reading<'_>,
    unread: Option<Count>,
) -> Option<Vec<u8>> {
    let shown = reading.shown;
    let mut json = Vec::with_capacity(512);
    let mut out = Object::new(&mut json);
    let is_new = reading.sent.is_none();
    if !shown.joined {
        if reading.stripped.is_empty() {
            return None;
        }
        let mut events = out.array("invite_state");
        reading.stripped.iter().for_each(|event| events.item().extend_from_slice(event));
        drop(events);
    }
    let is_unread_new =
        unread.is_some_and(|unread| reading.sent.is_none_or(|sent| sent.unread != unread));
    let has_news = reading
        .timeline
        .as_ref()
        .is_some_and(|timeline| !timeline.events.is_empty() || timeline.limited);
    if shown.joined && !is_new && !has_news && !is_unread_new && reading.state.is_empty() {
        return None;
    }
    if is_new {
        out.flag("initial", true);
        out.flag("is_dm", reader.direct.contains(&shown.room_id));
    }
    out.number("bump_stamp", shown.bump.get());
    if let Some(summary) = &reading.summary {
        write_looks(&mut out, summary, reader.session.user_id.as_str(), is_new);
    }
    if let Some(timeline) = &reading.timeline {
        write_timeline(reader, &mut out, reading, timeline);
    }
    write_required_state(reader, &mut out, &shown.interest.required_state, reading);
    if let Some(unread) = unread {
        out.number("highlight_count", unread.highlights);
        out.number("notification_count", unread.notifications);
    }
    drop(out);
    Some(json)
}

fn write_looks(out: &mut Object<'_>, summary: &Summary, me: &str, is_new: bool) {
    if let Some(name) = &summary.name {
        out.text("name", name);
    } else {
        let mut heroes = out.array("heroes");
        for hero in summary.heroes(me) {
            let mut entry = Object::new(heroes.item());
            entry.text("user_id", &hero.user_id);
            if let Some(name) = &hero.name {
                entry.text("displayname", name);
            }
            if let Some(avatar) = &hero.avatar {
                entry.text("avatar_url", avatar);
            }
        }
    }
    match &summary.avatar {
        Some(avatar) => out.text("avatar", avatar),
        // A picture that was taken away.
        None if !is_new => out.raw("avatar", b"null"),
        None => {}
    }
    out.number("joined_count", summary.joined);
    out.number("invited_count", summary.invited);
}

fn write_timeline(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    reading: &Reading<'_>,
    timeline: &Timeline,
) {
    let now = reader.hs.clock.now();
    let mut events = out.array("timeline");
    for event in &timeline.events {
        write_event(events.item(), reader.session, event, &timeline.sight, now);
    }
    drop(events);
    let since = reader.snapshot.since;
    let is_live = |pos: Option<Pos>| since.is_some_and(|since| pos.is_some_and(|pos| pos > since));
    let live = timeline.events.iter().filter(|event| is_live(event.row.pos)).count();
    out.number("num_live", live as u64);
    out.flag("limited", timeline.limited);
    if reading.expanded {
        out.flag("expanded_timeline", true);
        out.flag("unstable_expanded_timeline", true);
    }
    if let Some(pos) = timeline.prev_batch {
        out.text("prev_batch", &TimelineToken(pos).to_string());
    }
    if let Some(last) = timeline.events.last() {
        out.number("timestamp", last.row.ts.0);
    }
}

fn write_required_state(
    reader: &Reader<'_>,
    out: &mut Object<'_>,
    required: &RequiredState,
    reading: &Reading<'_>,
) {
    let me = reader.session.user_id.as_str();
    let is_wanted = |part: &StatePart| {
        required.wants(&part.kind, &part.state_key, me)
            // Of members that are loaded lazily: those in the timeline, and all whose membership changed.
            || (part.kind == MEMBER && required.is_lazy())
    };
    let mut parts: BTreeMap<(&str, &str), &StatePart> = BTreeMap::new();
    for part in reading.state.iter().filter(|part| is_wanted(part)) {
        parts.insert((&part.kind, &part.state_key), part);
    }
    if !parts.is_empty() {
        let mut events = out.array("required_state");
        for part in parts.into_values() {
            let veiled = reading.veiled.contains(&part.event).then(|| redacted(&part.client));
            events.item().extend_from_slice(veiled.as_deref().unwrap_or(&part.client));
        }
    }
}

/// Rooms that the user has left since they were sent: with the user's own leaving, which clients recognise it by.
async fn write_left(
    reader: &Reader<'_>,
    left: &[RoomNid],
) -> Result<Vec<(RoomNid, OwnedRoomId, Option<Vec<u8>>)>, Error> {
    let (hs, session) = (reader.hs, reader.session);
    let mut set = ReadSet::new();
    for room in left {
        set.push(&MEMBERSHIP, params![session.user.0, room.0]);
    }
    let mut gone = Vec::new();
    for row in hs.db.read(set).await?.iter().flatten() {
        let row = MembershipRow::from_row(row)?;
        // Whoever is in the room again, but outside of the window, has not left.
        if matches!(row.membership.as_str(), "leave" | "ban") {
            gone.push(row);
        }
    }
    let ids = timelines::room_ids(hs, gone.iter().map(|row| row.room)).await?;
    let asks: Vec<Ask> = gone
        .iter()
        .map(|row| {
            let sent = reader.snapshot.rooms.get(&row.room);
            let since = sent.filter(|sent| sent.joined).map(|sent| sent.upto);
            let limit = sent.map_or(1, |sent| sent.timeline_limit);
            // Whoever was only invited sees no more than that this is over.
            let since = since.or_else(|| Some(Pos::new(row.pos.get().saturating_sub(1))));
            Ask { room: row.room, since, upto: row.pos, limit, member_throughout: false }
        })
        .collect();
    let timelines = timelines::timelines(hs, &look(reader), &asks).await?;
    let mut set = ReadSet::new();
    for row in &gone {
        set.push(&STATE_PART, params![row.room.0, MEMBER, session.user_id.as_str(), row.state_ver]);
    }
    let states = hs.db.read(set).await?;
    let mut written = Vec::new();
    for ((row, timeline), state) in gone.iter().zip(&timelines).zip(&states) {
        let Some(room_id) = ids.get(&row.room) else { continue };
        let mut json = Vec::new();
        let mut out = Object::new(&mut json);
        let now = hs.clock.now();
        let mut events = out.array("timeline");
        for event in &timeline.events {
            write_event(events.item(), session, event, &timeline.sight, now);
        }
        drop(events);
        out.flag("limited", timeline.limited);
        let mut required = out.array("required_state");
        for part in parts(state)? {
            required.item().extend_from_slice(&part.client);
        }
        drop(required);
        drop(out);
        written.push((row.room, room_id.clone(), Some(json)));
    }
    Ok(written)
}
