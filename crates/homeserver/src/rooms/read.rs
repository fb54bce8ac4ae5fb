//! Reading a room: single events, pages of the timeline, state and members, each as its reader may see it.

use std::{collections::BTreeSet, sync::Arc};

use base::Pos;
use bytes::Bytes;
use db::{Error, ReadSet, params};
use ruma::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedUserId, RoomId, UInt,
    api::client::filter::RoomEventFilter,
};
use store::{
    rooms::{self as rows, EventRow, StateRow},
    timeline::VERSION_AT,
};

use super::{OpenRoomError, TimelineToken, Viewer, aggregations};
use crate::{
    Homeserver, Session,
    sync::{
        event::{content_of, sender_of, state_event as shown, write_event},
        filter,
        live_rooms::with_prev_content,
    },
};

/// Most events in one answer.
pub const MAX_PAGE: u32 = 1_000;

/// Events looked at for one answer before it is given as it is, when most of them are not the reader's.
const MAX_LOOKED_AT: usize = 5_000;

/// Events that are read at once where some are passed over.
const LOOKED_AT_ONCE: u32 = 100;

const MEMBER: &str = "m.room.member";

/// The first version of a room's state that has a member: a timeline that is shown whole begins before it, and whoever
/// asks for the members there means those.
const BEGINNING: i64 = 2;

/// Why a room could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such room here.
    #[error("the room is not known here")]
    UnknownRoom,
    /// There is no such event, or the reader may not see it: the answer does not tell which.
    #[error("the event is not known here")]
    UnknownEvent,
    /// The reader is not and was not in the room.
    #[error("the user is not in the room")]
    NotInRoom,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl From<OpenRoomError> for ReadError {
    fn from(error: OpenRoomError) -> Self {
        match error {
            OpenRoomError::Unknown => Self::UnknownRoom,
            OpenRoomError::Store(error) => Self::Store(error),
        }
    }
}

/// A page of a timeline.
#[derive(Debug)]
pub struct Page {
    /// Events, each in client form with the reader's `unsigned`.
    pub events: Vec<Bytes>,
    /// What the filter asks for to show them: the members who sent them, where members are loaded lazily.
    pub state: Vec<Bytes>,
    /// Where the page begins.
    pub start: TimelineToken,
    /// Where the next page begins; `None` at the end.
    pub end: Option<TimelineToken>,
}

/// Which part of a timeline.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Where to begin; `None` is the newest end backwards, the oldest forwards.
    pub from: Option<TimelineToken>,
    /// Where to stop at the latest.
    pub to: Option<TimelineToken>,
    /// Newest first.
    pub backwards: bool,
    /// Most events.
    pub limit: u32,
}

/// Events as their reader gets them: the stored client forms with this reader's `unsigned`.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#room-event-format>
pub async fn present(
    hs: &Homeserver,
    session: &Session,
    viewer: &Viewer,
    rows: Vec<EventRow>,
) -> Result<Vec<Bytes>, Error> {
    let mut events: Vec<_> = with_prev_content(hs, rows).await?.into_iter().map(Arc::new).collect();
    aggregations::add(hs, session, &viewer.sight, &mut events).await?;
    let now = hs.clock.now();
    let written = events.iter().map(|event| {
        let mut out = Vec::with_capacity(event.row.client.len() + 128);
        write_event(&mut out, session, event, &viewer.sight, now);
        out.into()
    });
    Ok(written.collect())
}

/// As [`present`], of one event.
pub async fn present_one(
    hs: &Homeserver,
    session: &Session,
    viewer: &Viewer,
    row: EventRow,
) -> Result<Bytes, ReadError> {
    present(hs, session, viewer, vec![row]).await?.pop().ok_or(ReadError::UnknownEvent)
}

/// One event.
pub async fn event(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
) -> Result<Bytes, ReadError> {
    let (viewer, row) = event_row(hs, session, room_id, event_id).await?;
    present_one(hs, session, &viewer, row).await
}

/// One event, whatever its room.
pub async fn event_anywhere(
    hs: &Homeserver,
    session: &Session,
    event_id: &EventId,
) -> Result<Bytes, ReadError> {
    let row = rows::event_by_id(&hs.db, event_id).await?.ok_or(ReadError::UnknownEvent)?;
    let room = rows::room_by_nid(&hs.db, row.room).await?.ok_or(ReadError::UnknownEvent)?;
    event(hs, session, &room.room_id, event_id).await
}

/// One event as a row, if the reader may see it, with the reader's view of the room.
pub async fn event_row(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
) -> Result<(Viewer, EventRow), ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let row = rows::event_by_id(&hs.db, event_id).await?.filter(|row| row.room == viewer.room);
    let row = row.filter(|row| viewer.may_see(row)).ok_or(ReadError::UnknownEvent)?;
    Ok((viewer, row))
}

