//! Media: files and their `mxc://` addresses. <https://spec.matrix.org/v1.19/client-server-api/#content-repository>
//!
//! The bytes lie in [`blob`], the rows in [`store::media`]; the row is written last and deleted first, so a row always has its object. What
//! a crash leaves is an object without a row, which [`sweep`] deletes.

mod copy;
mod delete;
mod resumable;
mod sweep;
mod thumbnail;

use std::{ops::Range, time::Duration};

use base::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use blob::{Download, ObjectName, Stored, Upload};
use db::{Batch, CommitError};
use ruma::ServerName;
pub use store::media::File;
use store::media::Media;

use crate::{Homeserver, Session};
pub use copy::{CopyError, copy};
pub use delete::{DeleteError, delete};
pub use resumable::{
    Receiving, ResumableError, Standing, Turns, UNFINISHED, begin_in_parts, cancel,
    give_up_unfinished, receive, standing,
};
pub use sweep::{SweepError, Swept, missing_objects, sweep};
pub use thumbnail::{Picture, ThumbnailError, Thumbnails, Wanted, thumbnail};

/// How long an announced address is awaited.
pub const AWAITED: Duration = Duration::from_secs(24 * 60 * 60);
/// How many announced addresses a user may have open.
pub const MAX_AWAITED: u64 = 10;
/// Longest wait for a file that is still being uploaded.
pub const MAX_WAIT: Duration = Duration::from_secs(60);
/// Pause between two looks for it. On several nodes another one may take the upload, hence no wake-up in memory.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Longest content type and file name, in bytes.
const MAX_CONTENT_TYPE_BYTES: usize = 255;
const MAX_FILE_NAME_BYTES: usize = 1_024;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The address is not known, or is awaited no longer.
    #[error("the address is not known here")]
    NotFound,
    /// The address belongs to somebody else.
    #[error("the address was announced by somebody else")]
    NotYours,
    /// There is a file at this address already.
    #[error("there is a file at this address already")]
    Overwrite,
    /// The user has announced too many addresses.
    #[error("too many uploads were announced and not done")]
    TooManyAwaited,
    /// The file is larger than the hospital allows.
    #[error("the file is too large")]
    TooLarge,
    /// Content type or file name is not valid.
    #[error("content type or file name is not valid")]
    InvalidDescription,
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

/// Why a file is not given.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// No such file is here.
    #[error("no such file is here")]
    NotFound,
    /// The address was announced; the file is not here yet.
    #[error("the file is not uploaded yet")]
    NotYetUploaded,
    /// The media storage failed.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// What a client says of the file that it uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    content_type: Option<String>,
    file_name: Option<String>,
}

impl Description {
    /// Checks what a client says. An empty text says nothing.
    ///
    /// # Errors
    /// [`UploadError::InvalidDescription`] for what is too long or could not stand in a header.
    pub fn new(content_type: Option<&str>, file_name: Option<&str>) -> Result<Self, UploadError> {
        let content_type = content_type.map(str::trim).filter(|text| !text.is_empty());
        let file_name = file_name.filter(|text| !text.is_empty());
        let type_fits = |text: &str| {
            text.len() <= MAX_CONTENT_TYPE_BYTES
                && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
                && text.contains('/')
        };
        let name_fits =
            |text: &str| text.len() <= MAX_FILE_NAME_BYTES && !text.chars().any(char::is_control);
        if !content_type.is_none_or(type_fits) || !file_name.is_none_or(name_fits) {
            return Err(UploadError::InvalidDescription);
        }
        Ok(Self {
            content_type: content_type.map(str::to_owned),
            file_name: file_name.map(str::to_owned),
        })
    }

    fn of(self, stored: Stored) -> File {
        File {
            object: stored.name.to_string(),
            size_bytes: stored.size_bytes,
            sha256: stored.sha256.to_vec(),
            content_type: self.content_type,
            file_name: self.file_name,
        }
    }
}

/// Announces an address that is filled later: media id, and until when.
pub async fn announce(
    hs: &Homeserver,
    session: &Session,
) -> Result<(String, Timestamp), UploadError> {
    let now = hs.clock.now();
    let expired = awaited_since(now);
    if store::media::count_awaited(&hs.db, session.user, expired).await? >= MAX_AWAITED {
        return Err(UploadError::TooManyAwaited);
    }
    let media_id = new_media_id();
    let mut batch = Batch::new();
    store::media::delete_expired(&mut batch, session.user, expired);
    store::media::insert_media(
        &mut batch,
        &media_id,
        &Media { user: session.user, created: now, file: None },
    );
    hs.db.commit(batch).await?;
    Ok((media_id, now.after(AWAITED)))
}

/// Checks, before a byte is read, that the user may fill this address.
pub async fn check_announced(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
) -> Result<(), UploadError> {
    if !is_media_id(media_id) {
        return Err(UploadError::NotFound);
    }
    let media = store::media::media(&hs.db, media_id).await?.ok_or(UploadError::NotFound)?;
    if media.user != session.user {
        return Err(UploadError::NotYours);
    }
    if media.file.is_some() {
        return Err(UploadError::Overwrite);
    }
    if media.created <= awaited_since(hs.clock.now()) { Err(UploadError::NotFound) } else { Ok(()) }
}

/// Begins to take a file. Add bytes with [`Upload::write`], then call [`finish`] or [`finish_announced`].
pub fn begin(hs: &Homeserver) -> Upload {
    hs.blobs.create(new_object_name())
}

