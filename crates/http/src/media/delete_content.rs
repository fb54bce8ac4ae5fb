//! `DELETE /_konsil/media/file/{serverName}/{mediaId}`: whoever has uploaded a file deletes it, and its thumbnails. 204; nobody reads it any more.
//!
//! 403 `M_FORBIDDEN`: somebody else has uploaded it. 404 `M_NOT_FOUND`: it is not here, so also when it is deleted again. [`media::delete`]
//! says why nobody else may.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use homeserver::{
    Session,
    limits::Subject,
    media::{self, DeleteError},
};

use super::address;
use crate::{endpoint::RawCall, error::ApiError};

pub async fn delete_content(call: RawCall, session: Session) -> Result<Response, ApiError> {
    let RawCall { hs, paths, .. } = call;
    hs.count(Subject::Request(session.user))?;
    let (server, media_id) = address(&paths).ok_or(DeleteError::NotFound)?;
    media::delete(&hs, &session, &server, media_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<DeleteError> for ApiError {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::NotFound => Self::not_found("There is no such file here"),
            DeleteError::NotYours => Self::forbidden("The file was uploaded by another user"),
            DeleteError::Store(error) => error.into(),
            DeleteError::Commit(error) => error.into(),
        }
    }
}
