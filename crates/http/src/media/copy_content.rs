//! `POST /_konsil/media/file/{serverName}/{mediaId}/copy`: an address of the asker's own for the bytes of a file, which are not sent again:
//! `{"content_uri": "mxc://…"}`, as at `/upload`. The copy is made now, and stays when the other one is deleted.
//!
//! Who may download the file may copy it. 404 `M_NOT_FOUND`: it is not here. 504 `M_NOT_YET_UPLOADED`. 413 `M_TOO_LARGE`: the hospital
//! takes no files as large by now.

use homeserver::{
    Session,
    limits::Subject,
    media::{self, CopyError, DownloadError, UploadError},
};
use serde_json::json;

use super::address;
use crate::{
    endpoint::{Json, RawCall},
    error::ApiError,
};

pub async fn copy_content(call: RawCall, session: Session) -> Result<Json, ApiError> {
    let RawCall { hs, paths, .. } = call;
    hs.count(Subject::Request(session.user))?;
    let (server, media_id) = address(&paths).ok_or(DownloadError::NotFound)?;
    let copy = media::copy(&hs, &session, &server, media_id).await?;
    let answer = json!({ "content_uri": format!("mxc://{}/{copy}", hs.server_name) });
    Ok(Json(answer.to_string().into()))
}

impl From<CopyError> for ApiError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Download(error) => error.into(),
            CopyError::TooLarge => UploadError::TooLarge.into(),
            CopyError::Blob(error) => error.into(),
            CopyError::Store(error) => error.into(),
            CopyError::Commit(error) => error.into(),
        }
    }
}
