//! The built app from a folder: hashed files for ever, everything else asked again each time.

use std::path::{Component, Path, PathBuf};

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::error::ApiError;

/// No foreign origin, no inline script, no eval but WebAssembly's.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
     style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; font-src 'self'; worker-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers with a file of the app; paths of the app itself (`/`, `/chat/…`) get `index.html`.
pub async fn serve(folder: Option<PathBuf>, request: Request) -> Response {
    let path = request.uri().path();
    let reserved =
        ["/_matrix", "/_konsil", "/.well-known"].iter().any(|prefix| path.starts_with(prefix));
    let readable = request.method() == Method::GET || request.method() == Method::HEAD;
    let (Some(folder), false, true) = (folder, reserved, readable) else {
        return ApiError::unrecognized(StatusCode::NOT_FOUND).into_response();
    };
    let relative = path.trim_start_matches('/');
    let inside = Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || relative.contains('%') {
        return ApiError::unrecognized(StatusCode::NOT_FOUND).into_response();
    }
    let is_file = relative.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let name = if is_file { relative } else { "index.html" };
    let encodings =
        request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    file(&folder, name, encodings.unwrap_or_default()).await
}

async fn file(folder: &Path, name: &str, encodings: &str) -> Response {
    let accepted =
        |encoding: &str| encodings.split(',').any(|part| part.trim().starts_with(encoding));
    for (encoding, ending) in [("br", ".br"), ("gzip", ".gz"), ("", "")] {
        if !encoding.is_empty() && !accepted(encoding) {
            continue;
        }
        if let Ok(bytes) = tokio::fs::read(folder.join(format!("{name}{ending}"))).await {
            let mut response = bytes.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
            if !encoding.is_empty() {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            for (header, value) in [
                (header::VARY, "Accept-Encoding"),
                (header::CACHE_CONTROL, "no-cache"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
            ] {
                headers.insert(header, HeaderValue::from_static(value));
            }
            let permissions =
                HeaderValue::from_static("camera=(self), microphone=(self), geolocation=()");
            headers.insert("permissions-policy", permissions);
            return response;
        }
    }
    ApiError::unrecognized(StatusCode::NOT_FOUND).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
