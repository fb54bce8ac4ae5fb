//! Who may read what of a room: the rules of the room engine, asked with the rows of the store.

use base::{Pos, RoomNid};
use db::{Error, ReadSet, Row, params};
use ruma::{OwnedUserId, RoomId, UserId};
use store::{
    account_data::GLOBAL,
    rooms::{EventRow, MEMBER, MemberRow, OPEN},
    timeline::{STATE_HISTORY, StateVersion},
};

use super::read::ReadError;
use crate::{
    Homeserver, Session,
    sync::{
        ignored::{IGNORED_USERS, Ignored},
        sight::{Histories, Sight},
    },
};

/// Somebody's view of a room.
pub struct Viewer {
    /// The room.
    pub room: RoomNid,
    /// What the user may see of it, and what the user was when.
    pub sight: Sight,
    user_id: OwnedUserId,
    member: Option<MemberRow>,
    ignored: Ignored,
    /// The version of the state that the user sees.
    version: i64,
}

impl Viewer {
    /// The view of a room, for who is or was in it, and for all if the world may read it.
    ///
    /// # Errors
    /// [`ReadError::NotInRoom`] also for those who have forgotten the room.
    pub async fn open(
        hs: &Homeserver,
        session: &Session,
        room_id: &RoomId,
    ) -> Result<Self, ReadError> {
        let room = super::room_nid(hs, room_id).await?;
        let user_id = session.user_id.as_str();
        let set = ReadSet::new()
            .get(&MEMBER, params![room.0, session.user.0])
            .get(&STATE_HISTORY, params![room.0, "m.room.history_visibility", ""])
            .get(&STATE_HISTORY, params![room.0, "m.room.member", user_id])
            .get(&GLOBAL, params![session.user.0, IGNORED_USERS]);
        let answers = hs.db.read(set).await?;
        let member = answers[0].first().map(MemberRow::from_row).transpose()?;
        let histories = Histories::new(&versions(&answers[1])?, &versions(&answers[2])?)
            .veiled(&hs.feeds.memory.erased);
        let ignored = answers[3].first().map(|row| row.get::<&[u8]>(1)).transpose()?;
        let ignored = ignored.map(|content| Ignored::parse(content, &session.user_id));
        let was_there = member.as_ref().is_some_and(|member| !member.forgotten);
        let version = if histories.is_world_readable() {
            OPEN - 1
        } else {
            let seen = histories.last_seen_version().filter(|_| was_there);
            seen.ok_or(ReadError::NotInRoom)?
        };
        Ok(Self {
            room,
            sight: Sight::Varying(histories),
            user_id: session.user_id.clone(),
            member,
            ignored: ignored.unwrap_or_default(),
            version,
        })
    }

    /// What the user is in the room now; `None` for who never had to do with it.
    pub fn membership(&self) -> Option<&str> {
        self.member.as_ref().map(|member| member.membership.as_str())
    }

    /// Whether the user is in the room now.
    pub fn is_joined(&self) -> bool {
        self.membership() == Some("join")
    }

    /// Whether all the world may read the room.
    pub fn is_world_readable(&self) -> bool {
        matches!(&self.sight, Sight::Varying(histories) if histories.is_world_readable())
    }

    /// The version of the state that the user sees: the present one, or that at which the user left.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Behind which position there is nothing for the user; `None` for who is in the room, or where the world may have
    /// read along.
    pub fn last_pos(&self) -> Option<Pos> {
        let member = self.member.as_ref().filter(|member| member.membership != "join")?;
        match &self.sight {
            Sight::Varying(histories) if !histories.was_world_readable() => Some(member.pos),
            Sight::Varying(_) | Sight::Member => None,
        }
    }

    /// Whether the room's rules let the user see the event.
    pub fn may_see(&self, event: &EventRow) -> bool {
        self.sight.sees(self.user_id.as_str(), event)
    }

    /// Whether the event is shown among others: what an ignored user sends is not, except for state.
    ///
    /// <https://spec.matrix.org/v1.19/client-server-api/#ignoring-users>
    pub fn sees(&self, event: &EventRow) -> bool {
        (event.state_key.is_some() || !self.ignored.contains(&event.sender)) && self.may_see(event)
    }

    /// Whether the user ignores this sender.
    pub fn ignores(&self, sender: &UserId) -> bool {
        self.ignored.contains(sender)
    }
}

fn versions(rows: &[Row]) -> Result<Vec<StateVersion>, Error> {
    rows.iter().map(StateVersion::from_row).collect()
}
