//! `GET` and `PUT /_matrix/client/v3/rooms/{roomId}/state[/{eventType}[/{stateKey}]]`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn state_is_set_by_those_with_power_and_read_by_members() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let avatar = json!({ "url": "mxc://klinikum.test/abc" });
    anna.set_state(&room, "m.room.avatar", "", &avatar);
    for path in ["/state/m.room.avatar", "/state/m.room.avatar/"] {
        assert_eq!(jonas.get(&room_path(&room, path)).ok(), avatar);
        mallory.get(&room_path(&room, path)).refused(403, "M_FORBIDDEN");
    }
    jonas.put(&room_path(&room, "/state/m.room.avatar/"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.get(&room_path(&room, "/state/m.room.topic")).refused(404, "M_NOT_FOUND");
    let all = jonas.get(&room_path(&room, "/state")).ok();
    assert!(
        all.as_array().is_some_and(|all| all.iter().any(|event| event["type"] == "m.room.create"))
    );
}

#[test]
fn setting_the_same_again_makes_no_event() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let first = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 1 }));
    let again = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 1 }));
    let other = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 2 }));
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn who_left_sees_the_state_as_it_was() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "before" }));
    jonas.leave(&room);
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "after" }));
    assert_eq!(
        jonas.get(&room_path(&room, "/state/de.konsil.test")).ok(),
        json!({ "a": "before" })
    );
}

#[test]
fn a_membership_is_not_set_for_others() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[]);
    let path = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    anna.put(&path, &json!({ "membership": "join" })).refused(403, "M_FORBIDDEN");
    anna.put(&path, &json!({ "membership": "dancing" })).refused(403, "M_FORBIDDEN");
}
