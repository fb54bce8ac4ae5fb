//! Who is typing where: in memory only, and forgotten when its time is over.
//! <https://spec.matrix.org/v1.19/client-server-api/#typing-notifications>
//!
//! Typing is in no log and so has a sequence of its own, which sync tokens carry beside the position. It never runs
//! backwards, also over a restart, as it never stands behind the clock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use base::{Clock, RoomNid, Timestamp, UserNid};
use parking_lot::Mutex;
use ruma::{OwnedUserId, RoomId, UserId};

use crate::{Homeserver, Session, feeds::Feeds, json_writer, rooms};

/// The longest time for which a client may say that somebody types.
const LONGEST: Duration = Duration::from_secs(120);

/// Place in the sequence of typing changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypingSeq(pub u64);

/// Who is typing where.
#[derive(Clone, Debug, Default)]
pub struct Typing {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last: TypingSeq,
    rooms: HashMap<RoomNid, RoomTyping>,
    /// The rooms by their last change.
    changed: BTreeMap<TypingSeq, RoomNid>,
}

#[derive(Debug, Default)]
struct RoomTyping {
    seq: TypingSeq,
    typists: Vec<(UserNid, OwnedUserId, Timestamp)>,
    /// A task waits to end what its typists do not end themselves.
    watched: bool,
}

/// Why nobody was told of the typing.
#[derive(Debug, thiserror::Error)]
pub enum TypingError {
    /// Only for oneself.
    #[error("nobody types for somebody else")]
    SomebodyElse,
    /// The user is not in the room, or there is no such room.
    #[error("the user is not in the room")]
    NotInRoom,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl State {
    fn change(&mut self, room: RoomNid, now: Timestamp) {
        let seq = TypingSeq(now.0.max(self.last.0 + 1));
        self.last = seq;
        let entry = self.rooms.entry(room).or_default();
        self.changed.remove(&std::mem::replace(&mut entry.seq, seq));
        self.changed.insert(seq, room);
    }
}

impl Typing {
    /// Notes that a user types until `until`, or no longer types. True if the room's list has changed.
    fn set(
        &self,
        room: RoomNid,
        user: (UserNid, &UserId),
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let mut state = self.state.lock();
        let typists = &mut state.rooms.entry(room).or_default().typists;
        let at = typists.iter().position(|(nid, ..)| *nid == user.0);
        match (at, until) {
            (Some(at), Some(until)) => {
                typists[at].2 = until;
                return false;
            }
            (Some(at), None) => {
                typists.swap_remove(at);
            }
            (None, Some(until)) => typists.push((user.0, user.1.to_owned(), until)),
            (None, None) => return false,
        }
        state.change(room, now);
        true
    }

    /// Ends what is over by `now`: whether the list has changed, and when to look again.
    fn expire(&self, room: RoomNid, now: Timestamp) -> (bool, Option<Timestamp>) {
        let mut state = self.state.lock();
        let Some(entry) = state.rooms.get_mut(&room) else { return (false, None) };
        let before = entry.typists.len();
        entry.typists.retain(|(.., until)| *until > now);
        let (changed, next) =
            (entry.typists.len() < before, entry.typists.iter().map(|(.., until)| *until).min());
        entry.watched = next.is_some();
        if changed {
            state.change(room, now);
        }
        (changed, next)
    }

    /// Whether the caller is the one who has to watch the room from now on.
    fn begin_watch(&self, room: RoomNid) -> bool {
        let mut state = self.state.lock();
        state.rooms.get_mut(&room).is_some_and(|entry| !std::mem::replace(&mut entry.watched, true))
    }

    /// The latest change.
    pub fn seq(&self) -> TypingSeq {
        self.state.lock().last
    }

    /// The rooms whose list changed after `since`, and the sequence number up to which that is all.
    pub fn changed(&self, since: TypingSeq) -> (Vec<RoomNid>, TypingSeq) {
        let state = self.state.lock();
        let rooms = state.changed.range(TypingSeq(since.0 + 1)..).map(|(_, room)| *room).collect();
        (rooms, state.last.max(since))
    }

    /// The `m.typing` event of a room; `None` if nobody types and nobody did.
    pub fn event(&self, room: RoomNid) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let typists = &state.rooms.get(&room)?.typists;
        let mut out = Vec::with_capacity(64 + typists.len() * 32);
        let mut event = json_writer::Object::new(&mut out);
        event.text("type", "m.typing");
        let mut content = event.object("content");
        let mut ids = content.array("user_ids");
        for (_, id, _) in typists {
            json_writer::string(ids.item(), id.as_str());
        }
        drop(ids);
        drop(content);
        drop(event);
        Some(out)
    }

