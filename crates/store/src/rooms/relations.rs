//! What refers to which event.

use base::Timestamp;
use db::{Error, Row, insert, stmt};
use ruma::{OwnedEventId, OwnedUserId};

use super::{event_id, user_id};

insert!(RELATION, "relations", [target: text, rel_type: text, event_nid: int, room_nid: int]);
stmt!(
    DROP_RELATION,
    "DELETE FROM relations WHERE target = $1 AND rel_type = $2 AND event_nid = $3"
);
stmt!(
    /// Notes at an event of the room that another one refers to it: `params![event_id, room]`.
    MARK_RELATED,
    "UPDATE events SET related = 1 WHERE event_id = $1 AND room_nid = $2 AND related IS NULL"
);
stmt!(
    /// What refers to an event and is summed up with it, oldest first: `params![event_id, room]`.
    CHILDREN,
    "SELECT x.rel_type, e.event_id, e.kind, e.state_key, u.user_id, e.ts, e.state_ver
     FROM relations x JOIN events e ON e.event_nid = x.event_nid JOIN users u ON u.user_nid = e.sender_nid
     WHERE x.target = $1 AND e.room_nid = $2 AND x.rel_type IN ('m.replace', 'm.thread', 'm.reference') ORDER BY e.pos"
);
stmt!(
    /// The events that refer to one: `params![event_id, room]`, newest first.
    RELATED,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart, x.rel_type
     FROM relations x JOIN events e ON e.event_nid = x.event_nid JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE x.target = $1 AND e.room_nid = $2 ORDER BY e.pos DESC"
);
stmt!(
    /// The threads of a room with the position of their latest answer: `params![room, before, limit]`, the latest first.
    THREAD_ROOTS,
    "SELECT x.target, max(e.pos) AS latest FROM relations x JOIN events e ON e.event_nid = x.event_nid
     WHERE x.room_nid = $1 AND x.rel_type = 'm.thread' GROUP BY x.target HAVING max(e.pos) < $2 ORDER BY latest DESC LIMIT $3"
);

/// What refers to an event, as far as a summary needs it.
#[derive(Clone, Debug)]
pub struct ChildRow {
    /// `m.replace`, `m.thread` or `m.reference`.
    pub rel_type: String,
    /// Matrix event id.
    pub event_id: OwnedEventId,
    /// Event type.
    pub kind: String,
    /// State key of state events.
    pub state_key: Option<String>,
    /// Sender.
    pub sender: OwnedUserId,
    /// `origin_server_ts`
    pub ts: Timestamp,
    /// Version of the room's state after the event.
    pub state_ver: i64,
}

impl ChildRow {
    /// Reads a row of [`CHILDREN`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            rel_type: row.get(0)?,
            event_id: event_id(row.get(1)?)?,
            kind: row.get(2)?,
            state_key: row.get(3)?,
            sender: user_id(row.get(4)?)?,
            ts: Timestamp(row.get(5)?),
            state_ver: row.get(6)?,
        })
    }
}
