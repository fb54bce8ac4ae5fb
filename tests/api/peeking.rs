//! `GET /_matrix/client/v3/events`, `GET /_matrix/client/v3/events/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events>

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::matrix::escape;

use crate::server;

#[test]
fn the_old_stream_is_empty_and_waits_as_long_as_it_is_told() {
    let anna = server().user("anna");
    for version in ["v3", "r0"] {
        let path = format!("/_matrix/client/{version}/events");
        let empty = anna.get(&format!("{path}?from=s7&room_id=%21a%3Ab")).ok();
        assert_eq!(empty, json!({ "chunk": [], "start": "s7", "end": "s7" }));
        anna.anonymous().get(&path).refused(401, "M_MISSING_TOKEN");
        anna.get(&format!("{path}?timeout=soon")).refused(400, "M_INVALID_PARAM");
    }
    let begun = Instant::now();
    anna.get("/_matrix/client/v3/events?timeout=300").ok();
    assert!(begun.elapsed() >= Duration::from_millis(300), "it came back at once");
}

#[test]
fn an_event_is_found_without_its_room_by_who_may_see_it() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let event = anna.send_encrypted(&room, "x");
    let path = format!("/_matrix/client/v3/events/{}", escape(&event));
    let found = anna.get(&path).ok();
    assert_eq!((&found["event_id"], &found["room_id"]), (&json!(event), &json!(room)));
    let hidden = jonas.get(&path).refused(404, "M_NOT_FOUND");
    let unknown = jonas.get("/_matrix/client/v3/events/%24unknown").refused(404, "M_NOT_FOUND");
    assert_eq!(hidden, unknown);
}
