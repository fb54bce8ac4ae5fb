//! Filters: the form of events, members, and the state after the timeline.
//! <https://spec.matrix.org/v1.19/client-server-api/#filtering>

use serde_json::{Value, json};
use testkit::matrix::{encrypted, escape};

use super::{filtered, next, types};
use crate::server;

fn members(answer: &Value, room: &str) -> Vec<String> {
    let events = answer["rooms"]["join"][room]["state"]["events"].as_array();
    let members = events.into_iter().flatten().filter(|event| event["type"] == "m.room.member");
    let mut members: Vec<_> =
        members.map(|event| event["state_key"].as_str().expect("a key").to_owned()).collect();
    members.sort();
    members
}

fn sorted<const N: usize>(mut ids: [&String; N]) -> Vec<String> {
    ids.sort();
    ids.into_iter().cloned().collect()
}

#[test]
fn only_the_wanted_fields_of_events_come() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    anna.send_encrypted(&room, "x");
    let filter = json!({ "event_fields": ["type", "content.ciphertext"] });
    let answer = filtered(&anna, None, &filter, "");
    let joined = &answer["rooms"]["join"][&room];
    let last = joined["timeline"]["events"].as_array().expect("events").last().expect("one");
    assert_eq!(last, &json!({ "type": "m.room.encrypted", "content": { "ciphertext": "x" } }));
    let filter = json!({ "event_fields": ["state_key"], "room": { "timeline": { "limit": 1 } } });
    let state =
        filtered(&anna, None, &filter, "")["rooms"]["join"][&room]["state"]["events"].clone();
    assert!(state.as_array().expect("state").contains(&json!({ "state_key": anna.id })), "{state}");
}

#[test]
fn events_come_as_servers_exchange_them_on_request() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    anna.send_encrypted(&room, "x");
    let filter = json!({ "event_format": "federation", "room": { "timeline": { "limit": 1 } } });
    let answer = filtered(&anna, None, &filter, "");
    let joined = &answer["rooms"]["join"][&room];
    for event in [&joined["timeline"]["events"][0], &joined["state"]["events"][0]] {
        for field in ["auth_events", "prev_events", "hashes", "signatures", "depth"] {
            assert!(event.get(field).is_some(), "{field} in {event}");
        }
        assert!(event.get("event_id").is_none(), "it is the hash of the rest: {event}");
    }
    assert_eq!(joined["timeline"]["events"][0]["content"]["ciphertext"], "x");
}

#[test]
fn events_are_told_apart_by_their_url() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let mut with_url = encrypted("with");
    with_url["url"] = json!("mxc://klinikum.test/a");
    anna.send(&room, "m.room.encrypted", &with_url);
    anna.send_encrypted(&room, "without");
    for (wish, expected) in [(true, "with"), (false, "without")] {
        let timeline = json!({ "contains_url": wish, "types": ["m.room.encrypted"] });
        let answer = filtered(&anna, None, &json!({ "room": { "timeline": timeline } }), "");
        assert_eq!(super::ciphertexts(&answer["rooms"]["join"][&room]), [expected]);
    }
}

#[test]
fn a_filter_looks_behind_what_it_holds_back_and_pages_on_from_there() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let events: Vec<_> = (0..4).map(|n| anna.send_encrypted(&room, &n.to_string())).collect();
    for n in 0..30 {
        anna.set_state(&room, "de.konsil.case", "", &json!({ "n": n }));
    }
    let filter = json!({ "room": { "timeline": { "types": ["m.room.encrypted"], "limit": 2 } } });
    let answer = filtered(&anna, None, &filter, "");
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(super::ciphertexts(joined), ["2", "3"]);
    assert_eq!(joined["timeline"]["limited"], true);
    let from = escape(joined["timeline"]["prev_batch"].as_str().expect("a place to go on from"));
    let path = testkit::matrix::room_path(&room, &format!("/messages?dir=b&limit=1&from={from}"));
    assert_eq!(anna.get(&path).ok()["chunk"][0]["event_id"], json!(events[1]));
}

