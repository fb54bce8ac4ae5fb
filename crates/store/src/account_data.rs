//! Account data: what a user's clients keep for themselves on the server, for the account as a whole and for each room.
//!
//! Push rules (`m.push_rules`) and tags (`m.tag`) are rows like any other; only who may write them differs.

use base::{Pos, RoomNid, UserNid};
use bytes::Bytes;
use db::{Batch, Db, Error, PosRef, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE account_data (
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            kind TEXT NOT NULL,
            content BYTEA NOT NULL,
            pos BIGINT NOT NULL,
            PRIMARY KEY (user_nid, kind)
        )",
        "CREATE INDEX account_data_pos ON account_data (user_nid, pos)",
        "CREATE TABLE room_account_data (
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            room_nid BIGINT NOT NULL,
            kind TEXT NOT NULL,
            content BYTEA NOT NULL,
            pos BIGINT NOT NULL,
            PRIMARY KEY (user_nid, room_nid, kind)
        )",
        "CREATE INDEX room_account_data_pos ON room_account_data (user_nid, pos)",
    ],
    columns: &[
        column("account_data.user_nid", "whose settings", Concerns::User, Period::Account),
        column("account_data.kind", "which settings", Concerns::User, Period::Replaced),
        column(
            "account_data.content",
            "settings of the person's clients: direct chats, ignored people, push rules, encrypted secrets, the closed address book",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "account_data.pos",
            "when it changed, so that the person's devices hear of it",
            Concerns::User,
            Period::Replaced,
        ),
        column("room_account_data.user_nid", "whose settings", Concerns::User, Period::Account),
        column("room_account_data.room_nid", "for which room", Concerns::User, Period::Room),
        column("room_account_data.kind", "which settings", Concerns::User, Period::Replaced),
        column(
            "room_account_data.content",
            "settings of the person's clients for the room: tags, read marker",
            Concerns::User,
            Period::Replaced,
        ),
        column(
            "room_account_data.pos",
            "when it changed, so that the person's devices hear of it",
            Concerns::User,
            Period::Replaced,
        ),
    ],
};

stmt!(GLOBAL, "SELECT kind, content, pos FROM account_data WHERE user_nid = $1 AND kind = $2");
stmt!(
    GLOBAL_AFTER,
    "SELECT kind, content, pos FROM account_data WHERE user_nid = $1 AND pos > $2 ORDER BY pos"
);
stmt!(COUNT_GLOBAL, "SELECT COUNT(*) FROM account_data WHERE user_nid = $1");
stmt!(
    PUT_GLOBAL,
    "INSERT INTO account_data (user_nid, kind, content, pos) VALUES ($1, $2, $3, $4)
     ON CONFLICT (user_nid, kind) DO UPDATE SET content = excluded.content, pos = excluded.pos"
);
// Guards of read-change-write: the row is still the one that was read, or still absent.
stmt!(
    GLOBAL_IS_AT,
    "UPDATE account_data SET pos = pos WHERE user_nid = $1 AND kind = $2 AND pos = $3"
);
stmt!(
    GLOBAL_IS_ABSENT,
    "INSERT INTO account_data (user_nid, kind, content, pos) VALUES ($1, $2, $3, 0) ON CONFLICT (user_nid, kind) DO NOTHING"
);
stmt!(
    IN_ROOM,
    "SELECT kind, content, pos FROM room_account_data WHERE user_nid = $1 AND room_nid = $2 AND kind = $3"
);
stmt!(
    IN_ROOM_AFTER,
    "SELECT kind, content, pos FROM room_account_data WHERE user_nid = $1 AND room_nid = $2 AND pos > $3 ORDER BY pos"
);
stmt!(
    IN_ROOMS_AFTER,
    "SELECT kind, content, pos, room_nid FROM room_account_data WHERE user_nid = $1 AND pos > $2 ORDER BY pos"
);
stmt!(
    COUNT_IN_ROOM,
    "SELECT COUNT(*) FROM room_account_data WHERE user_nid = $1 AND room_nid = $2"
);
stmt!(
    PUT_IN_ROOM,
    "INSERT INTO room_account_data (user_nid, room_nid, kind, content, pos) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (user_nid, room_nid, kind) DO UPDATE SET content = excluded.content, pos = excluded.pos"
);
stmt!(
    IN_ROOM_IS_AT,
    "UPDATE room_account_data SET pos = pos WHERE user_nid = $1 AND room_nid = $2 AND kind = $3 AND pos = $4"
);
stmt!(
    IN_ROOM_IS_ABSENT,
    "INSERT INTO room_account_data (user_nid, room_nid, kind, content, pos) VALUES ($1, $2, $3, $4, 0)
     ON CONFLICT (user_nid, room_nid, kind) DO NOTHING"
);

stmt!(FORGET_ROOM, "DELETE FROM room_account_data WHERE user_nid = $1 AND room_nid = $2");
stmt!(FORGET_GLOBAL, "DELETE FROM account_data WHERE user_nid = $1");
stmt!(FORGET_IN_ROOMS, "DELETE FROM room_account_data WHERE user_nid = $1");

