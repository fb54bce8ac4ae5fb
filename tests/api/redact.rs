//! `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid>

use serde_json::json;
use testkit::matrix::{escape, room_path, transaction};

use crate::server;

#[test]
fn what_is_deleted_is_gone_and_says_why() {
    for version in ["10", "11", "12"] {
        let (anna, jonas) = (server().user("anna"), server().user("jonas"));
        let room = anna.create_room(&json!({ "room_version": version, "invite": [jonas.id] }));
        jonas.join(&room);
        let id = anna.send_encrypted(&room, "delete me");
        let redact =
            |id: &str| room_path(&room, &format!("/redact/{}/{}", escape(id), transaction()));
        jonas.put(&redact(&id), &json!({})).refused(403, "M_FORBIDDEN");
        let redaction = anna.put(&redact(&id), &json!({ "reason": "falscher Chat" })).ok();
        let event = jonas.get(&room_path(&room, &format!("/event/{}", escape(&id)))).ok();
        assert_eq!(event["content"], json!({}));
        assert_eq!(event["unsigned"]["redacted_because"]["event_id"], redaction["event_id"]);
        assert_eq!(event["unsigned"]["redacted_because"]["content"]["redacts"], json!(id));
        let own = jonas.send_encrypted(&room, "of jonas");
        anna.put(&redact(&own), &json!({})).ok();
        anna.put(&redact("$invented"), &json!({})).refused(404, "M_NOT_FOUND");
    }
}

#[test]
fn a_repeated_request_deletes_once() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let id = anna.send_encrypted(&room, "delete me");
    let path = room_path(&room, &format!("/redact/{}/{}", escape(&id), transaction()));
    let first = anna.put(&path, &json!({})).ok();
    assert_eq!(anna.put(&path, &json!({})).ok(), first);
    let redactions = anna.history(&room);
    let redactions = redactions.iter().filter(|event| event["type"] == "m.room.redaction");
    let redactions: Vec<_> = redactions.collect();
    assert_eq!(redactions.len(), 1);
    assert!(redactions[0]["unsigned"]["transaction_id"].is_string());
    let tablet = anna.new_device();
    assert_ne!(tablet.put(&path, &json!({})).ok(), first, "another device has names of its own");
}

#[test]
fn an_event_of_another_room_is_not_deleted() {
    let anna = server().user("anna");
    let (room, other) = (anna.room_with(&[]), anna.room_with(&[]));
    let id = anna.send_encrypted(&room, "stays");
    let path = room_path(&other, &format!("/redact/{}/{}", escape(&id), transaction()));
    anna.put(&path, &json!({})).refused(404, "M_NOT_FOUND");
    let event = anna.get(&room_path(&room, &format!("/event/{}", escape(&id)))).ok();
    assert_eq!(event["content"]["ciphertext"], "stays");
}

#[test]
fn a_deleted_part_of_the_state_keeps_what_the_rules_need() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "name": "Ward" }));
    let redact = |kind: &str| {
        let event = anna.get(&room_path(&room, &format!("/state/{kind}?format=event"))).ok();
        let id = escape(event["event_id"].as_str().expect("an id"));
        anna.put(&room_path(&room, &format!("/redact/{id}/{}", transaction())), &json!({})).ok();
        anna.get(&room_path(&room, &format!("/state/{kind}"))).ok()
    };
    assert_eq!(redact("m.room.name"), json!({}));
    assert_eq!(redact("m.room.history_visibility"), json!({ "history_visibility": "shared" }));
    anna.set_state(&room, "m.room.name", "", &json!({ "name": "Another" }));
}
