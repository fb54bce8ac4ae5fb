//! `GET /_matrix/client/v1/rooms/{roomId}/timestamp_to_event`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event>

use serde_json::json;
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn at(user: &User, room: &str, ts: u64, dir: &str) -> testkit::matrix::Answer {
    let room = escape(room);
    user.get(&format!("/_matrix/client/v1/rooms/{room}/timestamp_to_event?ts={ts}&dir={dir}"))
}

fn time_of(user: &User, room: &str, id: &str) -> u64 {
    let event = user.get(&room_path(room, &format!("/event/{}", escape(id)))).ok();
    event["origin_server_ts"].as_u64().expect("a time")
}

#[test]
fn the_closest_event_before_or_after_a_time_is_found() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let pause = || std::thread::sleep(std::time::Duration::from_millis(4));
    let send = |text| {
        pause();
        anna.send_encrypted(&room, text)
    };
    let (first, second) = (send("first"), send("second"));
    let (earlier, later) = (time_of(&anna, &room, &first), time_of(&anna, &room, &second));
    assert!(earlier < later);
    let found = |ts, dir| at(&anna, &room, ts, dir).ok();
    assert_eq!(found(later, "f"), json!({ "event_id": second, "origin_server_ts": later }));
    assert_eq!(found(later, "b")["event_id"], json!(second));
    assert_eq!(found(earlier + 1, "f")["event_id"], json!(second));
    assert_eq!(found(later - 1, "b")["event_id"], json!(first));
    at(&anna, &room, later + 1, "f").refused(404, "M_NOT_FOUND");
    at(&anna, &room, 1, "b").refused(404, "M_NOT_FOUND");
    at(&anna, &room, 1, "sideways").refused(400, "M_INVALID_PARAM");
}

#[test]
fn only_what_the_asker_may_see_is_found() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let visibility = json!({ "type": "m.room.history_visibility", "content": { "history_visibility": "joined" } });
    let room = anna.create_room(&json!({ "initial_state": [visibility], "invite": [jonas.id] }));
    let hidden = anna.send_encrypted(&room, "hidden");
    jonas.join(&room);
    let found = at(&jonas, &room, time_of(&anna, &room, &hidden), "f").ok();
    let event = jonas
        .get(&room_path(&room, &format!("/event/{}", escape(found["event_id"].as_str().unwrap()))))
        .ok();
    assert_eq!(event["content"]["membership"], "join");
    at(&mallory, &room, 1, "f").refused(403, "M_FORBIDDEN");
}
