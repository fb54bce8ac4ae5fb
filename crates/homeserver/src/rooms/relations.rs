//! Events that refer to another: replies in threads, edits, annotations.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#relationships-api>

use base::Pos;
use bytes::Bytes;
use db::params;
use ruma::{EventId, RoomId};
use store::rooms::{self as rows, EventRow};

use super::{
    TimelineToken,
    read::{self, ReadError},
};
use crate::{Homeserver, Session};

/// Which relations.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Only this relation type.
    pub rel_type: Option<&'a str>,
    /// Only this event type; ciphertext is `m.room.encrypted`.
    pub kind: Option<&'a str>,
    /// Oldest first.
    pub forwards: bool,
    /// Where to begin.
    pub from: Option<TimelineToken>,
    /// Where to stop.
    pub to: Option<TimelineToken>,
    /// Most events.
    pub limit: u32,
}

/// Events in one answer and where the next begins.
#[derive(Debug)]
pub struct Related {
    /// Events in client form.
    pub events: Vec<Bytes>,
    /// Where the next page begins.
    pub next: Option<TimelineToken>,
}

/// The events that refer to `target`.
pub async fn relations(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    target: &EventId,
    wanted: Wanted<'_>,
) -> Result<Related, ReadError> {
    let row = read::event_row(hs, session, room_id, target).await?;
    let (room, mut viewer) = read::viewer(hs, session, room_id).await?;
    debug_assert_eq!(room, row.room);
    // Backwards a token stands behind its event, so the page begins at or before it.
    let (after, before) = if wanted.forwards {
        (wanted.from.map_or(Pos::new(0), |from| from.0), wanted.to.map(|to| to.0))
    } else {
        (wanted.to.map_or(Pos::new(0), |to| to.0), wanted.from.map(|from| from.0))
    };
    let before = before
        .map_or(i64::MAX, |pos| i64::try_from(pos.get()).unwrap_or(i64::MAX).saturating_add(1));
    let found =
        hs.db.query(&rows::RELATED, params![target.as_str(), room.0, after, before]).await?;
    let mut found = found.iter().map(EventRow::from_row).collect::<Result<Vec<_>, _>>()?;
    if let Some(rel_type) = wanted.rel_type {
        found.retain(|event| relation_type(event).as_deref() == Some(rel_type));
    }
    if let Some(kind) = wanted.kind {
        found.retain(|event| event.kind == kind);
    }
    if wanted.forwards {
        found.reverse();
    }
    let limit = wanted.limit.clamp(1, read::MAX_PAGE) as usize;
    let (mut events, mut next) = (Vec::new(), None);
    let mut last = None;
    for event in found {
        if !viewer.sees(hs, &event).await? {
            continue;
        }
        if events.len() == limit {
            next = last;
            break;
        }
        let pos = event.pos.unwrap_or_default();
        last = Some(TimelineToken(if wanted.forwards {
            pos
        } else {
            Pos::new(pos.get().saturating_sub(1))
        }));
        events.push(read::present(hs, session, &event).await?);
    }
    Ok(Related { events, next })
}

fn relation_type(event: &EventRow) -> Option<String> {
    let content: serde_json::Value =
        serde_json::from_slice(&read::content_of(&event.client)?).ok()?;
    content["m.relates_to"]["rel_type"].as_str().map(str::to_owned)
}

/// The roots of a room's threads, the latest answered first.
pub async fn threads(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    from: Option<TimelineToken>,
    limit: u32,
) -> Result<Related, ReadError> {
    let (room, mut viewer) = read::viewer(hs, session, room_id).await?;
    let limit = limit.clamp(1, read::MAX_PAGE);
    let before = from.map_or(i64::MAX, |from| i64::try_from(from.0.get()).unwrap_or(i64::MAX));
    let roots = hs.db.query(&rows::THREAD_ROOTS, params![room.0, before, i64::from(limit)]).await?;
    let (mut events, mut next) = (Vec::new(), None);
    for root in &roots {
        let (target, latest): (String, Pos) = (root.get(0)?, root.get(1)?);
        next = (roots.len() == limit as usize).then_some(TimelineToken(latest));
        let Ok(target) = EventId::parse(target) else { continue };
        let row = rows::event_by_id(&hs.db, &target).await?.filter(|row| row.room == room);
        if let Some(row) = row
            && viewer.sees(hs, &row).await?
        {
            events.push(read::present(hs, session, &row).await?);
        }
    }
    Ok(Related { events, next })
}
