//! Rooms: events, the timeline, versioned state, memberships, aliases and transaction ids.
//!
//! `rooms.head` is raised by every event and is the guard of every write to a room. State is kept as versioned rows (ADR 3):
//! the state at version *v* are the rows with `from_ver <= v < to_ver`.

use base::{DeviceNid, EventNid, Pos, RoomNid, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, PosRef, Row, insert, params, stmt};
use ruma::{
    EventId, OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId, RoomAliasId, RoomId, UserId,
};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// `to_ver` of a state row that is still true.
pub const OPEN: i64 = i64::MAX;

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE rooms (
            room_nid BIGINT NOT NULL PRIMARY KEY,
            room_id TEXT NOT NULL UNIQUE,
            version TEXT NOT NULL,
            head BIGINT NOT NULL,
            state_ver BIGINT NOT NULL,
            notifying BIGINT NOT NULL,
            extremities TEXT NOT NULL,
            public BIGINT NOT NULL
        )",
        "CREATE INDEX rooms_public ON rooms (room_nid) WHERE public = 1",
        "CREATE TABLE events (
            event_nid BIGINT NOT NULL PRIMARY KEY,
            room_nid BIGINT NOT NULL,
            event_id TEXT NOT NULL UNIQUE,
            pos BIGINT,
            kind TEXT NOT NULL,
            state_key TEXT,
            membership TEXT,
            sender_nid BIGINT NOT NULL,
            ts BIGINT NOT NULL,
            depth BIGINT NOT NULL,
            state_ver BIGINT NOT NULL,
            notifying BIGINT NOT NULL,
            apart BIGINT,
            redacted_by BIGINT,
            related BIGINT,
            txn_device BIGINT,
            txn_id TEXT,
            client BYTEA NOT NULL
        )",
        "CREATE UNIQUE INDEX events_timeline ON events (room_nid, pos)",
        "CREATE INDEX events_in_clear ON events (room_nid, pos) WHERE kind IN ('m.room.message', 'm.room.name', 'm.room.topic')",
        "CREATE INDEX events_apart ON events (room_nid, pos) WHERE apart IS NOT NULL",
        "CREATE TABLE pdus (event_nid BIGINT NOT NULL PRIMARY KEY, pdu BYTEA NOT NULL)",
        "CREATE TABLE relations (
            target TEXT NOT NULL,
            rel_type TEXT NOT NULL,
            event_nid BIGINT NOT NULL,
            room_nid BIGINT NOT NULL,
            PRIMARY KEY (target, rel_type, event_nid)
        ) WITHOUT ROWID",
        "CREATE INDEX relations_room ON relations (room_nid, rel_type, event_nid)",
        "CREATE TABLE room_state (
            room_nid BIGINT NOT NULL,
            kind TEXT NOT NULL,
            state_key TEXT NOT NULL,
            from_ver BIGINT NOT NULL,
            to_ver BIGINT NOT NULL,
            event_nid BIGINT NOT NULL,
            PRIMARY KEY (room_nid, kind, state_key, from_ver)
        ) WITHOUT ROWID",
        "CREATE INDEX room_state_versions ON room_state (room_nid, from_ver)",
        "CREATE TABLE members (
            room_nid BIGINT NOT NULL,
            user_nid BIGINT NOT NULL,
            membership TEXT NOT NULL,
            event_nid BIGINT NOT NULL,
            pos BIGINT NOT NULL,
            forgotten BIGINT NOT NULL,
            PRIMARY KEY (room_nid, user_nid)
        ) WITHOUT ROWID",
        "CREATE INDEX members_user ON members (user_nid, membership)",
        "CREATE INDEX members_pos ON members (room_nid, pos)",
        "CREATE TABLE aliases (alias TEXT NOT NULL PRIMARY KEY, room_nid BIGINT NOT NULL, creator_nid BIGINT NOT NULL)",
        "CREATE INDEX aliases_room ON aliases (room_nid)",
        "CREATE TABLE transactions (
            device_nid BIGINT NOT NULL REFERENCES devices (device_nid),
            txn_key TEXT NOT NULL,
            event_id TEXT NOT NULL,
            PRIMARY KEY (device_nid, txn_key)
        ) WITHOUT ROWID",
    ],
    columns: &[
        column("rooms.room_nid", "short name of a room", Concerns::Nobody, Period::Room),
        column(
            "rooms.room_id",
            "Matrix room id, to address the room",
            Concerns::Nobody,
            Period::Room,
        ),
        column("rooms.version", "the rules of the room", Concerns::Nobody, Period::Room),
        column("rooms.head", "guard against two writers at once", Concerns::Nobody, Period::Room),
        column(
            "rooms.state_ver",
            "current version of the room's state",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.notifying",
            "running number of messages, for unread counts",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.extremities",
            "the events that the next one follows",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "rooms.public",
            "whether the room stands in the hospital's room directory",
            Concerns::Nobody,
            Period::Room,
        ),
        column("events.event_nid", "short name of an event", Concerns::Nobody, Period::Message),
        column("events.room_nid", "the event's room", Concerns::User, Period::Message),
        column(
            "events.event_id",
            "Matrix event id, to address the event",
            Concerns::Nobody,
            Period::Message,
        ),
        column("events.pos", "place in the timeline", Concerns::Nobody, Period::Message),
        column("events.kind", "event type, for the room's rules", Concerns::User, Period::Message),
        column(
            "events.state_key",
            "what part of the state the event sets",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.membership",
            "what a membership event says, for history visibility",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.sender_nid",
            "who sent the event, for the room's rules and to show it",
            Concerns::User,
            Period::Message,
        ),
        column("events.ts", "when it was sent, to show it", Concerns::User, Period::Message),
        column("events.depth", "place in the event graph", Concerns::Nobody, Period::Message),
        column(
            "events.state_ver",
            "version of the room's state at the event, for history visibility",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.notifying",
            "running number of messages, for unread counts",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.apart",
            "in a thread or with mentions, so that unread counts are made for each reader",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.redacted_by",
            "the event that deleted the content",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.related",
            "whether another event refers to it, so that its summary is looked for",
            Concerns::Nobody,
            Period::Message,
        ),
        column(
            "events.txn_device",
            "device that sent it, so that it recognises its own message",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.txn_id",
            "the device's own name for the message",
            Concerns::User,
            Period::Message,
        ),
        column(
            "events.client",
            "the event as clients get it: message content is ciphertext",
            Concerns::Ciphertext,
            Period::Message,
        ),
        column("pdus.event_nid", "which event", Concerns::Nobody, Period::Message),
        column(
            "pdus.pdu",
            "the signed event as servers exchange it: message content is ciphertext",
            Concerns::Ciphertext,
            Period::Message,
        ),
        column(
            "relations.target",
            "the event that a reply, reaction, edit or thread refers to",
            Concerns::User,
            Period::Message,
        ),
        column("relations.rel_type", "kind of reference", Concerns::User, Period::Message),
        column("relations.event_nid", "the event that refers", Concerns::User, Period::Message),
        column(
            "relations.room_nid",
            "the room, to list its threads",
            Concerns::Nobody,
            Period::Message,
        ),
        column("room_state.room_nid", "the room", Concerns::Nobody, Period::Room),
        column("room_state.kind", "event type of the state", Concerns::Nobody, Period::Room),
        column(
            "room_state.state_key",
            "which part of the state; a user id for memberships",
            Concerns::User,
            Period::Room,
        ),
        column(
            "room_state.from_ver",
            "first version for which it is true",
            Concerns::Nobody,
            Period::Room,
        ),
        column(
            "room_state.to_ver",
            "first version for which it is no longer true",
            Concerns::Nobody,
            Period::Room,
        ),
        column("room_state.event_nid", "the event that set it", Concerns::Nobody, Period::Room),
        column("members.room_nid", "the room", Concerns::User, Period::Room),
        column("members.user_nid", "who is in the room", Concerns::User, Period::Room),
        column(
            "members.membership",
            "joined, invited, knocking, left or banned",
            Concerns::User,
            Period::Room,
        ),
        column("members.event_nid", "the event that says so", Concerns::Nobody, Period::Room),
        column("members.pos", "since when, in the change log", Concerns::User, Period::Room),
        column(
            "members.forgotten",
            "the person no longer wants to see the room",
            Concerns::User,
            Period::Room,
        ),
        column("aliases.alias", "readable address of a room", Concerns::Nobody, Period::Room),
        column("aliases.room_nid", "the room that it names", Concerns::Nobody, Period::Room),
        column("aliases.creator_nid", "who may remove it", Concerns::User, Period::Room),
        column("transactions.device_nid", "device that sent", Concerns::User, Period::Device),
        column(
            "transactions.txn_key",
            "so that a repeated request sends nothing twice",
            Concerns::User,
            Period::Device,
        ),
        column(
            "transactions.event_id",
            "what the first request made",
            Concerns::User,
            Period::Device,
        ),
    ],
};

