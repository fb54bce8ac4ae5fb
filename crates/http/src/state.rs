//! The state of a room.

use crate::Endpoints;

pub mod get_state_event_for_key;
pub mod get_state_events;
pub mod send_state_event;

/// The paths without a state key, which stand for the empty one.
pub(crate) const KEYLESS: &[&str] = &[
    "/_matrix/client/v3/rooms/{room_id}/state/{event_type}",
    "/_matrix/client/v3/rooms/{room_id}/state/{event_type}/",
    "/_matrix/client/r0/rooms/{room_id}/state/{event_type}",
    "/_matrix/client/r0/rooms/{room_id}/state/{event_type}/",
];

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(get_state_events::get_state_events)
        .user(get_state_event_for_key::get_state_event_for_key)
        .user_at(KEYLESS, get_state_event_for_key::get_state_event_for_key)
        .user(send_state_event::send_state_event)
        .user_at(KEYLESS, send_state_event::send_state_event)
}
