//! Which local users are in which rooms, both ways round.

use std::collections::{HashMap, HashSet};

use base::{RoomNid, UserNid};

/// Local users who are joined to a room (`true`), or invited to it or knocking (`false`).
#[derive(Debug, Default)]
pub(super) struct Members {
    rooms: HashMap<RoomNid, HashMap<UserNid, bool>>,
    joined: HashMap<UserNid, HashSet<RoomNid>>,
    coming: HashMap<UserNid, HashSet<RoomNid>>,
}

impl Members {
    pub(super) fn set(&mut self, room: RoomNid, user: UserNid, joined: bool) {
        self.rooms.entry(room).or_default().insert(user, joined);
        let (now, before) = if joined {
            (&mut self.joined, &mut self.coming)
        } else {
            (&mut self.coming, &mut self.joined)
        };
        now.entry(user).or_default().insert(room);
        forget(before, user, room);
    }

    pub(super) fn remove(&mut self, room: RoomNid, user: UserNid) {
        if let Some(users) = self.rooms.get_mut(&room) {
            users.remove(&user);
        }
        forget(&mut self.joined, user, room);
        forget(&mut self.coming, user, room);
    }

    pub(super) fn of(&self, room: RoomNid) -> impl Iterator<Item = (UserNid, bool)> {
        self.rooms.get(&room).into_iter().flatten().map(|(user, joined)| (*user, *joined))
    }

    pub(super) fn joined_by(&self, user: UserNid) -> impl Iterator<Item = RoomNid> {
        self.joined.get(&user).into_iter().flatten().copied()
    }

    /// Rooms that the user has joined, is invited to or knocks at.
    pub(super) fn rooms_of(&self, user: UserNid) -> impl Iterator<Item = RoomNid> {
        self.joined_by(user).chain(self.coming.get(&user).into_iter().flatten().copied())
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

    /// Those who encrypt to the devices of `user`: who has joined a room that the user has joined or is to come to; and the user.
    pub(super) fn encrypting_to(&self, user: UserNid) -> HashSet<UserNid> {
        let mut users = HashSet::from([user]);
        for room in self.rooms_of(user) {
            users.extend(self.of(room).filter(|(_, joined)| *joined).map(|(user, _)| user));
        }
        users
    }
}

fn forget(rooms: &mut HashMap<UserNid, HashSet<RoomNid>>, user: UserNid, room: RoomNid) {
    if let Some(rooms_of_user) = rooms.get_mut(&user) {
        rooms_of_user.remove(&room);
        if rooms_of_user.is_empty() {
            rooms.remove(&user);
        }
    }
}
