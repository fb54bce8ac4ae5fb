//! Large files on their way out, one after the other.
//!
//! What is kept of them lies in the SDK's encrypted store, their keys among it; their pieces, which are ciphertext, beside it ([`place`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use eyeball::SharedObservable;
use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::{imported::Imported, removal::RemovalReport};

use super::{OnItsWay, Step, place};
use crate::{
    chat::{Body, FileView, MediaRef, Message, OwnState, Row, RowKind, SendFailure, Sender},
    ids::MessageId,
    kept,
    session::core::Core,
};

const KEPT_AS: &str = "konsil.large_files";
/// Before the name of a file in the id of its message.
pub(super) const PREFIX: &str = "large:";

/// A file on its way out.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Outgoing {
    pub id: String,
    pub room: OwnedRoomId,
    pub name: String,
    pub mime: String,
    pub size_bytes: u64,
    pub caption: Option<String>,
    pub reply_to: Option<OwnedEventId>,
    pub video: Option<Video>,
    #[serde(default)]
    pub removal: Option<RemovalReport>,
    #[serde(default)]
    pub imported: Option<Imported>,
    pub at_ms: u64,
    /// What opens it, once it is encrypted whole; what the SDK's encryptor has given.
    pub keys: Option<Value>,
    /// Under which the server takes its parts.
    pub upload: Option<String>,
    /// Where it lies, once the server has all of it.
    pub uri: Option<OwnedMxcUri>,
    #[serde(skip)]
    pub step: Option<Step>,
    #[serde(skip)]
    pub done_bytes: u64,
    #[serde(skip)]
    pub failure: Option<SendFailure>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Video {
    pub size_px: (u32, u32),
    pub duration_ms: Option<u64>,
    /// Base64 of a JPEG, with its size in pixels.
    pub poster: Option<(String, (u32, u32))>,
}

/// What is kept on the device.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    pub files: Vec<Outgoing>,
    /// Uploads that the server is still to forget.
    pub cancelled: Vec<String>,
}

/// The files of a session, in the order in which they were chosen.
#[derive(Default)]
pub(crate) struct Outbox {
    pub(super) kept: Mutex<Kept>,
    /// One file after the other is encrypted.
    pub(super) sealing: tokio::sync::Mutex<()>,
    /// Where files of this session lie by now, with the keys of their rows.
    pub(super) sent: Mutex<BTreeMap<OwnedMxcUri, String>>,
    /// Those that somebody has stopped.
    stopped: Mutex<BTreeSet<String>>,
    /// Counted up when there is something to do.
    pub(super) wake: SharedObservable<u64>,
    /// Counted up when something has changed that is seen.
    pub changed: SharedObservable<u64>,
}

impl Outbox {
    pub(super) fn file(&self, id: &str) -> Option<Outgoing> {
        let kept = self.kept.lock().expect("no panic while held");
        kept.files.iter().find(|file| file.id == id).cloned()
    }

    pub(super) fn is_stopped(&self, id: &str) -> bool {
        self.stopped.lock().expect("no panic while held").contains(id)
    }

    /// Changes a file, if it is still there, and tells those who look.
    pub(super) fn show(&self, id: &str, change: impl FnOnce(&mut Outgoing)) {
        if let Some(file) =
            self.kept.lock().expect("no panic while held").files.iter_mut().find(|it| it.id == id)
        {
            change(file);
        }
        self.changed.update(|n| *n += 1);
    }

    /// Says how far a file is. Not for every piece: whole chats are drawn anew for it.
    pub(super) fn progress(&self, id: &str, done_bytes: u64) {
        let percent = |file: &Outgoing, done: u64| done * 100 / file.size_bytes.max(1);
        let is_seen = {
            let mut kept = self.kept.lock().expect("no panic while held");
            let Some(file) = kept.files.iter_mut().find(|file| file.id == id) else { return };
            let is_seen = percent(file, file.done_bytes) != percent(file, done_bytes);
            file.done_bytes = done_bytes;
            is_seen
        };
        if is_seen {
            self.changed.update(|n| *n += 1);
        }
    }

    pub(super) async fn keep(&self, core: &Core) {
        let json = {
            let kept = self.kept.lock().expect("no panic while held");
            serde_json::to_value(&*kept).expect("plain data serializes")
        };
        kept::write(&core.client, KEPT_AS, &json).await;
    }

