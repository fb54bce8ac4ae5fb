//! What a filter lets through, as pure rules. <https://spec.matrix.org/v1.19/client-server-api/#filtering>

use ruma::{
    RoomId,
    api::client::filter::{Filter, RoomEventFilter, RoomFilter, UrlFilter},
};
use serde::Deserialize;

/// Events of a timeline where the filter names no limit.
const DEFAULT_LIMIT: usize = 10;
/// Most events of a timeline.
const MAX_LIMIT: usize = 100;

/// `*` stands for any characters.
pub fn matches(pattern: &str, kind: &str) -> bool {
    let Some((first, mut pattern)) = pattern.split_once('*') else { return pattern == kind };
    let Some(mut rest) = kind.strip_prefix(first) else { return false };
    while let Some((part, after)) = pattern.split_once('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        pattern = after;
    }
    rest.ends_with(pattern)
}

fn listed(patterns: &[String], kind: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, kind))
}

/// Whether an event of this type, sender and room passes. `client` is read only if the filter asks for the content.
pub fn admits(
    filter: &RoomEventFilter,
    room: &str,
    kind: &str,
    sender: Option<&str>,
    client: &[u8],
) -> bool {
    admits_room(filter, room)
        && admits_kind(filter, kind)
        && filter
            .senders
            .as_ref()
            .is_none_or(|senders| senders.iter().any(|id| Some(id.as_str()) == sender))
        && !filter.not_senders.iter().any(|id| Some(id.as_str()) == sender)
        && filter
            .url_filter
            .as_ref()
            .is_none_or(|wish| has_url(client) == (*wish == UrlFilter::EventsWithUrl))
}

/// Whether anything of this type passes.
pub fn admits_kind(filter: &RoomEventFilter, kind: &str) -> bool {
    filter.types.as_ref().is_none_or(|types| listed(types, kind))
        && !listed(&filter.not_types, kind)
}

/// Whether anything of this room passes.
pub fn admits_room(filter: &RoomEventFilter, room: &str) -> bool {
    filter.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|id| id.as_str() == room))
        && !filter.not_rooms.iter().any(|id| id.as_str() == room)
}

/// Whether a room is looked at.
pub fn admits_whole_room(filter: &RoomFilter, room: &RoomId) -> bool {
    filter.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|id| id == room))
        && !filter.not_rooms.iter().any(|id| id == room)
}

/// Whether account data of this type passes.
pub fn admits_account_data(filter: &Filter, kind: &str) -> bool {
    filter.types.as_ref().is_none_or(|types| listed(types, kind))
        && !listed(&filter.not_types, kind)
}

/// Whether events may be held back, so that more must be looked at than are wanted.
pub fn is_selective(filter: &RoomEventFilter) -> bool {
    filter.types.is_some()
        || !filter.not_types.is_empty()
        || filter.senders.is_some()
        || !filter.not_senders.is_empty()
        || filter.url_filter.is_some()
}

/// How many events of a timeline are wanted.
pub fn timeline_limit(filter: &RoomEventFilter) -> usize {
    filter
        .limit
        .map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT))
}

fn has_url(client: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Event {
        content: Content,
    }
    #[derive(Deserialize)]
    struct Content {
        url: Option<serde_json::Value>,
    }
    serde_json::from_slice::<Event>(client)
        .is_ok_and(|event| event.content.url.is_some_and(|url| url.is_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(json: serde_json::Value) -> RoomEventFilter {
        serde_json::from_value(json).expect("a filter")
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, kind) in [
            ("m.room.*", "m.room.name"),
            ("*", "x"),
            ("*", ""),
            ("m.*.name", "m.room.name"),
            ("a", "a"),
            ("a*", "a"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, kind), "{pattern} {kind}");
        }
        for (pattern, kind) in [
            ("m.room.*", "m.call"),
            ("a", "ab"),
            ("*.name", "m.room.topic"),
            ("a*a", "a"),
            ("a*b", "abc"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, kind), "{pattern} {kind}");
        }
    }

    #[test]
    fn what_is_excluded_goes_before_what_is_included() {
        let filter = filter(
            json!({ "types": ["m.room.*"], "not_types": ["m.room.topic"], "not_senders": ["@mallory:x"] }),
        );
        let admits = |kind, sender| admits(&filter, "!r:x", kind, Some(sender), b"{}");
        assert!(admits("m.room.name", "@anna:x"));
        assert!(!admits("m.room.topic", "@anna:x"));
        assert!(!admits("m.call.invite", "@anna:x"));
        assert!(!admits("m.room.name", "@mallory:x"));
        assert!(is_selective(&filter));
    }

    #[test]
    fn an_empty_list_lets_nothing_through() {
        let nothing = filter(json!({ "types": [] }));
        assert!(!admits(&nothing, "!r:x", "m.room.name", None, b"{}"));
        let nowhere = filter(json!({ "rooms": [] }));
        assert!(!admits(&nowhere, "!r:x", "m.room.name", None, b"{}"));
        let nobody = filter(json!({ "senders": [] }));
        assert!(!admits(&nobody, "!r:x", "m.room.name", Some("@anna:x"), b"{}"));
    }

    #[test]
    fn events_are_told_apart_by_their_url() {
        let with = br#"{"content":{"url":"mxc://x/y"}}"#;
        let without = br#"{"content":{"url":7}}"#;
        let (wants, refuses) =
            (filter(json!({ "contains_url": true })), filter(json!({ "contains_url": false })));
        assert!(
            admits(&wants, "!r:x", "m", None, with) && !admits(&wants, "!r:x", "m", None, without)
        );
        assert!(
            !admits(&refuses, "!r:x", "m", None, with)
                && admits(&refuses, "!r:x", "m", None, without)
        );
    }

    #[test]
    fn timelines_have_ten_events_unless_asked_and_a_hundred_at_most() {
        assert_eq!(timeline_limit(&filter(json!({}))), 10);
        assert_eq!(timeline_limit(&filter(json!({ "limit": 0 }))), 0);
        assert_eq!(timeline_limit(&filter(json!({ "limit": 5_000 }))), 100);
    }
}
