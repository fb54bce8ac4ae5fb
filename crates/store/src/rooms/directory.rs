//! The room directory: aliases, and which rooms it lists.

use base::{RoomNid, UserNid};
use db::{Db, Error, params, stmt};
use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId};

use super::room_id;

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
    /// As [`PUBLIC_ROOMS`], of those that a service lists for a network: `params![service, network]`.
    ROOMS_OF_NETWORK,
    "SELECT r.room_nid, r.room_id, (SELECT COUNT(*) FROM members m WHERE m.room_nid = r.room_nid AND m.membership = 'join') AS joined
     FROM network_rooms n JOIN rooms r ON r.room_nid = n.room_nid WHERE n.service = $1 AND n.network = $2 ORDER BY joined DESC, r.room_nid"
);
stmt!(
    /// As [`PUBLIC_ROOMS`], and those that any service lists.
    ROOMS_OF_ALL_LISTS,
    "SELECT r.room_nid, r.room_id, (SELECT COUNT(*) FROM members m WHERE m.room_nid = r.room_nid AND m.membership = 'join') AS joined
     FROM rooms r WHERE r.room_nid IN (SELECT p.room_nid FROM rooms p WHERE p.public = 1 UNION SELECT n.room_nid FROM network_rooms n)
     ORDER BY joined DESC, r.room_nid"
);

/// Which rooms are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// Those of the hospital itself.
    #[default]
    Hospital,
    /// Those that a service lists for a network.
    Network {
        /// Id of the service.
        service: String,
        /// The network.
        network: String,
    },
    /// All of them.
    All,
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
pub async fn public_rooms(db: &Db, list: &List) -> Result<Vec<PublicRoomRow>, Error> {
    let rows = match list {
        List::Hospital => db.query(&PUBLIC_ROOMS, params![]).await?,
        List::Network { service, network } => {
            db.query(&ROOMS_OF_NETWORK, params![service.as_str(), network.as_str()]).await?
        }
        List::All => db.query(&ROOMS_OF_ALL_LISTS, params![]).await?,
    };
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
