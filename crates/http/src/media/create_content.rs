//! `POST /_matrix/media/v3/upload`, `PUT /_matrix/media/v3/upload/{serverName}/{mediaId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload>
//!
//! The body is streamed to the disk and never held in memory as a whole.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Query, Request},
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};
use futures_util::StreamExt;
use homeserver::{
    Homeserver,
    media::{self, Description, UploadError},
};
use ruma::api::error::ErrorKind;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Endpoints, Tenants,
    endpoint::{Answer, Json, PathArguments, authenticate},
    error::ApiError,
};

/// A sender who is silent for this long has gone.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw(Method::POST, "/_matrix/media/v3/upload", create_content)
        .raw(Method::POST, "/_matrix/media/r0/upload", create_content)
        .raw(Method::PUT, "/_matrix/media/v3/upload/{server_name}/{media_id}", create_content_async)
        .raw(
            Method::PUT,
            "/_matrix/media/unstable/fi.mau.msc2246/upload/{server_name}/{media_id}",
            create_content_async,
        )
}

#[derive(Deserialize)]
struct Arguments {
    filename: Option<String>,
}

pub async fn create_content(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = authenticate(&hs, &parts).await?;
    let description = description(&parts)?;
    let upload = receive(&hs, &parts, body).await?;
    let media_id = media::finish(&hs, &session, upload, description).await?;
    let answer = json!({ "content_uri": format!("mxc://{}/{media_id}", hs.server_name) });
    Json(answer.to_string().into()).into_answer()
}

pub async fn create_content_async(
    tenants: Tenants,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = authenticate(&hs, &parts).await?;
    let arguments =
        parts.extensions.remove::<PathArguments>().map(|paths| paths.0).unwrap_or_default();
    let [server_name, media_id] = arguments.as_slice() else {
        return Err(ApiError::invalid_param("The address has a server and a media id"));
    };
    if server_name != hs.server_name.as_str() {
        return Err(UploadError::NotFound.into());
    }
    media::check_announced(&hs, &session, media_id).await?;
    let description = description(&parts)?;
    let upload = receive(&hs, &parts, body).await?;
    media::finish_announced(&hs, &session, media_id, upload, description).await?;
    Json("{}".into()).into_answer()
}

fn description(parts: &Parts) -> Result<Description, ApiError> {
    let invalid = |_| UploadError::InvalidDescription;
    let Query(Arguments { filename }) = Query::try_from_uri(&parts.uri)
        .map_err(|_| ApiError::invalid_param("A query parameter is not valid"))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| value.to_str().map_err(invalid)).transpose()?;
    Ok(Description::new(content_type, filename.as_deref())?)
}

/// Streams the body into an upload. Whatever goes wrong, dropping the upload deletes what was written.
async fn receive(hs: &Homeserver, parts: &Parts, body: Body) -> Result<blob::Upload, ApiError> {
    let limit = hs.policy.max_upload_bytes;
    let announced = parts.headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(UploadError::TooLarge.into());
    }
    let mut upload = media::begin(hs);
    let mut pieces = body.into_data_stream();
    loop {
        let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(None) => return Ok(upload),
            Ok(Some(Err(_))) => {
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    ErrorKind::Unknown,
                    "The upload broke off",
                ));
            }
            Err(_) => {
                return Err(ApiError::new(
                    StatusCode::REQUEST_TIMEOUT,
                    ErrorKind::Unknown,
                    "The upload came to a halt",
                ));
            }
        };
        if upload.size_bytes() + piece.len() as u64 > limit {
            return Err(UploadError::TooLarge.into());
        }
        upload.write(piece).await?;
    }
}
