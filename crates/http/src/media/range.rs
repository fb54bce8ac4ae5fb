//! Conditional and partial downloads (RFC 9110, sections 13 and 14): whole, one range, or nothing new.

use std::ops::Range;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ruma::api::error::ErrorKind;

use crate::error::ApiError;

/// What a request wants of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it.
    Whole,
    /// The bytes of this range, which lie in the file and are at least one.
    Part(Range<u64>),
    /// A range that lies behind the end of the file.
    Unsatisfiable,
    /// Nothing: the client has this very file.
    NotModified,
}

/// Reads what the headers ask for. Files never change, so their tag alone decides about conditions.
pub fn asked(headers: &HeaderMap, etag: &str, size_bytes: u64) -> Asked {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| matches(tags, etag)) {
        return Asked::NotModified;
    }
    if text(header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) {
        return Asked::Whole;
    }
    text(header::RANGE).map_or(Asked::Whole, |range| part(range, size_bytes))
}

fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// One range of bytes. What is not understood, and several ranges at once, are answered with the whole file, as RFC 9110
/// allows.
fn part(range: &str, size_bytes: u64) -> Asked {
    let Some(range) = range.trim().strip_prefix("bytes=") else { return Asked::Whole };
    let Some((first, last)) = range.split_once('-') else { return Asked::Whole };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number that does not fit lies behind every end.
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let range = match (number(first.trim()), number(last.trim())) {
        (Some(first), None) if last.trim().is_empty() => first..size_bytes,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (None, Some(length)) if first.trim().is_empty() => {
            size_bytes.saturating_sub(length)..size_bytes
        }
        _ => return Asked::Whole,
    };
    if range.is_empty() { Asked::Unsatisfiable } else { Asked::Part(range) }
}

/// The answer to a range behind the end.
pub fn unsatisfiable(size_bytes: u64) -> Response {
    let error = ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorKind::InvalidParam,
        "The range lies behind the end of the file",
    );
    ([(header::CONTENT_RANGE, format!("bytes */{size_bytes}"))], error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_with(headers: &[(header::HeaderName, &str)]) -> Asked {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        asked(&headers.collect(), "\"tag\"", 100)
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=0-99", Asked::Part(0..100)),
            ("bytes=10-", Asked::Part(10..100)),
            ("bytes=-10", Asked::Part(90..100)),
            ("bytes=-1000", Asked::Part(0..100)),
            ("bytes=90-100000000000000000000000", Asked::Part(90..100)),
            ("bytes=99-99", Asked::Part(99..100)),
            ("bytes=100-", Asked::Unsatisfiable),
            ("bytes=100-200", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=99999999999999999999-", Asked::Unsatisfiable),
            ("bytes=5-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked_with(&[(header::RANGE, range)]), expected, "{range}");
        }
    }

    #[test]
    fn an_empty_file_has_no_satisfiable_range() {
        assert_eq!(part("bytes=0-", 0), Asked::Unsatisfiable);
        assert_eq!(part("bytes=-5", 0), Asked::Unsatisfiable);
    }

    #[test]
    fn a_client_that_has_the_file_gets_nothing_again() {
        for tags in ["\"tag\"", "W/\"tag\"", "\"other\", \"tag\"", "*"] {
            let headers = [(header::IF_NONE_MATCH, tags), (header::RANGE, "bytes=0-1")];
            assert_eq!(asked_with(&headers), Asked::NotModified, "{tags}");
        }
        assert_eq!(asked_with(&[(header::IF_NONE_MATCH, "\"other\"")]), Asked::Whole);
    }

    #[test]
    fn a_part_of_another_file_is_not_continued() {
        let range = (header::RANGE, "bytes=50-");
        assert_eq!(
            asked_with(&[range.clone(), (header::IF_RANGE, "\"tag\"")]),
            Asked::Part(50..100)
        );
        assert_eq!(asked_with(&[range.clone(), (header::IF_RANGE, "\"other\"")]), Asked::Whole);
        assert_eq!(
            asked_with(&[range, (header::IF_RANGE, "Mon, 23 Nov 2026 20:00:00 GMT")]),
            Asked::Whole
        );
    }
}
