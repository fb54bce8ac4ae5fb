//! `GET /_matrix/client/v3/notifications`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications>

use serde_json::{Value, json};
use testkit::matrix::{escape, room_path};

use crate::server;

const NOTIFICATIONS: &str = "/_matrix/client/v3/notifications";

fn ids(answer: &Value) -> Vec<String> {
    let notifications = answer["notifications"].as_array().expect("a list");
    notifications
        .iter()
        .map(|notification| notification["event"]["event_id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn what_others_sent_is_listed_newest_first_and_says_whether_it_was_read() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let first = anna.send_encrypted(&room, "1");
    jonas.post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&first))), &json!({})).ok();
    let second = anna.send_encrypted(&room, "2");
    let listed = jonas.get(NOTIFICATIONS).ok();
    let newest = &listed["notifications"][0];
    assert_eq!(ids(&listed)[..2], [second, first]);
    assert_eq!((&newest["read"], &newest["room_id"]), (&json!(false), &json!(room)));
    assert_eq!(newest["actions"][0], "notify");
    assert_eq!(newest["ts"], newest["event"]["origin_server_ts"]);
    assert_eq!(newest["event"]["content"]["ciphertext"], "2");
    assert_eq!(listed["notifications"][1]["read"], true);
    let invitation = &listed["notifications"][2]["event"];
    assert_eq!(
        (&invitation["type"], &invitation["state_key"]),
        (&json!("m.room.member"), &json!(jonas.id))
    );
    assert_eq!(ids(&anna.get(NOTIFICATIONS).ok()), [""; 0], "own messages notify nobody");
}

#[test]
fn the_list_is_read_in_pages() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let sent: Vec<_> = (0..5).map(|n| anna.send_encrypted(&room, &n.to_string())).collect();
    let (mut path, mut found) = (format!("{NOTIFICATIONS}?limit=2"), Vec::new());
    loop {
        let page = jonas.get(&path).ok();
        assert!(ids(&page).len() <= 2);
        found.extend(ids(&page));
        let Some(next) = page["next_token"].as_str() else { break };
        path = format!("{NOTIFICATIONS}?limit=2&from={}", escape(next));
    }
    let expected: Vec<_> = sent.into_iter().rev().collect();
    assert_eq!(found[..5], expected);
    assert_eq!(found.len(), 6, "and the invitation");
    jonas.get(&format!("{NOTIFICATIONS}?from=x")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn only_what_is_highlighted_is_listed_if_so_asked() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "ordinary");
    let rule = "/_matrix/client/v3/pushrules/global/sender";
    let rule = format!("{rule}/{}", escape(&anna.id));
    let actions = json!({ "actions": ["notify", { "set_tweak": "highlight" }] });
    assert_eq!(ids(&jonas.get(&format!("{NOTIFICATIONS}?only=highlight")).ok()), [""; 0]);
    jonas.put(&rule, &actions).ok();
    let listed = jonas.get(&format!("{NOTIFICATIONS}?only=highlight")).ok();
    assert_eq!(ids(&listed).len(), 1, "the rules of today are asked: {listed}");
}

#[test]
fn what_happens_in_rooms_of_others_is_not_listed() {
    let (anna, jonas, murat) =
        (server().user("anna"), server().user("jonas"), server().user("murat"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "x");
    assert_eq!(ids(&murat.get(NOTIFICATIONS).ok()), [""; 0]);
    jonas.leave(&room);
    anna.send_encrypted(&room, "y");
    assert_eq!(ids(&jonas.get(NOTIFICATIONS).ok()), [""; 0], "who has left is done with the room");
}
