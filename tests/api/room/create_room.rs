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

#[test]
fn presets_set_what_the_specification_says() {
    let anna = server().user("anna");
    for (body, join_rule, guest_access) in [
        (json!({}), "invite", "can_join"),
        (json!({ "visibility": "public" }), "public", "forbidden"),
        (json!({ "preset": "private_chat", "visibility": "public" }), "invite", "can_join"),
        (json!({ "preset": "public_chat" }), "public", "forbidden"),
        (json!({ "preset": "trusted_private_chat" }), "invite", "can_join"),
    ] {
        let history = anna.history(&anna.create_room(&body));
        assert_eq!(content(&history, "m.room.join_rules"), json!({ "join_rule": join_rule }));
        let guests = content(&history, "m.room.guest_access");
        assert_eq!(guests, json!({ "guest_access": guest_access }));
        let visibility = content(&history, "m.room.history_visibility");
        assert_eq!(visibility, json!({ "history_visibility": "shared" }));
    }
    anna.post("/_matrix/client/v3/createRoom", &json!({ "preset": "loud_chat" }))
        .refused(400, "M_BAD_JSON");
}

#[test]
fn events_come_in_the_order_of_the_specification() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({
        "name": "Ward", "topic": "Übergaben", "invite": [jonas.id], "is_direct": true,
        "room_alias_name": format!("order-{}", anna.localpart),
        "initial_state": [
            { "type": "m.room.name", "content": { "name": "overwritten" } },
            { "type": "de.konsil.test", "state_key": "key", "content": {} },
        ],
    }));
    let history = anna.history(&room);
    let kinds: Vec<_> = history.iter().filter_map(|event| event["type"].as_str()).collect();
    let expected = [
        "m.room.create",
        "m.room.member",
        "m.room.power_levels",
        "m.room.encryption",
        "m.room.canonical_alias",
        "m.room.join_rules",
        "m.room.history_visibility",
        "m.room.guest_access",
        "m.room.name",
        "de.konsil.test",
        "m.room.name",
        "m.room.topic",
        "m.room.member",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(anna.get(&room_path(&room, "/state/m.room.name")).ok()["name"], "Ward");
    let topic = content(&history, "m.room.topic");
    assert_eq!(topic["m.topic"]["m.text"][0]["body"], "Übergaben");
    let invitation = &history.last().expect("events")["content"];
    assert_eq!(invitation["is_direct"], true);
}

#[test]
fn what_the_creator_says_of_the_creation_is_kept_but_for_the_servers_own() {
    let anna = server().user("anna");
    let creation =
        json!({ "m.federate": false, "type": "m.space", "room_version": "1", "creator": "@x:y" });
    for version in ["10", "11", "12"] {
        let body = json!({ "room_version": version, "creation_content": creation });
        let create = content(&anna.history(&anna.create_room(&body)), "m.room.create");
        assert_eq!(create["m.federate"], false);
        assert_eq!(create["type"], "m.space");
        assert_eq!(create["room_version"], version);
        let creator = if version == "10" { json!(anna.id) } else { Value::Null };
        assert_eq!(create["creator"], creator);
    }
    anna.post("/_matrix/client/v3/createRoom", &json!({ "room_version": 12 }))
        .refused(400, "M_BAD_JSON");
}

#[test]
fn all_in_a_trusted_chat_of_version_12_are_its_creators() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let create = |version: &str| {
        let body = json!({
            "preset": "trusted_private_chat", "room_version": version, "invite": [jonas.id, lena.id],
            "creation_content": { "additional_creators": [jonas.id] },
        });
        anna.history(&anna.create_room(&body))
    };
    let twelve = create("12");
    assert_eq!(
        content(&twelve, "m.room.create")["additional_creators"],
        json!([jonas.id, lena.id])
    );
    let levels = content(&twelve, "m.room.power_levels");
    assert_eq!(
        (&levels["users"], &levels["events"]["m.room.tombstone"]),
        (&json!({}), &json!(150))
    );
    let eleven = content(&create("11"), "m.room.power_levels");
    assert_eq!(eleven["users"], json!({ &anna.id: 100, &jonas.id: 100, &lena.id: 100 }));
}

#[test]
fn rooms_that_cannot_begin_as_asked_are_refused_and_not_half_made() {
    let anna = server().user("anna");
    let create = |body: &Value| anna.post("/_matrix/client/v3/createRoom", body);
    let alias = format!("half-{}", anna.localpart);
    let powerless = json!({
        "room_version": "11", "name": "Ward", "room_alias_name": alias,
        "power_level_content_override": { "users": { &anna.id: 0 } },
    });
    create(&powerless).refused(400, "M_INVALID_ROOM_STATE");
    let levels = |content: Value| json!({ "initial_state": [{ "type": "m.room.power_levels", "content": content }] });
    for (body, code) in [
        (json!({ "power_level_content_override": { "ban": "50" } }), "M_BAD_JSON"),
        (json!({ "power_level_content_override": { "users": { &anna.id: 100 } } }), "M_BAD_JSON"),
        (levels(json!({ "ban": "50" })), "M_INVALID_ROOM_STATE"),
        (levels(json!({ "users": { &anna.id: 100 } })), "M_INVALID_ROOM_STATE"),
        (levels(json!({ "users": { "anna": 100 } })), "M_INVALID_ROOM_STATE"),
        (json!({ "creation_content": { "additional_creators": "x" } }), "M_BAD_JSON"),
        (json!({ "creation_content": { "additional_creators": ["x"] } }), "M_BAD_JSON"),
        (
            json!({ "creation_content": { "additional_creators": ["@x:dom$ain$.com"] } }),
            "M_BAD_JSON",
        ),
        (json!({ "initial_state": [{ "type": "m.room.member", "content": {} }] }), "M_BAD_JSON"),
        (json!({ "initial_state": [{ "type": "m.room.create", "content": {} }] }), "M_BAD_JSON"),
        (
            json!({ "initial_state": [{ "type": "m.room.canonical_alias", "content": { "alias": "#a:b" } }] }),
            "M_BAD_ALIAS",
        ),
        (json!({ "initial_state": [{ "content": {} }] }), "M_BAD_JSON"),
        (json!({ "room_alias_name": "a\u{0}b" }), "M_INVALID_PARAM"),
    ] {
        create(&body).refused(400, code);
    }
    let by_address = json!({ "invite_3pid": [{ "id_server": "x.test", "id_access_token": "x", "medium": "email", "address": "a@b.test" }] });
    create(&by_address).refused(403, "M_FORBIDDEN");
    assert_eq!(anna.get("/_matrix/client/v3/joined_rooms").ok()["joined_rooms"], json!([]));
    create(&json!({ "room_alias_name": alias })).ok();
}
