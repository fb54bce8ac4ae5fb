//! From events to texts that can be searched.

use std::collections::BTreeMap;

use matrix_sdk::{Room, deserialized_responses::TimelineEvent};
use ruma::{
    events::{
        AnySyncMessageLikeEvent, AnySyncTimelineEvent, SyncMessageLikeEvent,
        room::{
            encrypted::OriginalSyncRoomEncryptedEvent,
            message::{MessageType, Relation},
        },
    },
    serde::Raw,
};

use crate::session::core::Core;

/// What one message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub id: String,
    pub sender: String,
    pub at_ms: u64,
    pub text: String,
    /// The same in lower case.
    pub lower: String,
}

/// The texts of messages, each as it was last changed.
pub(super) fn texts_in(events: &[TimelineEvent]) -> Vec<Text> {
    let mut texts = Vec::new();
    let mut changed: BTreeMap<String, (u64, String, String)> = BTreeMap::new();
    for event in events {
        let Ok(AnySyncTimelineEvent::MessageLike(event)) = event.raw().deserialize() else {
            continue;
        };
        let at_ms = u64::from(event.origin_server_ts().get());
        let sender = event.sender().to_string();
        let id = event.event_id().to_string();
        let text = match event {
            AnySyncMessageLikeEvent::RoomMessage(SyncMessageLikeEvent::Original(message)) => {
                if let Some(Relation::Replacement(change)) = &message.content.relates_to {
                    let text = said(&change.new_content.msgtype);
                    let target = change.event_id.to_string();
                    let later = changed.get(&target).is_none_or(|(then, ..)| *then <= at_ms);
                    if let (Some(text), true) = (text, later) {
                        changed.insert(target, (at_ms, sender, text));
                    }
                    continue;
                }
                said(&message.content.msgtype)
            }
            AnySyncMessageLikeEvent::UnstablePollStart(SyncMessageLikeEvent::Original(poll)) => {
                let poll = poll.content.poll_start();
                let answers = poll.answers.iter().map(|answer| answer.text.as_str());
                let all = std::iter::once(poll.question.text.as_str()).chain(answers);
                Some(all.collect::<Vec<_>>().join(" "))
            }
            _ => None,
        };
        let Some(text) = text else { continue };
        texts.push(Text { id, sender, at_ms, lower: text.to_lowercase(), text });
    }
    for text in &mut texts {
        // Only whoever wrote a message can change it.
        if let Some((_, sender, new)) = changed.remove(&text.id)
            && sender == text.sender
        {
            text.lower = new.to_lowercase();
            text.text = new;
        }
    }
    texts
}

/// The words of a message: its text, or caption and file name.
fn said(message: &MessageType) -> Option<String> {
    let named = |caption: Option<&str>, name: &str| match caption {
        Some(caption) => format!("{caption} {name}"),
        None => name.to_owned(),
    };
    match message {
        MessageType::Image(image) => image.caption().map(str::to_owned),
        MessageType::File(file) => Some(named(file.caption(), file.filename())),
        MessageType::Video(video) => Some(named(video.caption(), video.filename())),
        MessageType::Audio(_) | MessageType::VerificationRequest(_) => None,
        other => Some(other.body().to_owned()),
    }
}

/// Tries once more what could not be read, with keys from the backup.
pub(super) async fn decrypted(
    core: &Core,
    room: &Room,
    events: Vec<TimelineEvent>,
) -> Vec<TimelineEvent> {
    let mut readable = Vec::with_capacity(events.len());
    for event in events {
        let Some(session) = event.kind.session_id().filter(|_| event.kind.is_utd()) else {
            readable.push(event);
            continue;
        };
        let backups = core.client.encryption().backups();
        let has_key = backups.download_room_key(room.room_id(), session).await.unwrap_or(false);
        let encrypted: Raw<OriginalSyncRoomEncryptedEvent> =
            Raw::from_json(event.raw().json().to_owned());
        match if has_key { room.decrypt_event(&encrypted, None).await.ok() } else { None } {
            Some(decrypted) => readable.push(decrypted),
            None => readable.push(event),
        }
    }
    readable
}

#[cfg(test)]
mod tests {
    use ruma::events::AnySyncTimelineEvent;
    use serde_json::json;

    use super::*;

    fn event(id: &str, sender: &str, at: u64, content: serde_json::Value) -> TimelineEvent {
        let event = json!({
            "type": "m.room.message", "event_id": id, "sender": sender, "origin_server_ts": at,
            "content": content,
        });
        let raw: Raw<AnySyncTimelineEvent> = Raw::new(&event).unwrap().cast_unchecked();
        TimelineEvent::from_plaintext(raw)
    }

    #[test]
    fn a_changed_message_is_found_by_its_new_text_if_its_author_changed_it() {
        let text = |body: &str| json!({ "msgtype": "m.text", "body": body });
        let change = |target: &str, body: &str| {
            let relation = json!({ "rel_type": "m.replace", "event_id": target });
            json!({ "msgtype": "m.text", "body": body, "m.new_content": text(body), "m.relates_to": relation })
        };
        let events = [
            event("$1", "@anna:a", 1, text("Lyse ja")),
            event("$2", "@anna:a", 2, text("unverändert")),
            event("$3", "@anna:a", 4, change("$1", "Lyse nein")),
            event("$4", "@anna:a", 3, change("$1", "Lyse vielleicht")),
            event("$5", "@jonas:a", 5, change("$2", "untergeschoben")),
        ];
        let texts: Vec<String> = texts_in(&events).into_iter().map(|text| text.text).collect();
        assert_eq!(texts, ["Lyse nein", "unverändert"]);
    }

    #[test]
    fn documents_are_found_by_name_and_caption() {
        let file = json!({ "msgtype": "m.file", "body": "Arztbrief dazu", "filename": "Meyer.pdf", "url": "mxc://a/b" });
        let texts = texts_in(&[event("$1", "@anna:a", 1, file)]);
        assert_eq!(texts[0].lower, "arztbrief dazu meyer.pdf");
    }
}
