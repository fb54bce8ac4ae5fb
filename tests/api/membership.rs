//! Endpoints of the chapter “membership”.

mod forget_room;
mod get_member_events;
mod join_room;
mod steps;
