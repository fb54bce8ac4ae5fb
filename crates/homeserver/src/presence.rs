//! Who is there: in memory only, and only where the hospital wants it (`presence.enabled`); else everybody is offline to
//! everybody and nothing is kept. <https://spec.matrix.org/v1.19/client-server-api/#presence>
//!
//! Presence is in no log and so has a sequence of its own, which sync tokens carry beside the position. It never runs
//! backwards, also over a restart, as it never stands behind the clock.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};

use base::{Clock, RoomNid, Timestamp, UserNid};
use bytes::Bytes;
use parking_lot::Mutex;
use ruma::{OwnedUserId, UserId, api::client::filter::Filter, presence::PresenceState};

use crate::{
    Homeserver, Session, accounts,
    feeds::Feeds,
    json_writer::Object,
    sync::{self, SyncToken},
};

/// After so long without a deed of theirs, people who are connected count as absent.
const IDLE_AFTER: Duration = Duration::from_secs(5 * 60);
/// How long somebody stays connected behind the last sign of a client.
const LINGER: Duration = Duration::from_secs(30);
/// The longest status, in bytes.
const MAX_STATUS_BYTES: usize = 1_024;

/// Place in the sequence of presence changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PresenceSeq(pub u64);

/// Who is there.
#[derive(Debug, Default)]
pub struct Presence {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: PresenceSeq,
    people: HashMap<UserNid, Person>,
    /// The people by their last change.
    changed: BTreeMap<PresenceSeq, UserNid>,
}

#[derive(Debug)]
struct Person {
    user_id: OwnedUserId,
    seq: PresenceSeq,
    /// What others were told last.
    shown: PresenceState,
    /// The client says that nobody sits before it.
    away: bool,
    status: Option<String>,
    last_active: Timestamp,
    connected_until: Timestamp,
    /// A task waits for what happens by itself.
    watched: bool,
}

/// Presence as one of the people sees another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Online, unavailable or offline.
    pub presence: PresenceState,
    /// What the person says of it.
    pub status: Option<String>,
    /// How long ago the person did something, if ever.
    pub last_active_ago: Option<Duration>,
}

/// Why presence was not set or shown.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// Only for oneself.
    #[error("presence belongs to another user")]
    SomebodyElse,
    /// The two share no room.
    #[error("the users share no room")]
    NotShared,
    /// There is no such user here.
    #[error("there is no such user")]
    Unknown,
    /// Not a state of the specification, or too long a status.
    #[error("the presence is not valid")]
    Invalid,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

impl Person {
    fn new(user_id: &UserId) -> Self {
        Self {
            user_id: user_id.to_owned(),
            seq: PresenceSeq::default(),
            shown: PresenceState::Offline,
            away: false,
            status: None,
            last_active: Timestamp(0),
            connected_until: Timestamp(0),
            watched: false,
        }
    }

    fn presence(&self, now: Timestamp) -> PresenceState {
        if self.connected_until <= now {
            PresenceState::Offline
        } else if self.away || self.last_active.after(IDLE_AFTER) <= now {
            PresenceState::Unavailable
        } else {
            PresenceState::Online
        }
    }

    /// When something changes by itself next.
    fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = [self.last_active.after(IDLE_AFTER), self.connected_until];
        match self.presence(now) {
            PresenceState::Offline => None,
            _ => ends.into_iter().filter(|end| *end > now).min(),
        }
    }

    fn seen(&self, now: Timestamp) -> Seen {
        let ago = Duration::from_millis(now.0.saturating_sub(self.last_active.0));
        Seen {
            presence: self.presence(now),
            status: self.status.clone(),
            last_active_ago: (self.last_active.0 > 0).then_some(ago),
        }
    }

    fn event(&self, now: Timestamp) -> (OwnedUserId, Vec<u8>) {
        (self.user_id.clone(), event(self, now))
    }
}

impl State {
    /// Announces what is other than was shown; `true` if it is.
    fn show(&mut self, user: UserNid, now: Timestamp, anyway: bool) -> bool {
        let Some(person) = self.people.get_mut(&user) else { return false };
        let presence = person.presence(now);
        if presence == person.shown && !anyway {
            return false;
        }
        person.shown = presence;
        self.place(user, PresenceSeq(now.0.max(self.last.0 + 1)));
        true
    }

