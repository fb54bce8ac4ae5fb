//! II.a: the server keeps nothing that a client sends in clear.

use serde_json::{Value, json};
use testkit::{Server, User};

fn ward() -> (Server, User, String) {
    let server = Server::start();
    let anna = server.user("anna");
    let jonas = server.user("jonas");
    let room = anna.room_with(&[&jonas]);
    (server, anna, room)
}

#[test]
fn every_message_event_in_clear_is_forbidden() {
    let (_server, anna, room) = ward();
    let target = anna.send_encrypted(&room, "encrypted");
    let relation = json!({ "rel_type": "m.annotation", "event_id": target, "key": "👍" });
    for (kind, content) in [
        ("m.room.message", json!({ "msgtype": "m.text", "body": "in clear" })),
        (
            "m.room.message",
            json!({ "msgtype": "m.image", "body": "a.jpg", "url": "mxc://klinikum.test/a" }),
        ),
        ("m.reaction", json!({ "m.relates_to": relation })),
        ("m.sticker", json!({ "body": "x", "info": {}, "url": "mxc://klinikum.test/a" })),
        ("m.poll.start", json!({})),
        ("de.konsil.details", json!({ "name": "in clear" })),
        ("org.example.anything", json!({})),
    ] {
        anna.try_send(&room, kind, &content).refused(403, "M_FORBIDDEN");
    }
    let kept = anna.history(&room);
    assert!(kept.iter().all(|event| !event.to_string().contains("in clear")), "{kept:?}");
}

#[test]
fn what_is_encrypted_and_what_deletes_is_accepted() {
    let (_server, anna, room) = ward();
    let event = anna.send_encrypted(&room, "encrypted");
    let path =
        format!("/redact/{}/{}", testkit::matrix::escape(&event), testkit::matrix::transaction());
    anna.put(&testkit::matrix::room_path(&room, &path), &json!({})).ok();
}

#[test]
fn a_room_is_encrypted_from_its_beginning_whoever_makes_it() {
    let server = Server::start();
    let anna = server.user("anna");
    for body in
        [json!({}), json!({ "preset": "public_chat" }), json!({ "preset": "trusted_private_chat" })]
    {
        let room = anna.create_room(&body);
        let state = anna.get(&testkit::matrix::room_path(&room, "/state/m.room.encryption/")).ok();
        assert_eq!(state["algorithm"], "m.megolm.v1.aes-sha2", "{body}");
        let message = json!({ "msgtype": "m.text", "body": "in clear" });
        anna.try_send(&room, "m.room.message", &message).refused(403, "M_FORBIDDEN");
    }
}

#[test]
fn encryption_cannot_be_switched_off_again() {
    let (_server, anna, room) = ward();
    let path = testkit::matrix::room_path(&room, "/state/m.room.encryption/");
    let before: Value = anna.get(&path).ok();
    for content in [json!({}), json!({ "algorithm": "none" })] {
        let answer = anna.put(&path, &content);
        assert!(
            (400..500).contains(&answer.status),
            "{content} was answered with {}",
            answer.status
        );
    }
    assert_eq!(anna.get(&path).ok(), before);
    let message = json!({ "msgtype": "m.text", "body": "in clear" });
    anna.try_send(&room, "m.room.message", &message).refused(403, "M_FORBIDDEN");
}
