//! Whatever people send, the engine answers, and what it lets in any server can check.

use proptest::prelude::*;
use room::{Content, Pdu, PublicKeys, Refused, RoomVersion, canonical_json, check_whole, redact};
use ruma::{
    CanonicalJsonObject,
    signatures::{Verified, content_hash, reference_hash, verify_event},
};
use serde_json::Value;

use crate::{
    vectors::value,
    world::{ANNA, JONAS, Room, key},
};

fn object() -> impl Strategy<Value = Value> {
    let member_like = prop_oneof![
        Just("membership"),
        Just("users"),
        Just("events"),
        Just("join_rule"),
        Just("redacts"),
        Just("ban"),
        Just("third_party_invite"),
        Just("join_authorised_via_users_server"),
        Just("history_visibility"),
        Just("a"),
    ];
    let likely = prop_oneof![
        value(),
        prop_oneof![
            Just("join"),
            Just("invite"),
            Just("ban"),
            Just("knock"),
            Just(ANNA),
            Just("$x")
        ]
        .prop_map(Value::from),
    ];
    proptest::collection::btree_map(member_like.prop_map(str::to_owned), likely, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// What may stand where an event is expected: nearly one, other JSON, or no JSON.
fn event_like() -> impl Strategy<Value = Vec<u8>> {
    let mut room = Room::public(RoomVersion::V12);
    room.message(ANNA, serde_json::json!({ "ciphertext": "abcdefgh" })).unwrap();
    let event: serde_json::Map<String, Value> =
        serde_json::from_slice(&room.last().pdu_json).unwrap();
    let keys: Vec<String> =
        event.keys().cloned().chain(["state_key", "redacts", "x"].map(str::to_owned)).collect();
    let nearly = proptest::collection::vec(
        (prop::sample::select(keys), prop::option::weighted(0.8, prop_oneof![value(), object()])),
        0..4,
    )
    .prop_map(move |changes| {
        let mut event = event.clone();
        for (key, value) in changes {
            match value {
                Some(value) => event.insert(key, value),
                None => event.remove(&key),
            };
        }
        serde_json::to_vec(&event).unwrap()
    });
    let cut = (nearly.clone(), any::<prop::sample::Index>()).prop_map(|(mut event, at)| {
        event.truncate(at.index(event.len()));
        event
    });
    prop_oneof![
        6 => nearly,
        1 => cut,
        1 => object().prop_map(|value| value.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(testkit::fuzz::config())]

    #[test]
    fn any_proposal_is_refused_or_becomes_an_event_that_verifies(
        version in 0_usize..3,
        kind in prop_oneof![
            Just("m.room.member"), Just("m.room.power_levels"), Just("m.room.join_rules"), Just("m.room.create"),
            Just("m.room.redaction"), Just("m.room.aliases"), Just("m.room.third_party_invite"),
            Just("m.room.history_visibility"), Just("m.room.message"), Just("\"\\\u{0}"), Just(""),
        ],
        state_key in prop_oneof![
            Just(None), Just(Some(String::new())), Just(Some(JONAS.to_owned())),
            any::<String>().prop_map(Some),
        ],
        body in object(),
        ts in 0_u64..=9_007_199_254_740_991,
    ) {
        let room = Room::public(RoomVersion::ALL[version]);
        let mut proposal = room.proposal(ANNA, kind, state_key.as_deref(), &body);
        proposal.origin_server_ts =
            ruma::MilliSecondsSinceUnixEpoch(ts.try_into().expect("in range"));
        let accepted = match room.ask(proposal) {
            Ok(accepted) => accepted,
            Err(Refused::Forbidden(_) | Refused::BadEvent(_) | Refused::TooLarge { .. }) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };

        // By our own check …
        let keys = PublicKeys::from(&key());
        let checked = check_whole(room.version, &accepted.pdu_json, &keys).unwrap();
        prop_assert_eq!(&checked.pdu.event_id, accepted.event_id());
        prop_assert_eq!(&checked.pdu_json, &accepted.pdu_json);
        prop_assert_eq!(&checked.client_json, &accepted.client_json);

        // … and by ruma's on its own trees, bytes included.
        let tree: CanonicalJsonObject = serde_json::from_slice(&accepted.pdu_json).unwrap();
        prop_assert_eq!(&serde_json::to_vec(&tree).unwrap(), &accepted.pdu_json);
        let rules = room.version.rules();
        let id = format!("${}", reference_hash(&tree, rules).unwrap());
        prop_assert_eq!(id.as_str(), accepted.event_id().as_str());
        let hash = content_hash(&tree).unwrap().encode();
        let read: Value = serde_json::from_slice(&accepted.pdu_json).unwrap();
        prop_assert_eq!(read["hashes"]["sha256"].as_str(), Some(hash.as_str()));
        let mut map = ruma::signatures::PublicKeyMap::new();
        let public = ruma::serde::Base64::parse(key().public_base64()).unwrap();
        map.entry("klinikum.test".to_owned()).or_default().insert(key().key_id().to_owned(), public);
        prop_assert_eq!(verify_event(&map, &tree, rules).unwrap(), Verified::All);

        // Redaction keeps ID and signature.
        let redacted = redact(room.version, &accepted.pdu_json).unwrap();
        let again = room::check(room.version, &redacted, &keys).unwrap();
        prop_assert_eq!(&again.pdu.event_id, accepted.event_id());
        prop_assert_eq!(again.pdu_json, redacted);

        // Clients never see what is between servers only.
        let client: Value = serde_json::from_slice(&accepted.client_json).unwrap();
        for hidden in ["auth_events", "prev_events", "hashes", "signatures", "depth", "unsigned"] {
            prop_assert!(client.get(hidden).is_none());
        }
        for shown in ["content", "event_id", "origin_server_ts", "room_id", "sender", "type"] {
            prop_assert!(client.get(shown).is_some());
        }
        prop_assert_eq!(client.get("state_key").is_some(), accepted.is_state());
    }

    #[test]
    fn one_altered_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1_u8..128) {
        let mut room = Room::public(RoomVersion::V12);
        room.message(ANNA, serde_json::json!({ "ciphertext": "abcdefgh" })).unwrap();
        let mut bytes = room.last().pdu_json.clone();
        let index = at.index(bytes.len());
        bytes[index] ^= flip;
        let keys = PublicKeys::from(&key());
        match check_whole(room.version, &bytes, &keys) {
            Err(_) => {}
            // The same event in another spelling, such as base64 with other unused bits, is the
            // same event.
            Ok(same) => prop_assert_eq!(&same.pdu.event_id, room.last().event_id()),
        }
    }

    #[test]
    fn any_bytes_are_refused_or_an_event(bytes in event_like(), version in 0_usize..3) {
        let (version, keys) = (RoomVersion::ALL[version], PublicKeys::from(&key()));
        if let Ok(text) = canonical_json(&bytes) {
            prop_assert_eq!(canonical_json(text.as_bytes()).unwrap(), text);
        }
        if let Ok(content) = Content::from_json(&bytes) {
            prop_assert!(serde_json::from_str::<Value>(content.as_str()).unwrap().is_object());
        }
        if let Ok(redacted) = redact(version, &bytes) {
            prop_assert_eq!(redact(version, &redacted).unwrap(), redacted, "twice is once");
        }
        if let Ok(checked) = check_whole(version, &bytes, &keys) {
            prop_assert!(Pdu::from_stored(checked.pdu.event_id.clone(), &checked.pdu_json).is_ok());
        }
        let id = ruma::event_id!("$any").to_owned();
        if let Ok(pdu) = Pdu::from_stored(id, &bytes) {
            prop_assert_eq!(pdu.is_state(), pdu.key().is_some());
        }
    }
}
