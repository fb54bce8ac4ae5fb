//! Events with their signed forms, the timeline, and the transaction ids under which they were sent.

use base::{DeviceNid, EventNid, Pos, RoomNid, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, PosRef, Row, insert, params, stmt};
use ruma::{EventId, OwnedEventId, OwnedUserId};

use super::{event_id, user_id};

insert!(
    EVENT,
    "events",
    [
        event_nid: int, room_nid: int, event_id: text, pos: int, kind: text, state_key: text, membership: text, sender_nid: int, ts: int, depth: int,
        state_ver: int, notifying: int, apart: int, txn_device: int, txn_id: text, client: blob,
    ]
);
insert!(PDU, "pdus", [event_nid: int, pdu: blob]);
stmt!(
    REDACT_EVENT,
    "UPDATE events SET client = $2, redacted_by = $3 WHERE event_nid = $1 AND redacted_by IS NULL"
);
stmt!(REDACT_PDU, "UPDATE pdus SET pdu = $2 WHERE event_nid = $1");
// A repeated request finds its key taken, and is answered with what the first one made.
stmt!(
    CLAIM_TRANSACTION,
    "INSERT INTO transactions (device_nid, txn_key, event_id) VALUES ($1, $2, $3) ON CONFLICT (device_nid, txn_key) DO NOTHING"
);
stmt!(DROP_TRANSACTIONS, "DELETE FROM transactions WHERE device_nid = $1");
// Nobody needs to know any more from which device something was sent: its own echo was the reason.
stmt!(
    FORGET_SENDING_DEVICE,
    "UPDATE events SET txn_device = NULL, txn_id = NULL
     WHERE event_id IN (SELECT t.event_id FROM transactions t WHERE t.device_nid = $1)"
);
stmt!(TRANSACTION, "SELECT event_id FROM transactions WHERE device_nid = $1 AND txn_key = $2");
stmt!(
    EVENT_BY_ID,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by WHERE e.event_id = $1"
);
stmt!(EVENT_PDU, "SELECT p.pdu FROM pdus p WHERE p.event_nid = $1");
stmt!(
    TIMELINE_FORWARDS,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.pos > $2 AND e.pos <= $3 ORDER BY e.pos LIMIT $4"
);
stmt!(
    TIMELINE_BACKWARDS,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.pos > $2 AND e.pos <= $3 ORDER BY e.pos DESC LIMIT $4"
);
stmt!(
    /// The first events at or after a time: `params![room, ts, limit]`.
    EVENTS_FROM_TIME,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.ts >= $2 AND e.pos > 0 ORDER BY e.ts, e.pos LIMIT $3"
);
stmt!(
    /// The last events at or before a time, the last first: `params![room, ts, limit]`.
    EVENTS_UNTIL_TIME,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.ts <= $2 AND e.pos > 0 ORDER BY e.ts DESC, e.pos DESC LIMIT $3"
);

/// An event of a timeline.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Row number.
    pub event: EventNid,
    /// Its room.
    pub room: RoomNid,
    /// Matrix event id.
    pub event_id: OwnedEventId,
    /// Position in the timeline; `None` for events outside it.
    pub pos: Option<Pos>,
    /// Event type.
    pub kind: String,
    /// State key of state events.
    pub state_key: Option<String>,
    /// Sender.
    pub sender: OwnedUserId,
    /// `origin_server_ts`
    pub ts: Timestamp,
    /// Version of the room's state after this event.
    pub state_ver: i64,
    /// Running number of notifying events, this one included.
    pub notifying: i64,
    /// Client form of the event that redacted this one.
    pub redacted_because: Option<Bytes>,
    /// The sending device and its transaction id.
    pub transaction: Option<(DeviceNid, String)>,
    /// Client form, without `unsigned`.
    pub client: Bytes,
    /// Whether another event of the room refers to it.
    pub related: bool,
    /// Unread counts look at it one by one; whether it also raised the running number.
    pub apart: Option<bool>,
}

