//! A person's rooms, ordered by when something last happened: kept in memory, so that a window costs what it shows.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
};

use base::{Pos, RoomNid};
use db::{Error, ReadSet, params};
use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::client::sync::sync_events::v5::request::ListFilters, directory::RoomTypeFilter,
};
use serde::Deserialize;
use store::timeline::{ListedRoom, ROOM_LIST, ROOM_LIST_ENTRY};

use crate::{
    Homeserver, Session,
    feeds::Feed,
    sync::{changes, ignored::Ignored},
};

/// The types of events that move a room to the top. <https://github.com/matrix-org/matrix-spec-proposals/pull/4186>
const BUMPS: [&str; 7] = [
    "m.room.create",
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.call.invite",
    "m.poll.start",
    "m.beacon_info",
];

/// The rooms that a person is in, is invited to or knocks at.
#[derive(Debug, Default)]
pub struct RoomList {
    as_of: Option<Pos>,
    rooms: HashMap<RoomNid, Listed>,
    order: BTreeSet<(Reverse<Pos>, RoomNid)>,
}

/// A room of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Matrix room id.
    pub room_id: OwnedRoomId,
    /// `join`, `invite` or `knock`.
    pub membership: String,
    /// Position of the membership.
    pub membership_pos: Pos,
    /// What the list is ordered by.
    pub bump: Pos,
    /// Whether messages are encrypted.
    pub encrypted: bool,
    /// `m.space` and the like.
    pub room_type: Option<String>,
    /// Who invites.
    pub inviter: Option<OwnedUserId>,
}

impl TryFrom<ListedRoom> for Listed {
    type Error = Error;

    fn try_from(row: ListedRoom) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Create {
            content: Content,
        }
        #[derive(Deserialize)]
        struct Content {
            r#type: Option<String>,
        }
        let create = row.create.and_then(|client| serde_json::from_slice::<Create>(&client).ok());
        let is_joined = row.membership == "join";
        Ok(Self {
            room_id: RoomId::parse(&row.room_id).map_err(|_| Error::corrupt("rooms.room_id"))?,
            membership_pos: row.membership_pos,
            // Who is outside of a room must not learn when something happens in it.
            bump: row.bump.filter(|_| is_joined).unwrap_or(row.membership_pos),
            membership: row.membership,
            encrypted: row.encrypted,
            room_type: create.and_then(|event| event.content.r#type),
            inviter: row.inviter.and_then(|id| UserId::parse(id).ok()),
        })
    }
}

impl Listed {
    /// Whether the person is in the room.
    pub fn is_joined(&self) -> bool {
        self.membership == "join"
    }

    /// Whether its owner does not want the invitation: of this person, or at all.
    fn is_unwanted(&self, ignored: &Ignored) -> bool {
        self.inviter.as_ref().is_some_and(|inviter| !ignored.shows_invitation_of(inviter.as_str()))
    }

    fn passes(&self, filters: &ListFilters, direct: &HashSet<OwnedRoomId>) -> bool {
        let is_type = |wanted: &RoomTypeFilter| wanted.as_str() == self.room_type.as_deref();
        filters.is_dm.is_none_or(|wanted| wanted == direct.contains(&self.room_id))
            && filters.is_encrypted.is_none_or(|wanted| wanted == self.encrypted)
            && filters.is_invite.is_none_or(|wanted| wanted == (self.membership == "invite"))
            && (filters.room_types.is_empty() || filters.room_types.iter().any(is_type))
            && !filters.not_room_types.iter().any(is_type)
    }
}

/// Whether a filter holds nothing back.
fn is_open(filters: &ListFilters) -> bool {
    filters.is_dm.is_none()
        && filters.is_encrypted.is_none()
        && filters.is_invite.is_none()
        && filters.room_types.is_empty()
        && filters.not_room_types.is_empty()
}

