//! `PUT` and `GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype>

use serde_json::json;

use super::in_room;
use crate::server;

#[test]
fn each_member_has_account_data_of_their_own_for_each_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (room, other) = (anna.room_with(&[&jonas]), anna.room_with(&[]));
    anna.put(&in_room(&anna, &room, "de.example.note"), &json!({ "a": 1 })).ok();
    assert_eq!(anna.get(&in_room(&anna, &room, "de.example.note")).ok(), json!({ "a": 1 }));
    jonas.get(&in_room(&jonas, &room, "de.example.note")).refused(404, "M_NOT_FOUND");
    anna.get(&in_room(&anna, &other, "de.example.note")).refused(404, "M_NOT_FOUND");
    jonas.get(&in_room(&anna, &room, "de.example.note")).refused(403, "M_FORBIDDEN");
    jonas.put(&in_room(&anna, &room, "de.example.note"), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn there_is_none_for_rooms_of_others() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[]);
    jonas.put(&in_room(&jonas, &room, "de.example.note"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.get(&in_room(&jonas, &room, "de.example.note")).refused(403, "M_FORBIDDEN");
    let unknown = "!unknown:klinikum.test";
    jonas.put(&in_room(&jonas, unknown, "de.example.note"), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn the_read_marker_is_not_written_here() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let marker = json!({ "event_id": "$event" });
    anna.put(&in_room(&anna, &room, "m.fully_read"), &marker).refused(405, "M_BAD_JSON");
}
