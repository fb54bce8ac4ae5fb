//! The end of messages whose period is over (I.j): the oldest of a room, all that belongs to one, and what is remembered of those that went.
//!
//! State stays, since the room's rules rest on it. What is remembered are a place and two numbers for each room, so that counts and the chain
//! of events can still be checked.

use base::{DeviceNid, EventNid, Pos, RoomNid, Timestamp};
use bytes::Bytes;
use db::{Batch, Db, Error, Row, params, stmt};
use ruma::{EventId, OwnedEventId};

use super::{DROP_RELATION, event_id};

stmt!(ROOMS_AFTER, "SELECT room_nid FROM rooms WHERE room_nid > $1 ORDER BY room_nid LIMIT $2");
stmt!(
    /// The oldest events of a room behind a position that are no state: `params![room, after, limit]`.
    OLDEST_MESSAGES,
    "SELECT e.event_nid, e.event_id, e.pos, e.kind, e.ts, e.notifying, e.txn_device, e.txn_id, e.client
     FROM events e WHERE e.room_nid = $1 AND e.pos > $2 AND e.state_key IS NULL ORDER BY e.pos LIMIT $3"
);
stmt!(
    /// Whether an event is there: `params![event_id]`.
    IS_THERE,
    "SELECT 1 FROM events WHERE event_id = $1"
);
stmt!(DROP_EVENT, "DELETE FROM events WHERE event_nid = $1");
stmt!(DROP_PDU, "DELETE FROM pdus WHERE event_nid = $1");
stmt!(DROP_RELATIONS_TO, "DELETE FROM relations WHERE target = $1");
stmt!(DROP_TRANSACTION, "DELETE FROM transactions WHERE device_nid = $1 AND txn_key = $2");
stmt!(
    NOTE_PURGED,
    "INSERT INTO purged (room_nid, pos, event_id, events, notifying) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (room_nid) DO UPDATE
     SET pos = excluded.pos, event_id = excluded.event_id, events = purged.events + excluded.events, notifying = excluded.notifying"
);
stmt!(PURGED, "SELECT room_nid, pos, notifying FROM purged");

/// An event that may be past its time.
#[derive(Clone, Debug)]
pub struct OldMessage {
    /// Row number.
    pub event: EventNid,
    /// Matrix event id.
    pub event_id: OwnedEventId,
    /// Place in the timeline.
    pub pos: Pos,
    /// Event type.
    pub kind: String,
    /// `origin_server_ts`
    pub ts: Timestamp,
    /// Running number of notifying events, this one included.
    pub notifying: i64,
    /// The sending device and its transaction id.
    pub transaction: Option<(DeviceNid, String)>,
    /// Client form.
    pub client: Bytes,
}

impl OldMessage {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let txn_device: Option<i64> = row.get(6)?;
        let txn_id: Option<String> = row.get(7)?;
        Ok(Self {
            event: EventNid(row.get(0)?),
            event_id: event_id(row.get(1)?)?,
            pos: row.get(2)?,
            kind: row.get(3)?,
            ts: Timestamp(row.get(4)?),
            notifying: row.get(5)?,
            transaction: txn_device.zip(txn_id).map(|(device, txn)| (DeviceNid(device), txn)),
            client: row.get(8)?,
        })
    }
}

/// Up to where the messages of a room are gone, and the running number of notifying events there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgedUpto {
    /// The room.
    pub room: RoomNid,
    /// Place in the timeline.
    pub pos: Pos,
    /// Running number.
    pub notifying: i64,
}

/// The next rooms behind one, by row number.
pub async fn rooms_after(db: &Db, after: RoomNid, limit: u32) -> Result<Vec<RoomNid>, Error> {
    let rows = db.query(&ROOMS_AFTER, params![after.0, limit]).await?;
    rows.iter().map(|row| row.get(0).map(RoomNid)).collect()
}

/// The oldest events of a room behind `after` that are no state.
pub async fn oldest_messages(
    db: &Db,
    room: RoomNid,
    after: Pos,
    limit: u32,
) -> Result<Vec<OldMessage>, Error> {
    let rows = db.query(&OLDEST_MESSAGES, params![room.0, after, limit]).await?;
    rows.iter().map(OldMessage::from_row).collect()
}

/// Where messages are gone.
pub async fn purged(db: &Db) -> Result<Vec<PurgedUpto>, Error> {
    let rows = db.query(&PURGED, params![]).await?;
    rows.iter()
        .map(|row| {
            let room = RoomNid(row.get(0)?);
            Ok(PurgedUpto { room, pos: row.get(1)?, notifying: row.get(2)? })
        })
        .collect()
}

/// Adds to the batch that an event is gone with all that belongs to it. `relation` is what it refers to, and how; `txn_key` the key under which
/// a repeated request would be recognised.
pub fn drop_message(
    batch: &mut Batch,
    message: &OldMessage,
    relation: Option<(String, String)>,
    txn_key: Option<String>,
) {
    batch.exec(&DROP_EVENT, params![message.event.0]);
    batch.exec(&DROP_PDU, params![message.event.0]);
    batch.exec(&DROP_RELATIONS_TO, params![message.event_id.as_str()]);
    if let Some((target, rel_type)) = relation {
        batch.exec(&DROP_RELATION, params![target, rel_type, message.event.0]);
    }
    if let Some(((device, _), key)) = message.transaction.as_ref().zip(txn_key) {
        batch.exec(&DROP_TRANSACTION, params![device.0, key]);
    }
}

/// Adds to the batch that so many more events of a room are gone, up to this one.
pub fn note_purged(batch: &mut Batch, upto: PurgedUpto, event_id: &EventId, events: u64) {
    batch.exec(
        &NOTE_PURGED,
        params![upto.room.0, upto.pos, event_id.as_str(), events, upto.notifying],
    );
}
