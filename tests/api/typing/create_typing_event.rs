//! `PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid>

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn path(room: &str, user: &User) -> String {
    room_path(room, &format!("/typing/{}", escape(&user.id)))
}

fn typists(answer: &Value, room: &str) -> Option<Value> {
    let events = answer["rooms"]["join"][room]["ephemeral"]["events"].as_array()?;
    events
        .iter()
        .find(|event| event["type"] == "m.typing")
        .map(|event| event["content"]["user_ids"].clone())
}

#[test]
fn typing_is_shown_at_once_and_ends_by_the_clock() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    let shown = std::thread::scope(|scope| {
        let since = token["next_batch"].as_str();
        let waiting = scope.spawn(move || jonas_waits(&jonas, since));
        anna.put(&path(&room, &anna), &json!({ "typing": true, "timeout": 700 })).ok();
        waiting.join().expect("an answer")
    });
    assert_eq!(typists(&shown.1, &room), Some(json!([anna.id])));
    let ended = jonas_waits(&shown.0, shown.1["next_batch"].as_str());
    assert_eq!(typists(&ended.1, &room), Some(json!([])), "{}", ended.1);
}

fn jonas_waits(user: &User, since: Option<&str>) -> (User, Value) {
    (user.clone(), user.sync_within(since, Duration::from_secs(20)))
}

#[test]
fn who_stops_typing_is_gone_and_repeated_typing_is_no_news() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.put(&path(&room, &anna), &json!({ "typing": true, "timeout": 60_000 })).ok();
    let first = jonas.sync(None);
    assert_eq!(typists(&first, &room), Some(json!([anna.id])), "also for who begins anew");
    anna.put(&path(&room, &anna), &json!({ "typing": true, "timeout": 60_000 })).ok();
    let quiet = jonas.sync(first["next_batch"].as_str());
    assert_eq!(typists(&quiet, &room), None);
    anna.put(&path(&room, &anna), &json!({ "typing": false })).ok();
    assert_eq!(typists(&jonas.sync(quiet["next_batch"].as_str()), &room), Some(json!([])));
}

#[test]
fn nobody_types_for_others_or_where_they_are_not() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas]);
    let typing = json!({ "typing": true, "timeout": 1000 });
    anna.put(&path(&room, &jonas), &typing).refused(403, "M_FORBIDDEN");
    eva.put(&path(&room, &eva), &typing).refused(403, "M_FORBIDDEN");
    eva.put(&path("!nowhere:klinikum.test", &eva), &typing).refused(403, "M_FORBIDDEN");
    anna.put(&path(&room, &anna), &json!({ "typing": 7 })).refused(400, "M_BAD_JSON");
}

#[test]
fn a_client_need_not_say_for_how_long() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.put(&path(&room, &anna), &json!({ "typing": true })).ok();
    assert_eq!(typists(&jonas.sync(None), &room), Some(json!([anna.id])));
}
