//! Events as their readers get them: the stored client form, with the reader's `unsigned` spliced in.
//! <https://spec.matrix.org/v1.19/client-server-api/#room-event-format>

use base::Timestamp;
use bytes::Bytes;
use ruma::UserId;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::{account_data::Entry, rooms::EventRow};

use super::sight::Sight;
use crate::{
    Session,
    json_writer::{self, Object},
};

/// An event of a timeline with all that its `unsigned` may need.
#[derive(Clone, Debug)]
pub struct TimelineEvent {
    /// The event.
    pub row: EventRow,
    /// What a state event replaced.
    pub replaced: Option<Replaced>,
    /// The summary of the events that refer to it, for this reader: the object `m.relations`.
    pub relations: Option<Bytes>,
}

/// A state event that another one replaced.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// Its id.
    pub event_id: String,
    /// Version of the room's state after it.
    pub state_ver: i64,
    /// Its content, as JSON.
    pub content: Option<Bytes>,
}

impl From<EventRow> for TimelineEvent {
    fn from(row: EventRow) -> Self {
        Self { row, replaced: None, relations: None }
    }
}

/// Writes an event as a reader with this sight gets it.
pub fn write_event(
    out: &mut Vec<u8>,
    session: &Session,
    event: &TimelineEvent,
    sight: &Sight,
    now: Timestamp,
) {
    let row = &event.row;
    let veiled = sight.veils(&row.sender, &row.kind).then(|| redacted(&row.client));
    let client = veiled.as_deref().unwrap_or(&row.client);
    // The stored form is an object without `unsigned`: its closing brace gives way.
    let Some((b'}', open)) = client.split_last() else { return };
    out.extend_from_slice(open);
    out.extend_from_slice(if open.len() > 1 { b",\"unsigned\":" } else { b"\"unsigned\":" });
    let mut unsigned = Object::new(out);
    unsigned.number("age", now.0.saturating_sub(row.ts.0));
    unsigned.text("membership", sight.membership_at(row.state_ver));
    if let Some((device, txn_id)) = &row.transaction
        && *device == session.device
    {
        unsigned.text("transaction_id", txn_id);
    }
    if let Some(redaction) = &row.redacted_because {
        unsigned.raw("redacted_because", redaction);
    }
    if let Some(replaced) = &event.replaced {
        unsigned.text("replaces_state", &replaced.event_id);
        if let Some(content) = &replaced.content
            && veiled.is_none()
            && sight.sees_at_version(session.user_id.as_str(), row, replaced.state_ver)
        {
            unsigned.raw("prev_content", content);
        }
    }
    if let Some(relations) = &event.relations {
        unsigned.raw("m.relations", relations);
    }
    drop(unsigned);
    out.push(b'}');
}

/// A part of a room's state as a reader with this sight gets it.
pub fn state_event(client: Bytes, kind: &str, sight: &Sight) -> Bytes {
    // Who sent it is looked up only where somebody is erased.
    let veils =
        |sender: String| UserId::parse(sender).is_ok_and(|sender| sight.veils(&sender, kind));
    if sight.veil().is_some() && sender_of(&client).is_some_and(veils) {
        redacted(&client).into()
    } else {
        client
    }
}

/// What is left of an event when it is deleted, by the rules of the newest rooms: those of older ones leave as little or less of
/// what people write.
pub fn redacted(client: &[u8]) -> Vec<u8> {
    room::redact(room::RoomVersion::V12, client).unwrap_or_else(|_| b"{}".to_vec())
}

/// Writes a part of the state in the form that people outside of a room get.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#stripped-state>
pub fn write_stripped(out: &mut Vec<u8>, kind: &str, state_key: &str, client: &[u8]) {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        content: &'a RawValue,
        sender: String,
    }
    let event = serde_json::from_slice::<Event<'_>>(client).ok();
    let mut stripped = Object::new(out);
    stripped.raw("content", event.as_ref().map_or("{}", |event| event.content.get()).as_bytes());
    stripped.text("sender", event.as_ref().map_or("", |event| &event.sender));
    stripped.text("state_key", state_key);
    stripped.text("type", kind);
}

