//! `/_konsil/media/upload`: a file in parts, for what is too large for one request. Modelled on the IETF's draft "Resumable Uploads for HTTP"
//! (draft-ietf-httpbis-resumable-upload); authenticated like Matrix's endpoints, and each file is known to its owner alone.
//!
//! - `POST /_konsil/media/upload` with `Upload-Length`, `Content-Type` and `?filename=` as at `/upload`: 201 with `Location`, `Upload-Offset: 0` and
//!   `{"upload_id"}`. 413 `M_TOO_LARGE`, 429 `M_LIMIT_EXCEEDED` for who has too many unfinished.
//! - `PATCH …/{uploadId}` with `Upload-Offset`, and `Upload-Complete: ?1` at the last part: 200 with `{"offset", "length", "complete"}` and, once it is
//!   complete, `content_uri`. Acknowledged means: on the disk. 409 with `Upload-Offset` for a part that does not follow the last one.
//! - `GET` or `HEAD …/{uploadId}`: the same answer; a part that is still on its way is stopped first.
//! - `DELETE …/{uploadId}`: 204, and nothing of it stays. A complete file is no upload any more.
//!
//! What nobody goes on with is deleted after a week.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use homeserver::{
    Homeserver, Session,
    limits::Subject,
    media::{self, Description, Receiving, ResumableError, Standing, UploadError},
};
use ruma::api::error::{ErrorKind, LimitExceededErrorData};
use serde::Deserialize;
use serde_json::json;

use super::create_content::SILENCE;
use crate::{
    Endpoints, Tenants,
    endpoint::{PathArguments, RawCall, authenticate},
    error::ApiError,
};

const UPLOADS: &str = "/_konsil/media/upload";
const UPLOAD: &str = "/_konsil/media/upload/{upload_id}";

const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .raw_user(Method::POST, &[UPLOADS], begin)
        .raw_user(Method::GET, &[UPLOAD], standing)
        .raw(Method::PATCH, UPLOAD, append)
        .raw_user(Method::DELETE, &[UPLOAD], cancel)
}

#[derive(Deserialize)]
struct Arguments {
    filename: Option<String>,
}

async fn begin(call: RawCall, session: Session) -> Result<Response, ApiError> {
    let RawCall { hs, parts, .. } = call;
    hs.count(Subject::Request(session.user))?;
    let Query(Arguments { filename }) = Query::try_from_uri(&parts.uri)
        .map_err(|_| ApiError::invalid_param("A query parameter is not valid"))?;
    let size_bytes = number(&parts.headers, &UPLOAD_LENGTH)?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.map(HeaderValue::to_str).transpose();
    let content_type = content_type.map_err(|_| UploadError::InvalidDescription)?;
    let description = Description::new(content_type, filename.as_deref())?;
    let id = media::begin_in_parts(&hs, &session, size_bytes, description).await?;
    let standing = Standing { received_bytes: 0, size_bytes, is_complete: false };
    let mut answer = answer(&hs, &id, standing);
    *answer.status_mut() = StatusCode::CREATED;
    let location = HeaderValue::from_str(&format!("{UPLOADS}/{id}")).map_err(ApiError::internal)?;
    answer.headers_mut().insert(header::LOCATION, location);
    Ok(answer)
}

async fn standing(call: RawCall, session: Session) -> Result<Response, ApiError> {
    let RawCall { hs, paths, .. } = call;
    hs.count(Subject::Request(session.user))?;
    let id = id_of(&paths)?;
    Ok(answer(&hs, id, media::standing(&hs, &session, id).await?))
}

