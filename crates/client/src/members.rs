//! Who is in a room, as far as this device knows.
//!
//! The SDK's `Room::members` cannot be used: in the browser its encrypted store never deletes what an invitation told of the
//! members, and gives that alone for as long as it is there, so that whoever was invited would not see who came later.

use matrix_sdk::{Room, RoomMemberships};
use ruma::OwnedUserId;

use crate::session::core::Core;

/// Somebody who is in a room or invited to it.
pub(crate) struct RoomMember {
    pub id: OwnedUserId,
    /// Invited, and not in it yet.
    pub invited: bool,
    /// What they call themselves there.
    pub name: Option<String>,
}

/// The members of a room and those invited, in no order.
pub(crate) async fn active(core: &Core, room: &Room) -> Vec<RoomMember> {
    let store = core.client.state_store();
    let mut members = Vec::new();
    for (memberships, invited) in [(RoomMemberships::JOIN, false), (RoomMemberships::INVITE, true)]
    {
        let ids = store.get_user_ids(room.room_id(), memberships).await.unwrap_or_default();
        for id in ids {
            let profile = store.get_profile(room.room_id(), &id).await.ok().flatten();
            let name = profile.and_then(|it| it.content.displayname);
            members.push(RoomMember { id, invited, name });
        }
    }
    members
}
