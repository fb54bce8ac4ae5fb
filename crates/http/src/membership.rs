//! Who is in a room.

use crate::Endpoints;

pub mod forget_room;
pub mod get_member_events;
pub mod join_room;
pub mod joined_members;
pub mod joined_rooms;
pub mod steps;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(join_room::join_room_by_id)
        .user(join_room::join_room_by_id_or_alias)
        .user(join_room::knock_room)
        .user(steps::invite_user)
        .user(steps::leave_room)
        .user(steps::kick_user)
        .user(steps::ban_user)
        .user(steps::unban_user)
        .user(forget_room::forget_room)
        .user(joined_rooms::joined_rooms)
        .user(joined_members::joined_members)
        .user(get_member_events::get_member_events)
}
