//! An event as the room's rules see it.

use std::{fmt, sync::Arc};

use ruma::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId,
    events::{StateEventType, TimelineEventType},
    state_res::Event,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Refused;

/// The place of a state event in the room's state: its type and state key.
pub type StateKey = (StateEventType, String);

/// A parsed PDU: what authorisation and state resolution read of it.
///
/// Hashes and signatures are not kept; they stand in the stored bytes.
#[derive(Clone)]
pub struct Pdu {
    /// The reference hash.
    pub event_id: OwnedEventId,
    /// The room. `None` in create events of version 12, whose hash *is* the room's ID: see
    /// [`Pdu::room`].
    pub room_id: Option<OwnedRoomId>,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// When its server made it, by that server's clock.
    pub origin_server_ts: MilliSecondsSinceUnixEpoch,
    /// Its type.
    pub kind: TimelineEventType,
    /// `Some` in state events.
    pub state_key: Option<String>,
    /// Its content, as JSON text.
    pub content: Box<RawValue>,
    /// The events it follows.
    pub prev_events: Vec<OwnedEventId>,
    /// The events that authorise it.
    pub auth_events: Vec<OwnedEventId>,
    /// Distance from the create event, as its server counted.
    pub depth: u64,
    /// What a redaction redacts, wherever the room version puts it.
    pub redacts: Option<OwnedEventId>,
    /// Whether it failed the authorisation rules on receipt.
    pub rejected: bool,
}

impl Pdu {
    /// Reads a stored PDU. It was checked before it was stored; this only parses.
    ///
    /// # Errors
    ///
    /// [`Refused::BadEvent`] if the bytes are not a PDU.
    pub fn from_stored(event_id: OwnedEventId, pdu_json: &[u8]) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Fields {
            room_id: Option<OwnedRoomId>,
            sender: OwnedUserId,
            origin_server_ts: MilliSecondsSinceUnixEpoch,
            #[serde(rename = "type")]
            kind: TimelineEventType,
            state_key: Option<String>,
            content: Box<RawValue>,
            prev_events: Vec<OwnedEventId>,
            auth_events: Vec<OwnedEventId>,
            depth: u64,
            redacts: Option<OwnedEventId>,
        }
        let fields: Fields = serde_json::from_slice(pdu_json).map_err(Refused::bad_event)?;
        let redacts = match fields.redacts {
            Some(redacts) => Some(redacts),
            None if fields.kind == TimelineEventType::RoomRedaction => {
                redacts_in_content(&fields.content)
            }
            None => None,
        };
        Ok(Self {
            event_id,
            room_id: fields.room_id,
            sender: fields.sender,
            origin_server_ts: fields.origin_server_ts,
            kind: fields.kind,
            state_key: fields.state_key,
            content: fields.content,
            prev_events: fields.prev_events,
            auth_events: fields.auth_events,
            depth: fields.depth,
            redacts,
            rejected: false,
        })
    }

    /// The room it belongs to, also for a create event of version 12.
    pub fn room(&self) -> OwnedRoomId {
        match &self.room_id {
            Some(room_id) => room_id.clone(),
            None => room_of_create(&self.event_id),
        }
    }

    /// Its place in the room's state, if it is a state event.
    pub fn key(&self) -> Option<StateKey> {
        let state_key = self.state_key.clone()?;
        Some((self.kind.to_string().into(), state_key))
    }

    /// Whether it is a state event.
    pub fn is_state(&self) -> bool {
        self.state_key.is_some()
    }

    /// Reads the content as a typed value.
    ///
    /// # Errors
    ///
    /// [`Refused::BadEvent`] if it has not that form.
    pub fn read_content<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refused> {
        serde_json::from_str(self.content.get()).map_err(Refused::bad_event)
    }
}

/// The ID of the version-12 room that this create event makes.
pub(crate) fn room_of_create(event_id: &EventId) -> OwnedRoomId {
    let hash = event_id.as_str().trim_start_matches('$');
    RoomId::parse(format!("!{hash}")).expect("an event's hash is a room's opaque ID")
}

pub(crate) fn redacts_in_content(content: &RawValue) -> Option<OwnedEventId> {
    #[derive(Deserialize)]
    struct Redacts {
        redacts: OwnedEventId,
    }
    serde_json::from_str::<Redacts>(content.get()).ok().map(|found| found.redacts)
}

// Content and state key may hold what people wrote; a log shows identifiers only.
impl fmt::Debug for Pdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pdu")
            .field("event_id", &self.event_id)
            .field("kind", &self.kind)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

impl Event for Pdu {
    type Id = OwnedEventId;

    fn event_id(&self) -> &OwnedEventId {
        &self.event_id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.room_id.as_deref()
    }

    fn sender(&self) -> &UserId {
        &self.sender
    }

    fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        self.origin_server_ts
    }

    fn event_type(&self) -> &TimelineEventType {
        &self.kind
    }

    fn content(&self) -> &RawValue {
        &self.content
    }

    fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    fn prev_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.prev_events.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.auth_events.iter())
    }

    fn redacts(&self) -> Option<&OwnedEventId> {
        self.redacts.as_ref()
    }

    fn rejected(&self) -> bool {
        self.rejected
    }
}

/// How the rules look up the state before an event.
pub type StateBefore<'a> = dyn Fn(&StateEventType, &str) -> Option<Arc<Pdu>> + 'a;

/// Stands in for the event's ID until its hash is known.
pub(crate) fn placeholder_id() -> OwnedEventId {
    ruma::owned_event_id!("$0")
}
