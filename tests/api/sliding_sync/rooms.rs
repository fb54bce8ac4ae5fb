//! Lists, windows, subscriptions, and what is told of a room.

use serde_json::{Value, json};
use testkit::matrix::room_path;

use super::{Connection, ciphertexts, room_list, rooms, state};
use crate::server;

#[test]
fn a_room_comes_first_with_what_the_list_shows() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "Rounds" }));
    anna.send_encrypted(&room, "one");
    anna.send_encrypted(&room, "two");
    let answer = Connection::new(&jonas, "room-list").sync(&room_list(9));
    assert_eq!(answer["lists"]["all_rooms"]["count"], 1);
    let shown = &answer["rooms"][&room];
    assert_eq!(
        (&shown["initial"], &shown["limited"], &shown["num_live"]),
        (&json!(true), &json!(true), &json!(0))
    );
    assert_eq!(ciphertexts(shown), ["two"]);
    assert!(shown["prev_batch"].is_string() && shown["bump_stamp"].is_u64());
    assert_eq!((&shown["joined_count"], &shown["invited_count"]), (&json!(2), &json!(0)));
    assert_eq!(shown["notification_count"], 2);
    assert_eq!(shown["heroes"][0]["user_id"], json!(anna.id));
    let mut expected: Vec<(String, String)> = ["create", "encryption", "power_levels", "topic"]
        .iter()
        .map(|kind| (format!("m.room.{kind}"), String::new()))
        .collect();
    expected.extend([&anna.id, &jonas.id].map(|id| ("m.room.member".to_owned(), id.clone())));
    expected.sort();
    assert_eq!(state(shown), expected, "the sender lazily, oneself by $ME");
}

#[test]
fn only_what_is_new_comes_afterwards() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "old");
    let mut connection = Connection::new(&jonas, "room-list");
    connection.sync(&room_list(9));
    anna.send_encrypted(&room, "new");
    let answer = connection.sync(&room_list(9));
    let shown = &answer["rooms"][&room];
    assert_eq!(ciphertexts(shown), ["new"]);
    assert_eq!(
        (&shown["limited"], &shown["num_live"], &shown["notification_count"]),
        (&json!(false), &json!(1), &json!(2))
    );
    assert!(shown.get("initial").is_none() && shown.get("required_state").is_none(), "{shown}");
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "Rounds" }));
    let answer = connection.sync(&room_list(9));
    let shown = &answer["rooms"][&room];
    assert_eq!(
        state(shown),
        [("m.room.topic".to_owned(), String::new())],
        "state is told as such, too"
    );
    assert_eq!(shown["timeline"][0]["type"], "m.room.topic");
}

#[test]
fn the_window_follows_the_order_of_the_rooms() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let made: Vec<String> = (0..4).map(|_| anna.room_with(&[&jonas])).collect();
    for room in &made {
        anna.send_encrypted(room, "x");
    }
    let mut connection = Connection::new(&jonas, "room-list");
    let shown =
        |answer: &Value| rooms(answer).keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let answer = connection.sync(&room_list(1));
    assert_eq!(answer["lists"]["all_rooms"]["count"], 4);
    assert_eq!(shown(&answer), [made[3].clone(), made[2].clone()].into());
    anna.send_encrypted(&made[0], "up");
    let answer = connection.sync(&room_list(1));
    assert_eq!(shown(&answer), [made[0].clone()].into(), "what has come up is new to the client");
    assert_eq!(answer["rooms"][&made[0]]["initial"], true);
    let answer = connection.sync(&room_list(9));
    assert_eq!(
        shown(&answer),
        [made[1].clone()].into(),
        "a wider window shows what was not sent yet"
    );
}

#[test]
fn what_happened_out_of_sight_is_told_when_the_room_is_seen_again() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (first, second) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    let mut connection = Connection::new(&jonas, "room-list");
    connection.sync(&room_list(9));
    anna.set_state(&first, "m.room.topic", "", &json!({ "topic": "unseen" }));
    anna.send_encrypted(&second, "seen");
    let answer = connection.sync(&room_list(0));
    assert_eq!(rooms(&answer).keys().collect::<Vec<_>>(), [&second]);
    assert!(rooms(&connection.sync(&room_list(0))).is_empty());
    let answer = connection.sync(&room_list(9));
    assert_eq!(rooms(&answer).keys().collect::<Vec<_>>(), [&first]);
    let told = state(&answer["rooms"][&first]);
    assert!(told.contains(&("m.room.topic".to_owned(), String::new())), "{told:?}");
    assert!(
        told.iter().all(|(kind, _)| kind == "m.room.topic" || kind == "m.room.member"),
        "{told:?}"
    );
    assert!(answer["rooms"][&first].get("initial").is_none());
}

