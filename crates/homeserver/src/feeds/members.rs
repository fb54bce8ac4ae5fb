//! Which local users are in which rooms, both ways round.

use std::collections::{HashMap, HashSet};

use base::{RoomNid, UserNid};

/// Local users who are joined to a room (`true`), or invited to it or knocking (`false`).
#[derive(Debug, Default)]
pub(super) struct Members {
    rooms: HashMap<RoomNid, HashMap<UserNid, bool>>,
    joined: HashMap<UserNid, HashSet<RoomNid>>,
}

impl Members {
    pub(super) fn set(&mut self, room: RoomNid, user: UserNid, joined: bool) {
        self.rooms.entry(room).or_default().insert(user, joined);
        if joined {
            self.joined.entry(user).or_default().insert(room);
        } else if let Some(rooms) = self.joined.get_mut(&user) {
            rooms.remove(&room);
        }
    }

    pub(super) fn remove(&mut self, room: RoomNid, user: UserNid) {
        if let Some(users) = self.rooms.get_mut(&room) {
            users.remove(&user);
        }
        if let Some(rooms) = self.joined.get_mut(&user) {
            rooms.remove(&room);
        }
    }

    pub(super) fn of(&self, room: RoomNid) -> impl Iterator<Item = (UserNid, bool)> {
        self.rooms.get(&room).into_iter().flatten().map(|(user, joined)| (*user, *joined))
    }

    pub(super) fn joined_by(&self, user: UserNid) -> impl Iterator<Item = RoomNid> {
        self.joined.get(&user).into_iter().flatten().copied()
    }

    pub(super) fn is_joined(&self, room: RoomNid, user: UserNid) -> bool {
        self.joined.get(&user).is_some_and(|rooms| rooms.contains(&room))
    }

    pub(super) fn sharing_with(&self, user: UserNid) -> HashSet<UserNid> {
        let mut users = HashSet::from([user]);
        for room in self.joined_by(user) {
            users.extend(self.of(room).map(|(user, _)| user));
        }
        users
    }
}
