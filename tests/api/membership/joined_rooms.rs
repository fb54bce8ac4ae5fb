//! `GET /_matrix/client/v3/joined_rooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms>

use serde_json::json;

use crate::server;

#[test]
fn only_rooms_that_one_is_in_are_listed() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let joined = anna.room_with(&[&jonas]);
    anna.create_room(&json!({ "invite": [jonas.id] }));
    let left = anna.room_with(&[&jonas]);
    jonas.leave(&left);
    let path = "/_matrix/client/v3/joined_rooms";
    assert_eq!(jonas.get(path).ok(), json!({ "joined_rooms": [joined] }));
    jonas.anonymous().get(path).refused(401, "M_MISSING_TOKEN");
}