async fn cancel(call: RawCall, session: Session) -> Result<Response, ApiError> {
    let RawCall { hs, paths, .. } = call;
    hs.count(Subject::Request(session.user))?;
    media::cancel(&hs, &session, id_of(&paths)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn append(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let session = authenticate(&hs, &parts).await?;
    hs.count(Subject::Request(session.user))?;
    let paths = parts.extensions.remove::<PathArguments>().map(|paths| paths.0).unwrap_or_default();
    let id = id_of(&paths)?.to_owned();
    let offset = number(&parts.headers, &UPLOAD_OFFSET)?;
    let is_last = is_last(&parts)?;
    // A task of its own: what has come is kept also when the connection, and with it this request, is gone.
    let part = Part { hs, session, id, offset, is_last };
    tokio::spawn(part.take(body)).await.map_err(ApiError::internal)?
}

/// A part that a request brings.
struct Part {
    hs: Arc<Homeserver>,
    session: Session,
    id: String,
    offset: u64,
    is_last: bool,
}

impl Part {
    async fn take(self, body: Body) -> Result<Response, ApiError> {
        let Self { hs, session, id, offset, is_last } = self;
        let receiving = match media::receive(&hs, &session, &id, offset).await {
            Err(ResumableError::Elsewhere { received_bytes }) => {
                return Ok(elsewhere(received_bytes));
            }
            receiving => receiving?,
        };
        let standing = receive(&hs, receiving, body, is_last).await?;
        Ok(answer(&hs, &id, standing))
    }
}

/// Takes in the body as far as it comes, and keeps that.
async fn receive(
    hs: &Homeserver,
    mut receiving: Receiving,
    body: Body,
    is_last: bool,
) -> Result<Standing, ApiError> {
    let mut pieces = body.into_data_stream();
    loop {
        let piece = tokio::select! {
            () = receiving.displaced() => None,
            piece = tokio::time::timeout(SILENCE, pieces.next()) => Some(piece),
        };
        match piece {
            Some(Ok(Some(Ok(piece)))) => match receiving.write(piece).await {
                Ok(()) => {}
                Err(ResumableError::BeyondEnd) => {
                    receiving.keep(hs, false).await?;
                    return Err(ResumableError::BeyondEnd.into());
                }
                Err(error) => return Err(error.into()),
            },
            Some(Ok(None)) => {
                let standing = receiving.keep(hs, is_last).await?;
                if is_last && !standing.is_complete {
                    return Err(ApiError::invalid_param("Less has come than was announced"));
                }
                return Ok(standing);
            }
            // Broken off, silent, or the sender goes on in another request.
            Some(Ok(Some(Err(_))) | Err(_)) | None => return Ok(receiving.keep(hs, false).await?),
        }
    }
}

fn answer(hs: &Homeserver, id: &str, standing: Standing) -> Response {
    let Standing { received_bytes, size_bytes, is_complete } = standing;
    let mut body = json!({
        "upload_id": id,
        "offset": received_bytes,
        "length": size_bytes,
        "complete": is_complete,
    });
    if is_complete {
        body["content_uri"] = format!("mxc://{}/{id}", hs.server_name).into();
    }
    let headers = [
        (UPLOAD_OFFSET, received_bytes.to_string()),
        (UPLOAD_LENGTH, size_bytes.to_string()),
        (UPLOAD_COMPLETE, if is_complete { "?1" } else { "?0" }.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    (headers, body.to_string()).into_response()
}

/// The part does not begin where the last one has ended.
fn elsewhere(received_bytes: u64) -> Response {
    let error = ApiError::json(
        StatusCode::CONFLICT,
        json!({
            "errcode": "DE.KONSIL.UPLOAD_OFFSET",
            "error": "The part does not follow what was received so far",
            "offset": received_bytes,
        }),
    );
    ([(UPLOAD_OFFSET, received_bytes.to_string())], error).into_response()
}

fn id_of(paths: &[String]) -> Result<&str, ApiError> {
    paths.first().map(String::as_str).ok_or_else(|| ResumableError::NotFound.into())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, ApiError> {
    let text =
        headers.get(name).ok_or_else(|| ApiError::missing_param(format!("{name} is missing")))?;
    let text = text.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    text.and_then(|text| text.parse().ok())
        // What no database takes is no number of bytes either.
        .filter(|number| i64::try_from(*number).is_ok())
        .ok_or_else(|| ApiError::invalid_param(format!("{name} is not a number of bytes")))
}

/// A boolean as structured fields write it (RFC 9651).
fn is_last(parts: &Parts) -> Result<bool, ApiError> {
    match parts.headers.get(UPLOAD_COMPLETE).map(HeaderValue::as_bytes) {
        None | Some(b"?0") => Ok(false),
        Some(b"?1") => Ok(true),
        Some(_) => Err(ApiError::invalid_param("upload-complete is neither ?0 nor ?1")),
    }
}

impl From<ResumableError> for ApiError {
    fn from(error: ResumableError) -> Self {
        match error {
            ResumableError::NotFound => Self::not_found("No such upload of yours is awaited"),
            ResumableError::TooMany => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorKind::LimitExceeded(LimitExceededErrorData::new()),
                "Too many uploads were begun and not finished",
            ),
            ResumableError::TooLarge => UploadError::TooLarge.into(),
            ResumableError::Elsewhere { .. } => Self::json(
                StatusCode::CONFLICT,
                json!({ "errcode": "DE.KONSIL.UPLOAD_OFFSET", "error": "The part does not follow" }),
            ),
            ResumableError::BeyondEnd => Self::invalid_param("More comes than was announced"),
            ResumableError::Blob(error) => error.into(),
            ResumableError::Store(error) => error.into(),
            ResumableError::Commit(error) => error.into(),
        }
    }
}
