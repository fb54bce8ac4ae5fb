//! Media: upload, download and thumbnails.
//!
//! Downloads need an access token (`/_matrix/client/v1/media/…`). The old paths without one answer `M_NOT_FOUND`, as on every
//! server that has frozen them. Previews of web pages do not exist: the server would have to ask strangers for them.

use axum::http::{Method, StatusCode};
use homeserver::media::{DownloadError, ThumbnailError, UploadError};
use ruma::{
    OwnedServerName, ServerName,
    api::error::{ErrorKind, LimitExceededErrorData},
};

use crate::{Endpoints, error::ApiError};

pub mod copy_content;
pub mod create_content;
pub mod create_mxc_uri;
pub mod delete_content;
pub mod get_content;
pub mod get_content_thumbnail;
pub mod get_media_config;
pub mod range;
pub mod resumable;
pub mod serve;
pub mod unauthenticated;

const FILE: &str = "/_konsil/media/file/{server_name}/{media_id}";
const COPY: &str = "/_konsil/media/file/{server_name}/{media_id}/copy";

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .with(create_content::routes)
        .with(resumable::routes)
        .user(create_mxc_uri::create_mxc_uri)
        .user(get_media_config::get_media_config)
        .user(get_media_config::get_media_config_of_old)
        .user(get_content::get_content)
        .user(get_content::get_content_as_filename)
        .user(get_content_thumbnail::get_content_thumbnail)
        .raw_user(Method::DELETE, &[FILE], delete_content::delete_content)
        .raw_user(Method::POST, &[COPY], copy_content::copy_content)
        .with(unauthenticated::routes)
}

/// The address that the variables of a path are; `None` for what is none.
fn address(paths: &[String]) -> Option<(OwnedServerName, &str)> {
    let [server, media_id] = paths else { return None };
    Some((ServerName::parse(server).ok()?, media_id))
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotFound => {
                Self::not_found("The address is not known, or is awaited no longer")
            }
            UploadError::NotYours => Self::forbidden("The address was announced by another user"),
            UploadError::Overwrite => Self::new(
                StatusCode::CONFLICT,
                ErrorKind::CannotOverwriteMedia,
                "There is a file at this address already",
            ),
            UploadError::TooManyAwaited => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorKind::LimitExceeded(LimitExceededErrorData::new()),
                "Too many uploads were announced and not done",
            ),
            UploadError::TooLarge => {
                Self::too_large("The file is larger than this hospital allows")
            }
            UploadError::InvalidDescription => {
                Self::invalid_param("Content type or file name is not valid")
            }
            UploadError::Blob(error) => error.into(),
            UploadError::Store(error) => error.into(),
            UploadError::Commit(error) => error.into(),
        }
    }
}

impl From<DownloadError> for ApiError {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::NotFound => Self::not_found("There is no such file here"),
            DownloadError::NotYetUploaded => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                ErrorKind::NotYetUploaded,
                "The file is not uploaded yet",
            ),
            DownloadError::Blob(error) => error.into(),
            DownloadError::Store(error) => error.into(),
        }
    }
}

impl From<ThumbnailError> for ApiError {
    fn from(error: ThumbnailError) -> Self {
        match error {
            ThumbnailError::NotAPicture => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorKind::Unknown,
                "No thumbnail can be made of this file",
            ),
            ThumbnailError::TooLarge => Self::too_large("The picture is too large for a thumbnail"),
            ThumbnailError::InvalidSize => {
                Self::invalid_param("A thumbnail is at least one pixel wide and high")
            }
            ThumbnailError::Download(error) => error.into(),
            ThumbnailError::Blob(error) => error.into(),
            ThumbnailError::Store(error) => error.into(),
            ThumbnailError::Commit(error) => error.into(),
        }
    }
}

impl From<blob::Error> for ApiError {
    fn from(error: blob::Error) -> Self {
        tracing::error!(%error, "The media storage failed");
        Self::unavailable()
    }
}
