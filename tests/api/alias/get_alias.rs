//! `GET /_matrix/client/v3/directory/room/{roomAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias>

use serde_json::json;

use super::alias;
use crate::server;

#[test]
fn an_alias_names_its_room_and_the_servers_that_know_it() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let (_, path) = alias(&anna, "ward");
    anna.get(&path).refused(404, "M_NOT_FOUND");
    anna.put(&path, &json!({ "room_id": room })).ok();
    let named = anna.anonymous().get(&path).ok();
    assert_eq!(named, json!({ "room_id": room, "servers": ["klinikum.test"] }));
    let none = "/_matrix/client/v3/directory/room/nonsense";
    anna.get(none).refused(400, "M_INVALID_PARAM");
}
