//! How a file leaves the server: with headers that keep a browser from running it.

use std::ops::Range;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use blob::Download;
use homeserver::media::{File, Picture};
use ruma::http_headers::{ContentDisposition, ContentDispositionType};

/// Content types that a browser may show in place; everything else is to be saved.
///
/// <https://spec.matrix.org/v1.19/client-server-api/#serving-inline-content>
const INLINE: &[&str] = &[
    "text/css",
    "text/plain",
    "text/csv",
    "application/json",
    "application/ld+json",
    "image/jpeg",
    "image/gif",
    "image/png",
    "image/apng",
    "image/webp",
    "image/avif",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/quicktime",
    "audio/mp4",
    "audio/webm",
    "audio/aac",
    "audio/mpeg",
    "audio/ogg",
    "audio/wave",
    "audio/wav",
    "audio/x-wav",
    "audio/x-pn-wav",
    "audio/flac",
    "audio/x-flac",
];
const ANYTHING: &str = "application/octet-stream";
/// <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid>
const CONTENT_SECURITY_POLICY: &str = "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; \
                                       style-src 'unsafe-inline'; object-src 'self';";
/// Files never change; but only the reader's own browser may keep them.
const CACHE: &str = "private, max-age=31536000, immutable";

/// The headers of an answer.
#[derive(Debug)]
pub struct Head {
    /// Names the very bytes of the file; empty for thumbnails, whose bytes are not hashed.
    pub etag: String,
    headers: HeaderMap,
}

impl Head {
    /// The headers of a file.
    pub fn of(file: &File) -> Self {
        let mut head = Self::with(file.content_type.as_deref(), file.file_name.as_deref());
        let digits: String = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        head.etag = format!("\"{digits}\"");
        head.insert(header::ETAG, &head.etag.clone());
        head.insert(header::ACCEPT_RANGES, "bytes");
        head
    }

    /// The headers of a thumbnail.
    pub fn of_picture(picture: &Picture) -> Self {
        let suffix = picture.content_type.strip_prefix("image/").unwrap_or("img");
        Self::with(Some(&picture.content_type), Some(&format!("thumbnail.{suffix}")))
    }

    fn with(content_type: Option<&str>, file_name: Option<&str>) -> Self {
        let mut head = Self { etag: String::new(), headers: HeaderMap::new() };
        let content_type = content_type.unwrap_or(ANYTHING);
        head.insert(header::CONTENT_TYPE, content_type);
        let disposition = ContentDisposition::new(disposition(content_type));
        let disposition = disposition.with_filename(file_name.map(str::to_owned));
        head.insert(header::CONTENT_DISPOSITION, &disposition.to_string());
        head.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        head.insert(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        head.insert(
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        );
        head.insert(header::CACHE_CONTROL, CACHE);
        head
    }

    fn insert(&mut self, name: header::HeaderName, value: &str) {
        // What cannot stand in a header was refused at the upload; a stored value from elsewhere is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    fn with_lengths(
        mut self,
        size_bytes: u64,
        part: Option<Range<u64>>,
    ) -> (StatusCode, HeaderMap) {
        let Some(part) = part else {
            self.insert(header::CONTENT_LENGTH, &size_bytes.to_string());
            return (StatusCode::OK, self.headers);
        };
        self.insert(header::CONTENT_LENGTH, &(part.end - part.start).to_string());
        let range = format!("bytes {}-{}/{size_bytes}", part.start, part.end - 1);
        self.insert(header::CONTENT_RANGE, &range);
        (StatusCode::PARTIAL_CONTENT, self.headers)
    }

    /// 200 or 206 with the bytes.
    pub fn with_body(self, download: Download, part: Option<Range<u64>>) -> Response {
        let (status, headers) = self.with_lengths(download.size_bytes(), part);
        (status, headers, Body::from_stream(download)).into_response()
    }

    /// The answer to `HEAD`.
    pub fn without_body(self, size_bytes: u64, part: Option<Range<u64>>) -> Response {
        let (status, headers) = self.with_lengths(size_bytes, part);
        (status, headers, Body::empty()).into_response()
    }

    /// 304.
    pub fn not_modified(mut self) -> Response {
        for name in [header::CONTENT_TYPE, header::CONTENT_DISPOSITION] {
            self.headers.remove(name);
        }
        (StatusCode::NOT_MODIFIED, self.headers).into_response()
    }
}

/// Whether the request is a `HEAD`.
pub fn wants_no_body(parts: &Parts) -> bool {
    parts.method == Method::HEAD
}

fn disposition(content_type: &str) -> ContentDispositionType {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if INLINE.contains(&essence.as_str()) {
        ContentDispositionType::Inline
    } else {
        ContentDispositionType::Attachment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content_type: Option<&str>, file_name: Option<&str>) -> File {
        File {
            object: "a".repeat(40),
            size_bytes: 3,
            sha256: vec![0xab; 32],
            content_type: content_type.map(str::to_owned),
            file_name: file_name.map(str::to_owned),
        }
    }

    fn header_of(head: &Head, name: header::HeaderName) -> &str {
        head.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn only_harmless_types_are_shown_in_place() {
        for content_type in ["image/png", "IMAGE/JPEG", "text/plain; charset=utf-8", "video/mp4"] {
            assert_eq!(disposition(content_type), ContentDispositionType::Inline, "{content_type}");
        }
        for content_type in [
            "text/html",
            "image/svg+xml",
            "application/pdf",
            "application/xhtml+xml",
            "",
            "image/png2",
        ] {
            assert_eq!(
                disposition(content_type),
                ContentDispositionType::Attachment,
                "{content_type}"
            );
        }
    }

    #[test]
    fn every_file_is_sandboxed() {
        for content_type in [None, Some("text/html"), Some("image/png")] {
            let head = Head::of(&file(content_type, None));
            assert!(header_of(&head, header::CONTENT_SECURITY_POLICY).starts_with("sandbox;"));
            assert_eq!(header_of(&head, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
            assert_eq!(header_of(&head, header::CONTENT_TYPE), content_type.unwrap_or(ANYTHING));
        }
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        let head = Head::of(&file(None, Some("a\"; x=\"b.png")));
        assert_eq!(
            header_of(&head, header::CONTENT_DISPOSITION),
            "attachment; filename=\"a\\\"; x=\\\"b.png\""
        );
        let head = Head::of(&file(None, Some("Röntgen.png")));
        assert_eq!(
            header_of(&head, header::CONTENT_DISPOSITION),
            "attachment; filename*=utf-8''R%C3%B6ntgen.png"
        );
    }

    #[test]
    fn the_tag_names_the_bytes() {
        assert_eq!(Head::of(&file(None, None)).etag, format!("\"{}\"", "ab".repeat(32)));
    }
}
