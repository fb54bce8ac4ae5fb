//! From a proposal to a signed event, or to the reason why not.

use std::sync::Arc;

use ruma::{
    CanonicalJsonObject, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId,
    RoomId, UserId,
    events::{StateEventType, TimelineEventType},
    state_res::{
        auth_types_for_event, check_state_dependent_auth_rules, check_state_independent_auth_rules,
    },
};
use serde_json::value::RawValue;

use crate::{
    Content, Pdu, Refused, RoomVersion, SigningKey, StateBefore, StateKey,
    compose::{Draft, client_form},
    limits, pdu,
};

/// What someone wants to put into a room.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The event's type.
    pub kind: TimelineEventType,
    /// `Some` makes it a state event.
    pub state_key: Option<String>,
    /// Who sends it: a user of this server.
    pub sender: OwnedUserId,
    /// Its content.
    pub content: Content,
    /// What an `m.room.redaction` redacts. The builder puts it where the room version wants it; a
    /// `redacts` in the content does as well.
    pub redacts: Option<OwnedEventId>,
    /// When it was made.
    pub origin_server_ts: MilliSecondsSinceUnixEpoch,
}

/// An event without successor, which a new event may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extremity {
    /// Its ID.
    pub event_id: OwnedEventId,
    /// Its depth.
    pub depth: u64,
}

/// What the rules must know of the room to judge a proposal.
pub struct Facts<'a> {
    /// The room's version.
    pub version: RoomVersion,
    /// The room.
    pub room_id: &'a RoomId,
    /// The forward extremities, at most 20; the new event follows them all.
    pub prev_events: &'a [Extremity],
    /// The state before the event, at least under the keys of [`required_auth_keys`].
    pub state: &'a StateBefore<'a>,
}

/// An event that the rules let in, in the three forms that are stored or kept.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Parsed, for the cache of the room's state.
    pub pdu: Arc<Pdu>,
    /// The room; in version 12 it comes out of the create event.
    pub room_id: OwnedRoomId,
    /// The signed event between servers: canonical JSON.
    pub pdu_json: Vec<u8>,
    /// The event for clients, without `unsigned`: see [`with_unsigned`](crate::with_unsigned).
    pub client_json: Vec<u8>,
}

impl Accepted {
    /// The event's ID.
    pub fn event_id(&self) -> &OwnedEventId {
        &self.pdu.event_id
    }

    /// Whether it changes the room's state.
    pub fn is_state(&self) -> bool {
        self.pdu.is_state()
    }

    /// The extremity that the next event follows.
    pub fn extremity(&self) -> Extremity {
        Extremity { event_id: self.pdu.event_id.clone(), depth: self.pdu.depth }
    }
}

/// Under which keys the rules will look up the state before this event, so that the caller loads
/// just these. Always contains the create event.
///
/// Spec: <https://spec.matrix.org/latest/server-server-api/#auth-events-selection>.
///
/// # Errors
///
/// [`Refused::BadEvent`] if a membership event's content is malformed.
pub fn required_auth_keys(
    version: RoomVersion,
    proposal: &Proposal,
) -> Result<Vec<StateKey>, Refused> {
    let mut keys = selected_auth_keys(
        version,
        &proposal.kind,
        &proposal.sender,
        proposal.state_key.as_deref(),
        proposal.content.raw(),
    )?;
    let create = (StateEventType::RoomCreate, String::new());
    if !keys.contains(&create) {
        keys.push(create);
    }
    Ok(keys)
}

fn selected_auth_keys(
    version: RoomVersion,
    kind: &TimelineEventType,
    sender: &UserId,
    state_key: Option<&str>,
    content: &RawValue,
) -> Result<Vec<StateKey>, Refused> {
    auth_types_for_event(kind, sender, state_key, content, &version.rules().authorization)
        .map_err(Refused::BadEvent)
}

/// Builds, authorises, hashes and signs an event.
///
/// # Errors
///
/// * [`Refused::Forbidden`] by the room's authorisation rules;
/// * [`Refused::TooLarge`] beyond 255 bytes for an ID, type or state key, or 65,536 bytes for the
///   whole;
/// * [`Refused::BadEvent`] for a create event (see [`create_room`]), a redaction without target, a
///   sender of another server, a membership event without state key or membership, no or more than
///   20 previous events.
pub fn accept(
    facts: &Facts<'_>,
    proposal: Proposal,
    key: &SigningKey,
) -> Result<Accepted, Refused> {
    if proposal.kind == TimelineEventType::RoomCreate {
        return Err(Refused::bad_event("a room is created once"));
    }
    let previous = facts.prev_events;
    if previous.is_empty() || previous.len() > limits::MAX_PREV_EVENTS {
        return Err(Refused::bad_event("an event follows 1 to 20 events"));
    }
    let keys = selected_auth_keys(
        facts.version,
        &proposal.kind,
        &proposal.sender,
        proposal.state_key.as_deref(),
        proposal.content.raw(),
    )?;
    let auth: Vec<Arc<Pdu>> =
        keys.iter().filter_map(|(kind, state_key)| (facts.state)(kind, state_key)).collect();
    let deepest = previous.iter().map(|event| event.depth).max().unwrap_or(0);

    let mut pdu = draft(facts.version, Some(facts.room_id.to_owned()), proposal)?;
    pdu.prev_events = previous.iter().map(|event| event.event_id.clone()).collect();
    pdu.auth_events = auth.iter().map(|event| event.event_id.clone()).collect();
    pdu.depth = (deepest + 1).min(limits::MAX_DEPTH);

    seal(facts.version, pdu, key, |pdu| {
        let rules = &facts.version.rules().authorization;
        let create = (facts.state)(&StateEventType::RoomCreate, "");
        check_state_independent_auth_rules(rules, pdu, |id| {
            // In version 12 the create event is looked up though it is not among the auth events.
            auth.iter().chain(create.iter()).find(|event| event.event_id == id).map(|e| &**e)
        })?;
        check_state_dependent_auth_rules(rules, pdu, |kind, state_key| {
            (facts.state)(kind, state_key)
        })
    })
}

