//! `DELETE /_matrix/client/v3/room_keys/keys` and its two narrower forms
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeys>

use serde_json::json;

use super::{ROOM, create, key, keys_path, latest};
use crate::server;

#[test]
fn keys_are_deleted_one_by_one_by_room_and_all() {
    let anna = server().user("anna");
    let version = create(&anna);
    let sessions = json!({ "sessions": { "a": key(true, 0, 0, "1"), "b": key(true, 0, 0, "2") } });
    let rooms =
        json!({ "rooms": { ROOM: sessions, "!2:h.test": sessions, "!3:h.test": sessions } });
    anna.put(&keys_path(&version, &[]), &rooms).ok();
    let mut etags = vec![latest(&anna).2];
    for (parts, left) in [(&[ROOM, "a"][..], 5), (&[ROOM], 4), (&[], 0)] {
        let answer = anna.delete(&keys_path(&version, parts)).ok();
        assert_eq!(answer["count"], left);
        let etag = answer["etag"].as_str().unwrap().to_owned();
        assert!(!etags.contains(&etag), "each change has an etag of its own");
        etags.push(etag);
        assert_eq!((left, etags.last().unwrap()), (latest(&anna).1, &latest(&anna).2));
    }
    assert_eq!(anna.get(&keys_path(&version, &[])).ok(), json!({ "rooms": {} }));
}

#[test]
fn deleting_nothing_changes_nothing() {
    let anna = server().user("anna");
    let version = create(&anna);
    let before = latest(&anna);
    anna.delete(&keys_path(&version, &[ROOM, "a"])).ok();
    assert_eq!(latest(&anna), before);
    anna.delete(&keys_path("999", &[])).refused(404, "M_NOT_FOUND");
}
