//! `POST /_matrix/client/v3/rooms/{roomId}/ban`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidban>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

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
fn a_ban_says_why_and_holds_also_for_those_who_never_were_there() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    let body = json!({ "user_id": jonas.id, "reason": "falsche Gruppe" });
    anna.post(&room_path(&room, "/ban"), &body).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    let expected = json!({ "membership": "ban", "reason": "falsche Gruppe" });
    assert_eq!(anna.get(&member).ok(), expected);
    jonas.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.post(&room_path(&room, "/leave"), &json!({})).refused(403, "M_FORBIDDEN");
}
