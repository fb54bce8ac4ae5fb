//! What concerns a service: the rooms of its namespaces, and those in which its users are.
//! <https://spec.matrix.org/v1.19/application-service-api/#registration>

use std::collections::HashMap;

use base::{Pos, RoomNid, UserNid};
use db::{Error, params};
use ruma::{OwnedUserId, UserId};
use serde::Deserialize;
use store::{
    appservices::LEFT_AFTER,
    rooms::{self as rows, EventRow},
};

use super::super::Appservice;
use crate::{Homeserver, sync::timelines::room_ids};

/// Most of the log that is looked through at once.
const LOOKED_THROUGH: u32 = 5_000;

/// What is known of a service's users.
pub(super) struct Interest {
    /// The users met so far: their ids, if they are the service's.
    users: HashMap<UserNid, Option<OwnedUserId>>,
    /// Its users who left a room, and when: at an event before, they may still have been there.
    left: Vec<(Pos, RoomNid, OwnedUserId)>,
    looked_through: Pos,
}

#[derive(Deserialize)]
struct Member {
    content: MemberContent,
}

#[derive(Deserialize)]
struct MemberContent {
    membership: String,
}

impl Interest {
    pub(super) fn new(from: Pos) -> Self {
        Self { users: HashMap::new(), left: Vec::new(), looked_through: from }
    }

    /// The id of a user, if it is one of the service's.
    pub(super) async fn own(
        &mut self,
        hs: &Homeserver,
        service: &Appservice,
        user: UserNid,
    ) -> Result<Option<OwnedUserId>, Error> {
        if let Some(known) = self.users.get(&user) {
            return Ok(known.clone());
        }
        let id = store::accounts::user_id(&hs.db, user).await?;
        let own = id.filter(|id| service.is_its_user(id));
        self.users.insert(user, own.clone());
        Ok(own)
    }

    /// Notes which of its users left rooms: the members' lists are of now, the events after `decided` are older.
    pub(super) async fn look_ahead(
        &mut self,
        hs: &Homeserver,
        service: &Appservice,
        decided: Pos,
    ) -> Result<(), Error> {
        self.left.retain(|(pos, ..)| *pos > decided);
        let published = hs.feeds.published();
        while self.looked_through < published {
            let after = params![self.looked_through, LOOKED_THROUGH];
            let found = hs.db.query(&LEFT_AFTER, after).await?;
            for row in &found {
                let (pos, room, user) = (row.get(0)?, RoomNid(row.get(1)?), UserNid(row.get(2)?));
                if let Some(id) = self.own(hs, service, user).await? {
                    self.left.push((pos, room, id));
                }
                self.looked_through = self.looked_through.max(pos);
            }
            if found.len() < LOOKED_THROUGH as usize {
                self.looked_through = self.looked_through.max(published);
            }
        }
        Ok(())
    }

    /// Whether an event concerns the service.
    pub(super) async fn in_event(
        &mut self,
        hs: &Homeserver,
        service: &Appservice,
        event: &EventRow,
    ) -> Result<bool, Error> {
        let target = match (event.kind.as_str(), &event.state_key) {
            ("m.room.member", Some(key)) => UserId::parse(key.as_str()).ok(),
            _ => None,
        };
        if service.is_its_user(&event.sender) || target.is_some_and(|id| service.is_its_user(&id)) {
            return Ok(true);
        }
        if is_its_room(hs, service, event.room).await? {
            return Ok(true);
        }
        let mut present = self.present(hs, service, event.room).await?;
        let pos = event.pos.unwrap_or_default();
        let left = self.left.iter().filter(|(left, room, _)| *room == event.room && *left > pos);
        present.extend(left.map(|(.., id)| id.clone()));
        for user in present {
            let entry = rows::state_entry_at(
                &hs.db,
                event.room,
                "m.room.member",
                user.as_str(),
                event.state_ver,
            );
            let member = entry
                .await?
                .and_then(|(.., client)| serde_json::from_slice::<Member>(&client).ok());
            if member.is_some_and(|member| member.content.membership == "join") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what happens in a room now concerns the service.
    pub(super) async fn in_room(
        &mut self,
        hs: &Homeserver,
        service: &Appservice,
        room: RoomNid,
    ) -> Result<bool, Error> {
        Ok(is_its_room(hs, service, room).await?
            || !self.present(hs, service, room).await?.is_empty())
    }

    /// Its users who have joined the room.
    async fn present(
        &mut self,
        hs: &Homeserver,
        service: &Appservice,
        room: RoomNid,
    ) -> Result<Vec<OwnedUserId>, Error> {
        let mut present = Vec::new();
        for user in hs.feeds.local_users_of(room) {
            if hs.feeds.is_joined(room, user) {
                present.extend(self.own(hs, service, user).await?);
            }
        }
        Ok(present)
    }
}

/// Whether a room lies in the service's namespaces, by its id or an alias.
async fn is_its_room(hs: &Homeserver, service: &Appservice, room: RoomNid) -> Result<bool, Error> {
    if room_ids(hs, [room]).await?.get(&room).is_some_and(|id| service.is_its_room(id)) {
        return Ok(true);
    }
    let aliases = rows::aliases(&hs.db, room).await?;
    Ok(aliases.iter().any(|alias| service.is_its_alias(alias)))
}
