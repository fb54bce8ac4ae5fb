//! `GET /_matrix/client/v3/rooms/{roomId}/initialSync`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn a_room_comes_with_its_latest_events_state_and_account_data() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "last");
    let data = format!("/_matrix/client/v3/user/{}/rooms/{room}/account_data/de.konsil.x", anna.id);
    anna.put(&data, &json!({ "a": 1 })).ok();
    let answer = anna.get(&room_path(&room, "/initialSync")).ok();
    assert_eq!(answer["room_id"], json!(room));
    assert_eq!(answer["membership"], "join");
    assert_eq!(answer["visibility"], "private");
    let chunk = answer["messages"]["chunk"].as_array().expect("a chunk");
    assert_eq!(chunk.last().expect("events")["content"]["ciphertext"], "last");
    assert!(answer["messages"]["end"].is_string());
    let two = anna.get(&room_path(&room, "/initialSync?limit=2")).ok();
    assert_eq!(two["messages"]["chunk"].as_array().map(Vec::len), Some(2));
    anna.get(&room_path(&room, "/initialSync?limit=x")).refused(400, "M_INVALID_PARAM");
    let state = answer["state"].as_array().expect("state");
    assert!(state.iter().any(|event| event["type"] == "m.room.create"));
    assert_eq!(answer["account_data"][0], json!({ "type": "de.konsil.x", "content": { "a": 1 } }));
    mallory.get(&room_path(&room, "/initialSync")).refused(403, "M_FORBIDDEN");
    jonas.leave(&room);
    assert_eq!(jonas.get(&room_path(&room, "/initialSync")).ok()["membership"], "leave");
}