    /// Whether somebody types in the room.
    pub fn is_anybody_typing(&self, room: RoomNid) -> bool {
        self.state.lock().rooms.get(&room).is_some_and(|entry| !entry.typists.is_empty())
    }
}

/// Notes that the session's user types for `timeout`, or (`None`) no longer does, and tells the room.
pub async fn set(
    hs: &Homeserver,
    session: &Session,
    room_id: &RoomId,
    user: &UserId,
    timeout: Option<Duration>,
) -> Result<(), TypingError> {
    if user != session.user_id {
        return Err(TypingError::SomebodyElse);
    }
    let room = rooms::room_nid(hs, room_id).await.map_err(|error| match error {
        rooms::OpenRoomError::Unknown => TypingError::NotInRoom,
        rooms::OpenRoomError::Store(error) => TypingError::Store(error),
    })?;
    if !hs.feeds.is_joined(room, session.user) {
        return Err(TypingError::NotInRoom);
    }
    let now = hs.clock.now();
    let until = timeout.map(|timeout| now.after(timeout.min(LONGEST)));
    if hs.typing.set(room, (session.user, &session.user_id), until, now) {
        hs.feeds.wake_room(room);
    }
    if until.is_some() && hs.typing.begin_watch(room) {
        tokio::spawn(watch(hs.typing.clone(), hs.feeds.clone(), hs.clock.clone(), room));
    }
    Ok(())
}

/// Ends what typists do not end themselves, until nobody types in the room.
async fn watch(typing: Typing, feeds: Arc<Feeds>, clock: Arc<dyn Clock>, room: RoomNid) {
    loop {
        let now = clock.now();
        let (changed, next) = typing.expire(room, now);
        if changed {
            feeds.wake_room(room);
        }
        let Some(next) = next else { return };
        tokio::time::sleep(Duration::from_millis(next.0.saturating_sub(now.0).max(1))).await;
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    const ROOM: RoomNid = RoomNid(1);

    fn ids(typing: &Typing) -> Vec<String> {
        let event: serde_json::Value =
            serde_json::from_slice(&typing.event(ROOM).expect("known")).expect("JSON");
        serde_json::from_value(event["content"]["user_ids"].clone()).expect("a list of ids")
    }

    #[test]
    fn typing_is_seen_after_a_position_in_the_log_that_stands_still() {
        let typing = Typing::default();
        let anna = (UserNid(1), user_id!("@anna:x"));
        let (none, start) = typing.changed(TypingSeq(0));
        assert!(none.is_empty());
        assert!(typing.set(ROOM, anna, Some(Timestamp(2_000)), Timestamp(1_000)));
        let (rooms, began) = typing.changed(start);
        assert_eq!(rooms, [ROOM]);
        assert_eq!(ids(&typing), ["@anna:x"]);
        assert!(
            !typing.set(ROOM, anna, Some(Timestamp(3_000)), Timestamp(1_500)),
            "still typing is no change"
        );
        assert!(typing.changed(began).0.is_empty());
        assert!(typing.set(ROOM, anna, None, Timestamp(1_600)));
        assert_eq!(typing.changed(began).0, [ROOM]);
        assert!(ids(&typing).is_empty());
    }

    #[test]
    fn typing_ends_by_the_clock() {
        let typing = Typing::default();
        typing.set(
            ROOM,
            (UserNid(1), user_id!("@anna:x")),
            Some(Timestamp(2_000)),
            Timestamp(1_000),
        );
        typing.set(
            ROOM,
            (UserNid(2), user_id!("@jonas:x")),
            Some(Timestamp(3_000)),
            Timestamp(1_000),
        );
        assert_eq!(typing.expire(ROOM, Timestamp(1_999)), (false, Some(Timestamp(2_000))));
        let seq = typing.seq();
        assert_eq!(typing.expire(ROOM, Timestamp(2_000)), (true, Some(Timestamp(3_000))));
        assert_eq!(ids(&typing), ["@jonas:x"]);
        assert_eq!(typing.changed(seq).0, [ROOM]);
        assert_eq!(typing.expire(ROOM, Timestamp(9_000)), (true, None));
    }

    #[test]
    fn the_sequence_goes_on_after_a_restart() {
        let before = Typing::default();
        before.set(
            ROOM,
            (UserNid(1), user_id!("@anna:x")),
            Some(Timestamp(9_000)),
            Timestamp(5_000),
        );
        let token = before.seq();
        let after = Typing::default();
        after.set(
            ROOM,
            (UserNid(1), user_id!("@anna:x")),
            Some(Timestamp(9_000)),
            Timestamp(5_001),
        );
        assert_eq!(after.changed(token).0, [ROOM]);
    }
}
