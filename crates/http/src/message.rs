//! Messages: sending, deleting, paging.

use crate::Endpoints;

pub mod get_context;
pub mod get_message_events;
pub mod redact_event;
pub mod send_message_event;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(send_message_event::send_message_event)
        .user(redact_event::redact_event)
        .user(get_message_events::get_message_events)
        .user(get_context::get_context)
}
