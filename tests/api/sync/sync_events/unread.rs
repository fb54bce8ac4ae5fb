//! Unread counts: of the room, of its threads, and by the reader's push rules.
//! <https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications>

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{encrypted, escape, room_path},
};

use super::{filtered, next};
use crate::server;

fn related(rel_type: &str, to: &str) -> Value {
    let mut content = encrypted("x");
    content["m.relates_to"] = json!({ "rel_type": rel_type, "event_id": to });
    content
}

fn send(user: &User, room: &str, content: &Value) -> String {
    user.send(room, "m.room.encrypted", content)
}

fn mentioning(mut content: Value, user: &User) -> Value {
    content["m.mentions"] = json!({ "user_ids": [user.id] });
    content
}

/// Notifications and highlights of the room as a whole.
fn whole(user: &User, room: &str, since: &Value) -> (u64, u64) {
    pair(&user.sync(Some(next(since)))["rooms"]["join"][room]["unread_notifications"])
}

fn pair(counts: &Value) -> (u64, u64) {
    let number = |name: &str| counts[name].as_u64().unwrap_or_else(|| panic!("{name} in {counts}"));
    (number("notification_count"), number("highlight_count"))
}

/// Notifications and highlights.
type Pair = (u64, u64);

/// Of the main timeline, and of each thread.
fn by_thread(user: &User, room: &str, since: &Value) -> (Pair, Vec<(String, Pair)>) {
    let filter = json!({ "room": { "timeline": { "unread_thread_notifications": true } } });
    let joined = &filtered(user, Some(&since["next_batch"]), &filter, "")["rooms"]["join"][room];
    let threads = joined["unread_thread_notifications"].as_object().cloned().unwrap_or_default();
    let threads = threads.into_iter().map(|(root, counts)| (root, pair(&counts))).collect();
    (pair(&joined["unread_notifications"]), threads)
}

fn read(user: &User, room: &str, event: &str, thread: Option<&str>) {
    let body = thread.map_or(json!({}), |thread| json!({ "thread_id": thread }));
    user.post(&room_path(room, &format!("/receipt/m.read/{}", escape(event))), &body).ok();
}

fn rule(user: &User, kind: &str, id: &str, body: &Value) {
    user.put(&format!("/_matrix/client/v3/pushrules/global/{kind}/{}", escape(id)), body).ok();
}

#[test]
fn threads_are_counted_and_read_apart() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let since = jonas.sync(None);
    let root = send(&anna, &room, &encrypted("root"));
    let first = send(&anna, &room, &related("m.thread", &root));
    send(&anna, &room, &mentioning(related("m.thread", &root), &jonas));
    let mention = send(&anna, &room, &mentioning(encrypted("you"), &jonas));
    let last = send(&anna, &room, &related("m.thread", &root));
    let reference = send(&anna, &room, &related("m.reference", &root));
    send(&anna, &room, &related("m.replace", &root));
    let threads = |count: (u64, u64)| vec![(root.clone(), count)];
    assert_eq!(whole(&jonas, &room, &since), (6, 2), "edits notify nobody");
    assert_eq!(by_thread(&jonas, &room, &since), ((3, 1), threads((3, 1))));

    read(&jonas, &room, &root, Some("main"));
    assert_eq!(whole(&jonas, &room, &since), (5, 2));
    assert_eq!(by_thread(&jonas, &room, &since), ((2, 1), threads((3, 1))));
    read(&jonas, &room, &first, Some(&root));
    assert_eq!(by_thread(&jonas, &room, &since), ((2, 1), threads((2, 1))));
    read(&jonas, &room, &mention, None);
    assert_eq!(whole(&jonas, &room, &since), (2, 0));
    assert_eq!(by_thread(&jonas, &room, &since), ((1, 0), threads((1, 0))));
    let reaction = send(&anna, &room, &related("m.annotation", &last));
    assert_eq!(by_thread(&jonas, &room, &since), ((1, 0), threads((2, 0))), "by its parent");
    read(&jonas, &room, &reaction, Some(&root));
    assert_eq!(by_thread(&jonas, &room, &since), ((1, 0), vec![]));
    read(&jonas, &room, &reference, Some("main"));
    assert_eq!(whole(&jonas, &room, &since), (0, 0));
}

