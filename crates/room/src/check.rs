//! Checks on receipt of an event that another server made, or of one's own coming back.
//!
//! Spec: <https://spec.matrix.org/latest/server-server-api/#checks-performed-on-receipt-of-a-pdu>.
//! Steps 1 to 3 (format, signatures, hash) are [`check`]; steps 4 to 6 are
//! [`authorise_by_auth_events`], then [`authorise`] with the state before the event, then with the
//! current state.

use std::sync::Arc;

use ruma::{
    CanonicalJsonObject, CanonicalJsonValue, EventId, OwnedRoomId,
    canonical_json::redact_in_place,
    events::TimelineEventType,
    signatures::{Verified, reference_hash, verify_event},
    state_res::{check_state_dependent_auth_rules, check_state_independent_auth_rules},
};

use crate::{
    Pdu, PublicKeys, Refused, RoomVersion, StateBefore, canonical_json, compose::client_form,
    limits,
};

/// An event whose format, signatures and hash were checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Parsed.
    pub pdu: Arc<Pdu>,
    /// The room.
    pub room_id: OwnedRoomId,
    /// The event in canonical JSON, without `unsigned`; redacted if [`altered`](Self::altered).
    pub pdu_json: Vec<u8>,
    /// The event for clients, without `unsigned`.
    pub client_json: Vec<u8>,
    /// Its content hash does not fit, so all that redaction takes away was taken away, as the
    /// specification asks: it may be the redacted form of a good event.
    pub altered: bool,
}

/// Checks format, sizes, signatures and content hash of an event, and computes its ID.
///
/// # Errors
///
/// * [`Refused::BadJson`], [`Refused::TooLarge`], [`Refused::BadEvent`] by its form;
/// * [`Refused::BadSignature`] if a required signature is missing, made with an unknown key, or
///   wrong.
pub fn check(
    version: RoomVersion,
    event_json: &[u8],
    keys: &PublicKeys,
) -> Result<Checked, Refused> {
    let text = canonical_json(event_json)?;
    let mut event: CanonicalJsonObject =
        serde_json::from_str(&text).map_err(|e| Refused::BadJson(e.to_string()))?;
    event.remove("unsigned");
    check_format(version, &event)?;

    let rules = version.rules();
    let verified =
        verify_event(&keys.0, &event, rules).map_err(|e| Refused::BadSignature(e.to_string()))?;
    let altered = verified != Verified::All;
    if altered {
        redact_in_place(&mut event, &rules.redaction, None).map_err(Refused::bad_event)?;
    }
    let hash = reference_hash(&event, rules).map_err(Refused::bad_event)?;
    let event_id = EventId::parse(format!("${hash}")).map_err(Refused::bad_event)?;
    let pdu_json = serde_json::to_vec(&event).map_err(|e| Refused::BadJson(e.to_string()))?;
    let pdu = Pdu::from_stored(event_id, &pdu_json)?;
    limits::check_fields(&pdu)?;
    let room_id = pdu.room();
    let client_json = client_form(&pdu, &room_id);
    Ok(Checked { pdu: Arc::new(pdu), room_id, pdu_json, client_json, altered })
}

/// Checks an event that must be whole and as it was signed: one of this server's own.
///
/// # Errors
///
/// As [`check`], and [`Refused::BadSignature`] if the content was altered after signing.
pub fn check_whole(
    version: RoomVersion,
    event_json: &[u8],
    keys: &PublicKeys,
) -> Result<Checked, Refused> {
    let checked = check(version, event_json, keys)?;
    if checked.altered {
        return Err(Refused::BadSignature("the content was altered after signing".to_owned()));
    }
    Ok(checked)
}

