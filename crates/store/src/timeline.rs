//! What only sync reads of rooms: state between two versions, who may have seen what, summaries and the order of room lists.
//! The tables are those of [`crate::rooms`].

use base::{EventNid, Pos, RoomNid, UserNid};
use bytes::Bytes;
use db::{Db, Error, Row, params, stmt};
use ruma::{EventId, OwnedEventId};

stmt!(
    /// Version of a room's state at a position: `params![room, pos]`. No row: nothing had happened yet.
    VERSION_AT,
    "SELECT state_ver FROM events WHERE room_nid = $1 AND pos <= $2 ORDER BY pos DESC LIMIT 1"
);
// The two halves around the members are ranges of the primary key: reading them costs the same in a room of ten and of ten thousand.
stmt!(
    /// The state at a version, without members, first half: `params![room, version]`.
    STATE_BEFORE_MEMBERS,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind < 'm.room.member' AND s.from_ver <= $2 AND s.to_ver > $2"
);
stmt!(
    /// The state at a version, without members, second half: `params![room, version]`.
    STATE_BEHIND_MEMBERS,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind > 'm.room.member' AND s.from_ver <= $2 AND s.to_ver > $2"
);
stmt!(
    /// All state of one kind at a version: `params![room, kind, version]`.
    STATE_OF_KIND,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = $2 AND s.from_ver <= $3 AND s.to_ver > $3"
);
stmt!(
    /// One part of the state at a version: `params![room, kind, state_key, version]`.
    STATE_PART,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = $2 AND s.state_key = $3 AND s.from_ver <= $4 AND s.to_ver > $4"
);
stmt!(
    /// What of the state at a version came after a position: `params![room, since, version]`.
    STATE_DELTA,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.from_ver > COALESCE((SELECT b.state_ver FROM events b WHERE b.room_nid = $1 AND b.pos <= $2 ORDER BY b.pos DESC LIMIT 1), 0)
        AND s.from_ver <= $3 AND s.to_ver > $3"
);
stmt!(
    /// The member event, at a version, of whoever sent an event: `params![room, event, version]`.
    MEMBER_OF_SENDER,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM events c JOIN users u ON u.user_nid = c.sender_nid
     JOIN room_state s ON s.room_nid = $1 AND s.kind = 'm.room.member' AND s.state_key = u.user_id AND s.from_ver <= $3 AND s.to_ver > $3
     JOIN events e ON e.event_nid = s.event_nid WHERE c.event_nid = $2"
);
stmt!(
    /// All versions of one part of the state: `params![room, kind, state_key]`, oldest first.
    STATE_HISTORY,
    "SELECT s.from_ver, s.to_ver, e.client, e.pos FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = $2 AND s.state_key = $3 ORDER BY s.from_ver"
);
stmt!(
    /// How many members a room has of each membership: `params![room]`.
    MEMBER_COUNTS,
    "SELECT membership, COUNT(*) FROM members WHERE room_nid = $1 GROUP BY membership"
);
stmt!(
    /// The first members of a room that are joined or invited, with the event that says so: `params![room, limit]`.
    HEROES,
    "SELECT u.user_id, m.membership, e.client FROM members m JOIN users u ON u.user_nid = m.user_nid JOIN events e ON e.event_nid = m.event_nid
     WHERE m.room_nid = $1 AND m.membership IN ('join', 'invite') ORDER BY m.pos LIMIT $2"
);
stmt!(
    /// As [`HEROES`], of those who left.
    PAST_HEROES,
    "SELECT u.user_id, m.membership, e.client FROM members m JOIN users u ON u.user_nid = m.user_nid JOIN events e ON e.event_nid = m.event_nid
     WHERE m.room_nid = $1 AND m.membership IN ('leave', 'ban') ORDER BY m.pos LIMIT $2"
);
stmt!(
    /// Whether, and up to where, a user has written in a room lately, but for threads and mentions: `params![room, after, upto, user,
    /// looked_at]` → position and running number of messages of the last own event among the last `looked_at` events.
    LAST_OWN_EVENT,
    "SELECT pos, notifying FROM (SELECT pos, notifying, sender_nid, kind, apart FROM events WHERE room_nid = $1 AND pos > $2 AND pos <= $3 ORDER BY pos DESC LIMIT $5) latest
     WHERE sender_nid = $4 AND kind <> 'm.room.member' AND apart IS NULL ORDER BY pos DESC LIMIT 1"
);
// A new name or picture is a membership event too, but nobody comes by it: what counts is the first one since the user was
// last outside.
stmt!(
    /// Running number of messages when a user came into a room, and its position: `params![room, user_id]`.
    NOTIFYING_AT_JOIN,
    "SELECT e.notifying, e.pos FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind = 'm.room.member' AND s.state_key = $2 AND s.from_ver > COALESCE(
        (SELECT MAX(b.from_ver) FROM room_state b JOIN events c ON c.event_nid = b.event_nid
         WHERE b.room_nid = $1 AND b.kind = 'm.room.member' AND b.state_key = $2 AND c.membership <> 'join'), 0)
     ORDER BY s.from_ver LIMIT 1"
);
stmt!(
    /// Whether there are events that unread counts look at one by one, behind what a user has read of the whole room:
    /// `params![room, user, upto]`.
    ANY_APART,
    "SELECT 1 FROM events WHERE room_nid = $1 AND apart IS NOT NULL AND pos <= $3
        AND pos > COALESCE((SELECT MAX(r.event_pos) FROM receipts r WHERE r.room_nid = $1 AND r.user_nid = $2 AND r.thread = ''), 0) LIMIT 1"
);
stmt!(
    /// The events that unread counts look at one by one, newest first: `params![room, after, upto, limit]`. Rows are those of
    /// [`crate::rooms::EventRow`].
    APART_EVENTS,
    "SELECT e.event_nid, e.room_nid, e.event_id, e.pos, e.kind, e.state_key, u.user_id, e.ts, e.state_ver, e.notifying, r.client, e.txn_device, e.txn_id, e.client, e.related, e.apart
     FROM events e JOIN users u ON u.user_nid = e.sender_nid LEFT JOIN events r ON r.event_nid = e.redacted_by
     WHERE e.room_nid = $1 AND e.apart IS NOT NULL AND e.pos > $2 AND e.pos <= $3 ORDER BY e.pos DESC LIMIT $4"
);
stmt!(
    /// The room's present running number of messages: `params![room]`.
    NOTIFYING,
    "SELECT notifying FROM rooms WHERE room_nid = $1"
);
stmt!(
    /// The version of a room's present state: `params![room]`.
    STATE_VERSION,
    "SELECT state_ver FROM rooms WHERE room_nid = $1"
);
stmt!(
    /// What a room is called and looks like: `params![room]`.
    LOOKS,
    "SELECT s.kind, s.state_key, s.event_nid, e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
     WHERE s.room_nid = $1 AND s.kind IN ('m.room.name', 'm.room.avatar', 'm.room.canonical_alias') AND s.state_key = '' AND s.to_ver = 9223372036854775807"
);
stmt!(
    /// A user's relation to a room with what to call it: `params![user, room]`.
    MEMBERSHIP,
    "SELECT m.room_nid, r.room_id, m.membership, m.event_nid, m.pos, m.forgotten, e.state_ver FROM members m
     JOIN rooms r ON r.room_nid = m.room_nid JOIN events e ON e.event_nid = m.event_nid WHERE m.user_nid = $1 AND m.room_nid = $2"
);
stmt!(
    /// All rooms to which a user has a relation: `params![user]`.
    ALL_MEMBERSHIPS,
    "SELECT m.room_nid, r.room_id, m.membership, m.event_nid, m.pos, m.forgotten, e.state_ver FROM members m
     JOIN rooms r ON r.room_nid = m.room_nid JOIN events e ON e.event_nid = m.event_nid WHERE m.user_nid = $1"
);
stmt!(
    /// The rooms of a user where anything changed after a position, for tokens that are older than the feed: `params![user, since]`.
    CHANGED_ROOMS,
    "SELECT m.room_nid FROM members m WHERE m.user_nid = $1 AND (m.pos > $2
        OR (m.membership = 'join' AND (EXISTS (SELECT 1 FROM events e WHERE e.room_nid = m.room_nid AND e.pos > $2)
            OR EXISTS (SELECT 1 FROM receipts r WHERE r.room_nid = m.room_nid AND r.pos > $2)
            OR EXISTS (SELECT 1 FROM room_account_data a WHERE a.user_nid = $1 AND a.room_nid = m.room_nid AND a.pos > $2))))"
);
stmt!(
    LATEST_OF_SENDER,
    "SELECT event_id, pos FROM (SELECT event_id, pos, sender_nid FROM events WHERE room_nid = $1 AND pos > 0 ORDER BY pos DESC LIMIT $3) latest
     WHERE sender_nid = $2 ORDER BY pos DESC"
);
stmt!(
    /// The oldest position that the log still holds.
    LOG_FLOOR,
    "SELECT MIN(pos) FROM log"
);
// The kinds are the default of MSC4186: what moves a room to the top of the list.
stmt!(
    /// A user's room list with what it is ordered and filtered by: `params![user]`.
    ROOM_LIST,
    "SELECT m.room_nid, r.room_id, m.membership, m.pos,
        (SELECT e.pos FROM events e WHERE e.room_nid = m.room_nid AND e.pos > 0 AND e.kind IN
            ('m.room.create', 'm.room.message', 'm.room.encrypted', 'm.sticker', 'm.call.invite', 'm.poll.start', 'm.beacon_info') ORDER BY e.pos DESC LIMIT 1),
        (SELECT s.event_nid FROM room_state s WHERE s.room_nid = m.room_nid AND s.kind = 'm.room.encryption' AND s.state_key = '' AND s.to_ver = 9223372036854775807),
        (SELECT e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
            WHERE s.room_nid = m.room_nid AND s.kind = 'm.room.create' AND s.state_key = '' AND s.to_ver = 9223372036854775807),
        CASE WHEN m.membership = 'invite' THEN
            (SELECT u.user_id FROM events i JOIN users u ON u.user_nid = i.sender_nid WHERE i.event_nid = m.event_nid) END
     FROM members m JOIN rooms r ON r.room_nid = m.room_nid WHERE m.user_nid = $1 AND m.membership IN ('join', 'invite', 'knock')"
);
stmt!(
    /// One room of [`ROOM_LIST`]: `params![user, room]`. No row: the room is not in the list.
    ROOM_LIST_ENTRY,
    "SELECT m.room_nid, r.room_id, m.membership, m.pos,
        (SELECT e.pos FROM events e WHERE e.room_nid = m.room_nid AND e.pos > 0 AND e.kind IN
            ('m.room.create', 'm.room.message', 'm.room.encrypted', 'm.sticker', 'm.call.invite', 'm.poll.start', 'm.beacon_info') ORDER BY e.pos DESC LIMIT 1),
        (SELECT s.event_nid FROM room_state s WHERE s.room_nid = m.room_nid AND s.kind = 'm.room.encryption' AND s.state_key = '' AND s.to_ver = 9223372036854775807),
        (SELECT e.client FROM room_state s JOIN events e ON e.event_nid = s.event_nid
            WHERE s.room_nid = m.room_nid AND s.kind = 'm.room.create' AND s.state_key = '' AND s.to_ver = 9223372036854775807),
        CASE WHEN m.membership = 'invite' THEN
            (SELECT u.user_id FROM events i JOIN users u ON u.user_nid = i.sender_nid WHERE i.event_nid = m.event_nid) END
     FROM members m JOIN rooms r ON r.room_nid = m.room_nid
     WHERE m.user_nid = $1 AND m.room_nid = $2 AND m.membership IN ('join', 'invite', 'knock')"
);

