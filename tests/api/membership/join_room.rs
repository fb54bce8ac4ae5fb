//! `POST /_matrix/client/v3/rooms/{roomId}/join`, `POST /_matrix/client/v3/join/{roomIdOrAlias}`, `…/knock/…`

use serde_json::json;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn only_who_is_invited_joins_a_private_room() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.create_room(&json!({ "invite": [jonas.id] }));
    mallory.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.join(&room);
    let events = anna.history(&room).len();
    jonas.join(&room);
    assert_eq!(anna.history(&room).len(), events, "joining twice makes no second event");
    assert_eq!(jonas.get("/_matrix/client/v3/joined_rooms").ok()["joined_rooms"], json!([room]));
}

#[test]
fn a_public_room_is_open_to_all_of_the_hospital() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    let path = format!("/_matrix/client/v3/join/{}", escape(&room));
    assert_eq!(jonas.post(&path, &json!({})).ok()["room_id"], json!(room));
}

#[test]
fn who_knocks_is_let_in_by_an_invitation() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": "knock" } });
    let room = anna.create_room(&json!({ "initial_state": [rules] }));
    let path = format!("/_matrix/client/v3/knock/{}", escape(&room));
    jonas.post(&path, &json!({ "reason": "Dienst ab 15:30" })).ok();
    jonas.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    anna.invite(&room, &jonas);
    jonas.join(&room);
}

#[test]
fn members_of_one_room_join_another_that_admits_them() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let ward = anna.room_with(&[&jonas]);
    let allow = json!([{ "type": "m.room_membership", "room_id": ward }]);
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": "restricted", "allow": allow } });
    let room = anna.create_room(&json!({ "initial_state": [rules] }));
    jonas.join(&room);
    mallory.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn an_unknown_room_is_not_found() {
    let anna = server().user("anna");
    anna.post(&room_path("!nowhere:klinikum.test", "/join"), &json!({}))
        .refused(404, "M_NOT_FOUND");
}
