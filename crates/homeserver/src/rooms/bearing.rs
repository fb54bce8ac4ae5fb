//! How a new event bears on unread counts, as far as that is the same for all who have not changed their push rules.
//! <https://spec.matrix.org/v1.19/client-server-api/#predefined-rules>
//!
//! What everybody is notified of raises the room's running number, so that no count is kept per member and message. Events
//! that concern somebody in particular (mentions), or a thread and not the whole room, are marked: they are looked at one by
//! one when somebody's count is made.

use serde::Deserialize;
use serde_json::{Map, Value};

/// How an event bears on unread counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bearing {
    /// It raises the room's running number.
    pub counts: bool,
    /// It is looked at one by one.
    pub apart: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    msgtype: Value,
    #[serde(rename = "m.relates_to")]
    relates_to: Map<String, Value>,
    #[serde(rename = "m.mentions")]
    mentions: Map<String, Value>,
}

/// The bearing of an event, from its type, state key and content.
pub fn bearing(kind: &str, state_key: Option<&str>, content: &str) -> Bearing {
    if state_key.is_some() {
        let is_tombstone = kind == "m.room.tombstone" && state_key == Some("");
        return Bearing { counts: false, apart: is_tombstone };
    }
    let notifies = matches!(kind, "m.room.encrypted" | "m.room.message" | "m.call.invite");
    // Parsed only where it may matter: most contents are one long ciphertext.
    if !["m.relates_to", "m.mentions", "m.notice"].iter().any(|word| content.contains(word)) {
        return Bearing { counts: notifies, apart: false };
    }
    let content: Content = serde_json::from_str(content).unwrap_or_default();
    let rel_type = content.relates_to.get("rel_type").and_then(Value::as_str);
    let is_notice = kind == "m.room.message" && content.msgtype == "m.notice";
    let counts = notifies && !is_notice && rel_type != Some("m.replace");
    let names_somebody = content.mentions.get("room") == Some(&Value::Bool(true))
        || content
            .mentions
            .get("user_ids")
            .and_then(Value::as_array)
            .is_some_and(|ids| !ids.is_empty());
    Bearing { counts, apart: (names_somebody && !is_notice) || (counts && rel_type.is_some()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: Bearing = Bearing { counts: true, apart: false };
    const NONE: Bearing = Bearing { counts: false, apart: false };

    #[test]
    fn messages_count_and_nothing_else() {
        assert_eq!(bearing("m.room.encrypted", None, "{}"), COUNTS);
        assert_eq!(
            bearing("m.room.message", None, r#"{"msgtype":"m.text","body":"m.notice"}"#),
            COUNTS
        );
        assert_eq!(bearing("m.call.invite", None, "{}"), COUNTS);
        for (kind, key) in [
            ("m.room.redaction", None),
            ("m.reaction", None),
            ("m.room.encrypted", Some("")),
            ("m.sticker", None),
        ] {
            assert_eq!(bearing(kind, key, "{}"), NONE, "{kind}");
        }
    }

    #[test]
    fn notices_and_edits_notify_nobody() {
        assert_eq!(bearing("m.room.message", None, r#"{"msgtype":"m.notice"}"#), NONE);
        let edit = r#"{"ciphertext":"x","m.relates_to":{"rel_type":"m.replace","event_id":"$a"}}"#;
        assert_eq!(bearing("m.room.encrypted", None, edit), NONE);
    }

    #[test]
    fn threads_and_mentions_are_looked_at_one_by_one() {
        let thread = r#"{"m.relates_to":{"rel_type":"m.thread","event_id":"$a"}}"#;
        assert_eq!(
            bearing("m.room.encrypted", None, thread),
            Bearing { counts: true, apart: true }
        );
        let reply = r#"{"m.relates_to":{"m.in_reply_to":{"event_id":"$a"}}}"#;
        assert_eq!(bearing("m.room.encrypted", None, reply), COUNTS);
        for mentions in [r#"{"user_ids":["@a:x"]}"#, r#"{"room":true}"#] {
            let content = format!(r#"{{"m.mentions":{mentions}}}"#);
            assert_eq!(
                bearing("m.room.message", None, &content),
                Bearing { counts: true, apart: true }
            );
            let notice = format!(r#"{{"msgtype":"m.notice","m.mentions":{mentions}}}"#);
            assert_eq!(bearing("m.room.message", None, &notice), NONE);
            assert_eq!(
                bearing("m.reaction", None, &content),
                Bearing { counts: false, apart: true }
            );
        }
        assert_eq!(bearing("m.room.message", None, r#"{"m.mentions":{}}"#), COUNTS);
        assert_eq!(
            bearing("m.room.tombstone", Some(""), "{}"),
            Bearing { counts: false, apart: true }
        );
    }

    #[test]
    fn contents_of_any_form_are_read_without_complaint() {
        for content in [
            r#"{"m.relates_to":7}"#,
            r#"{"m.mentions":[]}"#,
            r#"{"msgtype":["m.notice"]}"#,
            "m.mentions",
        ] {
            assert_eq!(bearing("m.room.message", None, content), COUNTS, "{content}");
        }
    }
}
