//! `GET /_matrix/client/v3/rooms/{roomId}/members`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers>

use serde_json::json;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn members_are_listed_by_membership_for_members_alone() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    jonas.leave(&room);
    let count = |query: &str| {
        let answer = anna.get(&room_path(&room, &format!("/members{query}"))).ok();
        answer["chunk"].as_array().map(Vec::len)
    };
    assert_eq!(count(""), Some(2));
    assert_eq!(count("?membership=join"), Some(1));
    assert_eq!(count("?not_membership=join"), Some(1));
    mallory.get(&room_path(&room, "/members")).refused(403, "M_FORBIDDEN");
    assert_eq!(count("?membership=join&not_membership=leave"), Some(1));
    assert_eq!(count("?membership=leave&not_membership=join"), Some(1));
    assert_eq!(count("?membership=join&not_membership=join"), Some(2), "one or the other");
}

#[test]
fn a_membership_that_does_not_exist_is_not_asked_for() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({}));
    for parameter in ["membership", "not_membership"] {
        for unknown in ["nonsense", "Join", ""] {
            let path = room_path(&room, &format!("/members?{parameter}={unknown}"));
            anna.get(&path).refused(400, "M_INVALID_PARAM");
        }
        for known in ["join", "invite", "leave", "ban", "knock"] {
            anna.get(&room_path(&room, &format!("/members?{parameter}={known}"))).ok();
        }
    }
}

#[test]
fn members_are_those_at_a_place_in_the_timeline() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    let sync = anna.sync(None);
    let whole = sync["rooms"]["join"][&room]["timeline"]["prev_batch"].clone();
    jonas.join(&room);
    let members = |at: &str| {
        let answer = anna.get(&room_path(&room, &format!("/members?at={}", escape(at)))).ok();
        let chunk = answer["chunk"].as_array().expect("a chunk").iter();
        chunk.map(|event| event["state_key"].clone()).collect::<Vec<_>>()
    };
    let before = sync["next_batch"].as_str().expect("a token");
    assert_eq!(members(before), [json!(anna.id)]);
    assert_eq!(members(whole.as_str().expect("a token")), [json!(anna.id)]);
    let now = anna.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    assert_eq!(members(&now).len(), 2);
    anna.get(&room_path(&room, "/members?at=nonsense")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn who_left_sees_the_members_as_they_were() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas]);
    jonas.leave(&room);
    anna.invite(&room, &lena);
    let count = |user: &testkit::User| {
        user.get(&room_path(&room, "/members")).ok()["chunk"].as_array().map(Vec::len)
    };
    assert_eq!((count(&jonas), count(&anna)), (Some(2), Some(3)));
    lena.get(&room_path(&room, "/members")).refused(403, "M_FORBIDDEN");
}
