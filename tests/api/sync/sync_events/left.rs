//! Rooms that were left, invitations that are over, knocks.

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use super::{ciphertexts, filtered, next, types};
use crate::server;

fn memberships(room: &Value, user: &User) -> Vec<String> {
    let events = room["timeline"]["events"].as_array().cloned().unwrap_or_default();
    let own = events.iter().filter(|event| event["state_key"] == json!(user.id));
    own.map(|event| event["content"]["membership"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_declined_invitation_is_over_and_nothing_of_the_room_is_shown() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "name": "Ward 3", "invite": [jonas.id] }));
    anna.send_encrypted(&room, "secret");
    let token = jonas.sync(None);
    assert!(token["rooms"]["invite"].get(&room).is_some());
    jonas.leave(&room);
    anna.send_encrypted(&room, "later");
    let archived = json!({ "room": { "include_leave": true } });
    for answer in [jonas.sync(Some(next(&token))), filtered(&jonas, None, &archived, "")] {
        let left = &answer["rooms"]["leave"][&room];
        assert_eq!(memberships(left, &jonas), ["leave"], "{answer}");
        assert_eq!(types(&left["timeline"]["events"]), ["m.room.member"]);
        assert!(left.get("state").is_none(), "who was never in the room has none of its state");
    }
}

#[test]
fn an_invitation_that_is_taken_back_is_over() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "invite": [jonas.id] }));
    let token = jonas.sync(None);
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id })).ok();
    let answer = jonas.sync(Some(next(&token)));
    assert_eq!(memberships(&answer["rooms"]["leave"][&room], &jonas), ["leave"]);
    assert!(answer["rooms"].get("invite").is_none());
}

#[test]
fn who_is_banned_is_told_and_told_when_it_is_over() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    anna.send_encrypted(&room, "before");
    anna.post(&room_path(&room, "/ban"), &json!({ "user_id": jonas.id, "reason": "x" })).ok();
    anna.send_encrypted(&room, "after");
    let answer = jonas.sync(Some(next(&token)));
    let left = &answer["rooms"]["leave"][&room];
    assert_eq!(
        (ciphertexts(left), memberships(left, &jonas)),
        (vec!["before"], vec!["ban".to_owned()])
    );
    anna.post(&room_path(&room, "/unban"), &json!({ "user_id": jonas.id })).ok();
    let answer = jonas.sync(Some(next(&answer)));
    let left = &answer["rooms"]["leave"][&room];
    assert_eq!(memberships(left, &jonas), ["leave"], "{answer}");
    assert!(ciphertexts(left).is_empty() && left.get("state").is_none());
}

#[test]
fn who_came_and_went_in_between_sees_what_was_there_meanwhile() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let token = jonas.sync(None);
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "meanwhile");
    jonas.leave(&room);
    anna.send_encrypted(&room, "after");
    let answer = jonas.sync(Some(next(&token)));
    let left = &answer["rooms"]["leave"][&room];
    assert_eq!(ciphertexts(left), ["meanwhile"]);
    assert!(answer["rooms"].get("join").is_none());
}

#[test]
fn a_room_that_was_left_keeps_its_state_and_ones_own_notes() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let note = format!(
        "/_matrix/client/v3/user/{}/rooms/{}/account_data/de.konsil.note",
        escape(&jonas.id),
        escape(&room)
    );
    jonas.put(&note, &json!({ "a": 1 })).ok();
    anna.set_state(&room, "de.konsil.case", "", &json!({ "n": "before" }));
    jonas.leave(&room);
    anna.set_state(&room, "de.konsil.case", "", &json!({ "n": "after" }));
    let filter = json!({ "room": { "include_leave": true, "timeline": { "limit": 0 } } });
    let answer = filtered(&jonas, None, &filter, "");
    let left = &answer["rooms"]["leave"][&room];
    assert_eq!(left["timeline"]["events"], json!([]));
    let state = left["state"]["events"].as_array().expect("state");
    let case = state.iter().find(|event| event["type"] == "de.konsil.case").expect("the case");
    assert_eq!(case["content"]["n"], "before");
    let own = state.iter().find(|event| event["state_key"] == json!(jonas.id)).expect("one's own");
    assert_eq!(own["content"]["membership"], "leave");
    assert_eq!(types(&left["account_data"]["events"]), ["de.konsil.note"]);
    jonas.post(&room_path(&room, "/forget"), &json!({})).ok();
    assert!(filtered(&jonas, None, &filter, "")["rooms"].get("leave").is_none(), "forgotten");
}

#[test]
fn a_knock_shows_what_strangers_may_know() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let rule = json!({ "type": "m.room.join_rules", "state_key": "", "content": { "join_rule": "knock" } });
    let room = anna.create_room(&json!({ "name": "Ward 3", "initial_state": [rule] }));
    let token = jonas.sync(None);
    jonas.post(&format!("/_matrix/client/v3/knock/{}", escape(&room)), &json!({})).ok();
    let answer = jonas.sync(Some(next(&token)));
    let state = &answer["rooms"]["knock"][&room]["knock_state"]["events"];
    assert!(types(state).contains(&"m.room.create") && types(state).contains(&"m.room.name"));
    assert!(!types(state).contains(&"m.room.power_levels"));
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id })).ok();
    let answer = jonas.sync(Some(next(&answer)));
    assert_eq!(memberships(&answer["rooms"]["leave"][&room], &jonas), ["leave"], "{answer}");
    assert!(answer["rooms"].get("knock").is_none());
}
