//! Starting chats, accepting and declining invitations.

use matrix_sdk::{
    Room, RoomState,
    notification_settings::{IsEncrypted, IsOneToOne, RoomNotificationMode},
};
use ruma::{
    OwnedUserId, RoomId, UserId,
    api::client::room::{Visibility, create_room::v3::Request, create_room::v3::RoomPreset},
    events::{InitialStateEvent, room::encryption::RoomEncryptionEventContent},
};

use super::{RoomError, RoomList};
use crate::{
    details,
    ids::{ChatId, PersonId},
    members,
    session::core::Core,
    trouble::{self, Trouble},
};

impl RoomList {
    /// Opens the chat with one person: the one that exists, or a new one.
    pub async fn direct(&self, person: &PersonId) -> Result<ChatId, RoomError> {
        let core = &self.session.inner.core;
        let user = UserId::parse(person.as_str()).map_err(|_| RoomError::NobodyChosen)?;
        Ok(ChatId::new(direct(core, &user).await?.room_id()))
    }

    /// Creates a group. Its name travels encrypted; on the server the room has none.
    pub async fn create_group(&self, name: &str, people: &[PersonId]) -> Result<ChatId, RoomError> {
        let users: Result<Vec<OwnedUserId>, _> =
            people.iter().map(|person| UserId::parse(person.as_str())).collect();
        let users = users.map_err(|_| RoomError::NobodyChosen)?;
        if users.is_empty() {
            return Err(RoomError::NobodyChosen);
        }
        self.create_named(name, users).await
    }

    /// Creates a chat that nobody else reads, until somebody is asked in.
    pub async fn create_own(&self, name: &str) -> Result<ChatId, RoomError> {
        self.create_named(name, Vec::new()).await
    }

    async fn create_named(&self, name: &str, users: Vec<OwnedUserId>) -> Result<ChatId, RoomError> {
        let core = &self.session.inner.core;
        let mut request = encrypted_room(users);
        request.preset = Some(RoomPreset::PrivateChat);
        let room = create(core, request).await?;
        let name = name.trim();
        if !name.is_empty() {
            details::give(core, &room, Some(name.to_owned()), None)
                .await
                .map_err(|_| RoomError::Failed("the name could not be queued".into()))?;
        }
        Ok(ChatId::new(room.room_id()))
    }

    /// Accepts an invitation.
    pub async fn accept(&self, chat: &ChatId) -> Result<(), RoomError> {
        let room = self.known(chat)?;
        let inviter = room.invite_details().await.ok().and_then(|invite| invite.inviter);
        let is_direct = room.is_direct().await.unwrap_or(false);
        room.join().await.map_err(|error| failed(&Trouble::of(&error)))?;
        if let (true, Some(inviter)) = (is_direct, inviter) {
            // So that it counts as a chat between two on our side too. The list holds nothing but user and room IDs.
            let account = self.session.inner.core.client.account();
            if account.mark_as_dm(room.room_id(), &[inviter.user_id().to_owned()]).await.is_err() {
                tracing::warn!(room.id = %room.room_id(), "A chat could not be marked as direct");
            }
        }
        self.session.inner.core.room_changed(room.room_id());
        Ok(())
    }

    /// Declines an invitation.
    pub async fn decline(&self, chat: &ChatId) -> Result<(), RoomError> {
        let room = self.known(chat)?;
        room.leave().await.map_err(|error| failed(&Trouble::of(&error)))?;
        self.session.inner.core.room_changed(room.room_id());
        Ok(())
    }

    /// Keeps a chat above the others, or no longer. The server learns the mark, as with every Matrix client.
    pub async fn set_favourite(&self, chat: &ChatId, favourite: bool) -> Result<(), RoomError> {
        let room = self.known(chat)?;
        room.set_is_favourite(favourite, None).await.map_err(|error| failed(&Trouble::of(&error)))
    }

    /// Puts a chat out of the way, or back.
    pub async fn set_archived(&self, chat: &ChatId, archived: bool) -> Result<(), RoomError> {
        let room = self.known(chat)?;
        room.set_is_low_priority(archived, None).await.map_err(|error| failed(&Trouble::of(&error)))
    }

    /// Mutes a chat, or lets it be heard again.
    pub async fn set_muted(&self, chat: &ChatId, muted: bool) -> Result<(), RoomError> {
        let room = self.known(chat)?;
        let rules = &self.session.inner.core.notifications;
        let done = if muted {
            rules.set_room_notification_mode(room.room_id(), RoomNotificationMode::Mute).await
        } else {
            let one_to_one = IsOneToOne::from(room.active_members_count() == 2);
            rules.unmute_room(room.room_id(), IsEncrypted::Yes, one_to_one).await
        };
        done.map_err(|error| RoomError::Failed(trouble::kind_of(&error)))?;
        self.session.inner.core.room_changed(room.room_id());
        Ok(())
    }

    /// Whether somebody of another hospital reads this chat.
    pub async fn has_outsiders(&self, chat: &ChatId) -> bool {
        let Ok(room) = self.known(chat) else { return false };
        let core = &self.session.inner.core;
        let own = core.own_id.server_name();
        let members = members::active(core, &room).await;
        members.iter().any(|member| member.id.server_name() != own)
    }

    fn known(&self, chat: &ChatId) -> Result<Room, RoomError> {
        let id = RoomId::parse(chat.as_str()).map_err(|_| RoomError::UnknownChat)?;
        self.session.inner.core.client.get_room(&id).ok_or(RoomError::UnknownChat)
    }
}

/// The chat with one person: the one that exists, or a new one.
pub(crate) async fn direct(core: &Core, user: &UserId) -> Result<Room, RoomError> {
    if let Some(room) = existing(core, user).await {
        return Ok(room);
    }
    let mut request = encrypted_room(vec![user.to_owned()]);
    request.is_direct = true;
    request.preset = Some(RoomPreset::TrustedPrivateChat);
    create(core, request).await
}

/// The direct chat with somebody, if both are in it (or the other one is still invited).
async fn existing(core: &Core, user: &UserId) -> Option<Room> {
    for room in core.client.joined_rooms() {
        let targets = room.direct_targets();
        if targets.len() != 1 || !targets.iter().any(|target| target.as_str() == user.as_str()) {
            continue;
        }
        // Somebody who has left would never see what we write there.
        let members = members::active(core, &room).await;
        if room.active_members_count() <= 1 && !members.iter().any(|member| member.id == user) {
            continue;
        }
        return Some(room);
    }
    None
}

/// Encrypted from the first event on, without a name.
fn encrypted_room(invite: Vec<OwnedUserId>) -> Request {
    let mut request = Request::new();
    request.visibility = Visibility::Private;
    request.invite = invite;
    let encryption = InitialStateEvent::with_empty_state_key(
        RoomEncryptionEventContent::with_recommended_defaults(),
    )
    .to_raw_any();
    request.initial_state = vec![encryption];
    request
}

async fn create(core: &Core, request: Request) -> Result<Room, RoomError> {
    let room =
        core.client.create_room(request).await.map_err(|error| failed(&Trouble::of(&error)))?;
    if room.state() == RoomState::Joined {
        core.room_changed(room.room_id());
    }
    Ok(room)
}

fn failed(trouble: &Trouble) -> RoomError {
    match trouble {
        Trouble::NoConnection => RoomError::NoConnection,
        Trouble::Refused => RoomError::Refused,
        Trouble::NotFound => RoomError::UnknownChat,
        other => RoomError::Failed(other.code()),
    }
}
