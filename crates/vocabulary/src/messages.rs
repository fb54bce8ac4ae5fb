//! Kinds of messages that Matrix does not have. They are `m.room.message` events with a `msgtype` of their own and a `body`
//! that any other client shows.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// `msgtype` of a message that hands on who somebody is.
pub const CONTACT: &str = "de.konsil.contact";
/// `msgtype` of a message whose sender waits for somebody to take it over.
pub const URGENT: &str = "de.konsil.urgent";
/// Class of a message beside its ciphertext: in clear, so that the server lets what is `urgent` through quiet hours, and wakes nobody for what is
/// `silent`. It stands in the content, or in `m.relates_to`, which is all that matrix-sdk leaves in clear.
pub const URGENCY: &str = "de.konsil.urgency";
/// The reaction that takes an urgent message over. Other clients show it as what it says.
pub const TAKEN_OVER: &str = "✅ Übernommen";
/// `msgtype` of a part of a text that is too long for one event. Its `body` is that part's text.
pub const TEXT_PART: &str = "de.konsil.text_part";
/// Field of a message that was passed on from another chat.
pub const FORWARDED: &str = "de.konsil.forwarded";

/// Who somebody is, as the sender's directory has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Matrix user ID.
    pub user_id: String,
    /// Name.
    pub name: String,
    /// What they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Telephone number within the hospital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Contact {
    /// For clients that do not know this kind.
    pub fn body(&self) -> String {
        let optional = [&self.role, &self.department, &self.phone];
        let parts = optional.into_iter().flatten().map(String::as_str);
        std::iter::once(self.name.as_str()).chain(parts).collect::<Vec<_>>().join(", ")
    }
}

/// Which part of which text a message is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPart {
    /// What all parts of one text have in common; made up by the sender.
    pub text_id: String,
    /// Counted from 1.
    pub part: u32,
    /// How many parts there are, two at least.
    pub parts: u32,
}

/// The fields beside `msgtype` and `body`.
pub fn fields<T: Serialize>(content: &T) -> Map<String, Value> {
    match serde_json::to_value(content) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Reads those fields; `None` if they are not what they should be.
pub fn from_fields<T: DeserializeOwned>(fields: &Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(fields.clone())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_says_in_its_text_what_its_fields_say() {
        let contact = Contact {
            user_id: "@anna:klinikum.example".into(),
            name: "Dr. Anna Meyer".into(),
            role: Some("Oberärztin".into()),
            department: None,
            phone: Some("4711".into()),
        };
        assert_eq!(contact.body(), "Dr. Anna Meyer, Oberärztin, 4711");
        assert_eq!(from_fields::<Contact>(&fields(&contact)), Some(contact));
        assert_eq!(from_fields::<Contact>(&Map::new()), None);
    }
}
