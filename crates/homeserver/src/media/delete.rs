//! Deleting files: with the message that has brought them, before their period is over.

use db::{Batch, CommitError};
use ruma::ServerName;

use super::{is_media_id, object_named};
use crate::{Homeserver, Session};

/// Why a file was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such address here, or no longer.
    #[error("no such file is here")]
    NotFound,
    /// Somebody else has uploaded the file.
    #[error("the file was uploaded by somebody else")]
    NotYours,
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing the database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Deletes a file of this user, its thumbnails and its address. An address that was announced only is gone as well.
///
/// Only who has uploaded a file deletes it. Whoever manages a room may delete another's message there, but not the file behind it:
/// which room a file belongs to stands in the encrypted message alone, so the server would have to take the manager's word
/// for it, and with that anybody who manages some room could delete any file whose address they know. Such a file goes with
/// its retention period. Nor does the server ask whether the file is a profile's or a room's picture: that picture is then gone.
///
/// The rows go first, in one batch, and the objects once it is committed: from then on nobody reads the file. What a crash or the
/// storage leaves of the objects, or a thumbnail that is being made at this moment, the sweep finds.
pub async fn delete(
    hs: &Homeserver,
    session: &Session,
    server: &ServerName,
    media_id: &str,
) -> Result<(), DeleteError> {
    if server != hs.server_name || !is_media_id(media_id) {
        return Err(DeleteError::NotFound);
    }
    let media = store::media::media(&hs.db, media_id).await?.ok_or(DeleteError::NotFound)?;
    if media.user != session.user {
        return Err(DeleteError::NotYours);
    }
    let mut objects = store::media::thumbnail_objects(&hs.db, media_id).await?;
    objects.extend(media.file.map(|file| file.object));
    let mut batch = Batch::new();
    store::media::delete_media(&mut batch, media_id);
    match hs.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => return Err(DeleteError::NotFound),
        done => done.map(drop)?,
    }
    for object in objects {
        if let Err(error) = hs.blobs.delete(&object_named(&object)?).await {
            tracing::warn!(%error, "The object of a deleted file is left to the sweep");
        }
    }
    Ok(())
}
