//! `POST /_matrix/client/v3/search`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search>

use std::sync::OnceLock;

use serde_json::{Value, json};
use testkit::{Server, Settings, User, matrix::escape};

use crate::server;

const SEARCH: &str = "/_matrix/client/v3/search";

/// A hospital that lets messages through in clear: there is something to search.
fn clear() -> &'static Server {
    static CLEAR: OnceLock<Server> = OnceLock::new();
    let settings =
        Settings { tenant: "rooms.require_encryption = false".into(), ..Settings::default() };
    CLEAR.get_or_init(|| Server::with(&settings))
}

fn say(user: &User, room: &str, text: &str) -> String {
    user.send(room, "m.room.message", &json!({ "msgtype": "m.text", "body": text }))
}

#[track_caller]
fn search(user: &User, criteria: &Value, next: Option<&str>) -> Value {
    let next = next.map_or_else(String::new, |next| format!("?next_batch={}", escape(next)));
    let body = json!({ "search_categories": { "room_events": criteria } });
    user.post(&format!("{SEARCH}{next}"), &body).ok()["search_categories"]["room_events"].clone()
}

fn ids(found: &Value) -> Vec<&str> {
    let results = found["results"].as_array().expect("results");
    results.iter().map(|found| found["result"]["event_id"].as_str().expect("an id")).collect()
}

#[test]
fn messages_names_and_topics_are_found_by_all_of_their_words() {
    let anna = clear().user("anna");
    let room = anna.create_room(&json!({ "name": "Station Nord", "topic": "Übergabe um sieben" }));
    let hello = say(&anna, &room, "Hello, world");
    say(&anna, &room, "Hello, moon");
    let found = search(&anna, &json!({ "search_term": "world HELLO" }), None);
    assert_eq!(ids(&found), [hello.as_str()]);
    assert_eq!(found["count"], 1);
    assert_eq!(found["highlights"], json!(["world", "hello"]));
    let first = &found["results"][0];
    assert_eq!(first["result"]["content"]["body"], "Hello, world");
    assert_eq!(first["result"]["room_id"], json!(room));
    assert!(first["rank"].as_f64().is_some_and(|rank| rank > 0.0), "{first}");
    for (term, keys, count) in [
        ("nord", json!(["content.name"]), 1),
        ("uebergabe", json!(["content.topic"]), 1),
        ("nord", json!(["content.body", "content.topic"]), 0),
        ("hello", json!(["content.body"]), 2),
        ("hell", json!(["content.body"]), 0),
    ] {
        let found = search(&anna, &json!({ "search_term": term, "keys": keys }), None);
        assert_eq!(found["count"], count, "{term} in {keys}");
    }
}

#[test]
fn results_come_by_closeness_or_by_age_and_in_pages() {
    let anna = clear().user("anna");
    let room = anna.create_room(&json!({}));
    let close = say(&anna, &room, "visite");
    let sent: Vec<_> = (0..4).map(|n| say(&anna, &room, &format!("visite number {n}"))).collect();
    let by_rank = search(&anna, &json!({ "search_term": "visite" }), None);
    assert_eq!(ids(&by_rank)[0], close);
    let criteria =
        json!({ "search_term": "visite", "order_by": "recent", "filter": { "limit": 2 } });
    let mut next: Option<String> = None;
    let mut seen = Vec::new();
    loop {
        let page = search(&anna, &criteria, next.as_deref());
        assert_eq!(page["count"], 5);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next_batch"].as_str() {
            Some(token) => next = Some(token.to_owned()),
            None => break,
        }
        // What comes meanwhile does not shift the pages.
        say(&anna, &room, "visite of later");
    }
    let expected: Vec<_> = sent.iter().rev().chain([&close]).cloned().collect();
    assert_eq!(seen, expected);
    let body = json!({ "search_categories": { "room_events": criteria } });
    anna.post(&format!("{SEARCH}?next_batch=x"), &body).refused(400, "M_INVALID_PARAM");
}

#[test]
fn a_result_stands_in_its_context() {
    let anna = clear().user("anna");
    let name = format!("/_matrix/client/v3/profile/{}/displayname", escape(&anna.id));
    anna.put(&name, &json!({ "displayname": "Dr. Anna" })).ok();
    let room = anna.create_room(&json!({ "name": "Context" }));
    for n in 1..=7 {
        say(&anna, &room, &format!("message {n}"));
    }
    let criteria = json!({
        "search_term": "message 4", "include_state": true,
        "event_context": { "before_limit": 2, "after_limit": 2, "include_profile": true },
    });
    let found = search(&anna, &criteria, None);
    let context = &found["results"][0]["context"];
    let bodies = |events: &Value| -> Vec<Value> {
        events
            .as_array()
            .expect("events")
            .iter()
            .map(|event| event["content"]["body"].clone())
            .collect()
    };
    assert_eq!(bodies(&context["events_before"]), ["message 3", "message 2"]);
    assert_eq!(bodies(&context["events_after"]), ["message 5", "message 6"]);
    assert_eq!(context["profile_info"][&anna.id]["displayname"], "Dr. Anna");
    let messages = |from: &Value, dir: &str| {
        let from = escape(from.as_str().expect("a token"));
        let path =
            testkit::matrix::room_path(&room, &format!("/messages?limit=1&dir={dir}&from={from}"));
        anna.get(&path).ok()["chunk"][0]["content"]["body"].clone()
    };
    assert_eq!(messages(&context["start"], "b"), "message 1");
    assert_eq!(messages(&context["end"], "f"), "message 7");
    let state = found["state"][&room].as_array().expect("the room's state");
    assert!(state.iter().any(|event| event["content"]["name"] == "Context"));
}

