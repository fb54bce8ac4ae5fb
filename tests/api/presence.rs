//! `GET` and `PUT /_matrix/client/v3/presence/{userId}/status`
//! <https://spec.matrix.org/v1.19/client-server-api/#presence>

use std::sync::OnceLock;

use serde_json::{Value, json};
use testkit::{Server, Settings, User, matrix::escape};

use crate::server;

/// A hospital where people see who is there.
fn hospital() -> &'static Server {
    static HOSPITAL: OnceLock<Server> = OnceLock::new();
    let settings = Settings { tenant: "presence.enabled = true".into(), ..Settings::default() };
    HOSPITAL.get_or_init(|| Server::with(&settings))
}

fn path(user: &User) -> String {
    format!("/_matrix/client/v3/presence/{}/status", escape(&user.id))
}

#[test]
fn where_the_hospital_wants_none_it_is_accepted_and_forgotten() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.room_with(&[&jonas]);
    let body = json!({ "presence": "online", "status_msg": "in surgery" });
    assert_eq!(anna.put(&path(&anna), &body).ok(), json!({}));
    for reader in [&anna, &jonas] {
        assert_eq!(reader.get(&path(&anna)).ok(), json!({ "presence": "offline" }));
    }
    anna.put(&path(&jonas), &body).refused(403, "M_FORBIDDEN");
}

#[test]
fn who_shares_a_room_sees_presence_and_status() {
    let (anna, jonas) = (hospital().user("anna"), hospital().user("jonas"));
    anna.room_with(&[&jonas]);
    assert_eq!(jonas.get(&path(&anna)).ok(), json!({ "presence": "offline" }));
    anna.put(&path(&anna), &json!({ "presence": "online", "status_msg": "in surgery" })).ok();
    let seen = jonas.get(&path(&anna)).ok();
    assert_eq!(seen["presence"], "online");
    assert_eq!(seen["status_msg"], "in surgery");
    assert_eq!(seen["currently_active"], true);
    assert!(seen["last_active_ago"].as_u64().is_some_and(|ago| ago < 60_000), "{seen}");
    anna.put(&path(&anna), &json!({ "presence": "unavailable" })).ok();
    let seen = jonas.get(&path(&anna)).ok();
    assert_eq!((&seen["presence"], &seen["status_msg"]), (&json!("unavailable"), &json!(null)));
    anna.put(&path(&anna), &json!({ "presence": "offline" })).ok();
    assert_eq!(jonas.get(&path(&anna)).ok()["presence"], "offline");
}

#[test]
fn strangers_see_nothing_and_nonsense_is_refused() {
    let (anna, jonas) = (hospital().user("anna"), hospital().user("jonas"));
    jonas.get(&path(&anna)).refused(403, "M_FORBIDDEN");
    anna.put(&path(&jonas), &json!({ "presence": "online" })).refused(403, "M_FORBIDDEN");
    anna.put(&path(&anna), &json!({ "presence": "asleep" })).refused(400, "M_INVALID_PARAM");
    anna.put(&path(&anna), &json!({})).refused(400, "M_MISSING_PARAM");
    let long = json!({ "presence": "online", "status_msg": "x".repeat(2_000) });
    anna.put(&path(&anna), &long).refused(400, "M_INVALID_PARAM");
    anna.get("/_matrix/client/v3/presence/%40nobody%3Aklinikum.test/status")
        .refused(404, "M_NOT_FOUND");
}

fn events(answer: &Value) -> Vec<(&str, &str)> {
    fn text(value: &Value) -> &str {
        value.as_str().unwrap_or_default()
    }
    let events = answer["presence"]["events"].as_array();
    events
        .into_iter()
        .flatten()
        .map(|event| (text(&event["sender"]), text(&event["content"]["presence"])))
        .collect()
}

