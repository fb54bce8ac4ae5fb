//! One answer of `/v3/sync`: which rooms it names, and everything around the rooms.

use std::{sync::Arc, time::Duration};

use base::{EventNid, Pos, RoomNid};
use db::{Error, ReadSet, params};
use ruma::{OwnedRoomId, RoomId, api::client::filter::FilterDefinition};
use store::timeline::{ALL_MEMBERSHIPS, MEMBERSHIP, MembershipRow};

use super::{
    SyncError, SyncRequest, SyncToken,
    changes::{self, Changes, RoomChange},
    event::{write_account_data, write_events, write_texts},
    filter,
    preferences::{Preferences, preferences_of},
    rooms,
    shape::Shape,
    timelines,
};
use crate::{
    Homeserver, Session, account_data,
    feeds::Feed,
    json_writer::Object,
    keys::{self, Supply},
    presence, to_device,
};

/// Most messages to the device in one answer.
const MAX_TO_DEVICE: u32 = 100;
/// How long to wait until the feeds have heard of what the tables say already.
const CATCH_UP: Duration = Duration::from_millis(2);

/// An answer.
pub struct Answer {
    /// JSON.
    pub body: Vec<u8>,
    /// How far the device is with it.
    pub token: SyncToken,
    /// There is nothing new in it.
    pub is_empty: bool,
}

/// A room in an answer.
pub(super) struct Room {
    pub room: RoomNid,
    pub room_id: OwnedRoomId,
    pub standing: Standing,
    pub change: RoomChange,
}

/// What the reader is in a room, and what they have of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the room; `since` is `None` for who has nothing of it, `throughout`: since then always in it.
    Joined { since: Option<Pos>, throughout: bool },
    /// Not any more, since `at`. `inside`: was in it at all since the last answer; else there is nothing to see but that an
    /// invitation is over.
    Left { since: Option<Pos>, at: Pos, inside: bool },
    /// Invited by this event, at this version of the state.
    Invited { event: EventNid, state_ver: i64 },
    /// Asked to be let in by this event, at this version of the state.
    Knocked { event: EventNid, state_ver: i64 },
}

impl Standing {
    /// Whether the reader is in the room, and has nothing of it.
    fn is_new_member(self) -> bool {
        matches!(self, Self::Joined { since: None, .. })
    }
}

/// What an answer is made for.
pub(super) struct Reader<'a> {
    pub hs: &'a Homeserver,
    pub session: &'a Session,
    pub filter: &'a FilterDefinition,
    pub shape: Shape,
    pub preferences: Arc<Preferences>,
    pub since: Option<Pos>,
    pub upto: Pos,
    pub full_state: bool,
    pub use_state_after: bool,
}

/// What is new to a device now.
pub async fn answer(
    hs: &Homeserver,
    session: &Session,
    request: &SyncRequest,
    feed: &Feed,
) -> Result<Answer, SyncError> {
    let default = FilterDefinition::default();
    let filter = request.filter.as_deref().unwrap_or(&default);
    let preferences = preferences_of(hs, session.user, &session.user_id).await?;
    loop {
        let upto = hs.feeds.published();
        let changes = match request.since {
            Some(since) => changes::since(hs, session, feed, since.pos, upto).await?,
            None => None,
        };
        let since = request.since.filter(|_| changes.is_some());
        let reader = Reader {
            hs,
            session,
            filter,
            shape: Shape::of(filter),
            preferences: preferences.clone(),
            since: since.map(|since| since.pos),
            upto,
            full_state: request.full_state,
            use_state_after: request.use_state_after,
        };
        let changes = changes.unwrap_or_default();
        if let Some(rooms) = reader.rooms(&changes).await? {
            return reader.write(since, &changes, rooms).await;
        }
        tokio::time::sleep(CATCH_UP).await;
    }
}

