//! Events are built so that any server can check them.

use room::{PublicKeys, RoomVersion, check_whole, with_unsigned};
use serde_json::{Value, json};

use crate::world::{ANNA, JONAS, Room, key};

#[test]
fn every_event_that_is_let_in_verifies_under_the_public_key_and_keeps_its_id() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.state(JONAS, "m.room.member", JONAS, json!({ "membership": "join" })).unwrap();
        let sent = room.message(JONAS, json!({ "ciphertext": "über\u{1F600}\n\u{1}" })).unwrap();
        let mut redaction = room.proposal(ANNA, "m.room.redaction", None, &json!({}));
        redaction.redacts = Some(sent);
        room.put(redaction).unwrap();
        let keys = PublicKeys::from(&key());
        for event in &room.events {
            let checked = check_whole(version, &event.pdu_json, &keys).unwrap();
            assert_eq!(&checked.pdu.event_id, event.event_id());
            assert_eq!(checked.pdu_json, event.pdu_json);
            assert_eq!(checked.client_json, event.client_json);
        }
    }
}

#[test]
fn unsigned_is_spliced_behind_the_client_form() {
    let mut room = Room::public(RoomVersion::V11);
    room.message(ANNA, json!({ "ciphertext": "x" })).unwrap();
    let mut out = b"[".to_vec();
    with_unsigned(&room.last().client_json, br#"{"age":5}"#, &mut out);
    out.push(b']');
    let read: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(read[0]["unsigned"]["age"], 5);
    assert_eq!(read[0]["content"]["ciphertext"], "x");
}
