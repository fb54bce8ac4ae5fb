//! Who is woken by what: for each local user the touches of late, driven by the change log.
//!
//! After each commit, and before anybody is answered, the committer hands the new rows of the log to [`Feeds`]. A feed
//! keeps the last touches of one user in order of their positions; a request that waits with a token inside that range
//! reads only the rooms named there, however many the user has joined. Older tokens are answered from the log itself.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use base::{DeviceNid, Pos, RoomNid, UserNid};
use db::{CommitHook, PublishedChange};
use parking_lot::{Mutex, RwLock};
use store::Touched;
use tokio::sync::watch;

/// Touches that a feed remembers before it asks the log instead.
const REMEMBERED: usize = 512;

/// What of a user's view changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touch {
    /// Timeline, state or membership of a room.
    Room(RoomNid),
    /// A receipt in a room.
    Receipt(RoomNid),
    /// Who is typing in a room.
    Typing(RoomNid),
    /// Global account data.
    AccountData,
    /// Account data of a room.
    RoomAccountData(RoomNid),
    /// A message for one of the user's devices.
    ToDevice(DeviceNid),
    /// Keys or devices of a user who shares a room, or of the user.
    DeviceList(UserNid),
}

/// The recent touches of one user.
#[derive(Debug)]
pub struct Feed {
    recent: Mutex<Recent>,
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct Recent {
    /// Touches at or before this position are no longer remembered.
    floor: Pos,
    touches: VecDeque<(Pos, Touch)>,
}

impl Feed {
    fn starting_at(floor: Pos) -> Self {
        let recent = Recent { floor, touches: VecDeque::new() };
        Self { recent: Mutex::new(recent), version: watch::Sender::new(0) }
    }

    fn push(&self, pos: Pos, touch: Touch) {
        let mut recent = self.recent.lock();
        if recent.touches.back() == Some(&(pos, touch)) {
            return;
        }
        if recent.touches.len() == REMEMBERED
            && let Some((dropped, _)) = recent.touches.pop_front()
        {
            recent.floor = recent.floor.max(dropped);
        }
        recent.touches.push_back((pos, touch));
        drop(recent);
        self.version.send_modify(|version| *version += 1);
    }

    /// The touches after `since`, in order; `None` if the feed does not reach back that far, so that the log must be asked.
    pub fn since(&self, since: Pos) -> Option<Vec<(Pos, Touch)>> {
        let recent = self.recent.lock();
        if since < recent.floor {
            return None;
        }
        let first = recent.touches.partition_point(|(pos, _)| *pos <= since);
        Some(recent.touches.iter().skip(first).copied().collect())
    }

    /// A receiver that changes with each touch. Subscribe before reading, wait after.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

/// The feeds of all local users of a hospital, and who is in which room.
#[derive(Debug, Default)]
pub struct Feeds {
    users: RwLock<HashMap<UserNid, Arc<Feed>>>,
    /// Local users who are joined, invited or knocking.
    rooms: RwLock<HashMap<RoomNid, HashSet<UserNid>>>,
    /// The other way round, joined rooms only.
    joined: RwLock<HashMap<UserNid, HashSet<RoomNid>>>,
    /// Highest position published to the feeds.
    published: RwLock<Pos>,
}

impl Feeds {
    /// Fills in who is in which room, at start. `pos` is the position as of which this is true.
    pub fn load(&self, pos: Pos, members: impl IntoIterator<Item = (RoomNid, UserNid, bool)>) {
        let (mut rooms, mut joined) = (self.rooms.write(), self.joined.write());
        for (room, user, is_joined) in members {
            rooms.entry(room).or_default().insert(user);
            if is_joined {
                joined.entry(user).or_default().insert(room);
            }
        }
        *self.published.write() = pos;
    }

    /// The feed of a user.
    pub fn feed(&self, user: UserNid) -> Arc<Feed> {
        if let Some(feed) = self.users.read().get(&user) {
            return feed.clone();
        }
        // Held while the feed is made: what is published after that position finds the feed.
        let published = self.published.read();
        self.users.write().entry(user).or_insert_with(|| Arc::new(Feed::starting_at(*published))).clone()
    }

    /// The position up to which feeds are complete.
    pub fn published(&self) -> Pos {
        *self.published.read()
    }

    /// Local users who are joined to the room, invited to it or knocking.
    pub fn local_users_of(&self, room: RoomNid) -> Vec<UserNid> {
        self.rooms.read().get(&room).map(|users| users.iter().copied().collect()).unwrap_or_default()
    }