/// A part of a room's state, as clients get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatePart {
    /// Event type.
    pub kind: String,
    /// State key.
    pub state_key: String,
    /// The event that set it.
    pub event: EventNid,
    /// Client form.
    pub client: Bytes,
}

impl StatePart {
    /// Reads a row of the state statements of this file.
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            kind: row.get(0)?,
            state_key: row.get(1)?,
            event: EventNid(row.get(2)?),
            client: row.get(3)?,
        })
    }
}

/// A version of one part of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVersion {
    /// First state version for which it is true.
    pub from: i64,
    /// First state version for which it is no longer true.
    pub to: i64,
    /// Client form.
    pub client: Bytes,
    /// When it came into the timeline.
    pub pos: Option<Pos>,
}

impl StateVersion {
    /// Reads a row of [`STATE_HISTORY`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        let (from, to) = (row.get(0)?, row.get(1)?);
        Ok(Self { from, to, client: row.get(2)?, pos: row.get(3)? })
    }
}

/// Someone's relation to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipRow {
    /// The room.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: String,
    /// `join`, `invite`, `knock`, `leave` or `ban`.
    pub membership: String,
    /// The event that says so.
    pub event: EventNid,
    /// Its position.
    pub pos: Pos,
    /// Whether the person forgot the room.
    pub forgotten: bool,
    /// Version of the room's state at the event.
    pub state_ver: i64,
}