/// One piece of account data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Event type.
    pub kind: String,
    /// Content, a JSON object.
    pub content: Bytes,
    /// When it was last set.
    pub pos: Pos,
}

fn entry_of(row: &Row) -> Result<Entry, Error> {
    Ok(Entry { kind: row.get(0)?, content: row.get(1)?, pos: row.get(2)? })
}

/// One piece of a user's global account data.
pub async fn global(db: &Db, user: UserNid, kind: &str) -> Result<Option<Entry>, Error> {
    db.query_opt(&GLOBAL, params![user.0, kind]).await?.as_ref().map(entry_of).transpose()
}

/// A user's global account data that was set after `since`, oldest first; all of it with [`Pos::ZERO`].
pub async fn global_after(db: &Db, user: UserNid, since: Pos) -> Result<Vec<Entry>, Error> {
    db.query(&GLOBAL_AFTER, params![user.0, since]).await?.iter().map(entry_of).collect()
}

/// How many pieces of global account data a user has.
pub async fn count_global(db: &Db, user: UserNid) -> Result<u64, Error> {
    count(db.query(&COUNT_GLOBAL, params![user.0]).await?.first())
}

/// One piece of a user's account data for a room.
pub async fn in_room(
    db: &Db,
    user: UserNid,
    room: RoomNid,
    kind: &str,
) -> Result<Option<Entry>, Error> {
    db.query_opt(&IN_ROOM, params![user.0, room.0, kind]).await?.as_ref().map(entry_of).transpose()
}

/// A user's account data for a room that was set after `since`, oldest first; all of it with [`Pos::ZERO`].
pub async fn in_room_after(
    db: &Db,
    user: UserNid,
    room: RoomNid,
    since: Pos,
) -> Result<Vec<Entry>, Error> {
    db.query(&IN_ROOM_AFTER, params![user.0, room.0, since]).await?.iter().map(entry_of).collect()
}

/// As [`in_room_after`], for every room at once.
pub async fn in_rooms_after(
    db: &Db,
    user: UserNid,
    since: Pos,
) -> Result<Vec<(RoomNid, Entry)>, Error> {
    let rows = db.query(&IN_ROOMS_AFTER, params![user.0, since]).await?;
    rows.iter().map(|row| Ok((RoomNid(row.get(3)?), entry_of(row)?))).collect()
}

/// How many pieces of account data a user has for a room.
pub async fn count_in_room(db: &Db, user: UserNid, room: RoomNid) -> Result<u64, Error> {
    count(db.query(&COUNT_IN_ROOM, params![user.0, room.0]).await?.first())
}

fn count(row: Option<&Row>) -> Result<u64, Error> {
    row.map_or(Ok(0), |row| row.get(0))
}

/// Adds to the batch that a piece of global account data is set.
pub fn put_global(batch: &mut Batch, user: UserNid, kind: &str, content: Bytes, pos: PosRef) {
    batch.exec(&PUT_GLOBAL, params![user.0, kind, content, pos]);
}

/// Adds to the batch that a piece of a room's account data is set.
pub fn put_in_room(
    batch: &mut Batch,
    user: UserNid,
    room: RoomNid,
    kind: &str,
    content: Bytes,
    pos: PosRef,
) {
    batch.exec(&PUT_IN_ROOM, params![user.0, room.0, kind, content, pos]);
}

/// Guards the batch: the global piece `kind` is still `read`, as [`global`] gave it.
pub fn expect_global(batch: &mut Batch, user: UserNid, kind: &str, read: Option<&Entry>) {
    match read {
        Some(read) => batch.expect_one(&GLOBAL_IS_AT, params![user.0, kind, read.pos]),
        None => {
            batch.expect_one(&GLOBAL_IS_ABSENT, params![user.0, kind, Bytes::from_static(b"{}")])
        }
    }
}

/// Guards the batch: the room's piece `kind` is still `read`, as [`in_room`] gave it.
pub fn expect_in_room(
    batch: &mut Batch,
    user: UserNid,
    room: RoomNid,
    kind: &str,
    read: Option<&Entry>,
) {
    match read {
        Some(read) => batch.expect_one(&IN_ROOM_IS_AT, params![user.0, room.0, kind, read.pos]),
        None => {
            batch.expect_one(
                &IN_ROOM_IS_ABSENT,
                params![user.0, room.0, kind, Bytes::from_static(b"{}")],
            );
        }
    }
}

/// Adds to the batch that nothing is kept of a user's account data for a room, for those who forget the room (II.c).
pub fn forget_room(batch: &mut Batch, user: UserNid, room: RoomNid) {
    batch.exec(&FORGET_ROOM, params![user.0, room.0]);
}

/// Adds to the batch that nothing is kept of the account data of a user who closed the account.
pub fn forget_account(batch: &mut Batch, user: UserNid) {
    batch.exec(&FORGET_GLOBAL, params![user.0]);
    batch.exec(&FORGET_IN_ROOMS, params![user.0]);
}