impl Reader<'_> {
    /// The rooms of the answer; `None` if the tables are ahead of the feeds, so that the answer must be begun anew.
    async fn rooms(&self, changes: &Changes) -> Result<Option<Vec<Room>>, Error> {
        let user = self.session.user;
        let changed = |room: RoomNid| changes.rooms.get(&room).copied().unwrap_or(RoomChange::ALL);
        let mut members = Vec::new();
        let mut steady = Vec::new();
        if self.since.is_none() {
            members.extend(self.hs.db.query(&ALL_MEMBERSHIPS, params![user.0]).await?);
            return self.standing(&members, steady, |_| RoomChange::ALL).await;
        }
        let mut set = ReadSet::new();
        for (room, change) in &changes.rooms {
            if change.membership || !self.hs.feeds.is_joined(*room, user) {
                set.push(&MEMBERSHIP, params![user.0, room.0]);
            } else {
                steady.push(*room);
            }
        }
        members.extend(self.hs.db.read(set).await?.into_iter().flatten());
        if self.full_state {
            let all = self.hs.feeds.joined_rooms(user).into_iter();
            steady.extend(all.filter(|room| !changes.rooms.contains_key(room)));
        }
        self.standing(&members, steady, changed).await
    }

    async fn standing(
        &self,
        members: &[db::Row],
        steady: Vec<RoomNid>,
        changed: impl Fn(RoomNid) -> RoomChange,
    ) -> Result<Option<Vec<Room>>, Error> {
        let mut ids = timelines::room_ids(self.hs, steady.iter().copied()).await?;
        let mut rooms = Vec::with_capacity(members.len() + steady.len());
        for room in steady {
            let Some(room_id) = ids.remove(&room) else { continue };
            let standing = Standing::Joined { since: self.since, throughout: self.since.is_some() };
            rooms.push(Room { room, room_id, standing, change: changed(room) });
        }
        // Who came or went in between may have had the room before.
        let members = members.iter().map(MembershipRow::from_row).collect::<Result<Vec<_>, _>>()?;
        let has_past = |row: &MembershipRow| match self.since {
            Some(since) => row.pos > since,
            None => {
                self.filter.room.include_leave && matches!(row.membership.as_str(), "leave" | "ban")
            }
        };
        let moved: Vec<RoomNid> =
            members.iter().filter(|row| has_past(row)).map(|row| row.room).collect();
        let mut past = if moved.is_empty() {
            Vec::new()
        } else {
            let user_id = self.session.user_id.as_str();
            timelines::past(self.hs, user_id, &moved, self.since.unwrap_or_default()).await?
        }
        .into_iter();
        for row in members {
            if row.pos > self.upto {
                return Ok(None);
            }
            let past = if has_past(&row) { past.next() } else { None };
            let had = match &past {
                Some(past) => self.since.filter(|_| past.was_joined),
                None => self.since,
            };
            let is_new = self.since.is_none_or(|since| row.pos > since);
            let standing = match row.membership.as_str() {
                "join" => Standing::Joined { since: had, throughout: !is_new },
                "invite" if is_new => {
                    Standing::Invited { event: row.event, state_ver: row.state_ver }
                }
                "knock" if is_new => {
                    Standing::Knocked { event: row.event, state_ver: row.state_ver }
                }
                "leave" | "ban" if self.tells_of_leaving(&row, is_new) => {
                    // Who forgot a room sees no more of it than that it is over.
                    let inside = !row.forgotten && past.is_some_and(|past| past.was_inside);
                    Standing::Left { since: had, at: row.pos, inside }
                }
                _ => continue,
            };
            let room_id =
                RoomId::parse(&row.room_id).map_err(|_| Error::corrupt("rooms.room_id"))?;
            self.hs.feeds.memory.room_ids.keep(row.room, &room_id);
            rooms.push(Room { room: row.room, room_id, standing, change: changed(row.room) });
        }
        rooms.retain(|room| filter::admits_whole_room(&self.filter.room, &room.room_id));
        Ok(Some(rooms))
    }

    /// Rooms that were left are told of once, also if they were forgotten on another device; who begins anew is told only on
    /// request, and not of forgotten ones.
    fn tells_of_leaving(&self, row: &MembershipRow, is_new: bool) -> bool {
        match self.since {
            Some(_) => is_new,
            None => self.filter.room.include_leave && !row.forgotten,
        }
    }

    async fn write(
        &self,
        since: Option<SyncToken>,
        changes: &Changes,
        rooms: Vec<Room>,
    ) -> Result<Answer, SyncError> {
        let (hs, session) = (self.hs, self.session);
        let initial = since.is_none();
        let (typing_rooms, typing) = match since {
            Some(since) => hs.typing.changed(since.typing),
            None => (Vec::new(), hs.typing.seq()),
        };
        let typing_rooms = typing_rooms
            .into_iter()
            .filter(|room| hs.feeds.is_joined(*room, session.user))
            .collect();
        let to_device = to_device::waiting(
            hs,
            session.device,
            since.map(|since| since.to_device).unwrap_or_default(),
            self.upto,
            MAX_TO_DEVICE,
            self.since.filter(|_| !changes.to_device),
        )
        .await?;
        let account_data = self.account_data(changes).await?;
        let device_lists = match self.since {
            Some(since) if changes.device_lists => {
                keys::changed_users(hs, session, since, self.upto).await?
            }
            _ => keys::DeviceListChanges::default(),
        };
        let joined =
            rooms.iter().filter(|room| room.standing.is_new_member()).map(|room| room.room);
        let (present, presence) =
            presence::for_sync(hs, session, since, joined, &self.filter.presence);
        let token = SyncToken { pos: self.upto, typing, to_device: to_device.next, presence };

        let mut body = Vec::with_capacity(1024);
        let mut out = Object::new(&mut body);
        out.text("next_batch", &token.to_string());
        let any_room = rooms::write(self, &mut out, rooms, typing_rooms).await?;
        if !account_data.is_empty() {
            let mut block = out.object("account_data");
            let mut events = block.array("events");
            account_data.iter().for_each(|entry| write_account_data(events.item(), entry));
        }
        if !to_device.events.is_empty() {
            write_events(&mut out, "to_device", &to_device.events);
        }
        if !present.is_empty() {
            write_events(&mut out, "presence", &present);
        }
        let lists_changed = !device_lists.changed.is_empty() || !device_lists.left.is_empty();
        if lists_changed {
            let mut block = out.object("device_lists");
            write_texts(
                &mut block,
                "changed",
                device_lists.changed.iter().map(|user| user.as_str()),
            );
            write_texts(&mut block, "left", device_lists.left.iter().map(|user| user.as_str()));
        }
        let supply = keys::supply(hs, session.device).await?;
        write_supply(&mut out, &supply);
        drop(out);
        let nothing = !any_room
            && account_data.is_empty()
            && to_device.events.is_empty()
            && present.is_empty()
            && !lists_changed;
        Ok(Answer { body, token, is_empty: nothing && !initial && !self.full_state })
    }

    async fn account_data(&self, changes: &Changes) -> Result<Vec<account_data::Entry>, Error> {
        let mut entries = match self.since {
            None => account_data::all_global(self.hs, self.session).await?,
            Some(since) if changes.account_data => {
                account_data::changed_global(self.hs, self.session.user, since).await?
            }
            Some(_) => Vec::new(),
        };
        entries.retain(|entry| filter::admits_account_data(&self.filter.account_data, &entry.kind));
        Ok(entries)
    }
}

/// Writes what the server still holds to begin sessions with the device.
pub fn write_supply(out: &mut Object<'_>, supply: &Supply) {
    let mut counts = out.object("device_one_time_keys_count");
    for (algorithm, count) in &supply.one_time_keys {
        counts.number(algorithm, *count);
    }
    drop(counts);
    write_texts(
        out,
        "device_unused_fallback_key_types",
        supply.unused_fallback_types.iter().map(String::as_str),
    );
}
