//! Encrypting a large file onto the device.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use matrix_sdk_base::crypto::AttachmentEncryptor;
use ruma::{OwnedEventId, RoomId};
use serde_json::Value;

use super::{
    LargeToSend, PIECE_BYTES, Source, Step,
    outbox::{Outgoing, Video, cancel, database, flush, forget_gone},
    place,
    seal::{Feed, pass},
};
use crate::{chat::ActionError, lock::now_ms, session::core::Core};

/// What has to stay free beside the file's pieces: the store grows too.
const SPARE_BYTES: u64 = 32 * 1024 * 1024;

/// Takes a file to be sent: encrypts it onto the device, and has it sent in its turn.
pub(crate) async fn take(
    core: &Arc<Core>,
    room: &RoomId,
    file: LargeToSend,
    reply_to: Option<OwnedEventId>,
    source: &impl Source,
) -> Result<(), ActionError> {
    let size_bytes = source.size_bytes();
    // Asked for once and then remembered; offline the server's answer comes with the upload itself.
    if let Ok(limit) = core.client.load_or_fetch_max_upload_size().await
        && size_bytes > u64::from(limit)
    {
        return Err(ActionError::TooLarge { max_bytes: limit.into() });
    }
    let id = format!("{:032x}", rand::random::<u128>());
    let video = file.video.map(|video| Video {
        size_px: video.size_px,
        duration_ms: video.duration_ms,
        poster: video.poster.map(|(jpeg, size)| (BASE64_STANDARD.encode(jpeg), size)),
    });
    let outgoing = Outgoing {
        id: id.clone(),
        room: room.to_owned(),
        name: file.name,
        mime: file.mime,
        size_bytes,
        caption: file.caption.filter(|text| !text.is_empty()),
        reply_to,
        video,
        removal: file.removal,
        imported: file.imported,
        at_ms: now_ms(),
        keys: None,
        upload: None,
        uri: None,
        step: Some(Step::Waiting),
        done_bytes: 0,
        failure: None,
    };
    core.large.kept.lock().expect("no panic while held").files.push(outgoing);
    core.large.changed.update(|n| *n += 1);
    let sealed = {
        let _turn = core.large.sealing.lock().await;
        core.large.keep(core).await;
        core.large.show(&id, |file| file.step = Some(Step::Sealing));
        seal(core, &id, source).await
    };
    match sealed {
        Ok(Some(keys)) => {
            core.large.show(&id, |file| {
                file.keys = Some(keys);
                file.done_bytes = 0;
                file.step = Some(Step::Waiting);
            });
            core.large.keep(core).await;
            flush(core);
            Ok(())
        }
        // Cancelled meanwhile.
        Ok(None) => Ok(()),
        Err(error) => {
            cancel(core, &id).await;
            Err(error)
        }
    }
}

/// Encrypts a file onto the device; `None` if it was cancelled meanwhile.
async fn seal(core: &Core, id: &str, source: &impl Source) -> Result<Option<Value>, ActionError> {
    let (size_bytes, database) = (source.size_bytes(), database(core));
    if let Some(free) = place::free_bytes().await
        && free < size_bytes + SPARE_BYTES
    {
        return Err(ActionError::NoRoom { missing_bytes: size_bytes + SPARE_BYTES - free });
    }
    let feed = Feed::default();
    let mut reader = feed.clone();
    let mut encryptor = AttachmentEncryptor::new(&mut reader);
    let mut done_bytes = 0;
    while done_bytes < size_bytes {
        let end = size_bytes.min(done_bytes + PIECE_BYTES);
        let clear = source.read(done_bytes..end).await.ok_or(ActionError::FileChanged)?;
        if clear.len() as u64 != end - done_bytes {
            return Err(ActionError::FileChanged);
        }
        let sealed = pass(&feed, &mut encryptor, clear)
            .map_err(|error| ActionError::Failed(error.kind().to_string()))?;
        let piece = done_bytes / PIECE_BYTES;
        place::write(&database, id, piece, sealed).await.map_err(|error| match error.as_str() {
            "QuotaExceededError" => ActionError::NoRoom { missing_bytes: size_bytes - done_bytes },
            _ => ActionError::Failed(error),
        })?;
        if core.large.is_stopped(id) {
            forget_gone(core).await;
            return Ok(None);
        }
        done_bytes = end;
        core.large.progress(id, done_bytes);
    }
    let keys = encryptor.finish();
    Ok(Some(serde_json::to_value(keys).expect("keys serialize")))
}
