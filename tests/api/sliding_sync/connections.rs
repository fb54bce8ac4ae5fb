//! Positions, retries and waiting.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Connection, ciphertexts, room_list, rooms};
use crate::server;

#[test]
fn an_unknown_position_is_told_so_that_the_client_begins_anew() {
    let anna = server().user("anna");
    let mut connection = Connection::new(&anna, "room-list");
    for pos in ["5", "", "x_1"] {
        connection.pos = Some(pos.to_owned());
        connection.ask(Duration::ZERO, &room_list(9)).refused(400, "M_UNKNOWN_POS");
    }
    connection.pos = None;
    connection.sync(&room_list(9));
    connection.sync(&room_list(9));
    let other = anna.new_device();
    let mut stranger = Connection::new(&other, "room-list");
    stranger.pos = connection.pos.clone();
    stranger.ask(Duration::ZERO, &room_list(9)).refused(400, "M_UNKNOWN_POS");
}

#[test]
fn a_lost_answer_is_given_again() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let mut connection = Connection::new(&jonas, "room-list");
    connection.sync(&room_list(9));
    anna.send_encrypted(&room, "once");
    let before = connection.pos.clone();
    let lost = connection.sync(&room_list(9));
    assert_eq!(ciphertexts(&lost["rooms"][&room]), ["once"]);
    connection.pos = before;
    let again = connection.sync(&room_list(9));
    assert_eq!(ciphertexts(&again["rooms"][&room]), ["once"]);
    assert!(rooms(&connection.sync(&room_list(9))).is_empty());
}

#[test]
fn a_connection_waits_until_something_happens() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let mut connection = Connection::new(&jonas, "room-list");
    let begun = Instant::now();
    connection.wait(Duration::from_secs(20), &room_list(9));
    assert!(begun.elapsed() < Duration::from_secs(10), "a new connection is answered at once");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| connection.wait(Duration::from_secs(20), &room_list(9)));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished(), "nothing has happened yet");
        anna.send_encrypted(&room, "wake");
        assert_eq!(ciphertexts(&waiting.join().expect("an answer")["rooms"][&room]), ["wake"]);
    });
    assert!(begun.elapsed() < Duration::from_secs(15), "it was woken, not timed out");
    let begun = Instant::now();
    let answer = connection.wait(Duration::from_millis(300), &room_list(9));
    assert!(begun.elapsed() >= Duration::from_millis(290) && rooms(&answer).is_empty());
}

#[test]
fn a_device_has_two_connections_at_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let encryption =
        json!({ "extensions": { "e2ee": { "enabled": true }, "to_device": { "enabled": true } } });
    let (mut list, mut keys) =
        (Connection::new(&jonas, "room-list"), Connection::new(&jonas, "encryption"));
    list.sync(&room_list(9));
    let answer = keys.sync(&encryption);
    assert!(rooms(&answer).is_empty());
    assert_eq!(
        answer["extensions"]["e2ee"]["device_one_time_keys_count"],
        json!({ "signed_curve25519": 0 })
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| keys.wait(Duration::from_secs(20), &encryption));
        anna.send_encrypted(&room, "for the list");
        assert_eq!(ciphertexts(&list.sync(&room_list(9))["rooms"][&room]), ["for the list"]);
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished(), "messages in rooms are no news for keys");
        let body = json!({ "messages": { &jonas.id: { &jonas.device_id: { "n": 1 } } } });
        anna.put("/_matrix/client/v3/sendToDevice/de.konsil.test/two-connections", &body).ok();
        let answer = waiting.join().expect("an answer");
        assert_eq!(answer["extensions"]["to_device"]["events"][0]["content"], json!({ "n": 1 }));
    });
}

#[test]
fn a_request_of_unreasonable_size_is_refused() {
    let anna = server().user("anna");
    let lists: serde_json::Map<_, _> = (0..501)
        .map(|n| (n.to_string(), json!({ "ranges": [[0, 1]], "timeline_limit": 1 })))
        .collect();
    Connection::new(&anna, "x")
        .ask(Duration::ZERO, &json!({ "lists": lists }))
        .refused(400, "M_INVALID_PARAM");
    Connection::new(&anna, "x")
        .ask(Duration::ZERO, &json!({ "lists": 7 }))
        .refused(400, "M_BAD_JSON");
    let huge = json!({ "lists": { "a": { "ranges": [[0, 9_007_199_254_740_991_u64]], "timeline_limit": 9_007_199_254_740_991_u64 } } });
    Connection::new(&anna, "x").ask(Duration::ZERO, &huge).ok();
}