stmt!(
    ROOM_BY_ID,
    "SELECT room_nid, room_id, version, head, state_ver, notifying, extremities, public FROM rooms WHERE room_id = $1"
);
stmt!(
    ROOM_BY_NID,
    "SELECT room_nid, room_id, version, head, state_ver, notifying, extremities, public FROM rooms WHERE room_nid = $1"
);
stmt!(ROOM_NID, "SELECT room_nid FROM rooms WHERE room_id = $1");
stmt!(ROOM_ID, "SELECT room_id FROM rooms WHERE room_nid = $1");
// The guard: whoever read the room at this head, and nobody else, may write the next event.
stmt!(
    RAISE_HEAD,
    "UPDATE rooms SET head = $3, state_ver = $4, notifying = $5, extremities = $6 WHERE room_nid = $1 AND head = $2"
);
stmt!(
    NEW_ROOM,
    "INSERT INTO rooms (room_nid, room_id, version, head, state_ver, notifying, extremities, public)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (room_id) DO NOTHING"
);
insert!(
    EVENT,
    "events",
    [
        event_nid: int, room_nid: int, event_id: text, pos: int, kind: text, state_key: text, membership: text, sender_nid: int, ts: int, depth: int,
        state_ver: int, notifying: int, apart: int, txn_device: int, txn_id: text, client: blob,
    ]
);
insert!(PDU, "pdus", [event_nid: int, pdu: blob]);
insert!(RELATION, "relations", [target: text, rel_type: text, event_nid: int, room_nid: int]);
stmt!(
    CLOSE_STATE,
    "UPDATE room_state SET to_ver = $4 WHERE room_nid = $1 AND kind = $2 AND state_key = $3 AND to_ver = 9223372036854775807"
);
insert!(STATE, "room_state", [room_nid: int, kind: text, state_key: text, from_ver: int, to_ver: int, event_nid: int]);
stmt!(
    SET_MEMBER,
    "INSERT INTO members (room_nid, user_nid, membership, event_nid, pos, forgotten) VALUES ($1, $2, $3, $4, $5, 0)
     ON CONFLICT (room_nid, user_nid) DO UPDATE SET membership = excluded.membership, event_nid = excluded.event_nid, pos = excluded.pos, forgotten = 0"
);
// Only who has left can forget.
stmt!(
    FORGET,
    "UPDATE members SET forgotten = 1 WHERE room_nid = $1 AND user_nid = $2 AND membership IN ('leave', 'ban')"
);
stmt!(
    REDACT_EVENT,
    "UPDATE events SET client = $2, redacted_by = $3 WHERE event_nid = $1 AND redacted_by IS NULL"
);
stmt!(REDACT_PDU, "UPDATE pdus SET pdu = $2 WHERE event_nid = $1");
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
stmt!(
    MEMBER,
    "SELECT membership, event_nid, pos, forgotten FROM members WHERE room_nid = $1 AND user_nid = $2"
);
stmt!(
    MEMBERS,
    "SELECT u.user_nid, u.user_id, m.membership FROM members m JOIN users u ON u.user_nid = m.user_nid WHERE m.room_nid = $1"
);
stmt!(
    MEMBERSHIPS,
    "SELECT m.room_nid, r.room_id, m.membership, m.event_nid, m.pos, m.forgotten FROM members m JOIN rooms r ON r.room_nid = m.room_nid WHERE m.user_nid = $1"
);
stmt!(
    LOCAL_MEMBERS,
    "SELECT m.room_nid, m.user_nid, m.membership FROM members m JOIN accounts a ON a.user_nid = m.user_nid WHERE m.membership IN ('join', 'invite', 'knock')"
);
stmt!(
    ALIAS,
    "SELECT r.room_nid, r.room_id, a.creator_nid FROM aliases a JOIN rooms r ON r.room_nid = a.room_nid WHERE a.alias = $1"
);
stmt!(ALIASES, "SELECT alias FROM aliases WHERE room_nid = $1 ORDER BY alias");
stmt!(
    CLAIM_ALIAS,
    "INSERT INTO aliases (alias, room_nid, creator_nid) VALUES ($1, $2, $3) ON CONFLICT (alias) DO NOTHING"
);
stmt!(DROP_ALIAS, "DELETE FROM aliases WHERE alias = $1");
stmt!(
    /// An upgraded room's aliases follow to the new room: `params![old, new]`.
    MOVE_ALIASES,
    "UPDATE aliases SET room_nid = $2 WHERE room_nid = $1"
);
stmt!(SET_PUBLIC, "UPDATE rooms SET public = $2 WHERE room_nid = $1");
stmt!(
    /// The rooms of the directory, largest first: room, its id, joined members.
    PUBLIC_ROOMS,
    "SELECT r.room_nid, r.room_id, (SELECT COUNT(*) FROM members m WHERE m.room_nid = r.room_nid AND m.membership = 'join') AS joined
     FROM rooms r WHERE r.public = 1 ORDER BY joined DESC, r.room_nid"
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
stmt!(
    /// How many joined members a room has: `params![room]`.
    JOINED_COUNT,
    "SELECT COUNT(*) FROM members WHERE room_nid = $1 AND membership = 'join'"
);

/// A room as its writer needs it.
#[derive(Clone, Debug)]
pub struct RoomRow {
    /// Row number.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// Room version, as in `m.room.create`.
    pub version: String,
    /// Raised by every event; the guard of every write.
    pub head: i64,
    /// Version of the current state.
    pub state_ver: i64,
    /// Running number of notifying events.
    pub notifying: i64,
    /// Forward extremities with their depths.
    pub extremities: Vec<(OwnedEventId, u64)>,
    /// Whether the room directory lists it.
    pub public: bool,
}

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
            sender: UserId::parse(row.get::<String>(6)?)
                .map_err(|_| Error::corrupt("users.user_id"))?,
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

/// Someone's relation to a room.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// `join`, `invite`, `knock`, `leave` or `ban`.
    pub membership: String,
    /// The event that says so.
    pub event: EventNid,
    /// Its position.
    pub pos: Pos,
    /// Whether the person forgot the room.
    pub forgotten: bool,
}

