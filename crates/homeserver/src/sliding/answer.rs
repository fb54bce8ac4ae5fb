//! One answer of sliding sync: from what is confirmed to what is true now.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use base::{Pos, RoomNid};
use bytes::Bytes;
use db::Error;
use ruma::{OwnedRoomId, api::client::sync::sync_events::v5::Request};

use super::{
    CATCH_UP, SlidingError,
    connection::{Snapshot, Step},
    extensions,
    interest::{MAX_ROOMS, interests},
    rooms::{self, Shown},
};
use crate::{
    Homeserver, Session,
    feeds::Feed,
    json_writer::Object,
    sync::{
        changes::{self, Changes, RoomChange},
        preferences::{Preferences, preferences_of},
    },
};

/// An answer without its position.
pub struct Built {
    body: Vec<u8>,
    /// There is nothing new in it.
    pub is_empty: bool,
    /// What it changes, once it has arrived.
    pub step: Step,
}

impl Built {
    /// The answer with its position.
    pub fn finish(self, pos: &str) -> Bytes {
        let mut body = self.body;
        // The object is still open: its last member is the position.
        body.extend_from_slice(b",\"pos\":");
        crate::json_writer::string(&mut body, pos);
        body.push(b'}');
        body.into()
    }
}

/// What an answer is made for.
pub(super) struct Reader<'a> {
    pub hs: &'a Homeserver,
    pub session: &'a Session,
    /// Whether Konsil's own app asks.
    pub is_app: bool,
    pub request: &'a Request,
    pub snapshot: &'a Snapshot,
    pub upto: Pos,
    /// Rooms that the user has marked as direct chats.
    pub direct: HashSet<OwnedRoomId>,
    /// Whose messages and invitations are left out, and what notifies.
    pub preferences: Arc<Preferences>,
}

/// An answer for nobody: the client has asked again meanwhile.
pub fn nothing(request: &Request) -> Bytes {
    let mut body = Vec::new();
    let mut out = Object::new(&mut body);
    out.text("pos", request.pos.as_deref().unwrap_or_default());
    drop(out);
    body.into()
}

/// What is new on a connection now.
pub async fn answer(
    hs: &Homeserver,
    (session, is_app): (&Session, bool),
    request: &Request,
    feed: &Feed,
    snapshot: &Snapshot,
) -> Result<Built, SlidingError> {
    let list = hs.connections.list(session.user);
    let preferences = preferences_of(hs, session.user, &session.user_id).await?;
    loop {
        let upto = hs.feeds.published();
        let changes = match snapshot.since {
            Some(since) => {
                let changes = changes::since(hs, session, feed, since, upto).await?;
                changes.ok_or(SlidingError::UnknownPos)?
            }
            None => Changes::default(),
        };
        let direct = direct_rooms(hs, session, request).await?;
        let preferences = preferences.clone();
        let reader = Reader { hs, session, is_app, request, snapshot, upto, direct, preferences };
        let subscribed = subscribed(hs, request).await?;
        let (shown, counts, is_behind) = {
            let mut list = list.lock().await;
            list.refresh(hs, session, feed, upto).await?;
            let interests =
                interests(request, &list, &reader.direct, &subscribed, &reader.preferences.ignored);
            let mut shown = Vec::new();
            for (room, interest) in interests.rooms {
                let Some(listed) = list.get(room) else { continue };
                let sent =
                    snapshot.rooms.get(&room).filter(|sent| sent.joined == listed.is_joined());
                let now = changes.rooms.get(&room).copied().unwrap_or_default();
                let before = snapshot.unseen.get(&room).copied().unwrap_or_default();
                shown.push(Shown {
                    room,
                    room_id: listed.room_id.clone(),
                    joined: listed.is_joined(),
                    bump: listed.bump,
                    sent_upto: sent.map(|sent| sent.upto),
                    change: now.and(before),
                    interest,
                });
            }
            let is_behind = shown
                .iter()
                .any(|room| list.get(room.room).is_some_and(|listed| listed.membership_pos > upto));
            (shown, interests.counts, is_behind)
        };
        if is_behind {
            tokio::time::sleep(CATCH_UP).await;
            continue;
        }
        return write(&reader, &changes, shown, counts).await;
    }
}

async fn write(
    reader: &Reader<'_>,
    changes: &Changes,
    mut shown: Vec<Shown>,
    counts: std::collections::BTreeMap<String, u64>,
) -> Result<Built, SlidingError> {
    let snapshot = reader.snapshot;
    // What stands highest comes first; what does not fit comes with the next answer.
    shown.sort_by_key(|room| std::cmp::Reverse((room.bump, room.room)));
    shown.truncate(MAX_ROOMS);
    let left: Vec<RoomNid> = changes
        .rooms
        .iter()
        .filter(|(room, change)| {
            change.membership
                && snapshot.rooms.contains_key(room)
                && !shown.iter().any(|known| known.room == **room)
        })
        .map(|(room, _)| *room)
        .collect();

    let mut body = Vec::with_capacity(1024);
    let mut out = Object::new(&mut body);
    if let Some(txn_id) = &reader.request.txn_id {
        out.text("txn_id", txn_id);
    }
    let mut lists = out.object("lists");
    for (name, count) in &counts {
        lists.object(name).number("count", *count);
    }
    drop(lists);
    let sent = rooms::write(reader, &mut out, &shown, &left).await?;
    let (any_extension, typing) = extensions::write(reader, &mut out, changes, &shown).await?;
    drop(out);
    // Left open for the position, which is known when the connection takes the step.
    body.pop();

    let looked_at: HashSet<RoomNid> = shown.iter().map(|room| room.room).collect();
    let is_unseen = |room: &RoomNid| snapshot.rooms.contains_key(room) && !looked_at.contains(room);
    let unseen: Vec<(RoomNid, RoomChange)> = changes
        .rooms
        .iter()
        .filter(|(room, _)| is_unseen(room))
        .map(|(room, change)| (*room, *change))
        .collect();
    let is_empty = sent.written == 0
        && !any_extension
        && snapshot.since.is_some()
        && snapshot.counts == counts;
    let step = Step { since: reader.upto, typing, rooms: sent.rooms, unseen, counts };
    Ok(Built { body, is_empty, step })
}

/// The row numbers of the rooms that a request names.
async fn subscribed(
    hs: &Homeserver,
    request: &Request,
) -> Result<HashMap<OwnedRoomId, RoomNid>, Error> {
    let mut rooms = HashMap::new();
    for room_id in request.room_subscriptions.keys() {
        match crate::rooms::room_nid(hs, room_id).await {
            Ok(room) => {
                rooms.insert(room_id.clone(), room);
            }
            // A room that is not known here has nothing to tell.
            Err(crate::rooms::OpenRoomError::Unknown) => {}
            Err(crate::rooms::OpenRoomError::Store(error)) => return Err(error),
        }
    }
    Ok(rooms)
}

/// The rooms that the user has marked as direct chats.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#direct-messaging>
async fn direct_rooms(
    hs: &Homeserver,
    session: &Session,
    request: &Request,
) -> Result<HashSet<OwnedRoomId>, Error> {
    if request.lists.is_empty() && request.room_subscriptions.is_empty() {
        return Ok(HashSet::new());
    }
    let content = crate::account_data::global(hs, session, "m.direct").await?;
    let chats: HashMap<String, Vec<OwnedRoomId>> =
        content.and_then(|content| serde_json::from_slice(&content).ok()).unwrap_or_default();
    Ok(chats.into_values().flatten().collect())
}