#[test]
fn filters_of_account_data_and_ephemeral_events_name_rooms_too() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "x");
    let note = format!(
        "/_matrix/client/v3/user/{}/rooms/{}/account_data/de.konsil.note",
        escape(&anna.id),
        escape(&room)
    );
    anna.put(&note, &json!({})).ok();
    let receipt = testkit::matrix::room_path(&room, &format!("/receipt/m.read/{}", escape(&event)));
    jonas.post(&receipt, &json!({})).ok();
    let elsewhere = json!({ "not_rooms": [room] });
    let filter = json!({ "room": { "account_data": elsewhere, "ephemeral": elsewhere } });
    let joined = filtered(&anna, None, &filter, "")["rooms"]["join"][&room].clone();
    assert!(joined.get("account_data").is_none() && joined.get("ephemeral").is_none(), "{joined}");
    let joined = anna.sync(None)["rooms"]["join"][&room].clone();
    assert!(joined["account_data"].is_object() && joined["ephemeral"].is_object(), "{joined}");
}

#[test]
fn members_that_were_told_come_again_on_request() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let lazy = |redundant: bool| {
        json!({ "room": { "state": {
        "lazy_load_members": true, "include_redundant_members": redundant,
    } } })
    };
    let mut token = filtered(&jonas, None, &lazy(false), "");
    for (redundant, expected) in [(false, vec![]), (true, vec![anna.id.clone()])] {
        anna.send_encrypted(&room, "x");
        token = filtered(&jonas, Some(&token["next_batch"]), &lazy(redundant), "");
        assert_eq!(members(&token, &room), expected, "{redundant}");
    }
}

#[test]
fn those_after_whom_a_room_is_called_are_told_with_it() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas, &eva]);
    (0..3).for_each(|n| drop(anna.send_encrypted(&room, &n.to_string())));
    let lazy =
        json!({ "room": { "state": { "lazy_load_members": true }, "timeline": { "limit": 1 } } });
    let answer = filtered(&jonas, None, &lazy, "");
    let heroes = answer["rooms"]["join"][&room]["summary"]["m.heroes"].as_array().cloned();
    assert_eq!(heroes.expect("heroes").len(), 2);
    assert_eq!(members(&answer, &room), sorted([&anna.id, &jonas.id, &eva.id]));
}

#[test]
fn members_who_changed_in_a_gap_are_told_whether_or_not_they_wrote() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas, &eva]);
    let lazy =
        json!({ "room": { "state": { "lazy_load_members": true }, "timeline": { "limit": 1 } } });
    let token = filtered(&jonas, None, &lazy, "");
    eva.leave(&room);
    (0..3).for_each(|n| drop(anna.send_encrypted(&room, &n.to_string())));
    let answer = filtered(&jonas, Some(&token["next_batch"]), &lazy, "");
    assert!(members(&answer, &room).contains(&eva.id), "{answer}");
}

#[test]
fn the_state_after_the_timeline_stands_in_every_room_on_request() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let since = jonas.sync(None);
    anna.send_encrypted(&room, "x");
    let after = |since: Option<&str>| {
        let since = since.map(|since| format!("&since={}", escape(since))).unwrap_or_default();
        jonas.get(&format!("/_matrix/client/v3/sync?use_state_after=true{since}")).ok()
    };
    let answer = after(Some(next(&since)));
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(joined["state_after"]["events"], json!([]), "also where nothing has changed");
    assert!(joined.get("state").is_none());
    let anew = after(None);
    let state = types(&anew["rooms"]["join"][&room]["state_after"]["events"]);
    assert!(state.contains(&"m.room.create"), "all of it, also what the timeline shows: {state:?}");
    let quiet = after(Some(next(&answer)));
    assert!(quiet.get("rooms").is_none(), "an empty state is no news: {quiet}");
    jonas.leave(&room);
    let left = after(Some(next(&answer)))["rooms"]["leave"][&room].clone();
    assert_eq!(types(&left["state_after"]["events"]), ["m.room.member"], "{left}");
}
