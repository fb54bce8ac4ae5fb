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
    use std::collections::BTreeMap;

    use proptest::{
        collection::{btree_map, vec},
        option,
        prelude::*,
        sample::select,
    };
    use ruma::api::client::filter::FilterDefinition;
    use serde_json::{Value, json};

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

    /// What [`matches`] promises, in the plainest words.
    fn matches_plainly(pattern: &[u8], kind: &[u8]) -> bool {
        match (pattern, kind) {
            ([], kind) => kind.is_empty(),
            ([b'*', rest @ ..], kind) => {
                (0..=kind.len()).any(|at| matches_plainly(rest, &kind[at..]))
            }
            ([first, rest @ ..], [found, after @ ..]) => {
                first == found && matches_plainly(rest, after)
            }
            (_, []) => false,
        }
    }

    /// A value of a filter, right or wrong.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[@!*]{0,2}[a-z.*:]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| vec(inner, 0..4).prop_map(Value::from))
    }

    /// Looks like a filter, on every level.
    fn filter_like() -> impl Strategy<Value = Value> {
        let names = [
            "types",
            "not_types",
            "senders",
            "not_senders",
            "rooms",
            "not_rooms",
            "limit",
            "contains_url",
            "lazy_load_members",
            "include_redundant_members",
            "event_fields",
            "event_format",
            "include_leave",
            "unread_thread_notifications",
        ];
        let parts = ["room", "timeline", "state", "ephemeral", "account_data", "presence"];
        let leaf = btree_map(select(names.to_vec()), value(), 0..4);
        let leaf = leaf.prop_map(|map| json!(map));
        leaf.prop_recursive(3, 12, 3, move |inner| {
            let part = prop_oneof![9 => inner, 1 => value()];
            let own = btree_map(select(names.to_vec()), value(), 0..2);
            (btree_map(select(parts.to_vec()), part, 0..3), own).prop_map(|(parts, own)| {
                json!(parts.into_iter().chain(own).collect::<BTreeMap<_, _>>())
            })
        })
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn patterns_match_as_they_would_letter_by_letter(pattern in "[ab*é]{0,8}", kind in "[abé]{0,8}") {
            let plainly = matches_plainly(pattern.as_bytes(), kind.as_bytes());
            prop_assert_eq!(matches(&pattern, &kind), plainly);
        }

        #[test]
        fn any_filter_is_refused_or_asked_about_any_event(
            text in prop_oneof![9 => filter_like().prop_map(|json| json.to_string()), 1 => any::<String>()],
            room in "![a-z]{0,4}:x",
            kind in any::<String>(),
            sender in option::of(any::<String>()),
            client in prop_oneof![
                vec(any::<u8>(), 0..64),
                value().prop_map(|url| json!({ "content": { "url": url } }).to_string().into_bytes()),
            ],
        ) {
            let Ok(filter) = serde_json::from_str::<FilterDefinition>(&text) else { return Ok(()) };
            for events in [&filter.room.timeline, &filter.room.state, &filter.room.ephemeral] {
                prop_assert!(timeline_limit(events) <= MAX_LIMIT);
                let admitted = admits(events, &room, &kind, sender.as_deref(), &client);
                if admitted {
                    prop_assert!(admits_kind(events, &kind) && admits_room(events, &room));
                } else {
                    prop_assert!(is_selective(events) || !admits_room(events, &room));
                }
            }
            admits_account_data(&filter.presence, &kind);
            if let Ok(room) = RoomId::parse(&room) {
                admits_whole_room(&filter.room, &room);
            }
        }
    }
}
