//! Files that come in parts: what was received is on the disk and in its row, and the sender goes on from there after a lost connection
//! or a restart of either side. The complete file is one like any other.
//!
//! How much was received the row alone says, which is written after the disk has the bytes: what lies behind that is cut off when
//! the next part comes. So what was acknowledged is there after any crash, and nothing else is.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base::Timestamp;
use blob::{Append, ObjectName};
use bytes::Bytes;
use db::{Batch, CommitError};
use parking_lot::Mutex;
use store::media::{File, Media, UnfinishedUpload};
use tokio::sync::{OwnedMutexGuard, watch};

use super::{Description, commit_or_delete, is_media_id, new_media_id, new_object_name};
use crate::{Homeserver, Session};

/// How long the rest of a file is awaited after its last part.
pub const UNFINISHED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many unfinished files a user may have.
const MAX_UNFINISHED: u64 = 20;

/// Why a part was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ResumableError {
    /// No such file is awaited from this user: unknown, somebody else's, given up or complete.
    #[error("no such file is awaited")]
    NotFound,
    /// The user has too many unfinished files.
    #[error("too many uploads are not finished")]
    TooMany,
    /// The file is larger than the hospital allows.
    #[error("the file is too large")]
    TooLarge,
    /// The part does not follow what was received so far.
    #[error("{received_bytes} bytes were received so far")]
    Elsewhere {
        /// Where the next part begins.
        received_bytes: u64,
    },
    /// More comes than was announced.
    #[error("more comes than was announced")]
    BeyondEnd,
    /// The media storage failed.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing the database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// So much is on the disk.
    pub received_bytes: u64,
    /// Of so much.
    pub size_bytes: u64,
    /// It is a file like any other.
    pub is_complete: bool,
}

/// One request at a time adds to a file. The newest one counts: its sender has given up on the one before, which may not have
/// noticed yet that its connection is dead.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashMap<String, Arc<Turn>>>);

#[derive(Debug, Default)]
struct Turn {
    /// Counted up by each who comes.
    comers: watch::Sender<u64>,
    held: Arc<tokio::sync::Mutex<()>>,
}

/// The right to add to a file.
#[derive(Debug)]
struct Held {
    later: watch::Receiver<u64>,
    _turn: Arc<Turn>,
    _guard: OwnedMutexGuard<()>,
}

impl Turns {
    async fn take(&self, media_id: &str) -> Held {
        let (turn, later) = {
            let mut turns = self.0.lock();
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            let turn = turns.entry(media_id.to_owned()).or_default().clone();
            turn.comers.send_modify(|comers| *comers += 1);
            let later = turn.comers.subscribe();
            (turn, later)
        };
        let guard = turn.held.clone().lock_owned().await;
        Held { later, _turn: turn, _guard: guard }
    }
}

/// A part that is being received.
#[derive(Debug)]
pub struct Receiving {
    held: Held,
    media_id: String,
    upload: UnfinishedUpload,
    append: Append,
}

/// Begins a file of this size, and gives its address. Durable when this returns.
pub async fn begin_in_parts(
    hs: &Homeserver,
    session: &Session,
    size_bytes: u64,
    description: Description,
) -> Result<String, ResumableError> {
    if size_bytes > hs.policy.max_upload_bytes {
        return Err(ResumableError::TooLarge);
    }
    if store::media::count_uploads(&hs.db, session.user).await? >= MAX_UNFINISHED {
        return Err(ResumableError::TooMany);
    }
    let (media_id, object) = (new_media_id(), new_object_name());
    hs.blobs.create_empty(&object).await?;
    let upload = UnfinishedUpload {
        user: session.user,
        object: object.to_string(),
        size_bytes,
        received_bytes: 0,
        content_type: description.content_type,
        file_name: description.file_name,
    };
    let mut batch = Batch::new();
    store::media::insert_upload(&mut batch, &media_id, &upload, hs.clock.now());
    commit_or_delete(hs, batch, &object).await?;
    Ok(media_id)
}

/// How far a file of this user has come. Whoever still sends a part of it is stopped first: the asker goes on from what is told here.
pub async fn standing(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
) -> Result<Standing, ResumableError> {
    match awaited(hs, session, media_id).await {
        Ok(_) => {}
        Err(ResumableError::NotFound) => return complete(hs, session, media_id).await,
        Err(error) => return Err(error),
    }
    let _held = hs.upload_turns.take(media_id).await;
    match awaited(hs, session, media_id).await {
        Ok(UnfinishedUpload { received_bytes, size_bytes, .. }) => {
            Ok(Standing { received_bytes, size_bytes, is_complete: false })
        }
        Err(ResumableError::NotFound) => complete(hs, session, media_id).await,
        Err(error) => Err(error),
    }
}

/// A file that has become complete, and whose sender may not have heard of it.
async fn complete(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
) -> Result<Standing, ResumableError> {
    if !is_media_id(media_id) {
        return Err(ResumableError::NotFound);
    }
    let media = store::media::media(&hs.db, media_id).await?;
    let file = media.filter(|media| media.user == session.user).and_then(|media| media.file);
    let size_bytes = file.ok_or(ResumableError::NotFound)?.size_bytes;
    Ok(Standing { received_bytes: size_bytes, size_bytes, is_complete: true })
}

