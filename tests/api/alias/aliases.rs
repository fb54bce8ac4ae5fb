//! `GET /_matrix/client/v3/rooms/{roomId}/aliases`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidaliases>

use serde_json::json;
use testkit::matrix::room_path;

use super::alias;
use crate::server;

#[test]
fn members_see_all_aliases_and_others_only_of_rooms_that_the_world_may_read() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let aliases = room_path(&room, "/aliases");
    assert_eq!(jonas.get(&aliases).ok(), json!({ "aliases": [] }));
    let (name, path) = alias(&anna, "ward");
    anna.put(&path, &json!({ "room_id": room })).ok();
    assert_eq!(jonas.get(&aliases).ok(), json!({ "aliases": [name] }));
    mallory.get(&aliases).refused(403, "M_FORBIDDEN");
    jonas.leave(&room);
    jonas.get(&aliases).refused(403, "M_FORBIDDEN");
    let visibility = json!({ "history_visibility": "world_readable" });
    anna.set_state(&room, "m.room.history_visibility", "", &visibility);
    assert_eq!(mallory.get(&aliases).ok(), json!({ "aliases": [name] }));
}
