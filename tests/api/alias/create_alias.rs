//! `PUT /_matrix/client/v3/directory/room/{roomAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias>

use serde_json::json;
use testkit::matrix::{escape, room_path};

use super::alias;
use crate::server;

#[test]
fn a_member_gives_a_room_an_alias_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let (name, path) = alias(&jonas, "Übergabe 早班");
    assert_eq!(jonas.put(&path, &json!({ "room_id": room })).ok(), json!({}));
    assert_eq!(anna.get(&path).ok()["room_id"], json!(room));
    let other = anna.room_with(&[]);
    anna.put(&path, &json!({ "room_id": other })).refused(409, "M_UNKNOWN");
    assert_eq!(anna.get(&room_path(&room, "/aliases")).ok()["aliases"], json!([name]));
}

#[test]
fn strangers_other_servers_and_unknown_rooms_are_refused() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    let (_, path) = alias(&mallory, "mine");
    mallory.put(&path, &json!({ "room_id": room })).refused(403, "M_FORBIDDEN");
    anna.put(&path, &json!({ "room_id": "!nowhere:klinikum.test" })).refused(404, "M_NOT_FOUND");
    anna.put(&path, &json!({ "room_id": "nonsense" })).refused(400, "M_BAD_JSON");
    let there = format!("/_matrix/client/v3/directory/room/{}", escape("#a:elsewhere.test"));
    anna.put(&there, &json!({ "room_id": room })).refused(400, "M_INVALID_PARAM");
    let none = "/_matrix/client/v3/directory/room/nonsense";
    anna.put(none, &json!({ "room_id": room })).refused(400, "M_INVALID_PARAM");
}
