//! `PUT /_matrix/client/v3/room_keys/keys`, `PUT /_matrix/client/v3/room_keys/keys/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeys>

use serde_json::{Map, Value, json};

use testkit::Server;

use super::{ROOM, VERSION, create, key, keys_path, latest};
use crate::server;

const OTHER_ROOM: &str = "!stroke:klinikum.test";

#[test]
fn keys_of_many_rooms_are_stored_at_once() {
    let anna = server().user("anna");
    let version = create(&anna);
    let rooms = json!({ "rooms": {
        ROOM: { "sessions": { "a": key(true, 0, 0, "1"), "b": key(true, 0, 0, "2") } },
        OTHER_ROOM: { "sessions": { "a": key(true, 0, 0, "3") } },
    } });
    let answer = anna.put(&keys_path(&version, &[]), &rooms).ok();
    assert_eq!(answer["count"], 3);
    assert_eq!((version.clone(), 3, answer["etag"].as_str().unwrap().to_owned()), latest(&anna));
    assert_eq!(anna.get(&keys_path(&version, &[])).ok(), rooms);

    let room = json!({ "sessions": { "c": key(true, 0, 0, "4") } });
    assert_eq!(anna.put(&keys_path(&version, &[OTHER_ROOM]), &room).ok()["count"], 4);
    assert_eq!(anna.get(&keys_path(&version, &[OTHER_ROOM, "c"])).ok(), key(true, 0, 0, "4"));
}

#[test]
fn the_etag_changes_with_each_change_and_with_nothing_else() {
    let anna = server().user("anna");
    let version = create(&anna);
    let put = |index: u64| {
        let answer = anna.put(&keys_path(&version, &[ROOM, "a"]), &key(true, index, 0, "x")).ok();
        (answer["etag"].clone(), answer["count"].as_u64().unwrap())
    };
    let first = put(5);
    assert_eq!(put(5), first, "the same key again");
    assert_eq!(put(6), first, "a key that is no better");
    let better = put(4);
    assert_ne!(better.0, first.0);
    assert_eq!(better.1, 1);
}

#[test]
fn thousands_of_keys_are_stored_by_one_request() {
    let anna = server().user("anna");
    let version = create(&anna);
    let sessions: Map<String, Value> =
        (0..3_000).map(|n| (format!("s{n}"), key(true, 0, 0, "x"))).collect();
    let body = json!({ "rooms": { ROOM: { "sessions": sessions } } });
    assert_eq!(anna.put(&keys_path(&version, &[]), &body).ok()["count"], 3_000);
    let read = anna.get(&keys_path(&version, &[ROOM])).ok();
    assert_eq!(read["sessions"].as_object().unwrap().len(), 3_000);
}

#[test]
fn two_devices_at_once_lose_no_key_and_no_count() {
    let anna = server().user("anna");
    let version = create(&anna);
    std::thread::scope(|scope| {
        for device in 0..4 {
            let (anna, version) = (&anna, &version);
            scope.spawn(move || {
                for n in 0..5 {
                    let session = format!("{device}-{n}");
                    anna.put(&keys_path(version, &[ROOM, &session]), &key(true, 0, 0, "x")).ok();
                }
            });
        }
    });
    assert_eq!(latest(&anna).1, 20);
    let read = anna.get(&keys_path(&version, &[ROOM])).ok();
    assert_eq!(read["sessions"].as_object().unwrap().len(), 20);
}

#[test]
fn doctor_finds_the_count_that_clients_are_told() {
    let mut server = Server::start();
    let anna = server.user("anna");
    let old = create(&anna);
    let sessions = json!({ "sessions": { "a": key(true, 0, 0, "1"), "b": key(true, 0, 0, "2"), "c": key(true, 0, 0, "3") } });
    anna.put(&keys_path(&old, &[ROOM]), &sessions).ok();
    let version = create(&anna);
    anna.put(&keys_path(&version, &[ROOM]), &sessions).ok();
    anna.delete(&keys_path(&version, &[ROOM, "b"])).ok();
    anna.delete(&format!("{VERSION}/{old}")).ok();
    assert_eq!(latest(&anna).1, 2);
    server.stop();
    server.doctor();
}

#[test]
fn keys_for_another_backup_than_the_newest_are_refused() {
    let anna = server().user("anna");
    let body = key(true, 0, 0, "x");
    anna.put(&keys_path("1", &[ROOM, "a"]), &body).refused(404, "M_NOT_FOUND");
    let old = create(&anna);
    let current = create(&anna);
    let whole = json!({ "rooms": { ROOM: { "sessions": { "a": &body } } } });
    for (path, body) in [
        (keys_path(&old, &[ROOM, "a"]), &body),
        (keys_path(&old, &[ROOM]), &whole["rooms"][ROOM]),
        (keys_path(&old, &[]), &whole),
    ] {
        let refused = anna.put(&path, body).refused(403, "M_WRONG_ROOM_KEYS_VERSION");
        assert_eq!(refused["current_version"], json!(current));
    }
    anna.put(&keys_path("999", &[ROOM, "a"]), &body).refused(404, "M_NOT_FOUND");
    anna.put("/_matrix/client/v3/room_keys/keys", &whole).refused(400, "M_MISSING_PARAM");
}

#[test]
fn a_malformed_key_refuses_the_whole_request() {
    let anna = server().user("anna");
    let version = create(&anna);
    let mut without_index = key(true, 0, 0, "x");
    without_index.as_object_mut().unwrap().remove("first_message_index");
    for bad in [json!(7), json!({}), without_index] {
        let body = json!({ "rooms": { ROOM: { "sessions": { "good": key(true, 0, 0, "x"), "bad": bad } } } });
        anna.put(&keys_path(&version, &[]), &body).refused(400, "M_BAD_JSON");
    }
    let large = key(true, 0, 0, &"x".repeat(70_000));
    anna.put(&keys_path(&version, &[ROOM, "large"]), &large).refused(413, "M_TOO_LARGE");
    anna.put(&keys_path(&version, &["no room", "a"]), &key(true, 0, 0, "x"))
        .refused(400, "M_INVALID_PARAM");
    assert_eq!(latest(&anna).1, 0);
}
