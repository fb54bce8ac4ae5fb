//! The message of a large file, once the server has the file.

use std::{io::Cursor, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use matrix_sdk::{
    Room,
    room::reply::{EnforceThread, Reply},
    send_queue::LocalEchoContent,
};
use matrix_sdk_base::crypto::MediaEncryptionInfo;
use ruma::{
    OwnedMxcUri, UInt,
    events::room::{
        EncryptedFile, MediaSource, ThumbnailInfo,
        message::{
            AddMentions, FileInfo, FileMessageEventContent, MessageType,
            RoomMessageEventContentWithoutRelation, VideoInfo, VideoMessageEventContent,
        },
    },
};
use serde_json::{Map, Value};

use super::{
    outbox::{Outgoing, PREFIX, forget_gone},
    sending::Stopped,
};
use crate::{
    chat::{SendFailure, actions::report_field},
    import::mark,
    sequence,
    session::core::Core,
    trouble::{self, Trouble},
};

/// Puts the message of a file that the server has into the queue of its chat, and forgets the file.
pub(super) async fn queue(core: &Arc<Core>, id: &str) -> Result<(), Stopped> {
    let Some(file) = core.large.file(id) else { return Ok(()) };
    let Some(room) = core.client.get_room(&file.room) else {
        return Err(Stopped::Failed(SendFailure::Refused));
    };
    let uri = file.uri.clone().ok_or(Stopped::Later)?;
    let key = format!("{PREFIX}{id}");
    core.large.sent.lock().expect("no panic while held").insert(uri.clone(), key);
    // The app may have ended right after the last time.
    if !is_queued(&room, &uri).await {
        let message = message(core, &file, uri).await?;
        let content = RoomMessageEventContentWithoutRelation::new(message);
        let content = match &file.reply_to {
            Some(target) => {
                let reply = Reply {
                    event_id: target.clone(),
                    enforce_thread: EnforceThread::MaybeThreaded,
                    add_mentions: AddMentions::Yes,
                };
                // What it answered may be gone; the file is not lost for that.
                let answer = room.make_reply_event(content.clone(), reply).await;
                answer.unwrap_or_else(|_| content.with_relation(None))
            }
            None => content.with_relation(None),
        };
        let queued = sequence::send(core, &room, content.into(), more(&file)).await;
        if let Err(error) = queued {
            tracing::warn!(error = trouble::kind_of(&error), "A file's message was not queued");
            return Err(Stopped::Failed(SendFailure::Other));
        }
    }
    core.large.kept.lock().expect("no panic while held").files.retain(|other| other.id != id);
    core.large.keep(core).await;
    forget_gone(core).await;
    core.large.changed.update(|n| *n += 1);
    Ok(())
}

/// Whether the message with this file is in the queue, or has gone out.
async fn is_queued(room: &Room, uri: &OwnedMxcUri) -> bool {
    let waiting = room.send_queue().subscribe().await.map(|(echoes, _)| echoes).unwrap_or_default();
    let waits = waiting.iter().any(|echo| match &echo.content {
        LocalEchoContent::Event { serialized_event, .. } => {
            serialized_event.raw().0.json().get().contains(uri.as_str())
        }
        LocalEchoContent::React { .. } | LocalEchoContent::Redaction { .. } => false,
    });
    if waits {
        return true;
    }
    let Ok((cache, _keeps_it)) = room.event_cache().await else { return false };
    let events = cache.events().await.unwrap_or_default();
    events.iter().rev().any(|event| event.raw().json().get().contains(uri.as_str()))
}

/// Fields beside those of any file.
fn more(file: &Outgoing) -> Map<String, Value> {
    let mut more = report_field(file.removal.clone());
    more.extend(file.imported.as_ref().map(mark).unwrap_or_default());
    more
}

async fn message(core: &Core, file: &Outgoing, uri: OwnedMxcUri) -> Result<MessageType, Stopped> {
    let lost = || Stopped::Failed(SendFailure::AttachmentLost);
    let keys: MediaEncryptionInfo =
        file.keys.clone().and_then(|keys| serde_json::from_value(keys).ok()).ok_or_else(lost)?;
    let encrypted = EncryptedFile::new(uri, keys.encryption_info, keys.hashes);
    let source = MediaSource::Encrypted(Box::new(encrypted));
    let body = file.caption.clone().unwrap_or_else(|| file.name.clone());
    let size = UInt::new(file.size_bytes);
    let Some(video) = &file.video else {
        let mut info = FileInfo::new();
        info.mimetype = Some(file.mime.clone());
        info.size = size;
        let mut content = FileMessageEventContent::new(body, source);
        content.filename = Some(file.name.clone());
        content.info = Some(Box::new(info));
        return Ok(MessageType::File(content));
    };
    let mut info = VideoInfo::new();
    info.mimetype = Some(file.mime.clone());
    info.size = size;
    info.width = Some(video.size_px.0.into());
    info.height = Some(video.size_px.1.into());
    info.duration = video.duration_ms.map(Duration::from_millis);
    if let Some((jpeg, (width, height))) = &video.poster
        && let Ok(jpeg) = BASE64_STANDARD.decode(jpeg)
    {
        let mut poster = ThumbnailInfo::new();
        poster.mimetype = Some("image/jpeg".into());
        poster.size = UInt::new(jpeg.len() as u64);
        poster.width = Some((*width).into());
        poster.height = Some((*height).into());
        let sent = core.client.upload_encrypted_file(&mut Cursor::new(jpeg)).await;
        let sent = sent.map_err(|error| Stopped::from(Trouble::of(&error)))?;
        info.thumbnail_source = Some(MediaSource::Encrypted(Box::new(sent)));
        info.thumbnail_info = Some(Box::new(poster));
    }
    let mut content = VideoMessageEventContent::new(body, source);
    content.filename = Some(file.name.clone());
    content.info = Some(Box::new(info));
    Ok(MessageType::Video(content))
}
