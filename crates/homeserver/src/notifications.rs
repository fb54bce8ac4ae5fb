//! What notified a person of late. <https://spec.matrix.org/v1.19/client-server-api/#listing-notifications>
//!
//! No list is kept (II.c): the answer is found in the rooms when it is asked for, by the push rules of today. Of encrypted
//! messages the server knows only that there was one.

use std::collections::HashMap;

use base::{Pos, RoomNid, Timestamp};
use bytes::Bytes;
use db::Error;
use ruma::{OwnedRoomId, RoomId, push::Action};
use store::rooms::EventRow;

use crate::{
    Homeserver, Session,
    push::{
        badge,
        evaluate::{self, Reader},
    },
    push_rules,
    rooms::{
        Viewer,
        read::{self, ReadError},
    },
};

/// Most notifications of one answer.
pub const MAX_PAGE: usize = 100;
/// Most events that are looked at for one answer.
const LOOKED_AT: u32 = 500;
/// Most of the change log that is looked at for one answer.
const LOOKED_BACK: u64 = 50_000;

/// One notification.
#[derive(Debug)]
pub struct Notification {
    /// What the push rule says.
    pub actions: Vec<Action>,
    /// The event, as the reader gets it.
    pub event: Bytes,
    /// Whether it was read.
    pub read: bool,
    /// The room.
    pub room_id: OwnedRoomId,
    /// When it was sent.
    pub ts: Timestamp,
}

/// Notifications, newest first, and where the next page begins.
#[derive(Debug, Default)]
pub struct Page {
    /// The notifications.
    pub notifications: Vec<Notification>,
    /// Before this position there may be more.
    pub next: Option<Pos>,
}

/// The notifications before a position.
pub async fn before(
    hs: &Homeserver,
    session: &Session,
    before: Option<Pos>,
    limit: usize,
    only_highlights: bool,
) -> Result<Page, Error> {
    let limit = limit.clamp(1, MAX_PAGE);
    let upto = hs.db.pos();
    let before = before.unwrap_or(upto.next());
    let floor = Pos::new(before.get().saturating_sub(LOOKED_BACK));
    let events: Vec<EventRow> =
        store::push::events_of_others(&hs.db, session.user, floor, before, LOOKED_AT).await?;
    let whole = events.len() < LOOKED_AT as usize;
    let reader = Reader { user: session.user, user_id: session.user_id.clone() };
    let rules = push_rules::of_user(hs, session.user, &session.user_id).await?;
    let mut read_up_to: HashMap<RoomNid, Pos> = HashMap::new();
    let mut page = Page::default();
    let mut last = before;
    for event in events {
        let Some(pos) = event.pos else { continue };
        if page.notifications.len() == limit {
            page.next = Some(last);
            return Ok(page);
        }
        last = pos;
        let Some(notice) = evaluate::notice(hs, &reader, &rules, &event).await? else { continue };
        if only_highlights && !notice.highlight {
            continue;
        }
        let read = match read_up_to.get(&event.room) {
            Some(read) => *read,
            None => {
                let read = badge::read_up_to(hs, &reader, event.room, upto).await?;
                read_up_to.insert(event.room, read);
                read
            }
        };
        page.notifications.push(Notification {
            actions: notice.actions,
            read: read >= pos,
            ts: event.ts,
            event: shown(hs, session, &notice.room_id, event).await?,
            room_id: notice.room_id,
        });
    }
    page.next = match whole {
        true => (floor > Pos::ZERO).then_some(floor),
        false => Some(last),
    };
    Ok(page)
}

/// An event as the reader gets it; an invitation is seen by who is not in the room yet.
async fn shown(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    event: EventRow,
) -> Result<Bytes, Error> {
    let client = event.client.clone();
    match Viewer::open(hs, session, room_id).await {
        Ok(viewer) => {
            let mut shown = read::present(hs, session, &viewer, vec![event]).await?;
            Ok(shown.pop().unwrap_or(client))
        }
        Err(ReadError::Store(error)) => Err(error),
        Err(_) => Ok(client),
    }
}