impl RoomList {
    /// Brings the list up to date.
    pub async fn refresh(
        &mut self,
        hs: &Homeserver,
        session: &Session,
        feed: &Feed,
        upto: Pos,
    ) -> Result<(), Error> {
        let changes = match self.as_of {
            Some(as_of) if as_of >= upto => return Ok(()),
            Some(as_of) if feed.since(as_of).is_some() => {
                changes::since(hs, session, feed, as_of, upto).await?
            }
            _ => None,
        };
        let (Some(changes), Some(as_of)) = (changes, self.as_of) else {
            self.load(hs, session).await?;
            self.as_of = Some(upto);
            return Ok(());
        };
        let (mut asked, mut set) = (Vec::new(), ReadSet::new());
        for (room, change) in changes.rooms {
            if !change.timeline {
                continue;
            }
            if !change.membership && self.follow(hs, room, as_of, upto).await? {
                continue;
            }
            asked.push(room);
            set.push(&ROOM_LIST_ENTRY, params![session.user.0, room.0]);
        }
        for (room, rows) in asked.into_iter().zip(hs.db.read(set).await?) {
            let listed = rows
                .first()
                .map(ListedRoom::from_row)
                .transpose()?
                .map(Listed::try_from)
                .transpose()?;
            self.put(room, listed);
        }
        self.as_of = Some(upto);
        Ok(())
    }

    /// Follows messages through the room's memory, which all its readers share. `false`: the tables must be asked.
    async fn follow(
        &mut self,
        hs: &Homeserver,
        room: RoomNid,
        since: Pos,
        upto: Pos,
    ) -> Result<bool, Error> {
        if !self.rooms.contains_key(&room) {
            return Ok(false);
        }
        let Some(events) = hs.feeds.memory.live.between(hs, room, since, upto).await? else {
            return Ok(false);
        };
        if events.iter().any(|event| event.row.state_key.is_some()) {
            return Ok(false);
        }
        let bump = events.iter().rev().find(|event| BUMPS.contains(&event.row.kind.as_str()));
        if let Some(bump) = bump.and_then(|event| event.row.pos)
            && let Some(listed) = self.rooms.get(&room)
        {
            self.put(room, Some(Listed { bump, ..listed.clone() }));
        }
        Ok(true)
    }

    async fn load(&mut self, hs: &Homeserver, session: &Session) -> Result<(), Error> {
        (self.rooms, self.order) = Default::default();
        for row in hs.db.query(&ROOM_LIST, params![session.user.0]).await? {
            let row = ListedRoom::from_row(&row)?;
            let room = row.room;
            self.put(room, Some(row.try_into()?));
        }
        Ok(())
    }

    fn put(&mut self, room: RoomNid, listed: Option<Listed>) {
        if let Some(known) = self.rooms.remove(&room) {
            self.order.remove(&(Reverse(known.bump), room));
        }
        if let Some(listed) = listed {
            self.order.insert((Reverse(listed.bump), room));
            self.rooms.insert(room, listed);
        }
    }

    /// A room of the list.
    pub fn get(&self, room: RoomNid) -> Option<&Listed> {
        self.rooms.get(&room)
    }

    /// A room of the list as its owner sees it: invitations that the owner does not want are not there.
    pub fn seen(&self, room: RoomNid, ignored: &Ignored) -> Option<&Listed> {
        self.get(room).filter(|listed| !listed.is_unwanted(ignored))
    }

