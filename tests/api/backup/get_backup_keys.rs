//! `GET /_matrix/client/v3/room_keys/keys` and its two narrower forms
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeys>

use serde_json::json;

use super::{ROOM, create, key, keys_path};
use crate::server;

#[test]
fn an_empty_backup_has_no_rooms_and_a_room_without_keys_no_sessions() {
    let anna = server().user("anna");
    let version = create(&anna);
    assert_eq!(anna.get(&keys_path(&version, &[])).ok(), json!({ "rooms": {} }));
    assert_eq!(anna.get(&keys_path(&version, &[ROOM])).ok(), json!({ "sessions": {} }));
    anna.get(&keys_path(&version, &[ROOM, "a"])).refused(404, "M_NOT_FOUND");
}

#[test]
fn an_older_backup_is_still_read() {
    let anna = server().user("anna");
    let old = create(&anna);
    anna.put(&keys_path(&old, &[ROOM, "a"]), &key(true, 0, 0, "x")).ok();
    create(&anna);
    assert_eq!(anna.get(&keys_path(&old, &[ROOM, "a"])).ok(), key(true, 0, 0, "x"));
}

#[test]
fn the_unstable_path_serves_too() {
    let anna = server().user("anna");
    let version = create(&anna);
    let answer =
        anna.get(&format!("/_matrix/client/unstable/room_keys/keys?version={version}")).ok();
    assert_eq!(answer, json!({ "rooms": {} }));
}