    /// Puts the rows of a chat's files that are on their way below those of its messages. The message that a file has become keeps the file's key:
    /// it is the same row.
    pub fn put_in(&self, core: &Arc<Core>, room: &RoomId, rows: &mut Vec<Row>) {
        // Once each: passed on, a file stands there again.
        let mut sent = self.sent.lock().expect("no panic while held").clone();
        for row in rows.iter_mut().rev() {
            if sent.is_empty() {
                break;
            }
            let RowKind::Message(message) = &row.kind else { continue };
            let source = match &message.body {
                Body::File(file) => &file.file.0,
                Body::Video(video) => &video.file.0,
                _ => continue,
            };
            let uri = sent.keys().find(|uri| source.contains(uri.as_str())).cloned();
            if let Some(key) = uri.and_then(|uri| sent.remove(&uri)) {
                row.key = key;
            }
        }
        let kept = self.kept.lock().expect("no panic while held");
        for file in kept.files.iter().filter(|file| file.room == room) {
            let row = row(core, file);
            if !rows.iter().any(|other| other.key == row.key) {
                rows.push(row);
            }
        }
    }
}

fn row(core: &Arc<Core>, file: &Outgoing) -> Row {
    let me = core.people.person(core, &core.own_id, None);
    let sender = Sender { person: me, is_me: true };
    let caption = file.caption.clone().map(|caption| match &file.imported {
        Some(imported) => imported.text(&caption).to_owned(),
        None => caption,
    });
    let body = Body::File(FileView {
        file: MediaRef(Arc::from("")),
        name: file.name.clone(),
        mime: Some(file.mime.clone()),
        size_bytes: Some(file.size_bytes),
        caption: caption.filter(|caption| !caption.is_empty()),
        removal: file.removal.clone(),
    });
    let id = MessageId::Waiting(format!("{PREFIX}{}", file.id).into());
    let percent = u8::try_from(file.done_bytes * 100 / file.size_bytes.max(1)).unwrap_or(100);
    let own = match file.failure {
        Some(failure) => OwnState::Failed(failure),
        None => OwnState::Queued { progress_percent: Some(percent.min(100)) },
    };
    let on_its_way = OnItsWay {
        step: file.step.unwrap_or(Step::Waiting),
        done_bytes: file.done_bytes,
        size_bytes: file.size_bytes,
    };
    let message = Message {
        own: Some(own),
        on_its_way: file.failure.is_none().then_some(on_its_way),
        can_delete: true,
        imported: file.imported.clone(),
        ..Message::new(id, sender, file.at_ms, body)
    };
    Row { key: format!("{PREFIX}{}", file.id), kind: RowKind::Message(Box::new(message)) }
}

/// Which file a message stands for, if it stands for one.
pub(crate) fn id_of(message: &MessageId) -> Option<&str> {
    match message {
        MessageId::Waiting(id) => id.strip_prefix(PREFIX),
        MessageId::Sent(_) => None,
    }
}

pub(super) fn database(core: &Core) -> String {
    core.secrets.lock().expect("no panic while held").database.clone()
}

/// Looks what was begun before the app was closed.
pub(crate) async fn load(core: &Arc<Core>) {
    let mut kept: Kept = kept::read(&core.client, KEPT_AS).await.unwrap_or_default();
    for file in &mut kept.files {
        // Its key was never known to anybody but the encryptor that ended with the page.
        if file.keys.is_none() && file.uri.is_none() {
            file.failure = Some(SendFailure::AttachmentLost);
        }
    }
    let ids: Vec<String> = kept.files.iter().map(|file| file.id.clone()).collect();
    *core.large.kept.lock().expect("no panic while held") = kept;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    forget_pieces(core, &ids).await;
}

async fn forget_pieces(core: &Core, ids_to_keep: &[&str]) {
    if let Err(error) = place::keep_only(&database(core), ids_to_keep).await {
        tracing::warn!(error, "Pieces of files that were sent could not be deleted");
    }
}

/// Deletes the pieces of files that are no longer there.
pub(super) async fn forget_gone(core: &Core) {
    let ids: Vec<String> = {
        let kept = core.large.kept.lock().expect("no panic while held");
        kept.files.iter().map(|file| file.id.clone()).collect()
    };
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    forget_pieces(core, &ids).await;
}

/// Stops a file, wherever it is; nothing of it stays, here or at the server.
pub(crate) async fn cancel(core: &Arc<Core>, id: &str) {
    {
        let mut kept = core.large.kept.lock().expect("no panic while held");
        let Some(at) = kept.files.iter().position(|file| file.id == id) else { return };
        let file = kept.files.remove(at);
        core.large.stopped.lock().expect("no panic while held").insert(file.id.clone());
        kept.cancelled.extend(file.upload.filter(|_| file.uri.is_none()));
    }
    core.large.changed.update(|n| *n += 1);
    core.large.keep(core).await;
    forget_gone(core).await;
    flush(core);
}

/// Tries a failed file again.
pub(crate) async fn retry(core: &Arc<Core>, id: &str) {
    core.large.show(id, |file| {
        // What was never encrypted whole is gone.
        if file.keys.is_some() || file.uri.is_some() {
            file.failure = None;
        }
    });
    flush(core);
}

/// Something is to be done, or can be done again.
pub(crate) fn flush(core: &Core) {
    core.large.wake.update(|n| *n += 1);
}