/// Makes the create event of a new room, and with it the room.
///
/// `opaque_id` becomes the local part of the room's ID up to version 11 (letters and digits from
/// the caller's randomness, 18 are usual); version 12 ignores it. `content` holds what the creator
/// chose (`m.federate`, `type`, `predecessor`, `additional_creators`); `room_version` and, up to
/// version 10, `creator` are set here.
///
/// # Errors
///
/// As [`accept`].
pub fn create_room(
    version: RoomVersion,
    creator: &UserId,
    content: &Content,
    opaque_id: &str,
    origin_server_ts: MilliSecondsSinceUnixEpoch,
    key: &SigningKey,
) -> Result<Accepted, Refused> {
    let mut object = content.object();
    object.insert("room_version".to_owned(), version.as_str().into());
    if version.rules().authorization.use_room_create_sender {
        object.remove("creator");
    } else {
        object.insert("creator".to_owned(), creator.as_str().into());
    }
    let room_id = if version.room_id_is_create_hash() {
        None
    } else {
        if opaque_id.is_empty() || !opaque_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Refused::bad_event("a room's opaque ID is made of letters and digits"));
        }
        Some(
            RoomId::parse(format!("!{opaque_id}:{}", creator.server_name()))
                .map_err(Refused::bad_event)?,
        )
    };
    let proposal = Proposal {
        kind: TimelineEventType::RoomCreate,
        state_key: Some(String::new()),
        sender: creator.to_owned(),
        content: Content::from_canonical(&object),
        redacts: None,
        origin_server_ts,
    };
    let mut pdu = draft(version, room_id, proposal)?;
    pdu.depth = 1;
    seal(version, pdu, key, |pdu| {
        check_state_independent_auth_rules(&version.rules().authorization, pdu, |_| None::<&Pdu>)
    })
}

/// The event before it knows its neighbours.
fn draft(
    version: RoomVersion,
    room_id: Option<OwnedRoomId>,
    proposal: Proposal,
) -> Result<Pdu, Refused> {
    let mut content = proposal.content;
    let mut redacts = proposal.redacts;
    if proposal.kind == TimelineEventType::RoomRedaction {
        let named = pdu::redacts_in_content(content.raw());
        redacts = match (redacts, named) {
            (Some(asked), Some(named)) if asked != named => {
                return Err(Refused::bad_event("the redaction names two different events"));
            }
            (asked, named) => asked.or(named),
        };
        let Some(target) = &redacts else {
            return Err(Refused::bad_event("a redaction names the event that it redacts"));
        };
        if version.redacts_in_content() && pdu::redacts_in_content(content.raw()).is_none() {
            let mut object = content.object();
            object.insert("redacts".to_owned(), target.as_str().into());
            content = Content::from_canonical(&object);
        }
    } else if redacts.is_some() {
        return Err(Refused::bad_event("only a redaction redacts"));
    }
    Ok(Pdu {
        event_id: pdu::placeholder_id(),
        room_id,
        sender: proposal.sender,
        origin_server_ts: proposal.origin_server_ts,
        kind: proposal.kind,
        state_key: proposal.state_key,
        content: content.into_raw(),
        prev_events: Vec::new(),
        auth_events: Vec::new(),
        depth: 0,
        redacts,
        rejected: false,
    })
}

/// A restricted join vouched for by another server needs that server's signature, which only the
/// federation handshake can fetch.
///
/// The key is looked at in events of every type: servers that verify signatures as ruma does ask
/// for the signature of whoever it names, and drop the event if it is no user ID.
fn check_voucher(pdu: &Pdu) -> Result<(), Refused> {
    const KEY: &str = "join_authorised_via_users_server";
    // Canonical JSON spells a key in one way only, so nearly no content is parsed for this.
    if !pdu.content.get().contains(KEY) {
        return Ok(());
    }
    let content: CanonicalJsonObject = pdu.read_content()?;
    let Some(voucher) = content.get(KEY) else { return Ok(()) };
    match voucher.as_str().map(<&UserId>::try_from) {
        Some(Ok(voucher)) if voucher.server_name() == pdu.sender.server_name() => Ok(()),
        Some(Ok(_)) => {
            Err(Refused::Forbidden("the join is vouched for by another server".to_owned()))
        }
        Some(Err(_)) | None => Err(Refused::BadEvent(format!("{KEY} is no user ID"))),
    }
}

/// Checks lengths, hashes, asks the rules, and only then pays for the signature.
fn seal(
    version: RoomVersion,
    mut pdu: Pdu,
    key: &SigningKey,
    authorise: impl FnOnce(&Pdu) -> Result<(), String>,
) -> Result<Accepted, Refused> {
    if pdu.sender.server_name() != key.server() {
        return Err(Refused::bad_event("the sender is not a user of the signing server"));
    }
    limits::check_fields(&pdu)?;
    check_voucher(&pdu)?;
    let hashed = Draft { pdu: &pdu, version }.hash();
    pdu.event_id = hashed.event_id.clone();
    authorise(&pdu).map_err(Refused::Forbidden)?;
    let pdu_json = Draft { pdu: &pdu, version }.sign(&hashed, key);
    limits::check_whole(&pdu_json)?;
    let room_id = pdu.room();
    let client_json = client_form(&pdu, &room_id);
    Ok(Accepted { pdu: Arc::new(pdu), room_id, pdu_json, client_json })
}
