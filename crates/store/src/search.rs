//! What the server can search: the events of a room whose words it sees. The tables are those of [`crate::rooms`].

use base::{Pos, RoomNid};
use db::{Db, Error, params, stmt};

use crate::rooms::EventRow;

// The kinds are those of the index `events_in_clear`: where messages are encrypted it holds names and topics alone.
stmt!(
    CLEAR_EVENTS,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.pos <= $2 AND e.kind IN ('m.room.message', 'm.room.name', 'm.room.topic') ORDER BY e.pos DESC LIMIT $3"
);

/// The latest events of a room at or before a position whose words the server sees, newest first.
pub async fn clear_events(
    db: &Db,
    room: RoomNid,
    upto: Pos,
    limit: u32,
) -> Result<Vec<EventRow>, Error> {
    let rows = db.query(&CLEAR_EVENTS, params![room.0, upto, i64::from(limit)]).await?;
    rows.iter().map(EventRow::from_row).collect()
}