    /// Makes this the last change.
    fn place(&mut self, user: UserNid, seq: PresenceSeq) {
        let Some(person) = self.people.get_mut(&user) else { return };
        self.last = seq;
        self.changed.remove(&std::mem::replace(&mut person.seq, seq));
        self.changed.insert(seq, user);
    }
}

impl Presence {
    /// Changes what is known of a person; whether others must hear of it, and whether the caller has to watch from now on.
    fn edit(
        &self,
        (user, user_id): (UserNid, &UserId),
        now: Timestamp,
        edit: impl FnOnce(&mut Person),
    ) -> (bool, bool) {
        let mut state = self.state.lock();
        let person = state.people.entry(user).or_insert_with(|| Person::new(user_id));
        let status = person.status.clone();
        edit(person);
        let anyway = person.status != status;
        let watch =
            person.next_change(now).is_some() && !std::mem::replace(&mut person.watched, true);
        (state.show(user, now, anyway), watch)
    }

    /// Looks whether something has changed by itself, and when to look again.
    fn expire(&self, user: UserNid, now: Timestamp) -> (bool, Option<Timestamp>) {
        let mut state = self.state.lock();
        let changed = state.show(user, now, false);
        let Some(person) = state.people.get_mut(&user) else { return (false, None) };
        let next = person.next_change(now);
        person.watched = next.is_some();
        (changed, next)
    }

    fn seen(&self, user: UserNid, now: Timestamp) -> Seen {
        let state = self.state.lock();
        let offline =
            Seen { presence: PresenceState::Offline, status: None, last_active_ago: None };
        state.people.get(&user).map_or(offline, |person| person.seen(now))
    }

    /// Announces somebody again, unless they are offline, as there are people now who have not heard of them.
    pub(crate) fn introduce(&self, user: UserNid) {
        let mut state = self.state.lock();
        if let Some(person) = state.people.get(&user)
            && person.shown != PresenceState::Offline
        {
            let seq = state.last.0 + 1;
            state.place(user, PresenceSeq(seq));
        }
    }

    /// The last change of anybody.
    pub fn last(&self) -> PresenceSeq {
        self.state.lock().last
    }

    /// The `m.presence` events of these people that changed in the span, with their senders.
    fn changed(
        &self,
        span: RangeInclusive<PresenceSeq>,
        people: &HashSet<UserNid>,
        now: Timestamp,
    ) -> BTreeMap<OwnedUserId, Vec<u8>> {
        // A token from before a restart may lie behind what has happened since.
        if span.is_empty() {
            return BTreeMap::new();
        }
        let state = self.state.lock();
        let users = state.changed.range(span).map(|(_, user)| user);
        let people = users.filter(|user| people.contains(user));
        people.filter_map(|user| state.people.get(user)).map(|person| person.event(now)).collect()
    }

    /// The `m.presence` events of those of these people who are not offline, with their senders.
    fn present(&self, people: &HashSet<UserNid>, now: Timestamp) -> BTreeMap<OwnedUserId, Vec<u8>> {
        let state = self.state.lock();
        let people = people.iter().filter_map(|user| state.people.get(user));
        let present = people.filter(|person| person.presence(now) != PresenceState::Offline);
        present.map(|person| person.event(now)).collect()
    }

    /// Forgets a person.
    pub(crate) fn forget_user(&self, user: UserNid) {
        let mut state = self.state.lock();
        if let Some(person) = state.people.remove(&user) {
            state.changed.remove(&person.seq);
        }
    }
}

fn event(person: &Person, now: Timestamp) -> Vec<u8> {
    let seen = person.seen(now);
    let mut out = Vec::with_capacity(160);
    let mut event = Object::new(&mut out);
    event.text("type", "m.presence");
    event.text("sender", person.user_id.as_str());
    let mut content = event.object("content");
    content.text("presence", seen.presence.as_str());
    if let Some(status) = &seen.status {
        content.text("status_msg", status);
    }
    if let Some(ago) = seen.last_active_ago {
        content.number("last_active_ago", u64::try_from(ago.as_millis()).unwrap_or(u64::MAX));
    }
    content.flag("currently_active", seen.presence == PresenceState::Online);
    drop(content);
    drop(event);
    out
}

