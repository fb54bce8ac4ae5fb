//! `POST /_matrix/client/v3/rooms/{roomId}/leave`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn who_left_sees_what_was_and_not_what_came_after() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "before");
    jonas.leave(&room);
    anna.send_encrypted(&room, "after");
    let seen: Vec<_> =
        jonas.history(&room).iter().map(|event| event["content"]["ciphertext"].clone()).collect();
    assert!(seen.contains(&json!("before")));
    assert!(!seen.contains(&json!("after")));
    jonas
        .try_send(&room, "m.room.encrypted", &testkit::matrix::encrypted("x"))
        .refused(403, "M_FORBIDDEN");
    jonas.post(&room_path(&room, "/leave"), &json!({})).ok();
}

#[test]
fn an_invitation_is_declined_and_a_knock_taken_back() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": "knock" } });
    let room = anna.create_room(&json!({ "initial_state": [rules] }));
    let membership = || {
        let path = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
        anna.get(&path).ok()
    };
    jonas.post(&format!("/_matrix/client/v3/knock/{room}"), &json!({})).ok();
    jonas.leave(&room);
    assert_eq!(membership()["membership"], "leave");
    anna.invite(&room, &jonas);
    jonas.post(&room_path(&room, "/leave"), &json!({ "reason": "Urlaub" })).ok();
    assert_eq!(membership(), json!({ "membership": "leave", "reason": "Urlaub" }));
    jonas.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn who_never_was_there_cannot_leave_and_no_body_is_needed() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    mallory.post(&room_path(&room, "/leave"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.request("POST", &room_path(&room, "/leave"), &[], b"").ok();
    anna.post(&room_path("!nowhere:klinikum.test", "/leave"), &json!({}))
        .refused(404, "M_NOT_FOUND");
}
