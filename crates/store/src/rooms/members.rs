//! Who is what in which room.

use base::{EventNid, Pos, RoomNid, UserNid};
use db::{Batch, Db, Error, PosRef, Row, params, stmt};
use ruma::{OwnedRoomId, OwnedUserId};

use super::{room_id, user_id};

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
    /// How many joined members a room has: `params![room]`.
    JOINED_COUNT,
    "SELECT COUNT(*) FROM members WHERE room_nid = $1 AND membership = 'join'"
);

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
            let user = user_id(row.get(1)?)?;
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
