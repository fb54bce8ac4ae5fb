//! Who is woken by what: for each local user the touches of late, driven by the change log.
//!
//! After each commit, and before anybody is answered, the committer hands the new rows of the log to [`Feeds`]. A feed
//! keeps for each thing that changed the last position at which it did; a request that waits with a token inside that
//! range reads only the rooms named there, however many the user has joined. Older tokens are answered from the tables.

mod members;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use base::{DeviceNid, Pos, RoomNid, UserNid};
use db::{CommitHook, PublishedChange};
use parking_lot::{Mutex, RwLock};
use store::Touched;
use tokio::sync::watch;

use crate::sync::Memory;
use members::Members;

/// Different things that a feed remembers before it asks the tables instead. They are few: a busy room is one of them.
const REMEMBERED: usize = 128;

/// What of a user's view changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touch {
    /// An event in the timeline of a room that the user has joined.
    Room(RoomNid),
    /// The user's own membership of a room.
    Membership(RoomNid),
    /// Somebody else was invited to a room that the user has joined, joined it or left it.
    Members(RoomNid),
    /// A receipt in a room.
    Receipt(RoomNid),
    /// Global account data.
    AccountData,
    /// Account data of a room, or the user's private receipt there.
    RoomAccountData(RoomNid),
    /// A message for one of the user's devices.
    ToDevice(DeviceNid),
    /// Keys or devices of a user who shares a room or is invited to it, or of the user.
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
    /// Each touch once, at its last position; in the order of positions.
    touches: VecDeque<(Pos, Touch)>,
    /// Touched by the commits that are being published.
    fresh: bool,
}

impl Feed {
    fn starting_at(floor: Pos) -> Self {
        let recent = Recent { floor, touches: VecDeque::new(), fresh: false };
        Self { recent: Mutex::new(recent), version: watch::Sender::new(0) }
    }

    /// Whether this is the first touch since the feed was last announced.
    fn push(&self, pos: Pos, touch: Touch) -> bool {
        let mut recent = self.recent.lock();
        // From the back: what changed lately changes again.
        if let Some(at) = recent.touches.iter().rposition(|(_, known)| *known == touch) {
            recent.touches.remove(at);
        } else if recent.touches.len() == REMEMBERED
            && let Some((dropped, _)) = recent.touches.pop_front()
        {
            recent.floor = recent.floor.max(dropped);
        }
        recent.touches.push_back((pos, touch));
        !std::mem::replace(&mut recent.fresh, true)
    }

    fn announce(&self) {
        self.recent.lock().fresh = false;
        self.wake();
    }

    /// Wakes whoever waits for this user, also where nothing is in the log.
    pub fn wake(&self) {
        self.version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// What was touched after `since`; `None` if the feed does not reach back that far, so that the tables must be asked.
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
    members: RwLock<Members>,
    /// Highest position published to the feeds.
    published: RwLock<Pos>,
    /// Changes with everything that happens.
    pulse: watch::Sender<u64>,
    /// What readers of the same rooms have in common.
    pub memory: Memory,
}

impl Feeds {
    /// Fills in who is in which room, at start. `pos` is the position as of which this is true.
    pub fn load(&self, pos: Pos, members: impl IntoIterator<Item = (RoomNid, UserNid, bool)>) {
        let mut known = self.members.write();
        for (room, user, is_joined) in members {
            known.set(room, user, is_joined);
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
        self.users
            .write()
            .entry(user)
            .or_insert_with(|| Arc::new(Feed::starting_at(*published)))
            .clone()
    }

    /// The position up to which feeds are complete.
    pub fn published(&self) -> Pos {
        *self.published.read()
    }

    /// Local users who are joined to the room, invited to it or knocking.
    pub fn local_users_of(&self, room: RoomNid) -> Vec<UserNid> {
        self.members.read().of(room).map(|(user, _)| user).collect()
    }

    /// The rooms that a local user has joined.
    pub fn joined_rooms(&self, user: UserNid) -> Vec<RoomNid> {
        self.members.read().joined_by(user).collect()
    }

    /// The rooms that a local user has joined, is invited to or knocks at.
    pub fn rooms_of(&self, user: UserNid) -> Vec<RoomNid> {
        self.members.read().rooms_of(user).collect()
    }

    /// Whether a local user has joined the room.
    pub fn is_joined(&self, room: RoomNid, user: UserNid) -> bool {
        self.members.read().is_joined(room, user)
    }

    /// Local users who are in a room that `user` has joined, and `user`.
    pub fn sharing_a_room(&self, user: UserNid) -> HashSet<UserNid> {
        self.members.read().sharing_with(user)
    }

    /// A receiver that changes with everything that happens in the hospital, for who follows the log as a whole.
    pub fn pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Wakes the local members of a room for something that is in no log, such as typing.
    pub fn wake_room(&self, room: RoomNid) {
        let (members, users) = (self.members.read(), self.users.read());
        for (user, joined) in members.of(room) {
            if let Some(feed) = users.get(&user).filter(|_| joined) {
                feed.wake();
            }
        }
        self.pulse.send_modify(|beat| *beat = beat.wrapping_add(1));
    }
}

/// The touches of some commits, on their way to the feeds.
struct Publication<'a> {
    users: &'a HashMap<UserNid, Arc<Feed>>,
    touched: Vec<&'a Feed>,
}

impl Publication<'_> {
    fn touch(&mut self, user: UserNid, pos: Pos, touch: Touch) {
        // Nobody waits for a user without a feed: their next token is answered from the tables.
        if let Some(feed) = self.users.get(&user)
            && feed.push(pos, touch)
        {
            self.touched.push(feed);
        }
    }

