//! `POST /_matrix/client/v3/knock/{roomIdOrAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias>

use serde_json::json;
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn room(anna: &User, join_rule: &str) -> String {
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": join_rule } });
    anna.create_room(&json!({ "initial_state": [rules] }))
}

fn path(room: &str) -> String {
    format!("/_matrix/client/v3/knock/{}", escape(room))
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
fn a_knock_says_why_and_comes_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = room(&anna, "knock_restricted");
    let body = json!({ "reason": "Dienst ab 15:30" });
    assert_eq!(jonas.post(&path(&room), &body).ok(), json!({ "room_id": room }));
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    let content = anna.get(&member).ok();
    assert_eq!((&content["membership"], &content["reason"]), (&json!("knock"), &body["reason"]));
    let events = anna.history(&room).len();
    jonas.request("POST", &path(&room), &[], b"").ok();
    assert_eq!(anna.history(&room).len(), events);
    jonas.get(&room_path(&room, "/messages?dir=b")).refused(403, "M_FORBIDDEN");
}

#[test]
fn a_knock_is_refused_and_may_be_repeated() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = room(&anna, "knock");
    jonas.post(&path(&room), &json!({})).ok();
    let body = json!({ "user_id": jonas.id, "reason": "nicht heute" });
    anna.post(&room_path(&room, "/kick"), &body).ok();
    jonas.post(&path(&room), &json!({})).ok();
    anna.post(&room_path(&room, "/ban"), &body).ok();
    jonas.post(&path(&room), &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn only_rooms_that_are_knocked_at_take_a_knock() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    for join_rule in ["invite", "public", "restricted"] {
        jonas.post(&path(&room(&anna, join_rule)), &json!({})).refused(403, "M_FORBIDDEN");
    }
    let room = room(&anna, "knock");
    anna.post(&path(&room), &json!({})).refused(403, "M_FORBIDDEN");
    anna.invite(&room, &jonas);
    jonas.post(&path(&room), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.post(&path("!nowhere:klinikum.test"), &json!({})).refused(404, "M_NOT_FOUND");
}
