//! `POST /_matrix/client/v3/rooms/{roomId}/unban`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidunban>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn who_may_ban_lets_in_again_and_says_why() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    let body = json!({ "user_id": jonas.id, "reason": "Irrtum" });
    anna.post(&room_path(&room, "/ban"), &body).ok();
    lena.post(&room_path(&room, "/unban"), &body).refused(403, "M_FORBIDDEN");
    anna.post(&room_path(&room, "/unban"), &body).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    assert_eq!(anna.get(&member).ok(), json!({ "membership": "leave", "reason": "Irrtum" }));
    anna.post(&room_path(&room, "/unban"), &body).refused(400, "M_BAD_STATE");
}
