//! `POST /_matrix/client/v3/rooms/{roomId}/forget`

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn only_who_left_forgets_a_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.post(&room_path(&room, "/forget"), &json!({})).refused(400, "M_UNKNOWN");
    jonas.leave(&room);
    jonas.post(&room_path(&room, "/forget"), &json!({})).ok();
}