/// Writes a piece of account data as an event.
pub fn write_account_data(out: &mut Vec<u8>, entry: &Entry) {
    let mut event = Object::new(out);
    event.text("type", &entry.kind);
    event.raw("content", &entry.content);
}

/// The content of a client form, as JSON.
pub fn content_of(client: &Bytes) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        content: &'a RawValue,
    }
    let event: Event<'_> = serde_json::from_slice(client).ok()?;
    Some(client.slice_ref(event.content.get().as_bytes()))
}

/// A text of an event's content, such as a name. Empty texts count as absent.
pub fn content_text(client: &[u8], field: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(client).ok()?;
    event["content"][field].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Who sent an event, from its client form.
pub fn sender_of(client: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        sender: String,
    }
    serde_json::from_slice::<Event>(client).ok().map(|event| event.sender)
}

/// Writes `{"events":[…]}` as the member `name`.
pub fn write_events<'a>(
    object: &mut Object<'_>,
    name: &str,
    events: impl IntoIterator<Item = &'a Bytes>,
) {
    let mut block = object.object(name);
    let mut array = block.array("events");
    for event in events {
        array.item().extend_from_slice(event);
    }
}

/// Writes a list of texts.
pub fn write_texts<'a>(
    object: &mut Object<'_>,
    name: &str,
    texts: impl IntoIterator<Item = &'a str>,
) {
    let mut array = object.array(name);
    for text in texts {
        json_writer::string(array.item(), text);
    }
}

#[cfg(test)]
mod tests {
    use base::{DeviceNid, EventNid, RoomNid, UserNid};
    use ruma::{owned_device_id, owned_event_id, owned_user_id};
    use serde_json::{Value, json};

    use super::*;

    fn session(device: i64) -> Session {
        Session {
            user: UserNid(1),
            user_id: owned_user_id!("@anna:x"),
            device: DeviceNid(device),
            device_id: owned_device_id!("D"),
            appservice: None,
            suspended: false,
        }
    }

    fn written(device: i64, event: &TimelineEvent) -> Value {
        let mut out = Vec::new();
        write_event(&mut out, &session(device), event, &Sight::Member, Timestamp(1_500));
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn only_the_sending_device_learns_its_transaction() {
        let row = EventRow {
            event: EventNid(1),
            room: RoomNid(1),
            event_id: owned_event_id!("$a"),
            pos: None,
            kind: "m.room.encrypted".to_owned(),
            state_key: None,
            sender: owned_user_id!("@anna:x"),
            ts: Timestamp(1_000),
            state_ver: 1,
            notifying: 1,
            redacted_because: Some(Bytes::from_static(b"{\"type\":\"m.room.redaction\"}")),
            transaction: Some((DeviceNid(7), "txn\"1".to_owned())),
            client: Bytes::from_static(b"{\"content\":{},\"type\":\"m.room.encrypted\"}"),
            related: true,
            apart: None,
        };
        let replaced = Replaced {
            event_id: "$0".to_owned(),
            state_ver: 0,
            content: Some(Bytes::from_static(b"{\"a\":1}")),
        };
        let relations = Some(Bytes::from_static(b"{}"));
        let event = TimelineEvent { row, replaced: Some(replaced), relations };
        let own = written(7, &event);
        assert_eq!(
            own["unsigned"],
            json!({
                "age": 500, "membership": "join", "transaction_id": "txn\"1",
                "redacted_because": { "type": "m.room.redaction" }, "prev_content": { "a": 1 },
                "replaces_state": "$0", "m.relations": {},
            })
        );
        assert_eq!(own["type"], "m.room.encrypted");
        assert!(written(8, &event)["unsigned"].get("transaction_id").is_none());
    }

    #[test]
    fn stripped_state_has_four_fields() {
        let mut out = Vec::new();
        let client = br#"{"content":{"name":"Ward 3"},"event_id":"$a","sender":"@anna:x","state_key":"","type":"m.room.name"}"#;
        write_stripped(&mut out, "m.room.name", "", client);
        let stripped: Value = serde_json::from_slice(&out).expect("JSON");
        let expected = json!({ "content": { "name": "Ward 3" }, "sender": "@anna:x", "state_key": "", "type": "m.room.name" });
        assert_eq!(stripped, expected);
    }
}
