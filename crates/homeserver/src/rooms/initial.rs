//! A room as the deprecated `initialSync` gives it: its latest events, its state and the reader's account data in one answer.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync>

use ruma::{RoomId, api::client::filter::RoomEventFilter};
use store::rooms as rows;

use super::{
    Viewer,
    read::{self, Range, ReadError},
};
use crate::{
    Homeserver, Session, account_data, json_writer::Object, sync::event::write_account_data,
};

/// Events in an answer whose client asked for no number.
pub const DEFAULT_LIMIT: u32 = 10;

/// Writes the answer, as JSON.
pub async fn room(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    limit: u32,
) -> Result<Vec<u8>, ReadError> {
    let viewer = Viewer::open(hs, session, room_id).await?;
    let range = Range { from: None, to: None, backwards: true, limit };
    let page = read::messages(hs, session, room_id, range, &RoomEventFilter::default()).await?;
    let state = read::state_at(hs, &viewer, viewer.version()).await?;
    let account_data = account_data::all_in_room(hs, session.user, viewer.room).await?;
    let listed = rows::room_by_id(&hs.db, room_id).await?.is_some_and(|row| row.public);

    let mut json = Vec::new();
    let mut out = Object::new(&mut json);
    out.text("room_id", room_id.as_str());
    if let Some(membership) = viewer.membership() {
        out.text("membership", membership);
    }
    out.text("visibility", if listed { "public" } else { "private" });
    let mut messages = out.object("messages");
    if let Some(older) = page.end {
        messages.text("start", &older.to_string());
    }
    messages.text("end", &page.start.to_string());
    let mut chunk = messages.array("chunk");
    page.events.iter().rev().for_each(|event| chunk.item().extend_from_slice(event));
    drop(chunk);
    drop(messages);
    let mut events = out.array("state");
    state.iter().for_each(|part| events.item().extend_from_slice(&part.client));
    drop(events);
    let mut entries = out.array("account_data");
    account_data.iter().for_each(|entry| write_account_data(entries.item(), entry));
    drop(entries);
    drop(out);
    Ok(json)
}