/// Sets the session's own presence. Where the hospital wants none it is accepted and forgotten.
pub fn set(
    hs: &Homeserver,
    session: &Session,
    user: &UserId,
    presence: &PresenceState,
    status: Option<String>,
) -> Result<(), PresenceError> {
    if session.user_id != user {
        return Err(PresenceError::SomebodyElse);
    }
    let known = matches!(
        presence,
        PresenceState::Online | PresenceState::Unavailable | PresenceState::Offline
    );
    if !known || status.as_ref().is_some_and(|status| status.len() > MAX_STATUS_BYTES) {
        return Err(PresenceError::Invalid);
    }
    let now = hs.clock.now();
    change(hs, session, |person| {
        person.status = status;
        person.away = *presence == PresenceState::Unavailable;
        person.last_active = now;
        person.connected_until = match presence {
            PresenceState::Offline => now,
            _ => person.connected_until.max(now.after(LINGER)),
        };
    });
    Ok(())
}

/// Notes that a client of the person is connected, for at least as long as its request may wait.
pub fn connected(hs: &Homeserver, session: &Session, presence: &PresenceState, timeout: Duration) {
    if *presence == PresenceState::Offline {
        return;
    }
    let now = hs.clock.now();
    change(hs, session, |person| {
        if person.presence(now) == PresenceState::Offline {
            person.last_active = now;
        }
        person.away = *presence == PresenceState::Unavailable;
        person.connected_until = person.connected_until.max(now.after(timeout + LINGER));
    });
}

fn change(hs: &Homeserver, session: &Session, edit: impl FnOnce(&mut Person)) {
    if !hs.policy.presence {
        return;
    }
    let user = (session.user, &*session.user_id);
    let (changed, watch) = hs.feeds.memory.presence.edit(user, hs.clock.now(), edit);
    if changed {
        announce(&hs.feeds, session.user);
    }
    if watch {
        tokio::spawn(self::watch(hs.feeds.clone(), hs.clock.clone(), session.user));
    }
}

fn announce(feeds: &Feeds, user: UserNid) {
    for reader in feeds.sharing_a_room(user) {
        feeds.feed(reader).wake();
    }
}

/// Announces what changes by itself, until the person is offline.
async fn watch(feeds: Arc<Feeds>, clock: Arc<dyn Clock>, user: UserNid) {
    loop {
        let now = clock.now();
        let (changed, next) = feeds.memory.presence.expire(user, now);
        if changed {
            announce(&feeds, user);
        }
        let Some(next) = next else { return };
        tokio::time::sleep(Duration::from_millis(next.0.saturating_sub(now.0).max(1))).await;
    }
}

/// The `m.presence` events that are new to a device, its owner's among them, and how far that is: of those who changed, and
/// of all in the rooms that the owner has joined meanwhile.
pub(crate) fn for_sync(
    hs: &Homeserver,
    session: &Session,
    since: Option<SyncToken>,
    joined: impl IntoIterator<Item = RoomNid>,
    filter: &Filter,
) -> (Vec<Bytes>, PresenceSeq) {
    if !hs.policy.presence {
        return (Vec::new(), PresenceSeq::default());
    }
    let (presence, now) = (&hs.feeds.memory.presence, hs.clock.now());
    // Before it is asked who shares a room: who comes in between is announced behind this place, and told next time.
    let upto = presence.last();
    let people = hs.feeds.sharing_a_room(session.user);
    let since = since.map(|since| since.presence);
    let events = match since {
        None => presence.present(&people, now),
        Some(since) => {
            let met = joined.into_iter().flat_map(|room| hs.feeds.local_users_of(room)).collect();
            let mut events = presence.present(&met, now);
            events.extend(presence.changed(PresenceSeq(since.0 + 1)..=upto, &people, now));
            events
        }
    };
    let admitted = events.into_iter().filter(|(sender, _)| admits(filter, sender));
    (admitted.map(|(_, event)| event.into()).collect(), upto.max(since.unwrap_or_default()))
}

fn admits(filter: &Filter, sender: &UserId) -> bool {
    sync::filter::admits_account_data(filter, "m.presence")
        && filter.senders.as_ref().is_none_or(|senders| senders.iter().any(|id| id == sender))
        && !filter.not_senders.iter().any(|id| id == sender)
}

