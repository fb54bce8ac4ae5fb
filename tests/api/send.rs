//! `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid>

use serde_json::json;
use testkit::{
    Server, Settings,
    matrix::{encrypted, escape, room_path, transaction},
};

use crate::{open_server, server};

#[test]
fn a_repeated_request_sends_nothing_twice() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let path = room_path(&room, &format!("/send/m.room.encrypted/{}", transaction()));
    let first = anna.put(&path, &encrypted("once")).ok();
    anna.send_encrypted(&room, "another");
    let second = anna.put(&path, &encrypted("once")).ok();
    assert_eq!(first, second);
    let sent =
        anna.history(&room).iter().filter(|event| event["content"]["ciphertext"] == "once").count();
    assert_eq!(sent, 1);
    let tablet = anna.new_device();
    assert_ne!(
        tablet.put(&path, &encrypted("once")).ok(),
        first,
        "another device has names of its own"
    );
}

#[test]
fn everything_in_clear_is_refused() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let text = json!({ "msgtype": "m.text", "body": "in clear" });
    for kind in ["m.room.message", "m.reaction", "m.sticker", "de.konsil.case"] {
        anna.try_send(&room, kind, &text).refused(403, "M_FORBIDDEN");
    }
}

#[test]
fn clear_reactions_are_let_through_by_a_setting_of_their_own() {
    let tenant = "rooms.allow_clear_reactions = true".into();
    let open = Server::with(&Settings { tenant, ..Settings::default() });
    let anna = open.user("anna");
    let room = anna.room_with(&[]);
    let target = anna.send_encrypted(&room, "x");
    let relates_to = json!({ "rel_type": "m.annotation", "event_id": target, "key": "✓" });
    anna.send(&room, "m.reaction", &json!({ "m.relates_to": relates_to }));
    let text = json!({ "msgtype": "m.text", "body": "in clear" });
    anna.try_send(&room, "m.room.message", &text).refused(403, "M_FORBIDDEN");
}

#[test]
fn what_is_no_canonical_json_or_too_large_is_refused() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    anna.try_send(&room, "m.room.encrypted", &json!({ "pi": 3.25 })).refused(400, "M_BAD_JSON");
    let large = encrypted(&"x".repeat(70_000));
    anna.try_send(&room, "m.room.encrypted", &large).refused(413, "M_TOO_LARGE");
    let path = room_path(&room, "/send/m.room.encrypted/txn");
    anna.put(&path, &json!([1])).refused(400, "M_BAD_JSON");
}

#[test]
fn many_senders_at_once_lose_nothing() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    std::thread::scope(|scope| {
        for sender in [&anna, &jonas, &anna, &jonas] {
            let room = &room;
            scope.spawn(move || {
                for _ in 0..25 {
                    sender.send_encrypted(room, "concurrent");
                }
            });
        }
    });
    let sent = anna
        .history(&room)
        .iter()
        .filter(|event| event["content"]["ciphertext"] == "concurrent")
        .count();
    assert_eq!(sent, 100);
}

#[test]
fn no_thread_begins_at_an_event_that_refers_to_another() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    let in_thread = |target: &str| {
        let mut content = encrypted("answer");
        content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": target });
        content
    };
    let answer = anna.send(&room, "m.room.encrypted", &in_thread(&root));
    anna.try_send(&room, "m.room.encrypted", &in_thread(&answer)).refused(400, "M_UNKNOWN");
    let mut reply = encrypted("reply");
    reply["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": root } });
    let reply = anna.send(&room, "m.room.encrypted", &reply);
    anna.send(&room, "m.room.encrypted", &in_thread(&reply));
}

#[test]
fn the_same_annotation_is_not_taken_twice_until_the_first_is_deleted() {
    let (anna, jonas) = (open_server().user("anna"), open_server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let target = anna.send_encrypted(&room, "target");
    let reaction = |key: &str| json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": target, "key": key } });
    let path = room_path(&room, &format!("/send/m.reaction/{}", transaction()));
    let first = anna.put(&path, &reaction("✓")).ok();
    assert_eq!(anna.put(&path, &reaction("✓")).ok(), first, "a repeated request");
    anna.try_send(&room, "m.reaction", &reaction("✓")).refused(400, "M_DUPLICATE_ANNOTATION");
    anna.send(&room, "m.reaction", &reaction("✗"));
    jonas.send(&room, "m.reaction", &reaction("✓"));
    let first = first["event_id"].as_str().expect("an id");
    let redact = room_path(&room, &format!("/redact/{}/{}", escape(first), transaction()));
    anna.put(&redact, &json!({})).ok();
    anna.send(&room, "m.reaction", &reaction("✓"));
}

#[test]
fn messages_in_clear_are_taken_where_the_hospital_allows_them() {
    let anna = open_server().user("anna");
    let room = anna.room_with(&[]);
    let text = json!({ "msgtype": "m.text", "body": "in clear" });
    anna.send(&room, "m.room.message", &text);
    let kinds: Vec<_> = anna.history(&room).iter().map(|event| event["type"].clone()).collect();
    assert!(!kinds.contains(&json!("m.room.encryption")), "nor are new rooms encrypted there");
}
