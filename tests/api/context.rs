//! `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid>

use serde_json::{Value, json};
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn an_event_is_shown_between_its_neighbours_and_one_goes_on_from_there() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let ids: Vec<String> =
        (0..9).map(|number| anna.send_encrypted(&room, &number.to_string())).collect();
    let context =
        anna.get(&room_path(&room, &format!("/context/{}?limit=4", escape(&ids[4])))).ok();
    let texts = |events: &Value| -> Vec<String> {
        let events = events.as_array().expect("events").iter();
        events
            .map(|event| event["content"]["ciphertext"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(context["event"]["content"]["ciphertext"], "4");
    assert_eq!(texts(&context["events_before"]), ["3", "2"]);
    assert_eq!(texts(&context["events_after"]), ["5", "6"]);
    let end = escape(context["end"].as_str().expect("an end"));
    let next = anna.get(&room_path(&room, &format!("/messages?dir=f&limit=2&from={end}"))).ok();
    assert_eq!(texts(&next["chunk"]), ["7", "8"]);
    let start = escape(context["start"].as_str().expect("a start"));
    let previous =
        anna.get(&room_path(&room, &format!("/messages?dir=b&limit=2&from={start}"))).ok();
    assert_eq!(texts(&previous["chunk"]), ["1", "0"]);
}

#[test]
fn the_limit_holds_for_both_sides_together() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let ids: Vec<String> =
        (0..9).map(|number| anna.send_encrypted(&room, &number.to_string())).collect();
    let count = |limit: u32| {
        let path = format!("/context/{}?limit={limit}", escape(&ids[4]));
        let context = anna.get(&room_path(&room, &path)).ok();
        let length = |side: &str| context[side].as_array().map_or(0, Vec::len);
        (length("events_before"), length("events_after"))
    };
    assert_eq!(count(0), (0, 0));
    assert_eq!(count(1), (0, 1));
    assert_eq!(count(3), (1, 2));
    let context =
        anna.get(&room_path(&room, &format!("/context/{}?limit=0", escape(&ids[4])))).ok();
    let start = escape(context["start"].as_str().expect("a start"));
    let older = anna.get(&room_path(&room, &format!("/messages?dir=b&limit=1&from={start}"))).ok();
    assert_eq!(older["chunk"][0]["event_id"], json!(ids[3]));
}

#[test]
fn a_filter_holds_for_the_neighbours_and_the_state() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    jonas.send_encrypted(&room, "of jonas");
    let id = anna.send_encrypted(&room, "of anna");
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": 1 }));
    let context = |filter: Value| {
        let filter = escape(&filter.to_string());
        anna.get(&room_path(&room, &format!("/context/{}?limit=20&filter={filter}", escape(&id))))
            .ok()
    };
    let lazy = context(
        json!({ "lazy_load_members": true, "types": ["m.room.encrypted", "m.room.member"] }),
    );
    assert_eq!(lazy["events_after"], json!([]));
    let members = |context: &Value| {
        let state = context["state"].as_array().expect("state").iter();
        let members = state.filter(|event| event["type"] == "m.room.member");
        members.map(|event| event["state_key"].clone()).collect::<Vec<_>>()
    };
    assert!(
        lazy["state"]
            .as_array()
            .is_some_and(|state| state.iter().all(|event| event["type"] == "m.room.member"))
    );
    let only_messages = context(json!({ "lazy_load_members": true, "senders": [jonas.id] }));
    assert_eq!(only_messages["events_before"][0]["content"]["ciphertext"], "of jonas");
    assert_eq!(only_messages["event"]["event_id"], json!(id), "the event itself always comes");
    assert_eq!(members(&only_messages), [json!(jonas.id)]);
    assert_eq!(members(&context(json!({}))).len(), 3);
}

#[test]
fn the_state_is_that_of_the_last_event_shown() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "before" }));
    let id = anna.send_encrypted(&room, "here");
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "after" }));
    let at = |limit: u32| {
        let path = format!("/context/{}?limit={limit}", escape(&id));
        let context = anna.get(&room_path(&room, &path)).ok();
        let state = context["state"].as_array().expect("state").clone();
        state.iter().find(|event| event["type"] == "de.konsil.test").expect("it is there")["content"]["a"].clone()
    };
    assert_eq!(at(0), "before");
    assert_eq!(at(2), "after");
}

#[test]
fn what_one_may_not_see_has_no_context() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    jonas.leave(&room);
    let id = anna.send_encrypted(&room, "after");
    let path = room_path(&room, &format!("/context/{}", escape(&id)));
    jonas.get(&path).refused(404, "M_NOT_FOUND");
    mallory.get(&path).refused(403, "M_FORBIDDEN");
}
