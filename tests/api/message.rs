//! `GET /_matrix/client/v3/rooms/{roomId}/messages`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages>

use serde_json::{Value, json};
use testkit::matrix::{escape, room_path};

use crate::server;

fn texts(page: &Value) -> Vec<String> {
    let chunk = page["chunk"].as_array().expect("a chunk");
    chunk
        .iter()
        .filter_map(|event| event["content"]["ciphertext"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn paging_back_and_forth_sees_each_message_once() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let sent: Vec<String> = (0..25).map(|number| format!("message {number}")).collect();
    for text in &sent {
        anna.send_encrypted(&room, text);
    }
    for (dir, from_end) in [("b", true), ("f", false)] {
        let (mut seen, mut from) = (Vec::new(), String::new());
        loop {
            let page =
                anna.get(&room_path(&room, &format!("/messages?dir={dir}&limit=4{from}"))).ok();
            seen.extend(texts(&page));
            match page["end"].as_str() {
                Some(end) => from = format!("&from={}", escape(end)),
                None => break,
            }
        }
        if from_end {
            seen.reverse();
        }
        assert_eq!(seen, sent, "dir={dir}");
    }
}

#[test]
fn filters_choose_by_type_and_load_only_the_senders() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    jonas.send_encrypted(&room, "of jonas");
    let filter = json!({ "types": ["m.room.encrypted"], "lazy_load_members": true }).to_string();
    let page =
        anna.get(&room_path(&room, &format!("/messages?dir=b&filter={}", escape(&filter)))).ok();
    assert_eq!(texts(&page), ["of jonas"]);
    assert_eq!(page["chunk"].as_array().map(Vec::len), Some(1));
    let state = page["state"].as_array().expect("state");
    assert_eq!(state.len(), 1);
    assert_eq!(state[0]["state_key"], json!(jonas.id));
}

#[test]
fn strangers_and_bad_tokens_are_refused() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    mallory.get(&room_path(&room, "/messages?dir=b")).refused(403, "M_FORBIDDEN");
    anna.get(&room_path(&room, "/messages?dir=b&from=nonsense")).refused(400, "M_INVALID_PARAM");
    anna.get(&room_path(&room, "/messages?dir=sideways")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn history_is_visible_as_the_room_says() {
    for (visibility, sees_before_invite, sees_before_join) in
        [("shared", true, true), ("invited", false, true), ("joined", false, false)]
    {
        let (anna, jonas) = (server().user("anna"), server().user("jonas"));
        let rule = json!({ "type": "m.room.history_visibility", "content": { "history_visibility": visibility } });
        let room = anna.create_room(&json!({ "initial_state": [rule] }));
        anna.send_encrypted(&room, "before the invitation");
        anna.invite(&room, &jonas);
        anna.send_encrypted(&room, "before the join");
        jonas.join(&room);
        anna.send_encrypted(&room, "after the join");
        let seen: Vec<_> = jonas
            .history(&room)
            .iter()
            .map(|event| event["content"]["ciphertext"].clone())
            .collect();
        assert_eq!(
            seen.contains(&json!("before the invitation")),
            sees_before_invite,
            "{visibility}"
        );
        assert_eq!(seen.contains(&json!("before the join")), sees_before_join, "{visibility}");
        assert!(seen.contains(&json!("after the join")), "{visibility}");
    }
}
