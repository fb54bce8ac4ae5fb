//! The rooms that two people share. <https://spec.matrix.org/v1.19/client-server-api/#mutual-rooms>

use std::collections::HashSet;

use ruma::{OwnedRoomId, RoomId, UserId};

use crate::{Homeserver, Session, rooms};

/// Most rooms in one answer.
const MAX_PAGE: usize = 500;

/// Why nothing was looked up.
#[derive(Debug, thiserror::Error)]
pub enum MutualRoomsError {
    /// With oneself one shares everything.
    #[error("the user is the one who asks")]
    Oneself,
    /// The place to go on from is no room id.
    #[error("the token is not valid")]
    BadToken,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// A page of shared rooms.
#[derive(Debug, PartialEq, Eq)]
pub struct MutualRooms {
    /// Rooms that both have joined, by their ids.
    pub joined: Vec<OwnedRoomId>,
    /// How many there are altogether.
    pub count: usize,
    /// Where the next page begins.
    pub next: Option<OwnedRoomId>,
}

/// The rooms that the session's user and another have both joined; none with somebody who is not known here.
pub async fn mutual_rooms(
    hs: &Homeserver,
    session: &Session,
    other: &UserId,
    from: Option<&str>,
) -> Result<MutualRooms, MutualRoomsError> {
    if other == session.user_id {
        return Err(MutualRoomsError::Oneself);
    }
    let from = from.map(RoomId::parse).transpose().map_err(|_| MutualRoomsError::BadToken)?;
    let own = rooms::membership::joined_rooms(hs, session).await?;
    let theirs: HashSet<_> = match store::accounts::user_nid(&hs.db, other).await? {
        Some(user) => store::rooms::memberships(&hs.db, user)
            .await?
            .into_iter()
            .filter(|(.., member)| member.membership == "join")
            .map(|(_, room_id, _)| room_id)
            .collect(),
        None => HashSet::new(),
    };
    Ok(page(own.into_iter().filter(|room| theirs.contains(room)).collect(), from.as_deref()))
}

fn page(mut shared: Vec<OwnedRoomId>, from: Option<&RoomId>) -> MutualRooms {
    shared.sort();
    let count = shared.len();
    let begin = from.map_or(0, |from| shared.partition_point(|room| **room < *from));
    let mut joined = shared.split_off(begin);
    let next = (joined.len() > MAX_PAGE).then(|| joined.split_off(MAX_PAGE).swap_remove(0));
    MutualRooms { joined, count, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let all: Vec<OwnedRoomId> = (0..1_200)
            .map(|number| RoomId::parse(format!("!{number:04}:x")).expect("a room id"))
            .collect();
        let (mut from, mut seen) = (None, Vec::new());
        loop {
            let page = page(all.clone(), from.as_deref());
            assert_eq!(page.count, 1_200);
            assert!(page.joined.len() <= MAX_PAGE);
            seen.extend(page.joined);
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, all);
    }
}
