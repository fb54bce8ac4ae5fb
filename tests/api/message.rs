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
fn whoever_has_let_go_of_what_is_old_goes_on_behind_an_event() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    let ids = ["one", "two", "three"].map(|text| anna.send_encrypted(&room, text));
    let page = |from: &str, dir: &str| {
        anna.get(&room_path(&room, &format!("/messages?dir={dir}&from={}", escape(from))))
    };
    assert_eq!(
        texts(&page(&ids[1], "b").ok()),
        ["two", "one"],
        "the event itself is behind its end"
    );
    assert_eq!(texts(&page(&ids[1], "f").ok()), ["three"]);
    let upto = format!("/messages?dir=b&to={}", escape(&ids[1]));
    assert_eq!(texts(&anna.get(&room_path(&room, &upto)).ok()), ["three"]);
    // Of another room, of none, and by somebody who is not in it.
    let other = anna.room_with(&[]);
    let elsewhere = anna.send_encrypted(&other, "elsewhere");
    page(&elsewhere, "b").refused(404, "M_NOT_FOUND");
    page("$nobody-knows-it", "b").refused(404, "M_NOT_FOUND");
    page("$", "b").refused(404, "M_NOT_FOUND");
    mallory
        .get(&room_path(&room, &format!("/messages?dir=b&from={}", escape(&ids[1]))))
        .refused(403, "M_FORBIDDEN");
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

#[test]
fn filters_choose_by_sender_room_type_and_url() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "of anna");
    let mut with_url = testkit::matrix::encrypted("with url");
    with_url["url"] = json!("mxc://klinikum.test/a");
    jonas.send(&room, "m.room.encrypted", &with_url);
    let found = |filter: Value| {
        let filter = escape(&filter.to_string());
        texts(
            &anna.get(&room_path(&room, &format!("/messages?dir=f&limit=50&filter={filter}"))).ok(),
        )
    };
    assert_eq!(found(json!({ "senders": [jonas.id] })), ["with url"]);
    assert_eq!(found(json!({ "not_senders": [jonas.id] })), ["of anna"]);
    assert_eq!(found(json!({ "types": ["m.room.enc*"] })), ["of anna", "with url"]);
    assert!(found(json!({ "not_types": ["m.room.encrypted"] })).is_empty());
    assert!(found(json!({ "types": [] })).is_empty());
    assert_eq!(found(json!({ "rooms": [room] })).len(), 2);
    assert!(found(json!({ "rooms": [] })).is_empty());
    assert!(found(json!({ "not_rooms": [room] })).is_empty());
    assert_eq!(found(json!({ "contains_url": true })), ["with url"]);
    assert_eq!(found(json!({ "contains_url": false })), ["of anna"]);
    anna.get(&room_path(&room, "/messages?dir=f&filter=%7B")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn a_page_ends_where_it_was_asked_to() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let token = || anna.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    anna.send_encrypted(&room, "1");
    let middle = token();
    anna.send_encrypted(&room, "2");
    let end = token();
    anna.send_encrypted(&room, "3");
    let page = |query: String| anna.get(&room_path(&room, &format!("/messages?{query}"))).ok();
    let (from, to) = (escape(&end), escape(&middle));
    assert_eq!(texts(&page(format!("dir=b&from={from}&to={to}"))), ["2"]);
    assert_eq!(texts(&page(format!("dir=f&from={to}&to={from}"))), ["2"]);
    assert_eq!(texts(&page(format!("dir=f&from={from}"))), ["3"]);
    let page = page(format!("dir=b&from={from}&limit=2"));
    assert_eq!(page["start"], json!(end), "it is the same as was asked for");
}

#[test]
fn rooms_that_the_world_may_read_are_read_by_all_who_are_logged_in() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    anna.send_encrypted(&room, "hidden");
    let visibility = |value: &str| {
        let content = json!({ "history_visibility": value });
        anna.set_state(&room, "m.room.history_visibility", "", &content)
    };
    visibility("world_readable");
    let id = anna.send_encrypted(&room, "open");
    let seen = |dir: &str| {
        texts(&mallory.get(&room_path(&room, &format!("/messages?dir={dir}&limit=50"))).ok())
    };
    assert_eq!(seen("b"), ["open"]);
    assert_eq!(seen("f"), ["open"]);
    let event = room_path(&room, &format!("/event/{}", escape(&id)));
    assert_eq!(mallory.get(&event).ok()["unsigned"]["membership"], "leave");
    // The change itself is seen from either side, and after it the room is closed to others.
    visibility("joined");
    mallory.get(&room_path(&room, "/messages?dir=b")).refused(403, "M_FORBIDDEN");
    mallory.get(&event).refused(404, "M_NOT_FOUND");
    anna.anonymous().get(&room_path(&room, "/messages?dir=b")).refused(401, "M_MISSING_TOKEN");
}

#[test]
fn what_happened_while_somebody_was_outside_is_seen_after_coming_back_only_if_it_is_shared() {
    for (visibility, sees) in [("shared", true), ("invited", false), ("joined", false)] {
        let (anna, jonas) = (server().user("anna"), server().user("jonas"));
        let rule = json!({ "type": "m.room.history_visibility", "content": { "history_visibility": visibility } });
        let room = anna.create_room(&json!({ "preset": "public_chat", "initial_state": [rule] }));
        jonas.join(&room);
        anna.send_encrypted(&room, "inside");
        jonas.leave(&room);
        anna.send_encrypted(&room, "outside");
        let seen = || texts(&jonas.get(&room_path(&room, "/messages?dir=f&limit=50")).ok());
        assert_eq!(seen(), ["inside"], "{visibility}");
        jonas.join(&room);
        assert_eq!(seen().contains(&"outside".to_owned()), sees, "{visibility}");
    }
}

#[test]
fn what_an_ignored_user_writes_is_not_shown_but_their_state_is() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let id = jonas.send_encrypted(&room, "of jonas");
    let ignored = format!("/_matrix/client/v3/user/{}/account_data/m.ignored_user_list", anna.id);
    anna.put(&ignored, &json!({ "ignored_users": { &jonas.id: {} } })).ok();
    let history = anna.history(&room);
    assert!(history.iter().all(|event| event["event_id"] != json!(id)));
    assert!(history.iter().any(|event| event["sender"] == json!(jonas.id)));
    anna.put(&ignored, &json!({ "ignored_users": {} })).ok();
    assert!(anna.history(&room).iter().any(|event| event["event_id"] == json!(id)));
}

#[test]
fn a_forgotten_room_has_no_history() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.leave(&room);
    jonas.get(&room_path(&room, "/messages?dir=b")).ok();
    jonas.post(&room_path(&room, "/forget"), &json!({})).ok();
    jonas.get(&room_path(&room, "/messages?dir=b")).refused(403, "M_FORBIDDEN");
    jonas.get(&room_path(&room, "/state")).refused(403, "M_FORBIDDEN");
}
