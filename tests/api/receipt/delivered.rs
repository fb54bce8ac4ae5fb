//! `GET /_konsil/rooms/{roomId}/delivered`: Konsil's own, since Matrix knows only what was read.

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn path(room: &str) -> String {
    format!("/_konsil/rooms/{}/delivered", escape(room))
}

/// Whether the asker is told that this event of theirs is on a device of somebody who has not read it.
fn is_delivered(asker: &User, room: &str, event: &str, to: &User) -> bool {
    let answer = asker.get(&path(room)).ok();
    let events = answer["events"].as_array().cloned().unwrap_or_default();
    let at = events.iter().position(|other| other == event).expect("the event is listed");
    answer["people"][&to.id].as_u64().is_some_and(|from| from <= at as u64)
}

#[test]
fn a_message_is_delivered_once_a_device_has_acknowledged_it() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let before = jonas.sync(None);
    let event = anna.send_encrypted(&room, "is it there?");
    jonas.sync(before["next_batch"].as_str());
    assert!(!is_delivered(&anna, &room, &event, &jonas), "an answer may get lost on its way");
    let since = jonas.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    jonas.sync(Some(&since));
    assert!(is_delivered(&anna, &room, &event, &jonas));
    let later = anna.send_encrypted(&room, "and this?");
    assert!(!is_delivered(&anna, &room, &later, &jonas));
    assert!(is_delivered(&anna, &room, &event, &jonas), "what was there stays there");
}

#[test]
fn what_was_read_is_not_told_as_delivered() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "read me");
    let since = jonas.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    jonas.sync(Some(&since));
    assert!(is_delivered(&anna, &room, &event, &jonas));
    jonas.post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&event))), &json!({})).ok();
    assert!(anna.get(&path(&room)).ok()["people"].get(&jonas.id).is_none());
}

#[test]
fn a_connection_for_keys_alone_says_nothing_about_messages() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "not yet");
    let connection = |id: &str, lists: &Value, pos: Option<&str>| {
        let at = pos.map(|pos| format!("&pos={}", escape(pos))).unwrap_or_default();
        let path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
        let body = json!({ "conn_id": id, "lists": lists, "extensions": { "to_device": { "enabled": true } } });
        let answer = jonas.post(&format!("{path}?timeout=0{at}"), &body).ok();
        answer["pos"].as_str().expect("a position").to_owned()
    };
    let keys = connection("encryption", &json!({}), None);
    connection("encryption", &json!({}), Some(&keys));
    assert!(!is_delivered(&anna, &room, &event, &jonas));
    let list = json!({ "all": { "ranges": [[0, 9]], "timeline_limit": 1, "required_state": [] } });
    let rooms = connection("room-list", &list, None);
    assert!(!is_delivered(&anna, &room, &event, &jonas));
    connection("room-list", &list, Some(&rooms));
    assert!(is_delivered(&anna, &room, &event, &jonas));
}

#[test]
fn strangers_and_those_who_left_are_told_nothing() {
    let (anna, jonas, murat) =
        (server().user("anna"), server().user("jonas"), server().user("murat"));
    let room = anna.room_with(&[&jonas]);
    murat.get(&path(&room)).refused(403, "M_FORBIDDEN");
    jonas.post(&room_path(&room, "/leave"), &json!({})).ok();
    jonas.get(&path(&room)).refused(403, "M_FORBIDDEN");
    anna.get(&path("!nowhere:klinikum.test")).refused(403, "M_FORBIDDEN");
    anna.get("/_konsil/rooms/nothing/delivered").refused(400, "M_INVALID_PARAM");
    anna.anonymous().get(&path(&room)).refused(401, "M_MISSING_TOKEN");
}