    /// How many rooms pass, and those of them that stand inside the ranges (both ends included).
    pub fn window(
        &self,
        ranges: &[(usize, usize)],
        filters: Option<&ListFilters>,
        direct: &HashSet<OwnedRoomId>,
        ignored: &Ignored,
    ) -> (usize, Vec<RoomNid>) {
        let inside =
            |index: usize| ranges.iter().any(|(start, end)| (*start..=*end).contains(&index));
        let filters = filters.filter(|filters| !is_open(filters));
        if filters.is_none() && ignored.shows_all_invitations() {
            let end = ranges.iter().map(|(_, end)| end.saturating_add(1)).max().unwrap_or(0);
            let rooms = self.order.iter().take(end).enumerate().filter(|(index, _)| inside(*index));
            return (self.rooms.len(), rooms.map(|(_, (_, room))| *room).collect());
        }
        let passing = self.order.iter().map(|(_, room)| *room);
        let passing = passing.filter(|room| {
            self.seen(*room, ignored)
                .is_some_and(|listed| filters.is_none_or(|filters| listed.passes(filters, direct)))
        });
        let (mut count, mut rooms) = (0, Vec::new());
        for (index, room) in passing.enumerate() {
            count += 1;
            if inside(index) {
                rooms.push(room);
            }
        }
        (count, rooms)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(bump: u64, membership: &str, room_type: Option<&str>) -> Listed {
        Listed {
            room_id: RoomId::parse(format!("!room{bump}:x")).expect("an id"),
            membership: membership.to_owned(),
            membership_pos: Pos::new(1),
            bump: Pos::new(bump),
            encrypted: true,
            room_type: room_type.map(str::to_owned),
            inviter: None,
        }
    }

    fn list() -> RoomList {
        let mut list = RoomList::default();
        list.put(RoomNid(1), Some(listed(10, "join", None)));
        list.put(RoomNid(2), Some(listed(30, "join", Some("m.space"))));
        list.put(RoomNid(3), Some(listed(20, "invite", None)));
        list
    }

    fn filtered(list: &RoomList, filters: serde_json::Value) -> (usize, Vec<i64>) {
        let filters: ListFilters = serde_json::from_value(filters).expect("filters");
        let direct = HashSet::from([RoomId::parse("!room10:x").expect("an id")]);
        let (count, rooms) = list.window(&[(0, 99)], Some(&filters), &direct, &Ignored::default());
        (count, rooms.into_iter().map(|room| room.0).collect())
    }

    #[test]
    fn the_room_where_something_happened_last_stands_first() {
        let mut list = list();
        let window = |list: &RoomList, ranges: &[(usize, usize)]| {
            list.window(ranges, None, &HashSet::new(), &Ignored::default())
        };
        assert_eq!(window(&list, &[(0, 1)]), (3, vec![RoomNid(2), RoomNid(3)]));
        list.put(RoomNid(1), Some(listed(40, "join", None)));
        assert_eq!(window(&list, &[(0, 0), (2, 9)]), (3, vec![RoomNid(1), RoomNid(3)]));
        list.put(RoomNid(2), None);
        assert_eq!(window(&list, &[(0, 9)]).0, 2);
        assert_eq!(window(&list, &[]), (2, vec![]));
    }

    #[test]
    fn filters_are_applied_before_the_window_and_counted() {
        let list = list();
        assert_eq!(filtered(&list, json!({ "is_invite": false })), (2, vec![2, 1]));
        assert_eq!(filtered(&list, json!({ "is_invite": true })), (1, vec![3]));
        assert_eq!(filtered(&list, json!({ "not_room_types": ["m.space"] })), (2, vec![3, 1]));
        assert_eq!(filtered(&list, json!({ "room_types": [null] })), (2, vec![3, 1]));
        assert_eq!(
            filtered(&list, json!({ "room_types": ["m.space"], "not_room_types": ["m.space"] })),
            (0, vec![])
        );
        assert_eq!(filtered(&list, json!({ "is_dm": true })), (1, vec![1]));
        assert_eq!(filtered(&list, json!({ "is_encrypted": false })), (0, vec![]));
    }

    #[test]
    fn an_invitation_stands_where_it_came_in_whatever_happens_in_the_room() {
        let row = ListedRoom {
            room: RoomNid(1),
            room_id: "!r:x".to_owned(),
            membership: "invite".to_owned(),
            membership_pos: Pos::new(5),
            bump: Some(Pos::new(50)),
            encrypted: true,
            create: Some(br#"{"content":{"type":"m.space"}}"#.as_slice().into()),
            inviter: Some("@anna:x".to_owned()),
        };
        let listed = Listed::try_from(row).expect("readable");
        assert_eq!((listed.bump, listed.room_type.as_deref()), (Pos::new(5), Some("m.space")));
    }
}
