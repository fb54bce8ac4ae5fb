//! Endpoints of the chapter “room”.

mod create_room;
mod get_event_by_timestamp;
mod get_hierarchy;
mod get_room_event;
mod get_summary;
mod initial_sync;
mod upgrade_room;
