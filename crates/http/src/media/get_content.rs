//! `GET /_matrix/client/v1/media/download/{serverName}/{mediaId}`, and with `/{fileName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid>

use axum::{http::request::Parts, response::Response};
use homeserver::{
    Homeserver, Session,
    media::{self, File},
};
use ruma::api::client::authenticated_media::{get_content, get_content_as_filename};

use super::{
    range::{self, Asked},
    serve::{self, Head},
};
use crate::{endpoint::Call, error::ApiError};

pub async fn get_content(
    Call { hs, request, parts }: Call<get_content::v1::Request>,
    _: Session,
) -> Result<Response, ApiError> {
    let file =
        media::find(&hs, &request.server_name, &request.media_id, request.timeout_ms).await?;
    answer(&hs, &parts, file).await
}

pub async fn get_content_as_filename(
    Call { hs, request, parts }: Call<get_content_as_filename::v1::Request>,
    _: Session,
) -> Result<Response, ApiError> {
    let file =
        media::find(&hs, &request.server_name, &request.media_id, request.timeout_ms).await?;
    answer(&hs, &parts, File { file_name: Some(request.filename), ..file }).await
}

async fn answer(hs: &Homeserver, parts: &Parts, file: File) -> Result<Response, ApiError> {
    let head = Head::of(&file);
    let part = match range::asked(&parts.headers, &head.etag, file.size_bytes) {
        Asked::NotModified => return Ok(head.not_modified()),
        Asked::Unsatisfiable => return Ok(range::unsatisfiable(file.size_bytes)),
        Asked::Whole => None,
        Asked::Part(part) => Some(part),
    };
    if serve::wants_no_body(parts) {
        return Ok(head.without_body(file.size_bytes, part));
    }
    let download = media::open(hs, &file, part.clone().unwrap_or(0..file.size_bytes)).await?;
    Ok(head.with_body(download, part))
}
