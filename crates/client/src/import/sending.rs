//! Sending what was read from an export.
//!
//! Messages go through the SDK's queue, so that they are in order and survive a crash; only a few are in it at a time, so that what the person writes
//! meanwhile does not wait behind thousands. How far an export came is kept on the device: chosen again, it goes on there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use matrix_sdk::{Room, attachment::AttachmentConfig, send_queue::LocalEchoContent};
use ruma::{
    OwnedRoomId, RoomId, UInt,
    events::room::message::{RoomMessageEventContent, TextMessageEventContent},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use vocabulary::{imported::Imported, messages::URGENCY};

use super::{DateOrder, Item, LocalTime, Reading, When};
use crate::{
    ChatId, Session,
    chat::{
        ActionError, FileToSend, ImageToSend, VideoToSend, VoiceToSend,
        actions::{failed, imported_field, report_field},
        parts,
        upload::Upload,
    },
    kept,
    large::{self, LargeToSend, sealing},
    room_list::RoomError,
    sequence,
    session::core::Core,
};

const KEPT_AS: &str = "konsil.imports";

/// So many messages may wait in the queue.
const QUEUE: usize = 24;
/// So many, where attachments are among them: their bytes wait on the device.
const QUEUE_OF_FILES: usize = 4;

/// What a message from elsewhere becomes.
pub enum ToImport {
    /// Text.
    Text(String),
    /// A picture, re-encoded like any other that is sent.
    Image(ImageToSend),
    /// A video, without place, time and device.
    Video(VideoToSend),
    /// A recording.
    Voice(VoiceToSend),
    /// Any other file.
    File(FileToSend),
}

/// An export that was begun to be taken over earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Into this chat.
    pub chat: ChatId,
    /// So many of its messages are done.
    pub done: usize,
    /// So many it has.
    pub all: usize,
    /// Under this name the person has written there.
    #[serde(default)]
    pub me: Option<String>,
    /// How its dates were read.
    #[serde(default)]
    pub order: Option<DateOrder>,
}

/// Messages on their way out: until they are sent, the SDK's timeline knows no field of ours. By their chat and what other clients show of them.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<(OwnedRoomId, String), Imported>>);

impl Waiting {
    /// Where a message that waits was taken over from.
    pub fn get(&self, room: &RoomId, body: &str) -> Option<Imported> {
        let waiting = self.0.lock().expect("no panic while held");
        if waiting.is_empty() {
            return None;
        }
        waiting.get(&(room.to_owned(), body.to_owned())).cloned()
    }

    fn add(&self, room: &RoomId, body: String, imported: Imported) {
        let mut waiting = self.0.lock().expect("no panic while held");
        waiting.insert((room.to_owned(), body), imported);
    }

    /// Looks what waits in the queue of a room since before the app was closed.
    pub async fn look_into_queue(&self, room: &Room) {
        #[derive(Deserialize)]
        struct Content {
            #[serde(default)]
            body: String,
            #[serde(rename = "de.konsil.imported")]
            imported: Option<Imported>,
        }
        let Ok((echoes, _)) = room.send_queue().subscribe().await else { return };
        for echo in echoes {
            let LocalEchoContent::Event { serialized_event, .. } = &echo.content else { continue };
            let json = serialized_event.raw().0.json().get();
            if let Ok(Content { body, imported: Some(imported) }) = serde_json::from_str(json) {
                self.add(room.room_id(), body, imported);
            }
        }
    }

    fn forget(&self) {
        self.0.lock().expect("no panic while held").clear();
    }
}

/// By what stands for an export.
type Kept = BTreeMap<String, Begun>;

/// An export on its way into a chat.
pub struct Import {
    core: Arc<Core>,
    room: Room,
    export: String,
    begun: Begun,
}

impl Import {
    /// How far this export came when it was taken over earlier. Chats that are gone do not count.
    pub async fn begun<S>(session: &Session, reading: &Reading<S>) -> Option<Begun> {
        let core = &session.inner.core;
        let kept: Kept = kept::read(&core.client, KEPT_AS).await?;
        let begun = kept.get(&reading.id)?.clone();
        let room = RoomId::parse(begun.chat.as_str()).ok()?;
        core.client.get_room(&room).filter(|room| room.state() == matrix_sdk::RoomState::Joined)?;
        Some(begun)
    }

    /// Begins to take an export over into a chat. `me`: under which name the person has written there.
    pub async fn begin<S>(
        session: &Session,
        reading: &Reading<S>,
        chat: &ChatId,
        me: Option<String>,
    ) -> Result<Self, RoomError> {
        let core = session.inner.core.clone();
        let id = RoomId::parse(chat.as_str()).map_err(|_| RoomError::UnknownChat)?;
        let room = core.client.get_room(&id).ok_or(RoomError::UnknownChat)?;
        core.imports.forget();
        let (all, order) = (reading.items.len(), reading.order);
        let begun = Begun { chat: chat.clone(), done: 0, all, me, order };
        let import = Self { core, room, export: reading.id.clone(), begun };
        import.keep().await;
        Ok(import)
    }

    /// Goes on with what was begun earlier, in the same chat.
    pub async fn go_on<S>(
        session: &Session,
        reading: &Reading<S>,
        begun: Begun,
    ) -> Result<Self, RoomError> {
        let mut import = Self::begin(session, reading, &begun.chat, begun.me.clone()).await?;
        import.begun.done = begun.done.min(import.begun.all);
        import.keep().await;
        Ok(import)
    }

