//! Endpoints of the chapter “membership”.

mod ban_user;
mod forget_room;
mod get_member_events;
mod invite_user;
mod join_room;
mod joined_members;
mod joined_rooms;
mod kick_user;
mod knock_room;
mod leave_room;
mod unban_user;
