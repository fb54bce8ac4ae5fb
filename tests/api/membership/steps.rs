//! `POST /_matrix/client/v3/rooms/{roomId}/{invite,leave,kick,ban,unban}`

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
fn who_is_banned_comes_back_only_after_the_ban() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let about_jonas = json!({ "user_id": jonas.id, "reason": "falsche Gruppe" });
    jonas
        .post(&room_path(&room, "/ban"), &json!({ "user_id": anna.id }))
        .refused(403, "M_FORBIDDEN");
    anna.post(&room_path(&room, "/ban"), &about_jonas).ok();
    anna.post(&room_path(&room, "/invite"), &about_jonas).refused(403, "M_FORBIDDEN");
    anna.post(&room_path(&room, "/unban"), &about_jonas).ok();
    anna.post(&room_path(&room, "/unban"), &about_jonas).refused(400, "M_BAD_STATE");
    anna.invite(&room, &jonas);
    jonas.join(&room);
}

#[test]
fn who_is_kicked_is_out_and_a_stranger_cannot_be_kicked() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id })).ok();
    assert_eq!(jonas.get("/_matrix/client/v3/joined_rooms").ok()["joined_rooms"], json!([]));
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": mallory.id }))
        .refused(403, "M_FORBIDDEN");
}

#[test]
fn strangers_invite_nobody() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[]);
    mallory
        .post(&room_path(&room, "/invite"), &json!({ "user_id": jonas.id }))
        .refused(403, "M_FORBIDDEN");
}