#[test]
fn a_subscription_shows_more_of_a_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    for n in 0..4 {
        anna.send_encrypted(&room, &n.to_string());
    }
    let mut connection = Connection::new(&jonas, "room-list");
    connection.sync(&room_list(9));
    let mut wish = room_list(9);
    wish["room_subscriptions"] = json!({ &room: { "timeline_limit": 3, "required_state": [["m.room.join_rules", ""], ["m.room.create", ""]] } });
    let answer = connection.sync(&wish);
    let shown = &answer["rooms"][&room];
    assert_eq!(ciphertexts(shown), ["1", "2", "3"]);
    assert_eq!(
        (&shown["unstable_expanded_timeline"], &shown["num_live"]),
        (&json!(true), &json!(0))
    );
    assert!(state(shown).contains(&("m.room.join_rules".to_owned(), String::new())));
    assert!(rooms(&connection.sync(&wish)).is_empty(), "once");
    assert!(rooms(&connection.sync(&room_list(9))).is_empty(), "less is no news");
}

#[test]
fn an_invitation_shows_stripped_state_and_becomes_a_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut connection = Connection::new(&jonas, "room-list");
    connection.sync(&room_list(9));
    let room = anna.create_room(&json!({ "name": "Ward 3", "invite": [jonas.id] }));
    anna.send_encrypted(&room, "secret");
    let answer = connection.sync(&room_list(9));
    let invited = &answer["rooms"][&room];
    let stripped = invited["invite_state"].as_array().expect("stripped state");
    let own = stripped
        .iter()
        .find(|event| event["state_key"] == json!(jonas.id))
        .expect("one's own invitation");
    assert_eq!(own["content"]["membership"], "invite");
    assert!(stripped.iter().any(|event| event["type"] == "m.room.name"));
    assert!(!answer.to_string().contains("secret") && invited.get("timeline").is_none());
    anna.send_encrypted(&room, "more");
    assert!(rooms(&connection.sync(&room_list(9))).is_empty());
    jonas.join(&room);
    let answer = connection.sync(&room_list(9));
    let joined = &answer["rooms"][&room];
    assert_eq!(joined["initial"], true);
    assert!(joined.get("invite_state").is_none());
    assert!(state(joined).contains(&("m.room.member".to_owned(), jonas.id.clone())), "{joined}");
}

#[test]
fn who_leaves_is_told_with_their_own_leaving() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (room, invitation) =
        (anna.room_with(&[&jonas]), anna.create_room(&json!({ "invite": [jonas.id] })));
    let mut connection = Connection::new(&jonas, "room-list");
    assert_eq!(connection.sync(&room_list(9))["lists"]["all_rooms"]["count"], 2);
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id })).ok();
    anna.send_encrypted(&room, "after");
    jonas.leave(&invitation);
    let answer = connection.sync(&room_list(9));
    assert_eq!(answer["lists"]["all_rooms"]["count"], 0);
    for room in [&room, &invitation] {
        let gone = &answer["rooms"][room];
        assert_eq!(state(gone), [("m.room.member".to_owned(), jonas.id.clone())]);
        assert_eq!(gone["required_state"][0]["content"]["membership"], "leave");
    }
    assert!(!answer.to_string().contains("after"));
    assert!(rooms(&connection.sync(&room_list(9))).is_empty());
}

#[test]
fn who_joins_is_told_as_a_member_and_counted() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat", "invite": [jonas.id] }));
    let mut connection = Connection::new(&anna, "room-list");
    let answer = connection.sync(&room_list(9));
    assert_eq!(
        (&answer["rooms"][&room]["joined_count"], &answer["rooms"][&room]["invited_count"]),
        (&json!(1), &json!(1))
    );
    jonas.join(&room);
    let answer = connection.sync(&room_list(9));
    let shown = &answer["rooms"][&room];
    assert_eq!(state(shown), [("m.room.member".to_owned(), jonas.id.clone())]);
    assert_eq!((&shown["joined_count"], &shown["invited_count"]), (&json!(2), &json!(0)));
}

#[test]
fn direct_chats_are_marked_and_filtered() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (direct, group) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    let path = format!(
        "/_matrix/client/v3/user/{}/account_data/m.direct",
        testkit::matrix::escape(&jonas.id)
    );
    jonas.put(&path, &json!({ &anna.id: [direct] })).ok();
    let answer = Connection::new(&jonas, "room-list").sync(&room_list(9));
    assert_eq!(answer["rooms"][&direct]["is_dm"], true);
    assert_eq!(answer["rooms"][&group]["is_dm"], false);
    let mut only_direct = room_list(9);
    only_direct["lists"]["all_rooms"]["filters"] = json!({ "is_dm": true });
    let answer = Connection::new(&jonas, "dms").sync(&only_direct);
    assert_eq!(answer["lists"]["all_rooms"]["count"], 1);
    assert_eq!(rooms(&answer).keys().collect::<Vec<_>>(), [&direct]);
}

#[test]
fn a_room_that_is_not_ones_own_cannot_be_subscribed_to() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let wish = json!({ "room_subscriptions": {
        &room: { "timeline_limit": 9, "required_state": [["*", "*"]] }, "!nowhere:x": { "timeline_limit": 1 },
    } });
    assert!(rooms(&Connection::new(&jonas, "x").sync(&wish)).is_empty());
}