    /// The rooms that a local user has joined.
    pub fn joined_rooms(&self, user: UserNid) -> Vec<RoomNid> {
        self.joined.read().get(&user).map(|rooms| rooms.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether a local user has joined the room.
    pub fn is_joined(&self, room: RoomNid, user: UserNid) -> bool {
        self.joined.read().get(&user).is_some_and(|rooms| rooms.contains(&room))
    }

    /// Local users who share a joined room with `user`, and `user`.
    pub fn sharing_a_room(&self, user: UserNid) -> HashSet<UserNid> {
        let (rooms, joined) = (self.rooms.read(), self.joined.read());
        let mut users: HashSet<UserNid> = HashSet::from([user]);
        for room in joined.get(&user).into_iter().flatten() {
            users.extend(rooms.get(room).into_iter().flatten());
        }
        users
    }

    /// Tells the local users of a room of something that is in no log, such as typing.
    pub fn touch_room(&self, room: RoomNid, touch: Touch) {
        let published = *self.published.read();
        for user in self.local_users_of(room) {
            self.touch(user, published, touch);
        }
    }

    fn touch(&self, user: UserNid, pos: Pos, touch: Touch) {
        let feed = self.users.read().get(&user).cloned();
        // Nobody waits for a user without a feed: their next token is answered from the log.
        if let Some(feed) = feed {
            feed.push(pos, touch);
        }
    }

    fn touch_all(&self, room: RoomNid, pos: Pos, touch: Touch) {
        let rooms = self.rooms.read();
        let users = self.users.read();
        for user in rooms.get(&room).into_iter().flatten() {
            if let Some(feed) = users.get(user) {
                feed.push(pos, touch);
            }
        }
    }

    fn apply(&self, pos: Pos, touched: Touched) {
        match touched {
            Touched::Timeline { room, .. } => self.touch_all(room, pos, Touch::Room(room)),
            Touched::Joined { room, user } => {
                self.rooms.write().entry(room).or_default().insert(user);
                self.joined.write().entry(user).or_default().insert(room);
                self.touch(user, pos, Touch::Room(room));
            }
            Touched::Invited { room, user } => {
                self.rooms.write().entry(room).or_default().insert(user);
                if let Some(rooms) = self.joined.write().get_mut(&user) {
                    rooms.remove(&room);
                }
                self.touch(user, pos, Touch::Room(room));
            }
            Touched::Left { room, user } => {
                if let Some(users) = self.rooms.write().get_mut(&room) {
                    users.remove(&user);
                }
                if let Some(rooms) = self.joined.write().get_mut(&user) {
                    rooms.remove(&room);
                }
                self.touch(user, pos, Touch::Room(room));
            }
            Touched::Receipt { room, .. } => self.touch_all(room, pos, Touch::Receipt(room)),
            Touched::AccountData { user } => self.touch(user, pos, Touch::AccountData),
            Touched::RoomAccountData { user, room } => self.touch(user, pos, Touch::RoomAccountData(room)),
            Touched::ToDevice { user, device } => self.touch(user, pos, Touch::ToDevice(device)),
            Touched::DeviceList { user } => {
                for sharing in self.sharing_a_room(user) {
                    self.touch(sharing, pos, Touch::DeviceList(user));
                }
            }
        }
    }
}

impl CommitHook for Feeds {
    fn committed(&self, changes: &[PublishedChange]) {
        let Some(last) = changes.last() else { return };
        // Written first: a feed that is made meanwhile starts before these changes or is found by them, never between.
        let mut published = self.published.write();
        for published_change in changes {
            if let Some(touched) = Touched::from_change(&published_change.change) {
                self.apply(published_change.pos, touched);
            }
        }
        *published = last.pos;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomNid = RoomNid(1);
    const ANNA: UserNid = UserNid(10);
    const JONAS: UserNid = UserNid(11);

    fn publish(feeds: &Feeds, pos: u64, touched: Touched) {
        feeds.committed(&[PublishedChange { pos: Pos::new(pos), change: touched.into() }]);
    }

    #[test]
    fn a_message_wakes_the_members_of_its_room_and_nobody_else() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(5), [(ROOM, ANNA, true)]);
        let (anna, jonas) = (feeds.feed(ANNA), feeds.feed(JONAS));
        publish(&feeds, 6, Touched::Timeline { room: ROOM, event: base::EventNid(1) });
        assert_eq!(anna.since(Pos::new(5)), Some(vec![(Pos::new(6), Touch::Room(ROOM))]));
        assert_eq!(jonas.since(Pos::new(5)), Some(vec![]));
        assert_eq!(anna.since(Pos::new(6)), Some(vec![]));
        assert_eq!(anna.since(Pos::new(4)), None, "before the feed began only the log knows");
    }

    #[test]
    fn who_leaves_is_told_and_then_no_more() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(1), [(ROOM, ANNA, true)]);
        let anna = feeds.feed(ANNA);
        publish(&feeds, 2, Touched::Left { room: ROOM, user: ANNA });
        publish(&feeds, 3, Touched::Timeline { room: ROOM, event: base::EventNid(1) });
        assert_eq!(anna.since(Pos::new(1)), Some(vec![(Pos::new(2), Touch::Room(ROOM))]));
        assert!(!feeds.is_joined(ROOM, ANNA));
    }

    #[test]
    fn a_feed_forgets_the_oldest_and_says_so() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(0), [(ROOM, ANNA, true)]);
        let anna = feeds.feed(ANNA);
        for pos in 1..=(REMEMBERED as u64 + 10) {
            publish(&feeds, pos, Touched::Timeline { room: ROOM, event: base::EventNid(1) });
        }
        assert_eq!(anna.since(Pos::new(9)), None);
        assert_eq!(anna.since(Pos::new(10)).map(|touches| touches.len()), Some(REMEMBERED));
    }
}
