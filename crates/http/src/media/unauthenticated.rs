//! `GET /_matrix/media/v3/download/…`, `GET /_matrix/media/v3/thumbnail/…`: the paths without access token.
//! <https://spec.matrix.org/v1.19/client-server-api/#content-repo-client-behaviour>
//!
//! They are frozen: no file that was uploaded since is found there, and Konsil has only such files.

use axum::{extract::Request, http::Method, response::Response};

use crate::{Endpoints, Tenants, error::ApiError};

const PATHS: [&str; 6] = [
    "/_matrix/media/v3/download/{server_name}/{media_id}",
    "/_matrix/media/v3/download/{server_name}/{media_id}/{file_name}",
    "/_matrix/media/v3/thumbnail/{server_name}/{media_id}",
    "/_matrix/media/r0/download/{server_name}/{media_id}",
    "/_matrix/media/r0/download/{server_name}/{media_id}/{file_name}",
    "/_matrix/media/r0/thumbnail/{server_name}/{media_id}",
];

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    PATHS.into_iter().fold(endpoints, |endpoints, path| endpoints.raw(Method::GET, path, not_found))
}

pub async fn not_found(_: Tenants, _: Request) -> Result<Response, ApiError> {
    Err(ApiError::not_found("Files are read with an access token"))
}
