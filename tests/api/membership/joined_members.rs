//! `GET /_matrix/client/v3/rooms/{roomId}/joined_members`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn members_see_who_is_in_with_name_and_picture() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let name = format!("/_matrix/client/v3/profile/{}/displayname", jonas.id);
    jonas.put(&name, &json!({ "displayname": "Dr. Jonas Weber" })).ok();
    let room = anna.room_with(&[&jonas]);
    let path = room_path(&room, "/joined_members");
    let joined = anna.get(&path).ok();
    assert_eq!(joined["joined"][&jonas.id]["display_name"], "Dr. Jonas Weber");
    assert_eq!(joined["joined"].as_object().map(|joined| joined.len()), Some(2));
    mallory.get(&path).refused(403, "M_FORBIDDEN");
    jonas.leave(&room);
    jonas.get(&path).refused(403, "M_FORBIDDEN");
    assert_eq!(anna.get(&path).ok()["joined"].as_object().map(|joined| joined.len()), Some(1));
}