#[test]
fn who_writes_in_a_thread_has_not_read_the_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let since = jonas.sync(None);
    let root = send(&anna, &room, &encrypted("root"));
    send(&anna, &room, &related("m.thread", &root));
    send(&jonas, &room, &related("m.thread", &root));
    assert_eq!(by_thread(&jonas, &room, &since), ((1, 0), vec![]));
    send(&jonas, &room, &encrypted("x"));
    send(&anna, &room, &related("m.thread", &root));
    assert_eq!(by_thread(&jonas, &room, &since), ((0, 0), vec![(root, (1, 0))]));
}

#[test]
fn counts_follow_a_device_that_stays_in_sync() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let mut since = jonas.sync(None);
    let mut unread = || {
        since = jonas.sync(Some(next(&since)));
        pair(&since["rooms"]["join"][&room]["unread_notifications"])
    };
    let root = send(&anna, &room, &encrypted("root"));
    assert_eq!(unread(), (1, 0));
    send(&anna, &room, &related("m.thread", &root));
    assert_eq!(unread(), (2, 0));
    send(&anna, &room, &mentioning(encrypted("you"), &jonas));
    assert_eq!(unread(), (3, 1));
    let last = send(&anna, &room, &encrypted("x"));
    assert_eq!(unread(), (4, 1));
    read(&jonas, &room, &last, None);
    assert_eq!(unread(), (0, 0));
    send(&anna, &room, &encrypted("x"));
    assert_eq!(unread(), (1, 0));
}

#[test]
fn a_muted_room_is_not_counted_and_a_changed_rule_holds_at_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (quiet, loud) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    let since = jonas.sync(None);
    for room in [&quiet, &loud] {
        send(&anna, room, &encrypted("x"));
    }
    assert_eq!(whole(&jonas, &quiet, &since), (1, 0));
    let is_room = json!({ "kind": "event_match", "key": "room_id", "pattern": quiet });
    rule(&jonas, "override", &quiet, &json!({ "conditions": [is_room], "actions": [] }));
    assert_eq!(whole(&jonas, &quiet, &since), (0, 0));
    assert_eq!(whole(&jonas, &loud, &since), (1, 0));
    rule(
        &jonas,
        "sender",
        &anna.id,
        &json!({ "actions": ["notify", { "set_tweak": "highlight" }] }),
    );
    assert_eq!(whole(&jonas, &loud, &since), (1, 1));
    let path = format!("/_matrix/client/v3/pushrules/global/override/{}", escape(&quiet));
    jonas.delete(&path).ok();
    assert_eq!(whole(&jonas, &quiet, &since), (1, 1));
}

#[test]
fn a_room_mention_counts_only_from_those_who_may() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas, &eva]);
    let since = eva.sync(None);
    let mut everybody = encrypted("all");
    everybody["m.mentions"] = json!({ "room": true });
    send(&jonas, &room, &everybody);
    assert_eq!(whole(&eva, &room, &since), (1, 0));
    send(&anna, &room, &everybody);
    assert_eq!(whole(&eva, &room, &since), (2, 1));
}

#[test]
fn own_receipts_change_the_count_also_where_receipts_are_not_wanted() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = send(&anna, &room, &encrypted("x"));
    let since = jonas.sync(None);
    read(&jonas, &room, &event, None);
    let filter = json!({ "room": { "ephemeral": { "types": [] } } });
    let joined =
        filtered(&jonas, Some(&since["next_batch"]), &filter, "")["rooms"]["join"][&room].clone();
    assert_eq!(pair(&joined["unread_notifications"]), (0, 0));
    assert!(joined.get("ephemeral").is_none());
}
