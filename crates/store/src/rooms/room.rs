//! The room itself: its version, its head, which guards every write, and its forward extremities.

use base::RoomNid;
use db::{Db, Error, Row, params, stmt};
use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId};

use super::room_id;

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
