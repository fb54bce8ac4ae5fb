//! Name and topic of a room, encrypted.
//!
//! Matrix keeps `m.room.name` and `m.room.topic` in clear on the server. A group's name may be a patient's, so Konsil's rooms
//! have neither; both travel in this event, which is sent again for everybody who joins later (architecture, section 4).

use ruma::events::macros::EventContent;
use serde::{Deserialize, Serialize};

/// Type of the event.
pub const ROOM_DETAILS: &str = "de.konsil.room.details";

/// Name and topic of a room as of this event. The latest one counts, and it is complete: a missing topic means none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EventContent)]
#[ruma_event(type = "de.konsil.room.details", kind = MessageLike)]
pub struct RoomDetailsEventContent {
    /// Name of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Topic of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// When the room got these details, in milliseconds since 1970. An event that is only sent again for a newcomer keeps it,
    /// so that repeating an old state never wins over a newer one.
    pub since_ms: u64,
    /// For clients that do not know this type.
    pub body: String,
}

impl RoomDetailsEventContent {
    /// Details given at `since_ms` (milliseconds since 1970).
    pub fn new(name: Option<String>, topic: Option<String>, since_ms: u64) -> Self {
        let parts: Vec<&str> = [name.as_deref(), topic.as_deref()].into_iter().flatten().collect();
        let body = parts.join(" – ");
        Self { name, topic, since_ms, body }
    }
}

#[cfg(test)]
mod tests {
    use ruma::events::{AnySyncMessageLikeEvent, MessageLikeEventContent};
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn details_have_their_type_and_a_text_for_other_clients() {
        let content = RoomDetailsEventContent::new(
            Some("Fall Müller".into()),
            Some("OP am Montag".into()),
            17,
        );
        assert_eq!(content.event_type().to_string(), ROOM_DETAILS);
        assert_eq!(
            to_value(&content).unwrap(),
            json!({ "name": "Fall Müller", "topic": "OP am Montag", "since_ms": 17, "body": "Fall Müller – OP am Montag" })
        );
    }

    #[test]
    fn details_without_a_topic_say_so_by_leaving_it_out() {
        let content = RoomDetailsEventContent::new(Some("Station 3".into()), None, 17);
        let json = to_value(&content).unwrap();
        assert!(json.get("topic").is_none());
        assert_eq!(from_value::<RoomDetailsEventContent>(json).unwrap(), content);
    }

    #[test]
    fn other_code_sees_a_custom_event() {
        let event: AnySyncMessageLikeEvent = from_value(json!({
            "type": ROOM_DETAILS, "event_id": "$1:klinikum.example", "sender": "@anna:klinikum.example",
            "origin_server_ts": 1, "content": { "name": "Station 3", "since_ms": 1, "body": "Station 3" },
        }))
        .unwrap();
        assert_eq!(event.event_type().to_string(), ROOM_DETAILS);
    }
}
