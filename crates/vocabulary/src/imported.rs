//! Messages that were taken over from a chat elsewhere (I.f). They are plain `m.room.message` events with the field [`IMPORTED`], and are sent by whoever
//! takes them over: nobody can prove who has written them, so the field says what the export said and no more.

use serde::{Deserialize, Serialize};

/// Field of a message that was taken over from elsewhere: [`Imported`].
pub const IMPORTED: &str = "de.konsil.imported";

/// Where a message comes from, as the export has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Name of who wrote it. `None`: a line of the system, such as who came and who left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// What made the export.
    pub source: Source,
    /// What stands before the text for clients that do not know this field: author and time.
    #[serde(default)]
    pub prefix: String,
    /// Whoever has taken it over says to have written it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_importer: bool,
    /// Was changed after it was sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// Why there is nothing to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// What made an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// WhatsApp's "Export chat".
    Whatsapp,
    /// A Matrix client.
    Matrix,
    /// Konsil's signed export (see [`crate::export`]).
    Konsil,
    /// What later versions may know.
    #[serde(other)]
    Other,
}

/// Why a message has nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It was deleted before the export.
    Deleted,
    /// The attachment was left out when the chat was exported.
    LeftOut,
}

/// The last moment that calendars know, in milliseconds since 1970 (ECMAScript, "Time Values and Time Range").
pub const LAST_MS: u64 = 8_640_000_000_000_000;

impl Imported {
    /// Whether its time is one: browsers refuse to work with others.
    pub fn has_a_time(&self) -> bool {
        self.at_ms <= LAST_MS
    }

    /// A text as other clients show it.
    pub fn body(&self, text: &str) -> String {
        match text {
            "" => self.prefix.trim_end_matches([':', ' ']).to_owned(),
            text => format!("{}{text}", self.prefix),
        }
    }

    /// A text without what stands before it for other clients.
    pub fn text<'a>(&self, body: &'a str) -> &'a str {
        match body.strip_prefix(&self.prefix) {
            Some(text) => text,
            None if body == self.body("") => "",
            None => body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(prefix: &str) -> Imported {
        Imported {
            author: Some("Anna Meyer".into()),
            at_ms: 1_710_252_333_000,
            source: Source::Whatsapp,
            prefix: prefix.into(),
            by_importer: false,
            edited: false,
            gone: None,
        }
    }

    #[test]
    fn other_clients_show_who_wrote_it_and_our_own_the_text_alone() {
        let one = imported("Anna Meyer, 12.03.2024, 14:05: ");
        for text in ["Ibu 600", "", "Anna Meyer, 12.03.2024, 14:05: doppelt", "a\nb"] {
            assert_eq!(one.text(&one.body(text)), text);
        }
        assert_eq!(one.body("Ibu 600"), "Anna Meyer, 12.03.2024, 14:05: Ibu 600");
        assert_eq!(one.body(""), "Anna Meyer, 12.03.2024, 14:05");
        // Changed since by another client.
        assert_eq!(one.text("Ibu 800"), "Ibu 800");
        let bare = imported("");
        assert_eq!((bare.body("Ibu"), bare.text("Ibu"), bare.text("")), ("Ibu".into(), "Ibu", ""));
    }

    #[test]
    fn what_later_versions_say_is_read_as_far_as_it_is_known() {
        let read: Imported =
            serde_json::from_str(r#"{"at_ms":5,"source":"telegram","more":1}"#).expect("it is one");
        assert_eq!((read.at_ms, read.source, read.author), (5, Source::Other, None));
        assert!(!Imported { at_ms: LAST_MS + 1, ..imported("") }.has_a_time());
        assert!(imported("").has_a_time());
        let json = serde_json::to_string(&imported("")).expect("plain data");
        assert!(!json.contains("by_importer") && json.contains(r#""source":"whatsapp""#), "{json}");
    }
}
