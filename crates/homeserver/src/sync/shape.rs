//! In which form a filter wants room events: whole or some fields, as clients or as servers exchange them.
//! <https://spec.matrix.org/v1.19/client-server-api/#filtering>

use std::collections::HashMap;

use base::EventNid;
use bytes::Bytes;
use db::{Error, ReadSet, params};
use ruma::api::client::filter::{EventFormat, FilterDefinition};
use serde_json::{Map, Value};
use store::rooms::EVENT_PDU;

use crate::Homeserver;

/// Most fields that are looked for.
const MAX_FIELDS: usize = 100;

/// The form of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The fields that are wanted, each as a path; `None` wants all.
    fields: Option<Vec<Vec<String>>>,
    /// As servers exchange them.
    federation: bool,
}

/// A [dot-separated path](https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths): `\.` is a dot in a name,
/// `\\` a backslash.
fn path(text: &str) -> Vec<String> {
    let (mut path, mut name) = (Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '.' => path.push(std::mem::take(&mut name)),
            '\\' => name.push(chars.next_if(|next| matches!(next, '.' | '\\')).unwrap_or('\\')),
            other => name.push(other),
        }
    }
    path.push(name);
    path
}

/// Copies what stands at a path, with the objects on the way to it.
fn copy(from: &Map<String, Value>, path: &[String], to: &mut Map<String, Value>) {
    let Some((name, rest)) = path.split_first() else { return };
    let Some(value) = from.get(name) else { return };
    if rest.is_empty() {
        to.insert(name.clone(), value.clone());
    } else if let Value::Object(inner) = value {
        let mut found = match to.remove(name) {
            Some(Value::Object(known)) => known,
            _ => Map::new(),
        };
        copy(inner, rest, &mut found);
        if !found.is_empty() {
            to.insert(name.clone(), Value::Object(found));
        }
    }
}

impl Shape {
    /// The form that a filter wants.
    pub fn of(filter: &FilterDefinition) -> Self {
        let fields = filter.event_fields.as_ref();
        Self {
            fields: fields
                .map(|fields| fields.iter().take(MAX_FIELDS).map(|field| path(field)).collect()),
            federation: filter.event_format == EventFormat::Federation,
        }
    }

    /// Whether events are written as they are stored.
    pub fn is_plain(&self) -> bool {
        self.fields.is_none() && !self.federation
    }

    /// The wanted fields of an event. `None` if all are wanted.
    pub fn fields_of(&self, event: &[u8]) -> Option<Vec<u8>> {
        let fields = self.fields.as_ref()?;
        let whole: Map<String, Value> = serde_json::from_slice(event).unwrap_or_default();
        let mut cut = Map::new();
        fields.iter().for_each(|path| copy(&whole, path, &mut cut));
        Some(serde_json::to_vec(&cut).expect("a JSON object serialises"))
    }

    /// Whether events are wanted as servers exchange them.
    pub fn is_federation(&self) -> bool {
        self.federation
    }
}

/// Events as servers exchange them.
pub async fn pdus(hs: &Homeserver, events: &[EventNid]) -> Result<HashMap<EventNid, Bytes>, Error> {
    let mut set = ReadSet::new();
    events.iter().for_each(|event| set.push(&EVENT_PDU, params![event.0]));
    let mut pdus = HashMap::with_capacity(events.len());
    for (event, rows) in events.iter().zip(hs.db.read(set).await?) {
        if let Some(row) = rows.first() {
            pdus.insert(*event, row.get(0)?);
        }
    }
    Ok(pdus)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(fields: &[&str], event: &Value) -> Value {
        let filter = json!({ "event_fields": fields });
        let shape = Shape::of(&serde_json::from_value(filter).expect("a filter"));
        let event = serde_json::to_vec(event).expect("JSON");
        serde_json::from_slice(&shape.fields_of(&event).expect("a wish")).expect("JSON")
    }

    #[test]
    fn only_the_named_fields_are_left() {
        let event = json!({ "type": "m", "sender": "@a:x", "content": { "body": "x", "m.x": { "y": 1, "z": 2 }, "a\\b": 3 } });
        assert_eq!(cut(&["type"], &event), json!({ "type": "m" }));
        assert_eq!(
            cut(&["content.body", "content.m\\.x.y", "sender"], &event),
            json!({ "sender": "@a:x", "content": { "body": "x", "m.x": { "y": 1 } } })
        );
        assert_eq!(cut(&["content.a\\\\b"], &event), json!({ "content": { "a\\b": 3 } }));
        assert_eq!(cut(&["content", "content.body"], &event)["content"]["body"], "x");
        assert_eq!(cut(&["content.m.x", "nothing", "type.body", ""], &event), json!({}));
        assert_eq!(cut(&[], &event), json!({}));
    }

    #[test]
    fn without_a_wish_events_are_left_as_they_are() {
        assert!(Shape::of(&FilterDefinition::default()).is_plain());
        let federation = serde_json::from_value(json!({ "event_format": "federation" }));
        assert!(!Shape::of(&federation.expect("a filter")).is_plain());
    }
}