/// The place behind an event of the room. A client that has let go of what it had goes on from the last event that it knew of: the ID says
/// nothing to whoever does not have it.
pub async fn behind(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
) -> Result<TimelineToken, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let row = rows::event_by_id(&hs.db, event_id).await?.filter(|row| row.room == viewer.room);
    row.and_then(|row| row.pos).map(TimelineToken).ok_or(ReadError::UnknownEvent)
}

/// Events of a range that the reader may see and the filter lets through, and where the next range begins.
struct Collected {
    rows: Vec<EventRow>,
    start: Pos,
    end: Option<Pos>,
}

async fn collect(
    hs: &Homeserver,
    viewer: &Viewer,
    room_id: &RoomId,
    range: Range,
    filter: &RoomEventFilter,
) -> Result<Collected, Error> {
    let newest = viewer.last_pos().map_or(hs.db.pos(), |last| last.min(hs.db.pos()));
    let limit = range.limit.clamp(1, MAX_PAGE) as usize;
    let given = range.from.map(|token| token.0);
    let start = given.unwrap_or(if range.backwards { newest } else { Pos::ZERO });
    let stop = range.to.map(|token| token.0);
    let passes_over = filter::is_selective(filter) || !viewer.is_joined();
    let at_once =
        if passes_over { range.limit.clamp(LOOKED_AT_ONCE, MAX_PAGE) } else { limit as u32 };
    let (mut at, mut looked_at) = (start, 0);
    let mut rows = Vec::new();
    while looked_at < MAX_LOOKED_AT {
        let (after, upto) = if range.backwards {
            (stop.unwrap_or_default(), at.min(newest))
        } else {
            (at, stop.unwrap_or(newest).min(newest))
        };
        let page =
            rows::timeline(&hs.db, viewer.room, after, upto, at_once, range.backwards).await?;
        let full = page.len() == at_once as usize;
        for row in page {
            looked_at += 1;
            let pos = row.pos.ok_or_else(|| Error::corrupt("events.pos"))?;
            at = if range.backwards { Pos::new(pos.get().saturating_sub(1)) } else { pos };
            let (kind, sender) = (row.kind.as_str(), Some(row.sender.as_str()));
            if filter::admits(filter, room_id.as_str(), kind, sender, &row.client)
                && viewer.sees(&row)
            {
                rows.push(row);
                if rows.len() == limit {
                    return Ok(Collected { rows, start, end: Some(at) });
                }
            }
        }
        if !full {
            // Whoever got something asks once more, and there learns that this was all: it may have been the newest end.
            let end = (!rows.is_empty()).then_some(at);
            return Ok(Collected { rows, start, end });
        }
    }
    Ok(Collected { rows, start, end: Some(at) })
}

/// A page of the timeline.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages>
pub async fn messages(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    range: Range,
    filter: &RoomEventFilter,
) -> Result<Page, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let Collected { rows, start, end } = collect(hs, &viewer, room_id, range, filter).await?;
    let state = match rows.first() {
        Some(first) if !filter.lazy_load_options.is_disabled() => {
            let senders = rows.iter().map(|row| row.sender.clone()).collect();
            members_at(hs, &viewer, &senders, first.state_ver).await?
        }
        _ => Vec::new(),
    };
    Ok(Page {
        events: present(hs, session, &viewer, rows).await?,
        state,
        start: TimelineToken(start),
        end: end.map(TimelineToken),
    })
}

/// The member events of these users at a version.
async fn members_at(
    hs: &Homeserver,
    viewer: &Viewer,
    users: &BTreeSet<OwnedUserId>,
    version: i64,
) -> Result<Vec<Bytes>, Error> {
    let mut set = ReadSet::new();
    for user in users {
        set.push(&rows::STATE_ENTRY_AT, params![viewer.room.0, MEMBER, user.as_str(), version]);
    }
    let answers = hs.db.read(set).await?;
    let members = answers.iter().filter_map(|answer| answer.first());
    members.map(|row| Ok(shown(row.get(2)?, MEMBER, &viewer.sight))).collect()
}

/// The state at a version, as events in client form.
pub(super) async fn state_at(
    hs: &Homeserver,
    viewer: &Viewer,
    version: i64,
) -> Result<Vec<StateRow>, Error> {
    let mut state = rows::state_at(&hs.db, viewer.room, version).await?;
    for part in &mut state {
        part.client = shown(std::mem::take(&mut part.client), &part.kind, &viewer.sight);
    }
    Ok(state)
}

/// What stands around an event.
#[derive(Debug)]
pub struct Context {
    /// The event.
    pub event: Bytes,
    /// What came before it, newest first.
    pub before: Vec<Bytes>,
    /// What came after it, oldest first.
    pub after: Vec<Bytes>,
    /// The state at the newest of these events.
    pub state: Vec<Bytes>,
    /// Where older events begin.
    pub start: TimelineToken,
    /// Where newer events begin.
    pub end: TimelineToken,
}

