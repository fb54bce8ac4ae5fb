//! Sending what waits, one file after the other.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, pin_mut, select};
use matrix_sdk::sleep::sleep;

use super::{
    PIECE_BYTES, Step,
    message::queue,
    outbox::{Outgoing, database},
    place, requests,
};
use crate::{Connection, chat::SendFailure, session::core::Core, trouble::Trouble};

/// Pause after a failed request while the server answers otherwise.
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// Sends what waits, one file after the other. Runs as long as the session.
pub(crate) async fn keep_sending(core: Arc<Core>) {
    let mut wake = core.large.wake.subscribe();
    loop {
        let done = match forget_cancelled(&core).await {
            Ok(()) => match next(&core) {
                Some(id) => send(&core, &id).await,
                None => {
                    if wake.next().await.is_none() {
                        return;
                    }
                    continue;
                }
            },
            Err(trouble) => Err(trouble),
        };
        if done.is_ok() {
            continue;
        }
        pause(&core);
        let is_online = core.connection.get() == Connection::Online;
        // Once the server answers again it is woken; a single failed request is tried again here.
        let pause = async {
            match is_online {
                true => sleep(RETRY_AFTER).await,
                false => std::future::pending().await,
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

/// The file whose turn it is.
fn next(core: &Core) -> Option<String> {
    let kept = core.large.kept.lock().expect("no panic while held");
    let is_ready =
        |file: &&Outgoing| file.failure.is_none() && (file.keys.is_some() || file.uri.is_some());
    kept.files.iter().find(is_ready).map(|file| file.id.clone())
}

fn pause(core: &Core) {
    if let Some(id) = next(core) {
        core.large.show(&id, |file| file.step = Some(Step::Paused));
    }
}

/// Has the server forget what was cancelled.
async fn forget_cancelled(core: &Core) -> Result<(), Trouble> {
    loop {
        let first = {
            let kept = core.large.kept.lock().expect("no panic while held");
            kept.cancelled.first().cloned()
        };
        let Some(upload) = first else { return Ok(()) };
        if let Err(Trouble::NoConnection) = requests::cancel(&core.client, &upload).await {
            return Err(Trouble::NoConnection);
        }
        // What the server does not know is forgotten already.
        {
            let mut kept = core.large.kept.lock().expect("no panic while held");
            kept.cancelled.retain(|other| *other != upload);
        }
        core.large.keep(core).await;
    }
}

/// Sends a file and then its message. An error only for what goes on by itself.
async fn send(core: &Arc<Core>, id: &str) -> Result<(), Trouble> {
    let mut changed = core.large.changed.subscribe();
    let sent = async {
        upload(core, id).await?;
        queue(core, id).await
    }
    .fuse();
    pin_mut!(sent);
    let sent = loop {
        select! {
            sent = sent => break sent,
            // Whoever cancels waits for no piece: the request ends with its future.
            _ = changed.next().fuse() => if core.large.is_stopped(id) {
                return Ok(());
            },
        }
    };
    match sent {
        Ok(()) => Ok(()),
        Err(Stopped::Later) => Err(Trouble::NoConnection),
        Err(Stopped::Failed(failure)) => {
            core.large.show(id, |file| file.failure = Some(failure));
            Ok(())
        }
    }
}

/// Why a file does not go on.
pub(super) enum Stopped {
    /// It goes on by itself.
    Later,
    Failed(SendFailure),
}

impl From<Trouble> for Stopped {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoConnection | Trouble::LoggedOut => Self::Later,
            Trouble::TooLarge => Self::Failed(SendFailure::TooLarge),
            Trouble::Refused => Self::Failed(SendFailure::Refused),
            Trouble::Other(code) if code == "M_LIMIT_EXCEEDED" => Self::Later,
            _ => Self::Failed(SendFailure::Other),
        }
    }
}

/// Sends what the server does not have yet.
async fn upload(core: &Core, id: &str) -> Result<(), Stopped> {
    let database = database(core);
    loop {
        let file = core.large.file(id).ok_or(Stopped::Later)?;
        if file.uri.is_some() {
            return Ok(());
        }
        let looked = match &file.upload {
            Some(upload) => requests::look(&core.client, upload).await,
            None => requests::begin(&core.client, file.size_bytes).await,
        };
        let mut standing = match looked {
            Ok(standing) => standing,
            // Too long ago: the server awaits the rest no longer.
            Err(Trouble::NotFound) if file.upload.is_some() => {
                core.large.show(id, |file| file.upload = None);
                continue;
            }
            Err(trouble) => return Err(trouble.into()),
        };
        if file.upload.is_none() {
            let upload = standing.upload_id.clone();
            core.large.show(id, |file| file.upload = Some(upload));
            // Before the first part: a file whose place is not known would be sent twice.
            core.large.keep(core).await;
        }
        core.large.show(id, |file| {
            file.step = Some(Step::Sending);
            file.done_bytes = standing.offset;
        });
        while standing.content_uri.is_none() {
            core.large.progress(id, standing.offset);
            let part = part(&database, id, standing.offset, file.size_bytes).await?;
            let is_last = standing.offset + part.len() as u64 == file.size_bytes;
            let sent =
                requests::append(&core.client, &standing.upload_id, standing.offset, part, is_last);
            standing = match sent.await {
                Ok(standing) => standing,
                // The server has more or less than we know: asked anew.
                Err(Trouble::Other(code)) if code == "DE.KONSIL.UPLOAD_OFFSET" => break,
                Err(Trouble::NotFound) => break,
                Err(trouble) => return Err(trouble.into()),
            };
        }
        if let Some(uri) = standing.content_uri {
            core.large.show(id, |file| {
                file.uri = Some(uri);
                file.done_bytes = file.size_bytes;
            });
            core.large.keep(core).await;
        }
    }
}

/// The rest of the piece in which `offset` lies; nothing at the end of the file.
async fn part(database: &str, id: &str, offset: u64, size_bytes: u64) -> Result<Vec<u8>, Stopped> {
    if offset >= size_bytes {
        return Ok(Vec::new());
    }
    let piece = place::read(database, id, offset / PIECE_BYTES).await;
    let lost = Stopped::Failed(SendFailure::AttachmentLost);
    let Ok(Some(mut piece)) = piece else { return Err(lost) };
    let from = usize::try_from(offset % PIECE_BYTES).unwrap_or(usize::MAX);
    if from >= piece.len() {
        return Err(lost);
    }
    piece.drain(..from);
    Ok(piece)
}