    fn touch_joined(&mut self, members: &Members, room: RoomNid, pos: Pos, touch: Touch) {
        for (user, joined) in members.of(room) {
            if joined {
                self.touch(user, pos, touch);
            }
        }
    }

    fn apply(&mut self, members: &mut Members, pos: Pos, touched: Touched) {
        match touched {
            Touched::Timeline { room, .. } => {
                self.touch_joined(members, room, pos, Touch::Room(room))
            }
            Touched::Joined { room, user } => {
                self.touch_joined(members, room, pos, Touch::Members(room));
                members.set(room, user, true);
                self.touch(user, pos, Touch::Membership(room));
            }
            Touched::Invited { room, user } => {
                members.set(room, user, false);
                self.touch(user, pos, Touch::Membership(room));
                // From now on the members encrypt to this user's devices too.
                self.touch_joined(members, room, pos, Touch::Members(room));
            }
            Touched::Left { room, user } => {
                members.remove(room, user);
                self.touch(user, pos, Touch::Membership(room));
                self.touch_joined(members, room, pos, Touch::Members(room));
            }
            Touched::Receipt { room, .. } => {
                self.touch_joined(members, room, pos, Touch::Receipt(room))
            }
            Touched::AccountData { user } => self.touch(user, pos, Touch::AccountData),
            Touched::RoomAccountData { user, room } => {
                self.touch(user, pos, Touch::RoomAccountData(room))
            }
            Touched::ToDevice { user, device } => self.touch(user, pos, Touch::ToDevice(device)),
            Touched::Signed { user, target } => self.touch(user, pos, Touch::DeviceList(target)),
            Touched::DeviceList { user } => {
                for encrypting in members.encrypting_to(user) {
                    self.touch(encrypting, pos, Touch::DeviceList(user));
                }
            }
        }
    }
}

impl CommitHook for Feeds {
    fn committed(&self, changes: &[PublishedChange]) {
        let Some(last) = changes.last() else { return };
        // Held throughout: a feed that is made meanwhile starts before these changes or is found by them, never between.
        let mut published = self.published.write();
        let mut members = self.members.write();
        let users = self.users.read();
        let mut publication = Publication { users: &users, touched: Vec::new() };
        for change in changes {
            if let Some(touched) = Touched::from_change(&change.change) {
                // Perhaps whom the user ignores, or what notifies them.
                if let Touched::AccountData { user } = touched {
                    self.memory.preferences.forget(user);
                }
                if let Touched::DeviceList { user } | Touched::Signed { target: user, .. } = touched
                {
                    self.memory.published_keys.forget(user);
                    self.memory.devices.forget(user);
                }
                // Who was in the room and changes their profile is known there.
                if let Touched::Joined { room, user } = touched
                    && !members.is_joined(room, user)
                {
                    self.memory.presence.introduce(user);
                }
                publication.apply(&mut members, change.pos, touched);
            }
        }
        *published = last.pos;
        let touched = publication.touched;
        drop((published, members));
        // One wake for a whole group of commits, when everything is in place.
        touched.into_iter().for_each(Feed::announce);
        self.pulse.send_modify(|beat| *beat = beat.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use base::EventNid;

    use super::*;

    const ROOM: RoomNid = RoomNid(1);
    const ANNA: UserNid = UserNid(10);
    const JONAS: UserNid = UserNid(11);

    fn publish(feeds: &Feeds, pos: u64, touched: Touched) {
        feeds.committed(&[PublishedChange { pos: Pos::new(pos), change: touched.into() }]);
    }

    fn message(room: RoomNid) -> Touched {
        Touched::Timeline { room, event: EventNid(1) }
    }

    #[test]
    fn a_message_wakes_the_members_of_its_room_and_nobody_else() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(5), [(ROOM, ANNA, true)]);
        let (anna, jonas) = (feeds.feed(ANNA), feeds.feed(JONAS));
        let (heard, unheard) = (anna.subscribe(), jonas.subscribe());
        publish(&feeds, 6, message(ROOM));
        assert_eq!(anna.since(Pos::new(5)), Some(vec![(Pos::new(6), Touch::Room(ROOM))]));
        assert_eq!(jonas.since(Pos::new(5)), Some(vec![]));
        assert_eq!(anna.since(Pos::new(6)), Some(vec![]));
        assert_eq!(anna.since(Pos::new(4)), None, "before the feed began only the tables know");
        assert!(heard.has_changed().is_ok_and(|changed| changed));
        assert!(unheard.has_changed().is_ok_and(|changed| !changed));
    }

