//! `POST /_matrix/client/v3/rooms/{roomId}/kick`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

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
fn whoever_has_no_power_kicks_nobody_and_an_invitation_is_taken_back() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas]);
    anna.invite(&room, &lena);
    for other in [&anna, &lena] {
        jonas
            .post(&room_path(&room, "/kick"), &json!({ "user_id": other.id }))
            .refused(403, "M_FORBIDDEN");
    }
    let body = json!({ "user_id": lena.id, "reason": "falsche Lena" });
    anna.post(&room_path(&room, "/kick"), &body).ok();
    lena.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    let member = room_path(&room, &format!("/state/m.room.member/{}", lena.id));
    assert_eq!(anna.get(&member).ok()["reason"], "falsche Lena");
}