impl MemberRow {
    /// Reads a row of [`MEMBER`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            membership: row.get(0)?,
            event: EventNid(row.get(1)?),
            pos: row.get(2)?,
            forgotten: row.get(3)?,
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

fn event_id(text: String) -> Result<OwnedEventId, Error> {
    EventId::parse(text).map_err(|_| Error::corrupt("events.event_id"))
}

fn room_id(text: String) -> Result<OwnedRoomId, Error> {
    RoomId::parse(text).map_err(|_| Error::corrupt("rooms.room_id"))
}

/// Forward extremities as one column: ids and depths, separated by spaces.
pub fn extremities_text(extremities: &[(OwnedEventId, u64)]) -> String {
    let parts: Vec<String> =
        extremities.iter().map(|(id, depth)| format!("{id} {depth}")).collect();
    parts.join(" ")
}

fn extremities(text: &str) -> Result<Vec<(OwnedEventId, u64)>, Error> {
    let corrupt = || Error::corrupt("rooms.extremities");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words
        .chunks(2)
        .map(|pair| match pair {
            [id, depth] => {
                let id = EventId::parse(*id).map_err(|_| corrupt())?;
                Ok((id, depth.parse().map_err(|_| corrupt())?))
            }
            _ => Err(corrupt()),
        })
        .collect()
}

fn room_row(row: &Row) -> Result<RoomRow, Error> {
    Ok(RoomRow {
        room: RoomNid(row.get(0)?),
        room_id: room_id(row.get(1)?)?,
        version: row.get(2)?,
        head: row.get(3)?,
        state_ver: row.get(4)?,
        notifying: row.get(5)?,
        extremities: extremities(row.get(6)?)?,
        public: row.get(7)?,
    })
}

/// A room by its id.
pub async fn room_by_id(db: &Db, room_id: &RoomId) -> Result<Option<RoomRow>, Error> {
    db.query_opt(&ROOM_BY_ID, params![room_id.as_str()]).await?.as_ref().map(room_row).transpose()
}

/// A room by its row number.
pub async fn room_by_nid(db: &Db, room: RoomNid) -> Result<Option<RoomRow>, Error> {
    db.query_opt(&ROOM_BY_NID, params![room.0]).await?.as_ref().map(room_row).transpose()
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

/// Someone's relation to a room, if there ever was one.
pub async fn member(db: &Db, room: RoomNid, user: UserNid) -> Result<Option<MemberRow>, Error> {
    let row = db.query_opt(&MEMBER, params![room.0, user.0]).await?;
    row.as_ref().map(MemberRow::from_row).transpose()
}

/// Everyone who ever had a membership in the room, with it.
pub async fn members(db: &Db, room: RoomNid) -> Result<Vec<(UserNid, OwnedUserId, String)>, Error> {
    let rows = db.query(&MEMBERS, params![room.0]).await?;
    rows.iter()
        .map(|row| {
            let user = UserId::parse(row.get::<String>(1)?)
                .map_err(|_| Error::corrupt("users.user_id"))?;
            Ok((UserNid(row.get(0)?), user, row.get(2)?))
        })
        .collect()
}

/// All rooms to which a user has a relation.
pub async fn memberships(
    db: &Db,
    user: UserNid,
) -> Result<Vec<(RoomNid, OwnedRoomId, MemberRow)>, Error> {
    let rows = db.query(&MEMBERSHIPS, params![user.0]).await?;
    rows.iter()
        .map(|row| {
            let member = MemberRow {
                membership: row.get(2)?,
                event: EventNid(row.get(3)?),
                pos: row.get(4)?,
                forgotten: row.get(5)?,
            };
            Ok((RoomNid(row.get(0)?), room_id(row.get(1)?)?, member))
        })
        .collect()
}

/// Local users and the rooms in which they are joined (`true`), invited or knocking (`false`). Read at start.
pub async fn local_members(db: &Db) -> Result<Vec<(RoomNid, UserNid, bool)>, Error> {
    let rows = db.query(&LOCAL_MEMBERS, params![]).await?;
    rows.iter()
        .map(|row| Ok((RoomNid(row.get(0)?), UserNid(row.get(1)?), row.get::<&str>(2)? == "join")))
        .collect()
}

/// The room that an alias names, and who made the alias.
pub async fn alias(
    db: &Db,
    alias: &RoomAliasId,
) -> Result<Option<(RoomNid, OwnedRoomId, UserNid)>, Error> {
    let row = db.query_opt(&ALIAS, params![alias.as_str()]).await?;
    row.map(|row| Ok((RoomNid(row.get(0)?), room_id(row.get(1)?)?, UserNid(row.get(2)?))))
        .transpose()
}

/// The aliases of a room.
pub async fn aliases(db: &Db, room: RoomNid) -> Result<Vec<OwnedRoomAliasId>, Error> {
    let rows = db.query(&ALIASES, params![room.0]).await?;
    rows.iter()
        .map(|row| {
            RoomAliasId::parse(row.get::<String>(0)?).map_err(|_| Error::corrupt("aliases.alias"))
        })
        .collect()
}

/// A room of the directory.
#[derive(Clone, Debug)]
pub struct PublicRoomRow {
    /// Row number.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// Joined members.
    pub joined: u64,
}

/// The rooms of the directory, largest first.
pub async fn public_rooms(db: &Db) -> Result<Vec<PublicRoomRow>, Error> {
    let rows = db.query(&PUBLIC_ROOMS, params![]).await?;
    rows.iter()
        .map(|row| {
            Ok(PublicRoomRow {
                room: RoomNid(row.get(0)?),
                room_id: room_id(row.get(1)?)?,
                joined: row.get(2)?,
            })
        })
        .collect()
}

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
            sender: UserId::parse(row.get::<String>(4)?)
                .map_err(|_| Error::corrupt("users.user_id"))?,
            ts: Timestamp(row.get(5)?),
            state_ver: row.get(6)?,
        })
    }
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

/// Adds a membership to the batch.
pub fn set_member(
    batch: &mut Batch,
    room: RoomNid,
    user: UserNid,
    membership: &str,
    event: EventNid,
    pos: PosRef,
) {
    batch.exec(&SET_MEMBER, params![room.0, user.0, membership, event.0, pos]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremities_survive_their_column() {
        let ids = vec![
            (EventId::parse("$abc").expect("an id"), 7),
            (EventId::parse("$def").expect("an id"), 9),
        ];
        assert_eq!(extremities(&extremities_text(&ids)).expect("readable"), ids);
        assert!(extremities("$abc").is_err());
        assert!(extremities("").expect("none").is_empty());
    }
}
