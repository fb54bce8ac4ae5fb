//! The endpoints of files in parts, which the hospital's server alone has (`crates/http/src/media/resumable.rs` says what they answer), and
//! fetching a part of a file.

use std::ops::Range;

use http::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, RANGE};
use matrix_sdk::Client;
use ruma::{
    MxcUri,
    api::{
        IncomingResponse,
        auth_scheme::AccessToken,
        error::{DeserializationError, Error},
    },
};
use serde::Deserialize;

use crate::{
    endpoint::{Nothing, Parts, ask, endpoint},
    trouble::Trouble,
};

endpoint!(Begin, POST, "/_konsil/media/upload", AccessToken, Standing);
endpoint!(Look, GET, "/_konsil/media/upload/{upload_id}", AccessToken, Standing);
endpoint!(Append, PATCH, "/_konsil/media/upload/{upload_id}", AccessToken, Standing);
endpoint!(Cancel, DELETE, "/_konsil/media/upload/{upload_id}", AccessToken, Nothing);
endpoint!(
    Fetch,
    GET,
    "/_matrix/client/v1/media/download/{server_name}/{media_id}",
    AccessToken,
    Part
);

/// How far a file has come at the server.
#[derive(Debug, Deserialize)]
pub(super) struct Standing {
    pub upload_id: String,
    /// The server has so many bytes on its disk.
    pub offset: u64,
    /// Where the file lies, once all of it is there.
    pub content_uri: Option<ruma::OwnedMxcUri>,
}

impl IncomingResponse for Standing {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        response: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        Ok(serde_json::from_slice(response.body())?)
    }
}

/// Bytes of a file.
pub(super) struct Part {
    pub bytes: Vec<u8>,
    /// The size of the whole file.
    pub size_bytes: u64,
}

impl IncomingResponse for Part {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        response: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        // `bytes 0-99/1000`; a server that gives the whole file gives it with its length.
        let size = range.and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let bytes = response.body().to_vec();
        Ok(Self { size_bytes: size.unwrap_or(bytes.len() as u64), bytes })
    }
}

const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
const BYTES: &str = "application/octet-stream";

/// Begins a file of this size. The server learns nothing else of it.
pub(super) async fn begin(client: &Client, size_bytes: u64) -> Result<Standing, Trouble> {
    let headers = vec![(LENGTH, size_bytes.to_string()), (CONTENT_TYPE, BYTES.to_owned())];
    ask!(client, Begin(Parts { headers, ..Parts::default() }))
}

/// How far a file has come.
pub(super) async fn look(client: &Client, upload: &str) -> Result<Standing, Trouble> {
    ask!(client, Look(Parts { path: vec![upload.to_owned()], ..Parts::default() }))
}

/// Sends the part that begins at `offset`.
pub(super) async fn append(
    client: &Client,
    upload: &str,
    offset: u64,
    part: Vec<u8>,
    is_last: bool,
) -> Result<Standing, Trouble> {
    let complete = if is_last { "?1" } else { "?0" }.to_owned();
    let headers = vec![
        (OFFSET, offset.to_string()),
        (COMPLETE, complete),
        (CONTENT_TYPE, "application/partial-upload".to_owned()),
    ];
    ask!(client, Append(Parts { path: vec![upload.to_owned()], headers, body: part }))
}

/// Has the server forget what it has of a file.
pub(super) async fn cancel(client: &Client, upload: &str) -> Result<(), Trouble> {
    let done = ask!(client, Cancel(Parts { path: vec![upload.to_owned()], ..Parts::default() }));
    done.map(|_| ())
}

/// Fetches a part of a file.
pub(super) async fn fetch(
    client: &Client,
    file: &MxcUri,
    range: Range<u64>,
) -> Result<Part, Trouble> {
    let (server, media) = file.parts().map_err(|_| Trouble::NotFound)?;
    let headers = vec![(RANGE, format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))];
    let path = vec![server.to_string(), media.to_owned()];
    ask!(client, Fetch(Parts { path, headers, ..Parts::default() }))
}