/// The neighbourhood of an event.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid>
pub async fn context(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
    limit: u32,
    filter: &RoomEventFilter,
) -> Result<Context, ReadError> {
    let (viewer, row) = event_row(hs, session, room_id, event_id).await?;
    let pos = row.pos.ok_or(ReadError::UnknownEvent)?;
    let around = async |backwards: bool, from: Pos, limit: u32| {
        if limit == 0 {
            return Ok(Collected { rows: Vec::new(), start: from, end: Some(from) });
        }
        let range = Range { from: Some(TimelineToken(from)), to: None, backwards, limit };
        collect(hs, &viewer, room_id, range, filter).await
    };
    let before = around(true, Pos::new(pos.get().saturating_sub(1)), limit / 2).await?;
    let after = around(false, pos, limit - limit / 2).await?;
    // Both ends of the context are places to go on from, also where nothing lies behind them now.
    let start = TimelineToken(before.end.unwrap_or(Pos::ZERO));
    let end = TimelineToken(after.end.unwrap_or_else(|| hs.db.pos()));
    let version = after.rows.last().unwrap_or(&row).state_ver;
    let senders: BTreeSet<OwnedUserId> =
        before.rows.iter().chain(&after.rows).chain([&row]).map(|row| row.sender.clone()).collect();
    let mut state = Vec::new();
    let is_lazy = !filter.lazy_load_options.is_disabled();
    for part in state_at(hs, &viewer, version).await? {
        let is_needed = !is_lazy
            || part.kind != MEMBER
            || senders.iter().any(|sender| sender.as_str() == part.state_key);
        let sender = sender_of(&part.client);
        let (kind, sender) = (part.kind.as_str(), sender.as_deref());
        if is_needed && filter::admits(filter, room_id.as_str(), kind, sender, &part.client) {
            state.push(part.client);
        }
    }
    Ok(Context {
        event: present_one(hs, session, &viewer, row).await?,
        before: present(hs, session, &viewer, before.rows).await?,
        after: present(hs, session, &viewer, after.rows).await?,
        state,
        start,
        end,
    })
}

/// The state that the reader sees, as events in client form.
pub async fn state(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Vec<StateRow>, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    Ok(state_at(hs, &viewer, viewer.version()).await?)
}

/// The state as of a place in the timeline, at most as new as the reader may see.
pub async fn state_as_of(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    at: TimelineToken,
) -> Result<Vec<StateRow>, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let row = hs.db.query_opt(&VERSION_AT, params![viewer.room.0, at.0]).await?;
    let version: i64 = row.map_or(Ok(BEGINNING), |row| row.get(0))?;
    Ok(state_at(hs, &viewer, version.min(viewer.version())).await?)
}

/// The members of a room that a joined member may ask for: user id and member event.
///
/// # Errors
/// [`ReadError::NotInRoom`] for everybody else.
pub async fn joined_state(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Vec<StateRow>, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    if !viewer.is_joined() {
        return Err(ReadError::NotInRoom);
    }
    Ok(state_at(hs, &viewer, viewer.version()).await?)
}

/// One part of the state that the reader sees: its content, as JSON.
pub async fn state_content(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    state_key: &str,
) -> Result<Bytes, ReadError> {
    let (viewer, _, client) = state_part(hs, session, room_id, kind, state_key).await?;
    let client = shown(client, kind, &viewer.sight);
    Ok(content_of(&client).ok_or_else(|| Error::corrupt("events.client"))?)
}

/// One part of the state that the reader sees: the whole event.
pub async fn state_event(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    state_key: &str,
) -> Result<Bytes, ReadError> {
    let (viewer, event_id, _) = state_part(hs, session, room_id, kind, state_key).await?;
    let row = rows::event_by_id(&hs.db, &event_id).await?.ok_or(ReadError::UnknownEvent)?;
    present_one(hs, session, &viewer, row).await
}

async fn state_part(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    state_key: &str,
) -> Result<(Viewer, OwnedEventId, Bytes), ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let entry =
        rows::state_entry_at(&hs.db, viewer.room, kind, state_key, viewer.version()).await?;
    let (_, event_id, client) = entry.ok_or(ReadError::UnknownEvent)?;
    Ok((viewer, event_id, client))
}

/// The event closest to a time, before or after it, that the reader may see.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event>
pub async fn event_at_time(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    ts: MilliSecondsSinceUnixEpoch,
    backwards: bool,
) -> Result<(OwnedEventId, MilliSecondsSinceUnixEpoch), ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let statement = if backwards { &rows::EVENTS_UNTIL_TIME } else { &rows::EVENTS_FROM_TIME };
    let limit = i64::from(MAX_PAGE);
    let found = hs.db.query(statement, params![viewer.room.0, u64::from(ts.get()), limit]).await?;
    for row in &found {
        let row = EventRow::from_row(row)?;
        if viewer.sees(&row) {
            let ts = MilliSecondsSinceUnixEpoch(UInt::new_saturating(row.ts.0));
            return Ok((row.event_id, ts));
        }
    }
    Err(ReadError::UnknownEvent)
}
