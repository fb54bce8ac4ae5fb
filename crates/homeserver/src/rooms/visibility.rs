//! Who may read what of a room: the rules of the room engine, asked with the rows of the store.

use std::collections::HashMap;

use base::RoomNid;
use room::{Viewpoint, visible};
use ruma::{
    OwnedUserId,
    events::room::{history_visibility::HistoryVisibility, member::MembershipState},
};
use serde::Deserialize;
use store::rooms::{self as rows, EventRow, MemberRow};

use crate::{Homeserver, Session};

/// Somebody's view of a room. Answers are remembered per state version, since most events share one.
pub struct Viewer {
    room: RoomNid,
    user_id: OwnedUserId,
    /// The present membership.
    pub member: Option<MemberRow>,
    answers: HashMap<i64, bool>,
}

#[derive(Deserialize)]
struct Visibility {
    history_visibility: HistoryVisibility,
}

#[derive(Deserialize)]
struct Member {
    membership: MembershipState,
}

#[derive(Deserialize)]
struct WithContent<T> {
    content: T,
}

impl Viewer {
    /// The view of the session's user.
    pub async fn of(hs: &Homeserver, session: &Session, room: RoomNid) -> Result<Self, db::Error> {
        let member = rows::member(&hs.db, room, session.user).await?;
        Ok(Self { room, user_id: session.user_id.clone(), member, answers: HashMap::new() })
    }

    /// Whether the user is in the room now.
    pub fn is_joined(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.membership == "join")
    }

    /// Whether the user may see the event.
    pub async fn sees(&mut self, hs: &Homeserver, event: &EventRow) -> Result<bool, db::Error> {
        // What happened after the user left is not the user's, unless all the world may read.
        let own = event.kind == "m.room.member"
            && event.state_key.as_deref() == Some(self.user_id.as_str());
        if self.sees_state(hs, event.state_ver, event).await? {
            return Ok(true);
        }
        // These two events are seen from either side of the change that they make.
        let either_side = own || event.kind == "m.room.history_visibility";
        Ok(either_side && self.sees_state(hs, event.state_ver - 1, event).await?)
    }

    async fn sees_state(
        &mut self,
        hs: &Homeserver,
        version: i64,
        event: &EventRow,
    ) -> Result<bool, db::Error> {
        if let Some(answer) = self.answers.get(&version) {
            return Ok(*answer);
        }
        let visibility =
            rows::state_entry_at(&hs.db, self.room, "m.room.history_visibility", "", version)
                .await?;
        let visibility = visibility
            .and_then(|(.., client)| {
                serde_json::from_slice::<WithContent<Visibility>>(&client).ok()
            })
            .map(|event| event.content.history_visibility);
        let membership = rows::state_entry_at(
            &hs.db,
            self.room,
            "m.room.member",
            self.user_id.as_str(),
            version,
        )
        .await?;
        let membership = membership
            .and_then(|(.., client)| serde_json::from_slice::<WithContent<Member>>(&client).ok())
            .map(|event| event.content.membership);
        let joined_later = self.joined_after(hs, event).await?;
        let view = Viewpoint {
            visibility: visibility.as_ref(),
            membership: membership.as_ref(),
            joined_later,
        };
        let answer = visible(&view);
        self.answers.insert(version, answer);
        Ok(answer)
    }

    /// Whether the user joined at any time after the event.
    async fn joined_after(&self, hs: &Homeserver, event: &EventRow) -> Result<bool, db::Error> {
        let Some(member) = &self.member else { return Ok(false) };
        if member.membership == "join" {
            return Ok(true);
        }
        let after = db::params![self.room.0, self.user_id.as_str(), event.state_ver];
        let row = hs.db.query_opt(&rows::JOINED_AFTER, after).await?;
        Ok(row.is_some())
    }
}
