//! Messages that are kept in sight. The room's state holds their identifiers, nothing of what they say.

use std::{collections::BTreeMap, sync::Arc};

use matrix_sdk::Room;
use ruma::{
    EventId, OwnedEventId,
    events::{AnySyncMessageLikeEvent, AnySyncTimelineEvent, SyncMessageLikeEvent},
};

use super::{ActionError, Chat, Open, Pinned, actions::event_id, preview};
use crate::{ids::MessageId, room_list::Preview, session::core::Core, trouble::Trouble};

/// What was looked up; `None` for what is gone or cannot be read.
pub(super) type Known = BTreeMap<OwnedEventId, Option<Pinned>>;

impl Chat {
    /// Keeps a message in sight, or no longer. Needs the network.
    pub async fn pin(&self, message: &MessageId, pinned: bool) -> Result<(), ActionError> {
        let room = &self.inner.open.room;
        let id = event_id(message)?;
        let done = if pinned { room.pin_event(&id).await } else { room.unpin_event(&id).await };
        done.map(drop).map_err(|error| match Trouble::of(&error) {
            Trouble::NoConnection => ActionError::NoConnection,
            Trouble::Refused => ActionError::NotAllowed,
            other => ActionError::Failed(other.code()),
        })
    }
}

/// The pinned messages, the latest first. Looks up what is not known yet.
pub(super) async fn build(open: &Arc<Open>) -> Arc<Vec<Pinned>> {
    let mut list = Vec::new();
    for id in open.room.pinned_event_ids().unwrap_or_default().into_iter().rev() {
        let known = open.pins.lock().expect("no panic while held").get(&id).cloned();
        let pinned = match known {
            Some(known) => known,
            None => {
                let Ok(found) = look_up(&open.core, &open.room, &id).await else { continue };
                open.pins.lock().expect("no panic while held").insert(id, found.clone());
                found
            }
        };
        list.extend(pinned);
    }
    Arc::new(list)
}

/// The server knows no such event.
fn is_gone(error: &matrix_sdk::Error) -> bool {
    error.as_client_api_error().is_some_and(|error| error.status_code.as_u16() == 404)
}

/// An error means that it may be there another time.
async fn look_up(
    core: &Arc<Core>,
    room: &Room,
    id: &EventId,
) -> Result<Option<Pinned>, matrix_sdk::Error> {
    let event = match room.load_or_fetch_event(id, None).await {
        // Its period is over, say: it does not come back.
        Err(error) if is_gone(&error) => return Ok(None),
        found => found?,
    };
    let Ok(AnySyncTimelineEvent::MessageLike(event)) = event.raw().deserialize() else {
        return Ok(None);
    };
    let preview = match &event {
        AnySyncMessageLikeEvent::RoomMessage(SyncMessageLikeEvent::Original(message)) => {
            preview::of_message(&message.content.msgtype)
        }
        AnySyncMessageLikeEvent::UnstablePollStart(SyncMessageLikeEvent::Original(poll)) => {
            let question = &poll.content.poll_start().question.text;
            Preview::Poll { question: preview::one_line(question) }
        }
        _ => return Ok(None),
    };
    let sender = core.people.person(core, event.sender(), None).name;
    Ok(Some(Pinned { id: MessageId::Sent(id.as_str().into()), sender, preview }))
}