#[test]
fn sync_tells_of_the_people_with_whom_rooms_are_shared() {
    let (anna, jonas, eva) =
        (hospital().user("anna"), hospital().user("jonas"), hospital().user("eva"));
    anna.room_with(&[&jonas]);
    eva.put(&path(&eva), &json!({ "presence": "online" })).ok();
    anna.put(&path(&anna), &json!({ "presence": "online", "status_msg": "here" })).ok();
    let first = jonas.get("/_matrix/client/v3/sync?set_presence=offline").ok();
    assert_eq!(events(&first), [(anna.id.as_str(), "online")], "{first}");
    assert_eq!(first["presence"]["events"][0]["content"]["status_msg"], "here");

    let since = first["next_batch"].as_str().expect("a token").to_owned();
    let waiting = |since: &str| {
        let path = format!(
            "/_matrix/client/v3/sync?set_presence=offline&timeout=20000&since={}",
            escape(since)
        );
        jonas.get(&path).ok()
    };
    let second = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| waiting(&since));
        // Eva shares no room: this wakes nobody.
        eva.put(&path(&eva), &json!({ "presence": "unavailable" })).ok();
        anna.get("/_matrix/client/v3/sync?set_presence=unavailable").ok();
        waiting.join().expect("an answer")
    });
    assert_eq!(events(&second), [(anna.id.as_str(), "unavailable")], "{second}");
    let since = second["next_batch"].as_str().expect("a token");
    let nothing = jonas
        .get(&format!("/_matrix/client/v3/sync?set_presence=offline&since={}", escape(since)))
        .ok();
    assert!(events(&nothing).is_empty(), "each change is told once: {nothing}");
}

#[test]
fn whoever_joins_and_the_members_are_told_of_each_other() {
    let (anna, jonas, eva) =
        (hospital().user("anna"), hospital().user("jonas"), hospital().user("eva"));
    let room = anna.room_with(&[]);
    for user in [&anna, &jonas, &eva] {
        user.put(&path(user), &json!({ "presence": "online" })).ok();
    }
    let sync = |user: &User, since: Option<&Value>| {
        let mut path = "/_matrix/client/v3/sync?set_presence=offline".to_owned();
        if let Some(since) = since {
            path += &format!("&since={}", escape(since.as_str().expect("a token")));
        }
        user.get(&path).ok()
    };
    let before = [&anna, &jonas].map(|user| sync(user, None)["next_batch"].clone());
    anna.invite(&room, &jonas);
    jonas.join(&room);
    for ((user, since), other) in [&anna, &jonas].into_iter().zip(&before).zip([&jonas, &anna]) {
        let answer = sync(user, Some(since));
        let told = events(&answer);
        assert!(told.contains(&(other.id.as_str(), "online")), "{answer}");
        assert!(!told.iter().any(|(sender, _)| *sender == eva.id), "Eva is not there: {answer}");
        let again = sync(user, Some(&answer["next_batch"]));
        assert!(events(&again).is_empty(), "once is enough: {again}");
    }
}

#[test]
fn a_filter_holds_presence_back() {
    let (anna, jonas) = (hospital().user("anna"), hospital().user("jonas"));
    anna.room_with(&[&jonas]);
    anna.put(&path(&anna), &json!({ "presence": "online" })).ok();
    let sync = |filter: Value| {
        let filter = escape(&json!({ "presence": filter }).to_string());
        jonas.get(&format!("/_matrix/client/v3/sync?set_presence=offline&filter={filter}")).ok()
    };
    assert_eq!(events(&sync(json!({}))).len(), 1);
    assert!(events(&sync(json!({ "not_types": ["m.presence"] }))).is_empty());
    assert!(events(&sync(json!({ "not_senders": [anna.id] }))).is_empty());
    assert!(events(&sync(json!({ "types": [] }))).is_empty());
}

#[test]
fn who_syncs_is_online() {
    let (anna, jonas) = (hospital().user("anna"), hospital().user("jonas"));
    anna.room_with(&[&jonas]);
    anna.sync(None);
    assert_eq!(jonas.get(&path(&anna)).ok()["presence"], "online");
    assert!(anna.get(&path(&jonas)).ok()["presence"] == "offline");
}
