//! `POST /_matrix/client/v3/rooms/{roomId}/join`, `POST /_matrix/client/v3/join/{roomIdOrAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#joining-rooms>

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

#[test]
fn nobody_vouches_for_oneself() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let ward = anna.room_with(&[]);
    let allow = json!([{ "type": "m.room_membership", "room_id": ward }]);
    for join_rule in ["restricted", "knock_restricted"] {
        let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": join_rule, "allow": allow } });
        let room = anna.create_room(&json!({ "initial_state": [rules] }));
        let path = room_path(&room, &format!("/state/m.room.member/{}", mallory.id));
        let forged = json!({ "membership": "join", "join_authorised_via_users_server": anna.id });
        mallory.put(&path, &forged).refused(403, "M_FORBIDDEN");
        mallory.post(&room_path(&room, "/join"), &forged).refused(403, "M_FORBIDDEN");
    }
}

#[test]
fn a_join_into_a_restricted_room_names_who_could_have_invited() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let ward = anna.room_with(&[&jonas]);
    let allow = json!([{ "type": "m.room_membership", "room_id": ward }]);
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": "knock_restricted", "allow": allow } });
    let levels = json!({ "invite": 50 });
    let body = json!({ "room_version": "10", "initial_state": [rules], "power_level_content_override": levels });
    let room = anna.create_room(&body);
    jonas.join(&room);
    let path = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    assert_eq!(jonas.get(&path).ok()["join_authorised_via_users_server"], json!(anna.id));
    // A new name needs no voucher, and whoever left the ward must knock.
    let member = json!({ "membership": "join", "displayname": "Jonas" });
    jonas.put(&path, &member).ok();
    assert_eq!(jonas.get(&path).ok(), member);
    jonas.leave(&room);
    jonas.leave(&ward);
    jonas.post(&room_path(&room, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.post(&format!("/_matrix/client/v3/knock/{}", escape(&room)), &json!({})).ok();
}

#[test]
fn a_join_says_why_and_needs_no_body() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.create_room(&json!({
        "preset": "public_chat", "room_alias_name": format!("ward-{}", anna.localpart),
    }));
    jonas.post(&room_path(&room, "/join"), &json!({ "reason": "Dienst" })).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    assert_eq!(anna.get(&member).ok()["reason"], "Dienst");
    let alias = escape(&format!("#ward-{}:klinikum.test", anna.localpart));
    let answer = lena.request("POST", &format!("/_matrix/client/v3/join/{alias}"), &[], b"");
    assert_eq!(answer.ok(), json!({ "room_id": room }));
    let unknown = escape("#nowhere:klinikum.test");
    lena.post(&format!("/_matrix/client/v3/join/{unknown}"), &json!({}))
        .refused(404, "M_NOT_FOUND");
}
