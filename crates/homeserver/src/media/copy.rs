//! A second address for the bytes of a file: for a message that is passed on, so that it does not lose its file when the first one does.

use std::time::Duration;

use db::{Batch, CommitError};
use ruma::ServerName;
use store::media::{File, Media};

use super::{DownloadError, commit_or_delete, find, new_media_id, new_object_name, object_named};
use crate::{Homeserver, Session};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file is not here, not yet, or cannot be read.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The file is larger than the hospital allows by now.
    #[error("the file is too large")]
    TooLarge,
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

/// Gives this user an address of their own for the bytes of a file that they may download, and tells its media id. The copy is made now, and
/// each of the two is kept and deleted by itself. Durable when this returns.
///
/// Whoever may download a file could upload it again, so nothing else is asked, and the limit of an upload holds.
pub async fn copy(
    hs: &Homeserver,
    session: &Session,
    server: &ServerName,
    media_id: &str,
) -> Result<String, CopyError> {
    let file = find(hs, server, media_id, Duration::ZERO).await?;
    if file.size_bytes > hs.policy.max_upload_bytes {
        return Err(CopyError::TooLarge);
    }
    let object = new_object_name();
    match hs.blobs.copy(&object_named(&file.object)?, &object).await {
        Ok(()) => {}
        Err(error @ blob::Error::NotFound) => {
            // Deleted just now, unless its row is still there: then the storage has lost it.
            find(hs, server, media_id, Duration::ZERO).await?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    }
    let copy_id = new_media_id();
    let file = File { object: object.to_string(), ..file };
    let media = Media { user: session.user, created: hs.clock.now(), file: Some(file) };
    let mut batch = Batch::new();
    store::media::insert_media(&mut batch, &copy_id, &media);
    commit_or_delete(hs, batch, &object).await?;
    Ok(copy_id)
}