/// Presence, type and length of the top-level keys.
fn check_format(version: RoomVersion, event: &CanonicalJsonObject) -> Result<(), Refused> {
    let size = serde_json::to_vec(event).map_err(|e| Refused::BadJson(e.to_string()))?;
    limits::check_whole(&size)?;
    let kind = string(event, "type")?;
    string(event, "sender")?;
    let is_create = kind == TimelineEventType::RoomCreate.to_string();
    let needs_room_id = !is_create || !version.room_id_is_create_hash();
    if needs_room_id {
        string(event, "room_id")?;
    } else if event.contains_key("room_id") {
        return Err(Refused::bad_event("a create event of this version has no room_id"));
    }
    for (key, what) in [("state_key", "the state key"), ("redacts", "the redacted event's ID")] {
        match event.get(key) {
            None => {}
            Some(CanonicalJsonValue::String(value)) => limits::check_field(what, value)?,
            Some(_) => return Err(Refused::BadEvent(format!("{key} is not a string"))),
        }
    }
    if !event.get("content").is_some_and(CanonicalJsonValue::is_object) {
        return Err(Refused::bad_event("content is not an object"));
    }
    ids(event, "prev_events", limits::MAX_PREV_EVENTS)?;
    let auth_events = ids(event, "auth_events", limits::MAX_AUTH_EVENTS)?;
    if version.room_id_is_create_hash() && !is_create {
        let room = string(event, "room_id")?;
        let names_create = |id: &CanonicalJsonValue| {
            id.as_str().and_then(|id| id.strip_prefix('$')) == room.strip_prefix('!')
        };
        if auth_events.iter().any(names_create) {
            return Err(Refused::bad_event("the create event is among the auth events"));
        }
    }
    for key in ["depth", "origin_server_ts"] {
        let number = event.get(key).and_then(CanonicalJsonValue::as_integer);
        if number.is_none_or(|number| i64::from(number) < 0) {
            return Err(Refused::BadEvent(format!("{key} is not a number from 0")));
        }
    }
    Ok(())
}

fn string<'a>(event: &'a CanonicalJsonObject, key: &'static str) -> Result<&'a str, Refused> {
    let value = event
        .get(key)
        .and_then(CanonicalJsonValue::as_str)
        .ok_or_else(|| Refused::BadEvent(format!("{key} is not a string")))?;
    limits::check_field(key, value)?;
    Ok(value)
}

fn ids<'a>(
    event: &'a CanonicalJsonObject,
    key: &'static str,
    max: usize,
) -> Result<&'a [CanonicalJsonValue], Refused> {
    event
        .get(key)
        .and_then(CanonicalJsonValue::as_array)
        .filter(|ids| ids.len() <= max)
        .ok_or_else(|| Refused::BadEvent(format!("{key} is not a list of at most {max} IDs")))
}

/// Step 4: the rules that look at the event and its auth events only, then the other rules by the
/// state that the auth events make.
///
/// `fetch` finds accepted and rejected events of the room by ID, among them the create event.
///
/// # Errors
///
/// [`Refused::Forbidden`] with the rule that refuses it: the event is *rejected*.
pub fn authorise_by_auth_events(
    version: RoomVersion,
    pdu: &Pdu,
    fetch: &dyn Fn(&EventId) -> Option<Arc<Pdu>>,
) -> Result<(), Refused> {
    let rules = &version.rules().authorization;
    check_state_independent_auth_rules(rules, pdu, fetch).map_err(Refused::Forbidden)?;
    let mut auth: Vec<Arc<Pdu>> = pdu.auth_events.iter().filter_map(|id| fetch(id)).collect();
    if version.room_id_is_create_hash()
        && let Some(room_id) = &pdu.room_id
        && let Ok(create) = EventId::parse(format!("${}", room_id.strip_sigil()))
    {
        auth.extend(fetch(&create));
    }
    check_state_dependent_auth_rules(rules, pdu, |kind, state_key| {
        auth.iter().find(|event| {
            event.kind.to_string() == kind.to_string()
                && event.state_key.as_deref() == Some(state_key)
        })
    })
    .map_err(Refused::Forbidden)
}

/// Steps 5 and 6: the rules by a state of the room.
///
/// # Errors
///
/// [`Refused::Forbidden`]: by the state before the event it is *rejected*, by the current state
/// *soft-failed*.
pub fn authorise(version: RoomVersion, pdu: &Pdu, state: &StateBefore<'_>) -> Result<(), Refused> {
    check_state_dependent_auth_rules(&version.rules().authorization, pdu, state)
        .map_err(Refused::Forbidden)
}