/// Begins to receive the part of a file that starts at `offset`.
pub async fn receive(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
    offset: u64,
) -> Result<Receiving, ResumableError> {
    // Strangers to the file stop nobody.
    awaited(hs, session, media_id).await?;
    let held = hs.upload_turns.take(media_id).await;
    let upload = awaited(hs, session, media_id).await?;
    if offset != upload.received_bytes {
        return Err(ResumableError::Elsewhere { received_bytes: upload.received_bytes });
    }
    let append = hs.blobs.append(&object_of(&upload)?, offset).await?;
    Ok(Receiving { held, media_id: media_id.to_owned(), upload, append })
}

impl Receiving {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`ResumableError::BeyondEnd`]; what came before can still be kept. Others: nothing more can be added or kept.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), ResumableError> {
        if self.append.size_bytes() + bytes.len() as u64 > self.upload.size_bytes {
            return Err(ResumableError::BeyondEnd);
        }
        Ok(self.append.write(bytes).await?)
    }

    /// Returns when somebody wants to go on in another request.
    pub async fn displaced(&mut self) {
        if self.held.later.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Keeps what has come, and with `is_last` makes it a file, if all of it is there. Durable when this returns.
    pub async fn keep(self, hs: &Homeserver, is_last: bool) -> Result<Standing, ResumableError> {
        let Self { held, media_id, upload, append } = self;
        let received_bytes = append.keep().await?;
        let is_complete = is_last && received_bytes == upload.size_bytes;
        let mut batch = Batch::new();
        if is_complete {
            let object = object_of(&upload)?;
            let sha256 = hs.blobs.sha256(&object).await?.to_vec();
            let UnfinishedUpload { user, object, size_bytes, content_type, file_name, .. } = upload;
            let file = File { object, size_bytes, sha256, content_type, file_name };
            let media = Media { user, created: hs.clock.now(), file: Some(file) };
            store::media::delete_upload(&mut batch, &media_id);
            store::media::insert_media(&mut batch, &media_id, &media);
        } else {
            let before = upload.received_bytes;
            let now = hs.clock.now();
            store::media::advance_upload(&mut batch, &media_id, before, received_bytes, now);
        }
        gone_by_conflict(hs.db.commit(batch).await.map(drop))?;
        drop(held);
        Ok(Standing { received_bytes, size_bytes: upload.size_bytes, is_complete })
    }
}

/// Gives up a file of this user and deletes what has come of it.
pub async fn cancel(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
) -> Result<(), ResumableError> {
    awaited(hs, session, media_id).await?;
    let _held = hs.upload_turns.take(media_id).await;
    let upload = awaited(hs, session, media_id).await?;
    let mut batch = Batch::new();
    store::media::delete_upload(&mut batch, media_id);
    gone_by_conflict(hs.db.commit(batch).await.map(drop))?;
    Ok(hs.blobs.delete(&object_of(&upload)?).await?)
}

/// Gives up the files of which no part has come for [`UNFINISHED`].
pub async fn give_up_unfinished(hs: &Homeserver, now: Timestamp) -> Result<(), ResumableError> {
    let unfinished_ms = u64::try_from(UNFINISHED.as_millis()).unwrap_or(u64::MAX);
    let until = Timestamp(now.0.saturating_sub(unfinished_ms));
    for (media_id, object) in store::media::uploads_touched_until(&hs.db, until).await? {
        let mut batch = Batch::new();
        store::media::delete_upload_if_old(&mut batch, &media_id, until);
        match gone_by_conflict(hs.db.commit(batch).await.map(drop)) {
            Ok(()) => {}
            Err(ResumableError::NotFound) => continue,
            Err(error) => return Err(error),
        }
        let name = ObjectName::parse(&object).map_err(|_| db::Error::corrupt("uploads.object"))?;
        hs.blobs.delete(&name).await?;
    }
    Ok(())
}

/// A file that this user sends in parts.
async fn awaited(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
) -> Result<UnfinishedUpload, ResumableError> {
    if !is_media_id(media_id) {
        return Err(ResumableError::NotFound);
    }
    let upload = store::media::upload(&hs.db, media_id).await?;
    // Who sends what is nobody else's business: an address of somebody else is as unknown as any.
    upload.filter(|upload| upload.user == session.user).ok_or(ResumableError::NotFound)
}

fn object_of(upload: &UnfinishedUpload) -> Result<ObjectName, db::Error> {
    ObjectName::parse(&upload.object).map_err(|_| db::Error::corrupt("uploads.object"))
}

/// A guard that falls says that the file was given up meanwhile.
fn gone_by_conflict(done: Result<(), CommitError>) -> Result<(), ResumableError> {
    match done {
        Err(CommitError::Conflict { .. }) => Err(ResumableError::NotFound),
        done => Ok(done?),
    }
}