    /// How far it is.
    pub fn state(&self) -> &Begun {
        &self.begun
    }

    /// Waits while many messages are on their way; fewer may be if the next one comes with a file. Dropped, nothing has happened.
    ///
    /// # Errors
    /// [`ActionError::Stuck`] if one of them has failed: nothing goes out behind it until the person has sent it again, or deleted it.
    pub async fn turn(&self, with_file: bool) -> Result<(), ActionError> {
        let most = if with_file { QUEUE_OF_FILES } else { QUEUE };
        let queue = self.room.send_queue();
        loop {
            let (echoes, mut updates) = queue.subscribe().await.map_err(failed)?;
            let has_failed = |content: &LocalEchoContent| {
                matches!(content, LocalEchoContent::Event { send_error: Some(_), .. })
            };
            if echoes.iter().any(|echo| has_failed(&echo.content)) {
                return Err(ActionError::Stuck);
            }
            if echoes.len() < most {
                return Ok(());
            }
            // Lagging behind is as good a reason to look again.
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = updates.recv().await {
                return Err(ActionError::Failed("queue".into()));
            }
        }
    }

    /// Bytes of the largest file that the server takes, if it says so.
    pub async fn max_bytes(&self) -> Option<u64> {
        self.core.client.load_or_fetch_max_upload_size().await.ok().map(u64::from)
    }

    /// Takes the next message over, once it is its [turn](Self::turn). Let it come to its end: dropped, a message can be sent and not counted.
    ///
    /// # Errors
    /// Nothing is lost then: it can be tried again, or [skipped](Self::skip).
    pub async fn put(&mut self, imported: &Imported, what: ToImport) -> Result<(), ActionError> {
        match what {
            ToImport::Text(text) => self.text(imported, &text).await?,
            ToImport::Image(image) => self.upload(imported, image.into()).await?,
            ToImport::Video(video) => self.upload(imported, video.into()).await?,
            ToImport::Voice(voice) => self.upload(imported, voice.into()).await?,
            ToImport::File(file) => self.upload(imported, file.into()).await?,
        }
        self.skip().await;
        Ok(())
    }

    /// Takes over a message with a large file, as [`put`](Self::put) does. It goes to the server in the background, and stands in the chat when it is there.
    pub async fn put_large(
        &mut self,
        imported: &Imported,
        file: LargeToSend,
        source: &impl large::Source,
    ) -> Result<(), ActionError> {
        let caption = Some(imported.body(file.caption.as_deref().unwrap_or_default()));
        let file = LargeToSend { caption, imported: Some(imported.clone()), ..file };
        sealing::take(&self.core, self.room.room_id(), file, None, source).await?;
        self.skip().await;
        Ok(())
    }

    /// Leaves the next message out.
    pub async fn skip(&mut self) {
        self.begun.done += 1;
        self.keep().await;
    }

    async fn text(&self, imported: &Imported, text: &str) -> Result<(), ActionError> {
        for message in parts::messages_of(&imported.body(text)).map_err(failed)? {
            let body = message.body().to_owned();
            self.core.imports.add(self.room.room_id(), body, imported.clone());
            let content = RoomMessageEventContent::new(message).into();
            let queued = sequence::send(&self.core, &self.room, content, mark(imported));
            queued.await.map_err(failed)?;
        }
        Ok(())
    }

    async fn upload(&self, imported: &Imported, upload: Upload) -> Result<(), ActionError> {
        if let Ok(limit) = self.core.client.load_or_fetch_max_upload_size().await
            && UInt::new(upload.bytes.len() as u64).is_none_or(|size| size > limit)
        {
            return Err(ActionError::TooLarge { max_bytes: limit.into() });
        }
        let number = sequence::next(&self.core, self.room.room_id()).await;
        let mime = upload.content_type();
        let mut extra = mark(imported);
        extra.extend(report_field(upload.removal));
        extra.extend(number.field());
        let caption = imported.body(upload.caption.as_deref().unwrap_or_default());
        self.core.imports.add(self.room.room_id(), caption.clone(), imported.clone());
        let caption = Some(caption).filter(|caption| !caption.is_empty());
        let config = AttachmentConfig {
            info: Some(upload.info),
            thumbnail: upload.thumbnail,
            caption: caption.map(TextMessageEventContent::plain),
            extra_content: Some(extra),
            ..AttachmentConfig::default()
        };
        let queue = self.room.send_queue();
        let queued = queue.send_attachment(upload.name, mime, upload.bytes, config).await;
        queued.map_err(failed)?;
        number.used();
        Ok(())
    }

    async fn keep(&self) {
        let mut kept: Kept = kept::read(&self.core.client, KEPT_AS).await.unwrap_or_default();
        kept.insert(self.export.clone(), self.begun.clone());
        kept::write(&self.core.client, KEPT_AS, &kept).await;
    }
}

/// The fields of a message that was taken over: where from, and in clear that it is no news.
pub(crate) fn mark(imported: &Imported) -> Map<String, Value> {
    let mut fields = imported_field(Some(imported));
    fields.insert("m.relates_to".into(), json!({ URGENCY: "silent" }));
    fields
}

impl Item {
    /// When it was written, in milliseconds since 1970. `of_local` knows the time zone.
    pub fn at_ms(&self, of_local: impl Fn(LocalTime) -> u64) -> u64 {
        match self.at {
            When::Utc(ms) => ms,
            When::Local(local) => of_local(local),
        }
    }
}
