//! Reading a room: single events, pages of the timeline, state and members, each as its reader may see it.

use base::{Pos, RoomNid, Timestamp};
use bytes::Bytes;
use ruma::{EventId, RoomId};
use store::rooms::{self as rows, EventRow};

use super::{OpenRoomError, TimelineToken, Viewer};
use crate::{Homeserver, Session};

/// Most events in one answer.
pub const MAX_PAGE: u32 = 1_000;

/// Events looked at for one answer before it is given as it is, when most of them are not the reader's.
const MAX_LOOKED_AT: u32 = 5_000;

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
    /// Who sent them, for lazily loaded members.
    pub senders: Vec<ruma::OwnedUserId>,
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

/// Writes an event as its reader gets it: the stored client form and this reader's `unsigned`.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#room-event-format>
pub fn client_event(
    session: &Session,
    event: &EventRow,
    previous: Option<&[u8]>,
    now: Timestamp,
) -> Bytes {
    let mut unsigned = Vec::with_capacity(64);
    unsigned.extend_from_slice(b"{\"age\":");
    unsigned.extend_from_slice(now.0.saturating_sub(event.ts.0).to_string().as_bytes());
    if let Some((device, txn_id)) = &event.transaction
        && *device == session.device
    {
        unsigned.extend_from_slice(b",\"transaction_id\":");
        serde_json::to_writer(&mut unsigned, txn_id).expect("a string is JSON");
    }
    if let Some(redaction) = &event.redacted_because {
        unsigned.extend_from_slice(b",\"redacted_because\":");
        unsigned.extend_from_slice(redaction);
    }
    if let Some(previous) = previous {
        unsigned.extend_from_slice(b",\"prev_content\":");
        unsigned.extend_from_slice(previous);
    }
    unsigned.push(b'}');
    let mut out = Vec::with_capacity(event.client.len() + unsigned.len() + 16);
    room::with_unsigned(&event.client, &unsigned, &mut out);
    out.into()
}

/// The view of a room, for who is or was in it.
pub async fn viewer(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<(RoomNid, Viewer), ReadError> {
    let room = super::room_nid(hs, room_id).await?;
    let viewer = Viewer::of(hs, session, room).await?;
    match viewer.member.as_ref().map(|member| member.membership.as_str()) {
        Some("join" | "leave" | "ban") => Ok((room, viewer)),
        _ if is_world_readable(hs, room).await? => Ok((room, viewer)),
        _ => Err(ReadError::NotInRoom),
    }
}

async fn is_world_readable(hs: &Homeserver, room: RoomNid) -> Result<bool, db::Error> {
    let Some(row) = rows::room_by_nid(&hs.db, room).await? else { return Ok(false) };
    let entry =
        rows::state_entry_at(&hs.db, room, "m.room.history_visibility", "", row.state_ver).await?;
    let content =
        entry.and_then(|(.., client)| serde_json::from_slice::<serde_json::Value>(&client).ok());
    Ok(content.is_some_and(|event| event["content"]["history_visibility"] == "world_readable"))
}

/// The version of the state that the reader sees: the present one, or that at which the reader left.
async fn visible_version(
    hs: &Homeserver,
    room: RoomNid,
    viewer: &Viewer,
) -> Result<i64, ReadError> {
    let left = viewer
        .member
        .as_ref()
        .filter(|member| matches!(member.membership.as_str(), "leave" | "ban"));
    if let Some(member) = left {
        let row = hs.db.query_opt(&rows::STATE_VERSION_OF, db::params![member.event.0]).await?;
        return Ok(row.ok_or(ReadError::NotInRoom)?.get(0)?);
    }
    let row = rows::room_by_nid(&hs.db, room).await?.ok_or(ReadError::UnknownRoom)?;
    Ok(row.state_ver)
}

/// One event.
pub async fn event(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
) -> Result<Bytes, ReadError> {
    let row = event_row(hs, session, room_id, event_id).await?;
    present(hs, session, &row).await
}

/// One event as a row, if the reader may see it.
pub async fn event_row(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
) -> Result<EventRow, ReadError> {
    let (room, mut viewer) = viewer(hs, session, room_id).await?;
    let row = rows::event_by_id(&hs.db, event_id).await?.filter(|row| row.room == room);
    let row = row.ok_or(ReadError::UnknownEvent)?;
    if viewer.sees(hs, &row).await? { Ok(row) } else { Err(ReadError::UnknownEvent) }
}

/// An event with everything that its reader's `unsigned` holds.
pub async fn present(
    hs: &Homeserver,
    session: &Session,
    row: &EventRow,
) -> Result<Bytes, ReadError> {
    let previous = match &row.state_key {
        Some(state_key) => previous_content(hs, row, state_key).await?,
        None => None,
    };
    Ok(client_event(session, row, previous.as_deref(), hs.clock.now()))
}

/// The content of the state event that this one replaced, as JSON text.
async fn previous_content(
    hs: &Homeserver,
    row: &EventRow,
    state_key: &str,
) -> Result<Option<Vec<u8>>, db::Error> {
    let before =
        rows::state_entry_at(&hs.db, row.room, &row.kind, state_key, row.state_ver - 1).await?;
    Ok(before.and_then(|(.., client)| content_of(&client)))
}

/// The `content` of a client form, as JSON text.
pub fn content_of(client: &[u8]) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    struct WithContent<'a> {
        #[serde(borrow)]
        content: &'a serde_json::value::RawValue,
    }
    let event: WithContent<'_> = serde_json::from_slice(client).ok()?;
    Some(event.content.get().as_bytes().to_vec())
}

