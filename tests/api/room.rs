//! Endpoints of the chapter “room”.

mod create_room;
mod get_room_event;
mod get_summary;