/// Somebody's presence, for those who share a room with them.
pub async fn get(hs: &Homeserver, session: &Session, user: &UserId) -> Result<Seen, PresenceError> {
    if !accounts::is_open(hs, user).await? {
        return Err(PresenceError::Unknown);
    }
    let user = store::accounts::user_nid(&hs.db, user).await?.ok_or(PresenceError::Unknown)?;
    if user != session.user && !hs.feeds.sharing_a_room(session.user).contains(&user) {
        return Err(PresenceError::NotShared);
    }
    Ok(hs.feeds.memory.presence.seen(user, hs.clock.now()))
}

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    const ANNA: UserNid = UserNid(1);

    fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    fn connect(presence: &Presence, now: Timestamp, until: Timestamp) -> bool {
        let edit = |person: &mut Person| {
            person.last_active = now;
            person.connected_until = until;
        };
        presence.edit((ANNA, user_id!("@anna:x")), now, edit).0
    }

    fn after(
        presence: &Presence,
        since: PresenceSeq,
        people: &HashSet<UserNid>,
    ) -> BTreeMap<OwnedUserId, Vec<u8>> {
        let span = PresenceSeq(since.0 + 1)..=presence.last();
        presence.changed(span, people, Timestamp(1_000_000))
    }

    fn shown(presence: &Presence, now: Timestamp) -> PresenceState {
        presence.seen(ANNA, now).presence
    }

    #[test]
    fn who_does_nothing_becomes_unavailable_and_who_is_gone_offline() {
        let presence = Presence::default();
        let start = Timestamp(1_000_000);
        let end = start.after(minutes(8));
        assert_eq!(shown(&presence, start), PresenceState::Offline);
        assert!(connect(&presence, start, end));
        assert_eq!(shown(&presence, start), PresenceState::Online);
        let (changed, next) = presence.expire(ANNA, start);
        assert!(!changed, "it was announced already");
        let idle = start.after(IDLE_AFTER);
        assert_eq!(next, Some(idle));
        assert_eq!(presence.expire(ANNA, idle), (true, Some(end)));
        assert_eq!(shown(&presence, idle), PresenceState::Unavailable);
        assert_eq!(presence.expire(ANNA, end), (true, None));
        assert_eq!(shown(&presence, end), PresenceState::Offline);
    }

    #[test]
    fn a_reader_is_told_once_and_only_of_those_with_whom_rooms_are_shared() {
        let presence = Presence::default();
        let start = Timestamp(1_000_000);
        let (anna, nobody) = (HashSet::from([ANNA]), HashSet::new());
        assert!(presence.present(&anna, start).is_empty());
        assert!(connect(&presence, start, start.after(minutes(1))));
        assert!(after(&presence, PresenceSeq(0), &nobody).is_empty());
        let events = after(&presence, PresenceSeq(0), &anna);
        assert_eq!(events.len(), 1);
        let event = &events[user_id!("@anna:x")];
        let event: serde_json::Value = serde_json::from_slice(event).expect("JSON");
        assert_eq!(event["type"], "m.presence");
        assert_eq!(event["sender"], "@anna:x");
        assert_eq!(event["content"]["presence"], "online");
        let seen = presence.last();
        assert!(after(&presence, seen, &anna).is_empty());
        assert!(!connect(&presence, start, start.after(minutes(2))), "still there is no change");
        assert_eq!(presence.present(&anna, start.after(minutes(1))).len(), 1);
        assert!(presence.present(&anna, start.after(minutes(2))).is_empty());
    }

    #[test]
    fn who_is_introduced_is_told_once_more_unless_they_are_offline() {
        let presence = Presence::default();
        let start = Timestamp(1_000_000);
        let anna = HashSet::from([ANNA]);
        presence.introduce(ANNA);
        assert_eq!(presence.last(), PresenceSeq(0), "nothing is known of her");
        connect(&presence, start, start.after(minutes(1)));
        let before = presence.last();
        presence.introduce(ANNA);
        assert_eq!(after(&presence, before, &anna).len(), 1);
        assert_eq!(after(&presence, PresenceSeq(0), &anna).len(), 1, "not twice");
        presence.expire(ANNA, start.after(minutes(1)));
        let before = presence.last();
        presence.introduce(ANNA);
        assert!(after(&presence, before, &anna).is_empty());
    }

    #[test]
    fn a_token_ahead_of_all_changes_has_nothing_new() {
        let presence = Presence::default();
        connect(&presence, Timestamp(7), Timestamp(9));
        assert!(after(&presence, PresenceSeq(1_000), &HashSet::from([ANNA])).is_empty());
    }

    #[test]
    fn who_closes_the_account_is_forgotten() {
        let presence = Presence::default();
        let start = Timestamp(1_000_000);
        connect(&presence, start, start.after(minutes(1)));
        presence.forget_user(ANNA);
        assert!(after(&presence, PresenceSeq(0), &HashSet::from([ANNA])).is_empty());
    }
}