impl EventRow {
    /// Reads a row of the timeline statements of this chapter.
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        let txn_device: Option<i64> = row.get(11)?;
        let txn_id: Option<String> = row.get(12)?;
        Ok(Self {
            event: EventNid(row.get(0)?),
            room: RoomNid(row.get(1)?),
            event_id: event_id(row.get(2)?)?,
            pos: row.get(3)?,
            kind: row.get(4)?,
            state_key: row.get(5)?,
            sender: user_id(row.get(6)?)?,
            ts: Timestamp(row.get(7)?),
            state_ver: row.get(8)?,
            notifying: row.get(9)?,
            redacted_because: row.get(10)?,
            transaction: txn_device.zip(txn_id).map(|(device, txn)| (DeviceNid(device), txn)),
            client: row.get(13)?,
            related: row.get::<Option<i64>>(14)?.is_some(),
            apart: row.get(15)?,
        })
    }
}

/// A new event, as the batch takes it.
pub struct NewEvent<'a> {
    /// Row number.
    pub event: EventNid,
    /// Its room.
    pub room: RoomNid,
    /// Matrix event id.
    pub event_id: &'a EventId,
    /// Event type.
    pub kind: &'a str,
    /// State key of state events.
    pub state_key: Option<&'a str>,
    /// What a membership event says.
    pub membership: Option<&'a str>,
    /// Sender.
    pub sender: UserNid,
    /// `origin_server_ts`
    pub ts: Timestamp,
    /// Place in the event graph.
    pub depth: u64,
    /// Version of the state after the event.
    pub state_ver: i64,
    /// Running number of notifying events, this one included.
    pub notifying: i64,
    /// Unread counts look at it one by one; whether it also raised the running number.
    pub apart: Option<bool>,
    /// Sending device and its transaction id.
    pub transaction: Option<(DeviceNid, &'a str)>,
    /// Client form.
    pub client: Bytes,
    /// Signed form.
    pub pdu: Bytes,
}

/// An event by its id, whatever its room.
pub async fn event_by_id(db: &Db, id: &EventId) -> Result<Option<EventRow>, Error> {
    db.query_opt(&EVENT_BY_ID, params![id.as_str()])
        .await?
        .as_ref()
        .map(EventRow::from_row)
        .transpose()
}

/// The signed form of an event.
pub async fn pdu(db: &Db, event: EventNid) -> Result<Option<Bytes>, Error> {
    db.query_opt(&EVENT_PDU, params![event.0]).await?.map(|row| row.get(0)).transpose()
}

/// Events of a room with `after < pos <= upto`: the first `limit` of them, or with `backwards` the last, newest first.
pub async fn timeline(
    db: &Db,
    room: RoomNid,
    after: Pos,
    upto: Pos,
    limit: u32,
    backwards: bool,
) -> Result<Vec<EventRow>, Error> {
    let statement = if backwards { &TIMELINE_BACKWARDS } else { &TIMELINE_FORWARDS };
    let rows = db.query(statement, params![room.0, after, upto, i64::from(limit)]).await?;
    rows.iter().map(EventRow::from_row).collect()
}

/// Adds an event with its signed form to the batch.
pub fn insert_event(batch: &mut Batch, event: NewEvent<'_>, pos: PosRef) {
    let (txn_device, txn_id) = event.transaction.unzip();
    batch.insert(
        &EVENT,
        params![
            event.event.0,
            event.room.0,
            event.event_id.as_str(),
            pos,
            event.kind,
            event.state_key,
            event.membership,
            event.sender.0,
            i64::from(event.ts),
            event.depth,
            event.state_ver,
            event.notifying,
            event.apart.map(i64::from),
            txn_device.map(|device| device.0),
            txn_id,
            event.client,
        ],
    );
    batch.insert(&PDU, params![event.event.0, event.pdu]);
}
