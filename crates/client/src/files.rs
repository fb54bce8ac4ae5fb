//! The files behind messages at the server (I.j): each message has its own, so that a file goes with its message and with no other.
//!
//! What is passed on gets files of its own first ([`own_files`]), without the bytes being sent again. What is deleted for everybody takes
//! its files with it ([`with_files`]). A deletion waits in the SDK's queue while there is no network, also across the app's end; so
//! its files are noted on this device, and are deleted once the server has accepted it ([`keep_deleting`]).
//!
//! Only who has sent a file can have it deleted: the server refuses others, and takes what it does not know for deleted. What stays until
//! its retention period is over: files of messages that were deleted by other clients or by whoever manages a group, and those
//! whose deletion the server does not accept. Versions before this one gave what was passed on the files of the first message; who has passed on
//! a message of their own with such a version and deletes one of the two deletes the file of both.

use std::{sync::Arc, time::Duration};

use eyeball::SharedObservable;
use futures_util::{FutureExt, pin_mut, select};
use matrix_sdk::{Client, Room, send_queue::LocalEchoContent, sleep::sleep};
use matrix_sdk_ui::timeline::EventTimelineItem;
use ruma::{
    MxcUri, OwnedEventId, OwnedMxcUri, OwnedRoomId,
    api::{
        IncomingResponse,
        auth_scheme::AccessToken,
        error::{DeserializationError, Error},
    },
    events::room::{MediaSource, message::MessageType},
};
use serde::{Deserialize, Serialize};

use crate::{
    Connection,
    endpoint::{Nothing, Parts, ask, endpoint},
    kept,
    session::core::Core,
    trouble::Trouble,
};

endpoint!(CopyFile, POST, "/_konsil/media/file/{server_name}/{media_id}/copy", AccessToken, Copied);
endpoint!(DeleteFile, DELETE, "/_konsil/media/file/{server_name}/{media_id}", AccessToken, Nothing);

/// Where the copy of a file lies.
#[derive(Deserialize)]
struct Copied {
    content_uri: OwnedMxcUri,
}

impl IncomingResponse for Copied {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        response: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        Ok(serde_json::from_slice(response.body())?)
    }
}

fn parts_of(file: &MxcUri) -> Result<Parts, Trouble> {
    let (server, media) = file.parts().map_err(|_| Trouble::NotFound)?;
    Ok(Parts { path: vec![server.to_string(), media.to_owned()], ..Parts::default() })
}

async fn copy(client: &Client, file: &MxcUri) -> Result<OwnedMxcUri, Trouble> {
    let parts = parts_of(file)?;
    let copied = ask!(client, CopyFile(parts));
    copied.map(|Copied { content_uri }| content_uri)
}

async fn delete(client: &Client, file: &MxcUri) -> Result<(), Trouble> {
    let parts = parts_of(file)?;
    ask!(client, DeleteFile(parts)).map(|Nothing| ())
}

/// Where the files of a message lie: the attachment, and the small picture of it.
fn addresses(message: &mut MessageType) -> Vec<&mut OwnedMxcUri> {
    let (source, small) = match message {
        MessageType::Image(it) => {
            (&mut it.source, it.info.as_mut().and_then(|info| info.thumbnail_source.as_mut()))
        }
        MessageType::Video(it) => {
            (&mut it.source, it.info.as_mut().and_then(|info| info.thumbnail_source.as_mut()))
        }
        MessageType::File(it) => {
            (&mut it.source, it.info.as_mut().and_then(|info| info.thumbnail_source.as_mut()))
        }
        MessageType::Audio(it) => (&mut it.source, None),
        _ => return Vec::new(),
    };
    [Some(source), small].into_iter().flatten().map(address).collect()
}

fn address(source: &mut MediaSource) -> &mut OwnedMxcUri {
    match source {
        MediaSource::Plain(address) => address,
        MediaSource::Encrypted(file) => &mut file.url,
    }
}

/// Whether the file lies at the hospital's server, and not at another one or, before it is sent, on this device.
fn is_here(core: &Core, file: &MxcUri) -> bool {
    file.server_name().is_ok_and(|server| server == core.own_id.server_name())
}

