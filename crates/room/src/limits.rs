//! Lengths that the specification fixes.
//!
//! They are checked here and not left to ruma's identifier types, whose `compat-*` features relax
//! them in builds where another crate switches these on. Spec:
//! <https://spec.matrix.org/latest/client-server-api/#size-limits>.

use crate::{Pdu, Refused};

/// Most events that one event may follow.
pub(crate) const MAX_PREV_EVENTS: usize = 20;
/// Most events that may authorise one event.
pub(crate) const MAX_AUTH_EVENTS: usize = 10;
/// Longest ID, type or state key.
const MAX_FIELD_BYTES: usize = 255;
/// Largest event, signatures included.
const MAX_EVENT_BYTES: usize = 65_536;
/// Greatest depth that canonical JSON can hold.
pub(crate) const MAX_DEPTH: u64 = (1 << 53) - 1;

/// Checks the lengths of IDs, type and state key.
pub(crate) fn check_fields(pdu: &Pdu) -> Result<(), Refused> {
    let kind = pdu.kind.to_string();
    let fields = [
        ("the sender", Some(pdu.sender.as_str())),
        ("the room's ID", pdu.room_id.as_ref().map(|id| id.as_str())),
        ("the type", Some(kind.as_str())),
        ("the state key", pdu.state_key.as_deref()),
        ("the redacted event's ID", pdu.redacts.as_ref().map(|id| id.as_str())),
    ];
    for (what, value) in fields {
        check_field(what, value.unwrap_or(""))?;
    }
    for id in pdu.prev_events.iter().chain(&pdu.auth_events) {
        check_field("an event's ID", id.as_str())?;
    }
    Ok(())
}

/// Checks the length of one field.
pub(crate) fn check_field(what: &'static str, value: &str) -> Result<(), Refused> {
    check(what, value.len(), MAX_FIELD_BYTES)
}

/// Checks the size of the whole event in canonical JSON.
pub(crate) fn check_whole(pdu_json: &[u8]) -> Result<(), Refused> {
    check("the event", pdu_json.len(), MAX_EVENT_BYTES)
}

fn check(what: &'static str, bytes: usize, max_bytes: usize) -> Result<(), Refused> {
    if bytes > max_bytes { Err(Refused::TooLarge { what, bytes, max_bytes }) } else { Ok(()) }
}