#[test]
fn results_are_grouped_and_each_group_goes_on_by_itself() {
    let (anna, jonas) = (clear().user("anna"), clear().user("jonas"));
    let (ward, night) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    let first = say(&anna, &ward, "roster one");
    say(&jonas, &night, "roster two");
    say(&jonas, &night, "roster three");
    let criteria = json!({
        "search_term": "roster", "order_by": "recent", "filter": { "limit": 2 },
        "groupings": { "group_by": [{ "key": "room_id" }, { "key": "sender" }] },
    });
    let found = search(&anna, &criteria, None);
    let groups = &found["groups"];
    assert_eq!(groups["room_id"][&night]["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(groups["room_id"][&night]["order"], 1);
    assert!(groups["room_id"][&night]["next_batch"].is_null(), "there is no more in this room");
    assert_eq!(groups["sender"][&jonas.id]["results"].as_array().map(Vec::len), Some(2));
    assert!(groups["room_id"][&ward].is_null(), "not on this page");
    let whole = json!({
        "search_term": "roster", "order_by": "recent", "filter": { "limit": 1 },
        "groupings": { "group_by": [{ "key": "room_id" }] },
    });
    let page = search(&anna, &whole, None);
    let next = page["groups"]["room_id"][&night]["next_batch"].as_str().expect("one more here");
    let rest = search(&anna, &whole, Some(next));
    assert_eq!(rest["results"][0]["result"]["content"]["body"], "roster two");
    assert_eq!(rest["count"], 2);
    let only_ward = json!({ "search_term": "roster", "filter": { "rooms": [ward] } });
    assert_eq!(ids(&search(&anna, &only_ward, None)), [first.as_str()]);
    let not_jonas = json!({ "search_term": "roster", "filter": { "not_senders": [jonas.id] } });
    assert_eq!(ids(&search(&anna, &not_jonas, None)), [first.as_str()]);
}

#[test]
fn nobody_finds_what_they_may_not_see() {
    let (anna, jonas) = (clear().user("anna"), clear().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    anna.set_state(
        &room,
        "m.room.history_visibility",
        "",
        &json!({ "history_visibility": "joined" }),
    );
    say(&anna, &room, "secret before");
    let find =
        |user: &User| search(user, &json!({ "search_term": "secret" }), None)["count"].clone();
    assert_eq!(find(&jonas), 0);
    anna.invite(&room, &jonas);
    assert_eq!(find(&jonas), 0, "who is only invited sees nothing");
    jonas.join(&room);
    assert_eq!(find(&jonas), 0, "it was said before Jonas came");
    let seen = say(&anna, &room, "secret with Jonas");
    assert_eq!(find(&jonas), 1);
    jonas.leave(&room);
    say(&anna, &room, "secret after");
    assert_eq!(find(&jonas), 1, "what was seen is found, what came after is not");
    assert_eq!(find(&anna), 3);
    let redact = testkit::matrix::room_path(&room, &format!("/redact/{}/1", escape(&seen)));
    anna.put(&redact, &json!({})).ok();
    assert_eq!(find(&anna), 2, "what was taken back is gone");
}

#[test]
fn where_messages_are_encrypted_only_names_and_topics_are_found() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "name": "Findbarername" }));
    anna.send_encrypted(&room, "findbarername");
    let found = search(&anna, &json!({ "search_term": "findbarername" }), None);
    assert_eq!(found["count"], 1);
    assert_eq!(found["results"][0]["result"]["type"], "m.room.name");
    assert_eq!(
        anna.post(SEARCH, &json!({ "search_categories": {} })).ok(),
        json!({ "search_categories": {} })
    );
    anna.post(SEARCH, &json!({})).refused(400, "M_MISSING_PARAM");
    let body = json!({ "search_categories": { "room_events": {} } });
    anna.post(SEARCH, &body).refused(400, "M_MISSING_PARAM");
}

#[test]
fn what_an_erased_account_wrote_is_found_by_who_could_read_it_before_alone() {
    let [anna, jonas, eva] = ["anna", "jonas", "eva"].map(|name| clear().user(name));
    let room = jonas.create_room(&json!({ "preset": "public_chat" }));
    anna.join(&room);
    let written = say(&anna, &room, "Gallenblase");
    let answered = say(&jonas, &room, "Gallenblase, ja");
    let body = json!({ "erase": true, "auth": {
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.id },
    } });
    anna.post("/_matrix/client/v3/account/deactivate", &body).ok();
    eva.join(&room);
    let criteria = json!({ "search_term": "gallenblase", "order_by": "recent" });
    assert_eq!(ids(&search(&jonas, &criteria, None)), [answered.as_str(), written.as_str()]);
    let found = search(&eva, &criteria, None);
    assert_eq!(ids(&found), [answered.as_str()]);
    assert_eq!(found["count"], 1);
    // Also where it stands beside a result.
    let context = &found["results"][0]["context"]["events_before"];
    assert!(!context.to_string().contains("Gallenblase"), "{context}");
}
