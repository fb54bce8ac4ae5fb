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
    RoomId, UInt,
    events::room::message::{RoomMessageEventContent, TextMessageEventContent},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use vocabulary::{imported::Imported, messages::URGENCY};

use super::{Item, LocalTime, Reading, When};
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
    #[serde(with = "as_text")]
    pub chat: ChatId,
    /// So many of its messages are done.
    pub done: usize,
    /// So many it has.
    pub all: usize,
    /// Under this name the person has written there.
    #[serde(default)]
    pub me: Option<String>,
}

mod as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::ChatId;

    pub fn serialize<S: Serializer>(chat: &ChatId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(chat.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChatId, D::Error> {
        String::deserialize(deserializer).map(ChatId::new)
    }
}

/// Messages on their way out: until they are sent, the SDK's timeline knows no field of ours. By what other clients show of them.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<String, Imported>>);

impl Waiting {
    /// Where a message that waits was taken over from.
    pub fn get(&self, body: &str) -> Option<Imported> {
        self.0.lock().expect("no panic while held").get(body).cloned()
    }

    fn add(&self, body: String, imported: &Imported) {
        self.0.lock().expect("no panic while held").insert(body, imported.clone());
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

    /// Begins to take an export over into a chat, or goes on with it. `me`: under which name the person has written there.
    pub async fn begin<S>(
        session: &Session,
        reading: &Reading<S>,
        chat: &ChatId,
        me: Option<String>,
    ) -> Result<Self, RoomError> {
        let core = session.inner.core.clone();
        let id = RoomId::parse(chat.as_str()).map_err(|_| RoomError::UnknownChat)?;
        let room = core.client.get_room(&id).ok_or(RoomError::UnknownChat)?;
        let before = Self::begun(session, reading).await.filter(|begun| begun.chat == *chat);
        let all = reading.items.len();
        let done = before.map_or(0, |begun| begun.done.min(all));
        let begun = Begun { chat: chat.clone(), done, all, me };
        core.imports.forget();
        let import = Self { core, room, export: reading.id.clone(), begun };
        import.keep().await;
        Ok(import)
    }

    /// How far it is.
    pub fn state(&self) -> &Begun {
        &self.begun
    }

    /// Takes the next message over. Waits while many are on their way.
    ///
    /// # Errors
    /// Nothing is lost then: it can be tried again, or [skipped](Self::skip).
    pub async fn put(&mut self, imported: &Imported, what: ToImport) -> Result<(), ActionError> {
        let most = if matches!(what, ToImport::Text(_)) { QUEUE } else { QUEUE_OF_FILES };
        self.wait_for_fewer(most).await?;
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

    /// Takes over a message with a large file. It goes to the server in the background, and stands in the chat when it is there.
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
            self.core.imports.add(message.body().to_owned(), imported);
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
        self.core.imports.add(caption.clone(), imported);
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

    /// Waits until fewer than so many messages are on their way. What has failed for good does not count.
    async fn wait_for_fewer(&self, most: usize) -> Result<(), ActionError> {
        let queue = self.room.send_queue();
        loop {
            let (echoes, mut updates) = queue.subscribe().await.map_err(failed)?;
            let waits = |content: &LocalEchoContent| {
                !matches!(content, LocalEchoContent::Event { send_error: Some(_), .. })
            };
            if echoes.iter().filter(|echo| waits(&echo.content)).count() < most {
                return Ok(());
            }
            // Lagging behind is as good a reason to look again.
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = updates.recv().await {
                return Err(ActionError::Failed("queue".into()));
            }
        }
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
