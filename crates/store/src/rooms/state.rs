//! The state of rooms as versioned rows (ADR 3): at version *v* those with `from_ver <= v < to_ver`.

use base::{EventNid, RoomNid};
use bytes::Bytes;
use db::{Batch, Db, Error, insert, params, stmt};
use ruma::OwnedEventId;

use super::{OPEN, event_id};

stmt!(
    CLOSE_STATE,
    "UPDATE room_state SET to_ver = $4 WHERE room_nid = $1 AND kind = $2 AND state_key = $3 AND to_ver = 9223372036854775807"
);
insert!(STATE, "room_state", [room_nid: int, kind: text, state_key: text, from_ver: int, to_ver: int, event_nid: int]);
stmt!(
    STATE_AT,
    "SELECT s.kind, s.state_key, e.event_nid, e.event_id, e.client, p.pdu
     FROM room_state s JOIN events e ON e.event_nid = s.event_nid JOIN pdus p ON p.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.from_ver <= $2 AND s.to_ver > $2"
);
stmt!(
    STATE_ENTRY_AT,
    "SELECT e.event_nid, e.event_id, e.client, e.state_ver FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = $2 AND s.state_key = $3 AND s.from_ver <= $4 AND s.to_ver > $4"
);
stmt!(
    /// What of a room's present state is told to those who consider joining: `params![room]`.
    OUTSIDE_VIEW,
    "SELECT s.kind, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.state_key = '' AND s.to_ver = 9223372036854775807 AND s.kind IN
        ('m.room.create', 'm.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.canonical_alias', 'm.room.join_rules',
         'm.room.history_visibility', 'm.room.guest_access', 'm.room.encryption')"
);
stmt!(
    /// The children of a space, at present: `params![room]`.
    SPACE_CHILDREN,
    "SELECT s.state_key, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = 'm.space.child' AND s.to_ver = 9223372036854775807"
);

/// A part of the state.
#[derive(Clone, Debug)]
pub struct StateRow {
    /// Event type.
    pub kind: String,
    /// State key.
    pub state_key: String,
    /// The event that set it.
    pub event: EventNid,
    /// Its id.
    pub event_id: OwnedEventId,
    /// Client form.
    pub client: Bytes,
    /// Signed form.
    pub pdu: Bytes,
}

/// The state at a version, in no order.
pub async fn state_at(db: &Db, room: RoomNid, version: i64) -> Result<Vec<StateRow>, Error> {
    let rows = db.query(&STATE_AT, params![room.0, version]).await?;
    rows.iter()
        .map(|row| {
            Ok(StateRow {
                kind: row.get(0)?,
                state_key: row.get(1)?,
                event: EventNid(row.get(2)?),
                event_id: event_id(row.get(3)?)?,
                client: row.get(4)?,
                pdu: row.get(5)?,
            })
        })
        .collect()
}

/// One part of the state at a version: event, id and client form.
pub async fn state_entry_at(
    db: &Db,
    room: RoomNid,
    kind: &str,
    state_key: &str,
    version: i64,
) -> Result<Option<(EventNid, OwnedEventId, Bytes)>, Error> {
    let row = db.query_opt(&STATE_ENTRY_AT, params![room.0, kind, state_key, version]).await?;
    row.map(|row| Ok((EventNid(row.get(0)?), event_id(row.get(1)?)?, row.get(2)?))).transpose()
}

/// Adds to the batch that from version `from` on this part of the state is set by `event`.
pub fn set_state(
    batch: &mut Batch,
    room: RoomNid,
    kind: &str,
    state_key: &str,
    from: i64,
    event: EventNid,
) {
    batch.exec(&CLOSE_STATE, params![room.0, kind, state_key, from]);
    batch.insert(&STATE, params![room.0, kind, state_key, from, OPEN, event.0]);
}
