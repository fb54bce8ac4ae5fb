//! `POST /_matrix/client/v3/createRoom`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom>

use serde_json::{Value, json};
use testkit::matrix::{escape, room_path};

use crate::server;

fn content(events: &[Value], kind: &str) -> Value {
    let event = events.iter().find(|event| event["type"] == kind);
    event.map_or(Value::Null, |event| event["content"].clone())
}

#[test]
fn a_new_room_is_encrypted_from_its_first_events() {
    let anna = server().user("anna");
    for version in ["10", "11", "12"] {
        let room = anna.create_room(&json!({ "preset": "private_chat", "room_version": version }));
        let history = anna.history(&room);
        let kinds: Vec<_> =
            history.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
        assert_eq!(
            kinds[..4],
            ["m.room.create", "m.room.member", "m.room.power_levels", "m.room.encryption"]
        );
        assert_eq!(content(&history, "m.room.create")["room_version"], version);
        assert_eq!(content(&history, "m.room.join_rules")["join_rule"], "invite");
        assert_eq!(
            room.contains(':'),
            version != "12",
            "the id of a room of version 12 is a hash: {room}"
        );
    }
}

#[test]
fn twelve_is_the_default_version_and_unknown_ones_are_refused() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({}));
    assert_eq!(content(&anna.history(&room), "m.room.create")["room_version"], "12");
    for version in ["1", "9", "13", "org.example"] {
        let answer =
            anna.post("/_matrix/client/v3/createRoom", &json!({ "room_version": version }));
        answer.refused(400, "M_UNSUPPORTED_ROOM_VERSION");
    }
}

#[test]
fn who_is_invited_to_a_trusted_chat_has_the_creators_power() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let body = json!({ "preset": "trusted_private_chat", "invite": [jonas.id], "is_direct": true });
    let room = anna.create_room(&body);
    jonas.join(&room);
    jonas.set_state(&room, "m.room.avatar", "", &json!({ "url": "mxc://a/b" }));
    let history = anna.history(&room);
    let invite = history
        .iter()
        .find(|event| event["content"]["membership"] == "invite")
        .expect("an invitation");
    assert_eq!(invite["content"]["is_direct"], true);
}

#[test]
fn initial_state_name_and_topic_are_set_in_order() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({
        "name": "Station 3B", "topic": "Übergaben",
        "initial_state": [{ "type": "m.room.history_visibility", "content": { "history_visibility": "joined" } }],
        "power_level_content_override": { "invite": 50 },
    }));
    let history = anna.history(&room);
    assert_eq!(content(&history, "m.room.name"), json!({ "name": "Station 3B" }));
    assert_eq!(content(&history, "m.room.topic")["topic"], "Übergaben");
    assert_eq!(content(&history, "m.room.history_visibility")["history_visibility"], "joined");
    assert_eq!(content(&history, "m.room.power_levels")["invite"], 50);
    assert_eq!(
        history.iter().filter(|event| event["type"] == "m.room.history_visibility").count(),
        1
    );
}

#[test]
fn weaker_encryption_and_unknown_people_are_refused() {
    let anna = server().user("anna");
    let weak = json!({ "initial_state": [{ "type": "m.room.encryption", "content": { "algorithm": "none" } }] });
    anna.post("/_matrix/client/v3/createRoom", &weak).refused(400, "M_BAD_JSON");
    let (_, server_name) = anna.id.split_once(':').expect("a user id has a server name");
    let nobody = json!({ "invite": [format!("@nobody-at-all:{server_name}")] });
    anna.post("/_matrix/client/v3/createRoom", &nobody).refused(404, "M_NOT_FOUND");
}

#[test]
fn an_alias_is_given_out_once() {
    let anna = server().user("anna");
    let alias = format!("station-{}", anna.localpart);
    let room = anna.create_room(&json!({ "room_alias_name": alias }));
    let (_, server_name) = anna.id.split_once(':').expect("a user id has a server name");
    let alias_path =
        format!("/_matrix/client/v3/directory/room/%23{alias}%3A{}", escape(server_name));
    assert_eq!(anna.get(&alias_path).ok()["room_id"], json!(room));
    let again = anna.post("/_matrix/client/v3/createRoom", &json!({ "room_alias_name": alias }));
    again.refused(400, "M_ROOM_IN_USE");
    let aliases = anna.get(&room_path(&room, "/aliases")).ok();
    assert_eq!(aliases["aliases"].as_array().map(Vec::len), Some(1));
}

#[test]
fn many_rooms_alike_made_at_once_are_rooms_of_their_own() {
    let anna = server().user("anna");
    let rooms: Vec<String> = std::thread::scope(|scope| {
        let make =
            |_| scope.spawn(|| (0..10).map(|_| anna.create_room(&json!({}))).collect::<Vec<_>>());
        let threads: Vec<_> = (0..4).map(make).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("each room is made")).collect()
    });
    let distinct: std::collections::BTreeSet<_> = rooms.iter().collect();
    assert_eq!(distinct.len(), 40);
}