/// Gives a message that is passed on files of its own. Needs the network, if it has any.
///
/// Their addresses are added to `made`: if the message is not sent after all, [`forget`] deletes them. With a server that cannot copy, the message
/// keeps the files of the first one.
///
/// # Errors
/// [`Trouble::NotFound`] if a file is gone, and what a request can meet with.
pub(crate) async fn own_files(
    core: &Core,
    message: &mut MessageType,
    made: &mut Vec<OwnedMxcUri>,
) -> Result<(), Trouble> {
    for address in addresses(message).into_iter().filter(|address| is_here(core, address)) {
        match copy(&core.client, address).await {
            Ok(copy) => {
                made.push(copy.clone());
                *address = copy;
            }
            Err(Trouble::Other(code)) if code == "M_UNRECOGNIZED" => {}
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

/// Files to be deleted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Due {
    room: OwnedRoomId,
    /// The message whose deletion the server has to accept first.
    message: Option<OwnedEventId>,
    files: Vec<OwnedMxcUri>,
    /// How often the server has answered something that says neither yes nor no.
    tries: u8,
}

/// The files that are to be deleted.
#[derive(Default)]
pub(crate) struct Deleting {
    /// Held while a deletion is put into the queue, so that it is found there from the beginning.
    due: tokio::sync::Mutex<Vec<Due>>,
    /// Counted up when there may be something to do.
    wake: SharedObservable<u64>,
}

const KEPT_AS: &str = "konsil.files_to_delete";
/// Pause after a failed request while the server answers otherwise.
const RETRY_AFTER: Duration = Duration::from_secs(20);
/// After so many answers that say neither yes nor no a file is left to its retention period.
const MAX_TRIES: u8 = 20;

/// Reads what was noted before the app was closed.
pub(crate) async fn load(core: &Core) {
    *core.files.due.lock().await = kept::read(&core.client, KEPT_AS).await.unwrap_or_default();
}

/// Deletes a message, and its files once the server has accepted that. They are noted after `deletion` is in the queue: if the app ends in
/// between, they stay, for a message that is there must have them.
pub(crate) async fn with_files<E>(
    core: &Core,
    room: &Room,
    item: &EventTimelineItem,
    deletion: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let mut files = Vec::new();
    if let Some(message) = item.content().as_message().filter(|_| item.is_own()) {
        let mut message = message.msgtype().clone();
        files.extend(addresses(&mut message).into_iter().map(|address| address.clone()));
    }
    files.retain(|file| is_here(core, file));
    if files.is_empty() {
        return deletion.await;
    }
    let mut due = core.files.due.lock().await;
    deletion.await?;
    let message = item.event_id().map(ToOwned::to_owned);
    due.push(Due { room: room.room_id().to_owned(), message, files, tries: 0 });
    kept::write(&core.client, KEPT_AS, &*due).await;
    drop(due);
    flush(core);
    Ok(())
}

/// Deletes files that no message has got.
pub(crate) async fn forget(core: &Core, room: &Room, files: Vec<OwnedMxcUri>) {
    if files.is_empty() {
        return;
    }
    let mut due = core.files.due.lock().await;
    due.push(Due { room: room.room_id().to_owned(), message: None, files, tries: 0 });
    kept::write(&core.client, KEPT_AS, &*due).await;
    drop(due);
    flush(core);
}

/// There may be something to delete, or it can be tried again.
pub(crate) fn flush(core: &Core) {
    core.files.wake.update(|n| *n += 1);
}

/// Deletes what is due. Runs as long as the session.
pub(crate) async fn keep_deleting(core: Arc<Core>) {
    let mut wake = core.files.wake.subscribe();
    loop {
        let done = delete_what_is_due(&core).await;
        let is_online = core.connection.get() == Connection::Online;
        // Once the server answers again it is woken; a single failed request is tried again here.
        let pause = async {
            match done {
                Err(_) if is_online => sleep(RETRY_AFTER).await,
                _ => std::future::pending().await,
            }
        }
        .fuse();
        let woken = wake.next().fuse();
        pin_mut!(pause, woken);
        select! {
            () = pause => {}
            woken = woken => if woken.is_none() {
                return;
            },
        }
    }
}

/// Deletes one after the other what is due by now.
///
/// # Errors
/// What it has met with and is to be tried again.
async fn delete_what_is_due(core: &Core) -> Result<(), Trouble> {
    while let Some(next) = next_due(core).await {
        let mut met = Ok(());
        for file in &next.files {
            match delete(&core.client, file).await {
                // Deleted, or never ours to delete; an older server deletes nothing.
                Ok(()) | Err(Trouble::NotFound | Trouble::Refused) => {}
                Err(Trouble::Other(code)) if code == "M_UNRECOGNIZED" => {}
                Err(trouble) => met = Err(trouble),
            }
        }
        let is_answer = !matches!(met, Err(Trouble::NoConnection | Trouble::LoggedOut));
        let is_over = met.is_ok() || is_answer && next.tries >= MAX_TRIES;
        let mut due = core.files.due.lock().await;
        due.retain(|other| *other != next);
        if !is_over {
            // Behind the others, so that it holds none of them up.
            let tries = next.tries.saturating_add(u8::from(is_answer));
            due.push(Due { tries, ..next });
        }
        kept::write(&core.client, KEPT_AS, &*due).await;
        drop(due);
        met.inspect_err(|trouble| {
            tracing::warn!(trouble = trouble.code(), "The files of a message were not deleted");
        })?;
    }
    Ok(())
}

/// The files whose message is gone.
async fn next_due(core: &Core) -> Option<Due> {
    let due = core.files.due.lock().await;
    for next in due.iter() {
        if is_accepted(core, next).await {
            return Some(next.clone());
        }
    }
    None
}

/// Whether the server has accepted that the message is deleted: nothing else takes a deletion out of the queue, unless
/// somebody leaves the chat, who wished it gone all the same.
async fn is_accepted(core: &Core, due: &Due) -> bool {
    let Some(message) = &due.message else { return true };
    let Some(room) = core.client.get_room(&due.room) else { return true };
    let Ok((echoes, _)) = room.send_queue().subscribe().await else { return false };
    !echoes.iter().any(|echo| match &echo.content {
        LocalEchoContent::Redaction { redacts, .. } => redacts == message,
        LocalEchoContent::Event { .. } | LocalEchoContent::React { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(message: Value) -> Vec<String> {
        let mut message: MessageType = serde_json::from_value(message).expect("a message");
        addresses(&mut message).into_iter().map(|address| address.to_string()).collect()
    }

    fn encrypted(url: &str) -> Value {
        json!({
            "url": url, "v": "v2", "iv": "w+sE15fzSc0AAAAAAAAAAA",
            "key": {
                "alg": "A256CTR", "ext": true, "k": "aWF6-32KGYaC3A_FEUCk1Bt0JA37zP0wrStgmdCaW-0",
                "key_ops": ["encrypt", "decrypt"], "kty": "oct",
            },
            "hashes": { "sha256": "fdSLu/YkRx3Wyh3KQabP3rd6+SFiKg5lsJZQHtkSAYA" },
        })
    }

    #[test]
    fn every_kind_of_attachment_has_its_file_and_its_small_picture() {
        let (file, small) = ("mxc://klinikum.test/file", "mxc://klinikum.test/small");
        for kind in ["m.image", "m.video", "m.file"] {
            let with_both = json!({
                "msgtype": kind, "body": "a", "file": encrypted(file),
                "info": { "thumbnail_file": encrypted(small) },
            });
            assert_eq!(of(with_both), [file, small], "{kind}");
            let alone = json!({ "msgtype": kind, "body": "a", "file": encrypted(file) });
            assert_eq!(of(alone), [file], "{kind}");
        }
        let voice = json!({ "msgtype": "m.audio", "body": "a", "file": encrypted(file) });
        assert_eq!(of(voice), [file]);
        let in_clear = json!({
            "msgtype": "m.image", "body": "a", "url": file, "info": { "thumbnail_url": small },
        });
        assert_eq!(of(in_clear), [file, small]);
        assert!(of(json!({ "msgtype": "m.text", "body": file })).is_empty());
    }
}