    #[test]
    fn who_is_only_invited_is_not_woken_by_messages() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(1), [(ROOM, ANNA, true)]);
        let jonas = feeds.feed(JONAS);
        publish(&feeds, 2, Touched::Invited { room: ROOM, user: JONAS });
        publish(&feeds, 3, message(ROOM));
        assert_eq!(jonas.since(Pos::new(1)), Some(vec![(Pos::new(2), Touch::Membership(ROOM))]));
        assert_eq!(feeds.local_users_of(ROOM).len(), 2);
    }

    #[test]
    fn new_keys_of_who_is_invited_wake_the_members_and_the_members_keys_not_them() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(1), [(ROOM, ANNA, true)]);
        let (anna, jonas) = (feeds.feed(ANNA), feeds.feed(JONAS));
        publish(&feeds, 2, Touched::Invited { room: ROOM, user: JONAS });
        publish(&feeds, 3, Touched::DeviceList { user: JONAS });
        publish(&feeds, 4, Touched::DeviceList { user: ANNA });
        let own = |pos, user| (Pos::new(pos), Touch::DeviceList(user));
        assert_eq!(
            anna.since(Pos::new(1)),
            Some(vec![(Pos::new(2), Touch::Members(ROOM)), own(3, JONAS), own(4, ANNA)])
        );
        assert_eq!(
            jonas.since(Pos::new(1)),
            Some(vec![(Pos::new(2), Touch::Membership(ROOM)), own(3, JONAS)])
        );
        publish(&feeds, 5, Touched::Left { room: ROOM, user: JONAS });
        publish(&feeds, 6, Touched::DeviceList { user: JONAS });
        assert_eq!(anna.since(Pos::new(5)), Some(vec![]), "the invitation was declined");
        assert!(feeds.rooms_of(JONAS).is_empty());
    }

    #[test]
    fn who_leaves_is_told_and_then_no_more() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(1), [(ROOM, ANNA, true), (ROOM, JONAS, true)]);
        let (anna, jonas) = (feeds.feed(ANNA), feeds.feed(JONAS));
        publish(&feeds, 2, Touched::Left { room: ROOM, user: ANNA });
        publish(&feeds, 3, message(ROOM));
        assert_eq!(anna.since(Pos::new(1)), Some(vec![(Pos::new(2), Touch::Membership(ROOM))]));
        let jonas = jonas.since(Pos::new(1)).expect("recent");
        assert_eq!(jonas, [(Pos::new(2), Touch::Members(ROOM)), (Pos::new(3), Touch::Room(ROOM))]);
        assert!(!feeds.is_joined(ROOM, ANNA));
        assert_eq!(feeds.sharing_a_room(ANNA), HashSet::from([ANNA]));
    }

    #[test]
    fn a_busy_room_takes_one_place_in_a_feed() {
        let feeds = Feeds::default();
        feeds.load(Pos::new(0), [(ROOM, ANNA, true)]);
        let anna = feeds.feed(ANNA);
        publish(&feeds, 1, Touched::AccountData { user: ANNA });
        for pos in 2..=10_000 {
            publish(&feeds, pos, message(ROOM));
        }
        let touches = anna.since(Pos::new(0)).expect("nothing was forgotten");
        assert_eq!(
            touches,
            [(Pos::new(1), Touch::AccountData), (Pos::new(10_000), Touch::Room(ROOM))]
        );
        assert_eq!(anna.since(Pos::new(5_000)).map(|touches| touches.len()), Some(1));
    }

    #[test]
    fn a_feed_forgets_the_oldest_and_says_so() {
        let feeds = Feeds::default();
        let rooms = 1..=(REMEMBERED as u64 + 10);
        feeds
            .load(Pos::new(0), rooms.clone().map(|room| (RoomNid(room.cast_signed()), ANNA, true)));
        let anna = feeds.feed(ANNA);
        for pos in rooms {
            publish(&feeds, pos, message(RoomNid(pos.cast_signed())));
        }
        assert_eq!(anna.since(Pos::new(9)), None);
        assert_eq!(anna.since(Pos::new(10)).map(|touches| touches.len()), Some(REMEMBERED));
    }
}