impl MembershipRow {
    /// Reads a row of [`MEMBERSHIP`] or [`ALL_MEMBERSHIPS`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            room: RoomNid(row.get(0)?),
            room_id: row.get(1)?,
            membership: row.get(2)?,
            event: EventNid(row.get(3)?),
            pos: row.get(4)?,
            forgotten: row.get(5)?,
            state_ver: row.get(6)?,
        })
    }
}

/// A room as room lists are ordered and filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRoom {
    /// The room.
    pub room: RoomNid,
    /// Matrix room id.
    pub room_id: String,
    /// `join`, `invite` or `knock`.
    pub membership: String,
    /// Position of the membership.
    pub membership_pos: Pos,
    /// Position of the last event that moves the room to the top.
    pub bump: Option<Pos>,
    /// Whether messages are encrypted.
    pub encrypted: bool,
    /// The create event, which names the room's type.
    pub create: Option<Bytes>,
    /// Who invites.
    pub inviter: Option<String>,
}

impl ListedRoom {
    /// Reads a row of [`ROOM_LIST`] or [`ROOM_LIST_ENTRY`].
    pub fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            room: RoomNid(row.get(0)?),
            room_id: row.get(1)?,
            membership: row.get(2)?,
            membership_pos: row.get(3)?,
            bump: row.get(4)?,
            encrypted: row.get::<Option<i64>>(5)?.is_some(),
            create: row.get(6)?,
            inviter: row.get(7)?,
        })
    }
}

/// Which of a room's latest events somebody has sent, newest first.
pub async fn latest_of_sender(
    db: &Db,
    room: RoomNid,
    sender: UserNid,
    looked_at: i64,
) -> Result<Vec<(OwnedEventId, Pos)>, Error> {
    let rows = db.query(&LATEST_OF_SENDER, params![room.0, sender.0, looked_at]).await?;
    rows.iter()
        .map(|row| {
            let id = EventId::parse(row.get::<String>(0)?)
                .map_err(|_| Error::corrupt("events.event_id"))?;
            Ok((id, row.get(1)?))
        })
        .collect()
}