/// A page of the timeline. `keep` filters by what stands in the row.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages>
pub async fn messages(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    range: Range,
    keep: impl Fn(&EventRow) -> bool,
) -> Result<Page, ReadError> {
    let (room, mut viewer) = viewer(hs, session, room_id).await?;
    let newest = hs.db.pos();
    let limit = range.limit.clamp(1, MAX_PAGE);
    let start =
        range.from.map_or(if range.backwards { newest } else { Pos::new(0) }, |token| token.0);
    let stop = range.to.map(|token| token.0);
    let (mut at, mut looked_at, mut ended) = (start, 0, false);
    let (mut events, mut senders) = (Vec::new(), Vec::new());
    'pages: while looked_at < MAX_LOOKED_AT {
        let page = if range.backwards {
            rows::timeline(&hs.db, room, stop.unwrap_or_default(), at, limit, true).await?
        } else {
            rows::timeline(&hs.db, room, at, stop.unwrap_or(newest), limit, false).await?
        };
        let full = page.len() == limit as usize;
        for row in page {
            looked_at += 1;
            let pos = row.pos.ok_or_else(|| db::Error::corrupt("events.pos"))?;
            at = if range.backwards { Pos::new(pos.get().saturating_sub(1)) } else { pos };
            if keep(&row) && viewer.sees(hs, &row).await? {
                senders.push(row.sender.clone());
                events.push(present(hs, session, &row).await?);
                if events.len() == limit as usize {
                    break 'pages;
                }
            }
        }
        if !full {
            ended = true;
            break;
        }
    }
    let end = (!ended).then_some(TimelineToken(at));
    Ok(Page { events, senders, start: TimelineToken(start), end })
}

/// What stands around an event.
#[derive(Debug)]
pub struct Context {
    /// The event.
    pub event: Bytes,
    /// What came before it, newest first.
    pub before: Page,
    /// What came after it, oldest first.
    pub after: Page,
    /// The state after the newest of these events.
    pub state: Vec<Bytes>,
}

/// The neighbourhood of an event.
pub async fn context(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event_id: &EventId,
    limit: u32,
) -> Result<Context, ReadError> {
    let row = event_row(hs, session, room_id, event_id).await?;
    let pos = row.pos.ok_or(ReadError::UnknownEvent)?;
    let range = |backwards, from: Pos| Range {
        from: Some(TimelineToken(from)),
        to: None,
        backwards,
        limit: (limit / 2).max(1),
    };
    let before = range(true, Pos::new(pos.get().saturating_sub(1)));
    let mut before = messages(hs, session, room_id, before, |_| limit > 0).await?;
    let mut after = messages(hs, session, room_id, range(false, pos), |_| limit > 0).await?;
    // Both ends of the context are places to go on from, also where nothing lies behind them now.
    before.end = before.end.or(Some(TimelineToken(Pos::new(0))));
    after.end = after.end.or(Some(TimelineToken(hs.db.pos())));
    let state = rows::state_at(&hs.db, row.room, row.state_ver).await?;
    let state = state.into_iter().map(|part| part.client).collect();
    Ok(Context { event: present(hs, session, &row).await?, before, after, state })
}

/// The state that the reader sees, as events in client form.
pub async fn state(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
) -> Result<Vec<rows::StateRow>, ReadError> {
    let (room, viewer) = viewer(hs, session, room_id).await?;
    let version = visible_version(hs, room, &viewer).await?;
    Ok(rows::state_at(&hs.db, room, version).await?)
}

/// The state as of a place in the timeline, at most as new as the reader may see.
pub async fn state_as_of(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    at: TimelineToken,
) -> Result<Vec<rows::StateRow>, ReadError> {
    let (room, viewer) = viewer(hs, session, room_id).await?;
    let newest = visible_version(hs, room, &viewer).await?;
    let before = rows::timeline(&hs.db, room, Pos::default(), at.0, 1, true).await?;
    let version = before.first().map_or(newest, |event| event.state_ver.min(newest));
    Ok(rows::state_at(&hs.db, room, version).await?)
}

/// The member events of these users, once each.
pub async fn members_of(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    users: &[ruma::OwnedUserId],
) -> Result<Vec<Bytes>, ReadError> {
    let (room, viewer) = viewer(hs, session, room_id).await?;
    let version = visible_version(hs, room, &viewer).await?;
    let users: std::collections::BTreeSet<_> = users.iter().collect();
    let mut members = Vec::with_capacity(users.len());
    for user in users {
        let entry =
            rows::state_entry_at(&hs.db, room, "m.room.member", user.as_str(), version).await?;
        members.extend(entry.map(|(.., client)| client));
    }
    Ok(members)
}

/// One part of the state that the reader sees: the event in client form.
pub async fn state_entry(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    kind: &str,
    state_key: &str,
) -> Result<Bytes, ReadError> {
    let (room, viewer) = viewer(hs, session, room_id).await?;
    let version = visible_version(hs, room, &viewer).await?;
    let entry = rows::state_entry_at(&hs.db, room, kind, state_key, version).await?;
    entry.map(|(.., client)| client).ok_or(ReadError::UnknownEvent)
}
