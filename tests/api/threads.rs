//! `GET /_matrix/client/v1/rooms/{roomId}/threads`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads>

use serde_json::json;
use testkit::matrix::{encrypted, escape};

use crate::server;

#[test]
fn roots_are_listed_latest_answer_first() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let (first, second) = (anna.send_encrypted(&room, "1"), anna.send_encrypted(&room, "2"));
    for root in [&second, &first] {
        let mut content = encrypted("answer");
        content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
        anna.send(&room, "m.room.encrypted", &content);
    }
    let threads = anna.get(&format!("/_matrix/client/v1/rooms/{}/threads", escape(&room))).ok();
    let ids: Vec<_> = threads["chunk"]
        .as_array()
        .expect("a chunk")
        .iter()
        .map(|root| &root["event_id"])
        .collect();
    assert_eq!(ids, [&json!(first), &json!(second)]);
}
