//! `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`

use serde_json::json;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn members_read_an_event_and_strangers_learn_nothing_of_it() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let id = anna.send_encrypted(&room, "marker");
    let path = room_path(&room, &format!("/event/{}", escape(&id)));
    let event = jonas.get(&path).ok();
    assert_eq!(event["content"]["ciphertext"], "marker");
    assert_eq!(event["room_id"], room);
    assert_eq!(
        event["unsigned"].get("transaction_id"),
        None,
        "the sender's own name for it is nobody else's"
    );
    assert!(anna.get(&path).ok()["unsigned"]["transaction_id"].is_string());
    mallory.get(&path).refused(404, "M_NOT_FOUND");
    let invented = room_path(&room, "/event/%24invented");
    jonas.get(&invented).refused(404, "M_NOT_FOUND");
}

#[test]
fn an_event_says_what_its_reader_was_and_what_it_replaced() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let visibility = json!({ "type": "m.room.history_visibility", "content": { "history_visibility": "joined" } });
    let room = anna.create_room(&json!({ "invite": [jonas.id], "initial_state": [visibility] }));
    let early = anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "not for jonas" }));
    jonas.join(&room);
    let late = anna.set_state(&room, "de.konsil.test", "", &json!({ "a": 2 }));
    let event = |user: &testkit::User, id: &str| {
        user.get(&room_path(&room, &format!("/event/{}", escape(id))))
    };
    let seen = event(&jonas, &late).ok();
    assert_eq!(seen["unsigned"]["membership"], "join");
    assert_eq!(seen["unsigned"]["replaces_state"], json!(early));
    assert_eq!(seen["unsigned"].get("prev_content"), None, "jonas was not in the room then");
    assert_eq!(
        event(&anna, &late).ok()["unsigned"]["prev_content"],
        json!({ "a": "not for jonas" })
    );
    event(&jonas, &early).refused(404, "M_NOT_FOUND");
    jonas.leave(&room);
    let left =
        anna.get(&room_path(&room, &format!("/state/m.room.member/{}?format=event", jonas.id)));
    let left = left.ok()["event_id"].as_str().expect("an id").to_owned();
    assert_eq!(event(&jonas, &left).ok()["unsigned"]["membership"], "leave");
    assert_eq!(event(&anna, &left).ok()["unsigned"]["membership"], "join");
}
