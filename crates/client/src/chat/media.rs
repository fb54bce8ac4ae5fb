//! Fetching attachments.

use matrix_sdk::media::{MediaFormat, MediaRequestParameters};
use ruma::events::room::MediaSource;

use super::{Chat, MediaError, MediaRef};
use crate::{
    large::{Sink, download},
    trouble::Trouble,
};

impl Chat {
    /// Fetches and decrypts an attachment; from memory if it was fetched before. Never touches the device's storage.
    pub async fn media(&self, media: &MediaRef) -> Result<Vec<u8>, MediaError> {
        let source: MediaSource = serde_json::from_str(&media.0)
            .map_err(|_| MediaError::Failed("not a media source".into()))?;
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        let client = &self.inner.open.core.client;
        client.media().get_media_content(&request, true).await.map_err(|error| match &error {
            matrix_sdk::Error::DecryptorError(_) | matrix_sdk::Error::Io(_) => MediaError::Damaged,
            other => match Trouble::of(other) {
                Trouble::NoConnection => MediaError::NoConnection,
                Trouble::NotFound => MediaError::Gone,
                trouble => MediaError::Failed(trouble.code()),
            },
        })
    }

    /// Fetches and decrypts an attachment piece by piece, for what is large: memory does not grow with it. Without network it waits and goes on where it
    /// was; dropping the future stops it.
    ///
    /// # Errors
    /// What has come is not the file then. [`MediaError::Damaged`]: its hash is not the one that the sender has given.
    pub async fn media_in_pieces(
        &self,
        media: &MediaRef,
        sink: &mut impl Sink,
    ) -> Result<(), MediaError> {
        let source: MediaSource = serde_json::from_str(&media.0)
            .map_err(|_| MediaError::Failed("not a media source".into()))?;
        download::fetch(&self.inner.open.core, source, sink).await
    }
}