/// Keeps a file under a new address, and gives its media id. Durable when this returns.
pub async fn finish(
    hs: &Homeserver,
    session: &Session,
    upload: Upload,
    description: Description,
) -> Result<String, UploadError> {
    let stored = upload.finish().await?;
    let (media_id, object) = (new_media_id(), stored.name.clone());
    let file = Some(description.of(stored));
    let mut batch = Batch::new();
    let media = Media { user: session.user, created: hs.clock.now(), file };
    store::media::insert_media(&mut batch, &media_id, &media);
    commit_or_delete(hs, batch, &object).await?;
    Ok(media_id)
}

/// Keeps a file under an address that was announced. Durable when this returns.
pub async fn finish_announced(
    hs: &Homeserver,
    session: &Session,
    media_id: &str,
    upload: Upload,
    description: Description,
) -> Result<(), UploadError> {
    let stored = upload.finish().await?;
    if let Err(error) = check_announced(hs, session, media_id).await {
        hs.blobs.delete(&stored.name).await?;
        return Err(error);
    }
    let object = stored.name.clone();
    let mut batch = Batch::new();
    store::media::complete_media(&mut batch, media_id, &description.of(stored));
    match commit_or_delete(hs, batch, &object).await {
        Err(CommitError::Conflict { .. }) => Err(UploadError::Overwrite),
        done => Ok(done?),
    }
}

/// Commits the row of an object; without a row the object is deleted. If the database does not say whether it has the row,
/// the object stays: the sweep decides later.
async fn commit_or_delete(
    hs: &Homeserver,
    batch: Batch,
    object: &ObjectName,
) -> Result<(), CommitError> {
    let done = hs.db.commit(batch).await;
    let is_refused = matches!(
        done,
        Err(CommitError::Conflict { .. }
            | CommitError::Invalid { .. }
            | CommitError::BadValue { .. })
    );
    if is_refused && let Err(error) = hs.blobs.delete(object).await {
        tracing::warn!(%error, "An object without a row is left to the sweep");
    }
    done.map(|_| ())
}

/// The file at an address of this server. Waits up to `wait` for one that is announced.
pub async fn find(
    hs: &Homeserver,
    server: &ServerName,
    media_id: &str,
    wait: Duration,
) -> Result<File, DownloadError> {
    if server != hs.server_name || !is_media_id(media_id) {
        return Err(DownloadError::NotFound);
    }
    let deadline = tokio::time::Instant::now() + wait.min(MAX_WAIT);
    loop {
        let media = store::media::media(&hs.db, media_id).await?.ok_or(DownloadError::NotFound)?;
        if let Some(file) = media.file {
            return Ok(file);
        }
        if media.created <= awaited_since(hs.clock.now()) {
            return Err(DownloadError::NotFound);
        }
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Err(DownloadError::NotYetUploaded);
        }
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
    }
}

/// The bytes of a file that lie in `range`.
pub async fn open(
    hs: &Homeserver,
    file: &File,
    range: Range<u64>,
) -> Result<Download, DownloadError> {
    open_object(hs, &file.object, range).await
}

/// As [`open`], for a thumbnail.
pub async fn open_picture(hs: &Homeserver, picture: &Picture) -> Result<Download, DownloadError> {
    open_object(hs, &picture.object, 0..picture.size_bytes).await
}

async fn open_object(
    hs: &Homeserver,
    object: &str,
    range: Range<u64>,
) -> Result<Download, DownloadError> {
    Ok(hs.blobs.read(&object_named(object)?, range).await?)
}

/// The name of an object, as a row has it.
fn object_named(object: &str) -> Result<ObjectName, db::Error> {
    ObjectName::parse(object).map_err(|_| db::Error::corrupt("media.object"))
}

/// Addresses that were announced at or before this moment are no longer awaited.
pub(crate) fn awaited_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(u64::try_from(AWAITED.as_millis()).unwrap_or(u64::MAX)))
}

/// 192 random bits: who does not know an address does not find it.
fn new_media_id() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

fn new_object_name() -> ObjectName {
    ObjectName::from_random(rand::random())
}

/// <https://spec.matrix.org/v1.19/client-server-api/#security-considerations-5>
fn is_media_id(media_id: &str) -> bool {
    let is_allowed = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_');
    !media_id.is_empty() && media_id.len() <= 255 && media_id.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_ids_are_what_the_specification_allows_and_no_path() {
        assert!(is_media_id(&new_media_id()));
        assert_ne!(new_media_id(), new_media_id());
        for id in ["", "..", "a/b", "a\0", "ä", "a b", &"x".repeat(256)] {
            assert!(!is_media_id(id), "{id:?}");
        }
    }

    #[test]
    fn a_description_can_stand_in_a_header() {
        let says = |content_type, file_name| Description::new(content_type, file_name);
        assert!(says(Some("image/png"), Some("Röntgen Thorax.png")).is_ok());
        assert_eq!(says(Some(" "), Some("")).unwrap(), Description::default());
        let long = format!("a/{}", "x".repeat(300));
        for content_type in ["image", "image/png\r\nX: y", "image/pñg", &long] {
            assert!(says(Some(content_type), None).is_err(), "{content_type:?}");
        }
        let long = "x".repeat(2_000);
        for file_name in ["two\nlines", "nul\0", &long] {
            assert!(says(None, Some(file_name)).is_err(), "{file_name:?}");
        }
    }

    #[test]
    fn an_announced_address_is_awaited_for_a_day() {
        let announced = Timestamp(1_000_000_000_000);
        assert!(announced > awaited_since(announced.after(AWAITED - Duration::from_secs(1))));
        assert!(announced <= awaited_since(announced.after(AWAITED)));
    }
}
