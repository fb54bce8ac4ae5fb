//! Simplified sliding sync (MSC4186), as matrix-sdk calls it: windows into ordered lists of rooms, and what is new in them.
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/4186>
//!
//! A connection remembers, in memory alone, what it has sent; a repeated request is answered from what was confirmed before.
//! After a restart, and for whoever stayed away too long, it is unknown and the client begins anew.

mod answer;
mod connection;
mod extensions;
mod interest;
mod required_state;
mod room_list;
mod rooms;

use std::{collections::HashMap, sync::Arc, time::Duration};

use base::{DeviceNid, Pos, UserNid};
use bytes::Bytes;
use parking_lot::Mutex;
use ruma::api::client::sync::sync_events::v5::Request;
use tokio::time::Instant;

use crate::{Homeserver, Session, sync::end_of_wait, to_device};
use connection::Connection;
use room_list::RoomList;

/// Most connections of one device; the longest unused gives way.
const MAX_CONNECTIONS: usize = 8;
/// Most devices with connections.
const MAX_DEVICES: usize = 20_000;
/// Most people whose room lists are kept.
const MAX_LISTS: usize = 20_000;
/// Most lists and subscriptions of a request.
const MAX_WISHES: usize = 500;
/// Longest name of a connection, in bytes.
const MAX_CONNECTION_ID: usize = 255;

/// The connections of all devices, and the room lists that they look into.
#[derive(Default)]
pub struct Connections {
    devices: Mutex<HashMap<DeviceNid, Vec<Named>>>,
    lists: Mutex<HashMap<UserNid, Arc<tokio::sync::Mutex<RoomList>>>>,
}

struct Named {
    id: String,
    connection: Arc<tokio::sync::Mutex<Connection>>,
}

impl Connections {
    /// Ends the connections of a device.
    pub fn forget_device(&self, device: DeviceNid) {
        self.devices.lock().remove(&device);
    }

    fn find(&self, device: DeviceNid, id: &str) -> Option<Arc<tokio::sync::Mutex<Connection>>> {
        let mut devices = self.devices.lock();
        let connections = devices.get_mut(&device)?;
        let at = connections.iter().position(|named| named.id == id)?;
        // The last used stands last.
        let named = connections.remove(at);
        let found = named.connection.clone();
        connections.push(named);
        Some(found)
    }

    fn begin(&self, device: DeviceNid, id: &str) -> Arc<tokio::sync::Mutex<Connection>> {
        let mut devices = self.devices.lock();
        if devices.len() >= MAX_DEVICES && !devices.contains_key(&device) {
            devices.clear();
        }
        let connections = devices.entry(device).or_default();
        connections.retain(|named| named.id != id);
        if connections.len() >= MAX_CONNECTIONS {
            connections.remove(0);
        }
        let connection = Arc::new(tokio::sync::Mutex::new(Connection::new(rand::random())));
        connections.push(Named { id: id.to_owned(), connection: connection.clone() });
        connection
    }

    fn list(&self, user: UserNid) -> Arc<tokio::sync::Mutex<RoomList>> {
        let mut lists = self.lists.lock();
        if lists.len() >= MAX_LISTS && !lists.contains_key(&user) {
            lists.clear();
        }
        lists.entry(user).or_default().clone()
    }
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum SlidingError {
    /// The connection is not known, or not at this position: the client begins anew.
    #[error("the position is not known")]
    UnknownPos,
    /// Too many lists, or a name that is too long.
    #[error("the request is too large")]
    TooLarge,
    /// The token of the to-device extension is not one of ours.
    #[error("the to-device token is not valid")]
    BadToken,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// What the device acknowledged could not be deleted.
    #[error(transparent)]
    Acknowledge(#[from] to_device::SendError),
}

/// What is new on a connection, as JSON; waits for it if there is nothing.
///
/// Konsil's own app (`is_app`) gets nothing by itself that it may no longer keep (`device.text_days`, I.e): of a room that it has not subscribed to
/// only what is newer, as if the timeline were limited there.
pub async fn sync(
    hs: &Homeserver,
    session: &Session,
    request: Box<Request>,
    is_app: bool,
) -> Result<Bytes, SlidingError> {
    let id = request.conn_id.as_deref().unwrap_or_default();
    if id.len() > MAX_CONNECTION_ID
        || request.lists.len() + request.room_subscriptions.len() > MAX_WISHES
    {
        return Err(SlidingError::TooLarge);
    }
    let acknowledged = extensions::acknowledged(&request.extensions)?;
    let connection = match &request.pos {
        None => hs.connections.begin(session.device, id),
        Some(_) => hs.connections.find(session.device, id).ok_or(SlidingError::UnknownPos)?,
    };
    let (ticket, arrived) = {
        let mut connection = connection.lock().await;
        (connection.resume(request.pos.as_deref())?, connection.confirmed().since)
    };
    // A connection without rooms is for keys alone: it says nothing about messages.
    if let Some(arrived) = arrived.filter(|_| !request.lists.is_empty()) {
        hs.arrivals.note(session.user, arrived);
    }
    // As with `/v3/sync`, a token from a later time than that of the database acknowledges nothing.
    if acknowledged > Pos::ZERO && acknowledged <= hs.feeds.published() {
        Box::pin(to_device::acknowledge(hs, session.device, acknowledged)).await?;
    }
    let feed = hs.feeds.feed(session.user);
    let mut touched = feed.subscribe();
    let mut deadline = end_of_wait(request.timeout.unwrap_or_default());
    if request.pos.is_none() {
        deadline = Instant::now();
    }
    loop {
        touched.borrow_and_update();
        let is_over = Instant::now() >= deadline;
        {
            let mut connection = connection.lock().await;
            if !connection.is_current(ticket) {
                // The client has asked again meanwhile; this answer has no reader.
                return Ok(answer::nothing(&request));
            }
            let mut built = Box::pin(answer::answer(
                hs,
                (session, is_app),
                &request,
                &feed,
                connection.confirmed(),
            ))
            .await?;
            if !built.is_empty || is_over {
                let pos = connection.propose(std::mem::take(&mut built.step));
                return Ok(built.finish(&pos));
            }
        }
        // An error is the end of the time, after which whatever there is is said.
        let _ = tokio::time::timeout_at(deadline, touched.changed()).await;
    }
}

/// How long to wait until the feeds have heard of what the tables say already.
const CATCH_UP: Duration = Duration::from_millis(2);
