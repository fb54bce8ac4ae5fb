//! What is left of an event after its redaction.
//!
//! Spec: <https://spec.matrix.org/latest/client-server-api/#redactions> and each room version's own
//! page.

use ruma::{CanonicalJsonObject, canonical_json::redact_in_place};

use crate::{Refused, RoomVersion};

/// Redacts an event in either form, PDU or client form, and gives back canonical JSON.
///
/// `unsigned` goes too; `redacted_because` is the reader's `unsigned` and is spliced by
/// [`with_unsigned`](crate::with_unsigned). The ID, hashes and signatures of a redacted PDU stay
/// valid.
///
/// # Errors
///
/// [`Refused::BadJson`] if the bytes are not canonical-JSON values, [`Refused::BadEvent`] if they
/// are no event.
pub fn redact(version: RoomVersion, event_json: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut event: CanonicalJsonObject =
        serde_json::from_slice(event_json).map_err(|e| Refused::BadJson(e.to_string()))?;
    redact_in_place(&mut event, &version.rules().redaction, None).map_err(Refused::bad_event)?;
    event.remove("unsigned");
    serde_json::to_vec(&event).map_err(|e| Refused::BadJson(e.to_string()))
}
