//! `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}[/{relType}[/{eventType}]]`
//! <https://spec.matrix.org/v1.19/client-server-api/#relationships-api>

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{encrypted, escape, room_path, transaction},
};

use crate::{open_server, server};

fn related(user: &User, room: &str, target: &str, rel_type: &str, text: &str) -> String {
    let mut content = encrypted(text);
    content["m.relates_to"] = json!({ "rel_type": rel_type, "event_id": target });
    user.send(room, "m.room.encrypted", &content)
}

fn path(room: &str, target: &str, rest: &str) -> String {
    let (room, target) = (escape(room), escape(target));
    format!("/_matrix/client/v1/rooms/{room}/relations/{target}{rest}")
}

fn texts(page: &Value) -> Vec<&str> {
    let chunk = page["chunk"].as_array().expect("a chunk");
    chunk.iter().filter_map(|event| event["content"]["ciphertext"].as_str()).collect()
}

fn redact(user: &User, room: &str, event: &str) {
    let path = room_path(room, &format!("/redact/{}/{}", escape(event), transaction()));
    user.put(&path, &json!({})).ok();
}

fn bundle(user: &User, room: &str, event: &str) -> Value {
    let event = user.get(&room_path(room, &format!("/event/{}", escape(event)))).ok();
    event["unsigned"]["m.relations"].clone()
}

#[test]
fn events_that_refer_to_another_are_found_and_paged() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    let mut replies = Vec::new();
    for number in 0..5 {
        let mut content = encrypted(&number.to_string());
        content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
        replies.push(anna.send(&room, "m.room.encrypted", &content));
    }
    let base = format!("/_matrix/client/v1/rooms/{}/relations/{}", escape(&room), escape(&root));
    let (mut seen, mut from) = (Vec::new(), String::new());
    loop {
        let page = anna.get(&format!("{base}/m.thread?limit=2{from}")).ok();
        let chunk = page["chunk"].as_array().expect("a chunk");
        seen.extend(
            chunk.iter().map(|event| event["event_id"].as_str().unwrap_or_default().to_owned()),
        );
        match page["next_batch"].as_str() {
            Some(next) => from = format!("&from={}", escape(next)),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, replies);
    let none = anna.get(&format!("{base}/m.annotation")).ok();
    assert_eq!(none["chunk"], json!([]));
    let by_type = anna.get(&format!("{base}/m.thread/m.room.encrypted?dir=f&limit=1")).ok();
    assert_eq!(by_type["chunk"][0]["event_id"], json!(replies[0]));
}

#[test]
fn tokens_of_sync_and_ends_limit_a_page() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    related(&anna, &room, &root, "m.reference", "1");
    let token = anna.sync(None)["next_batch"].as_str().expect("a token").to_owned();
    for text in ["2", "3"] {
        related(&anna, &room, &root, "m.reference", text);
    }
    let get = |query: &str| anna.get(&path(&room, &root, query)).ok();
    assert_eq!(texts(&get(&format!("?dir=f&from={}", escape(&token)))), ["2", "3"]);
    assert_eq!(texts(&get(&format!("?dir=b&to={}", escape(&token)))), ["3", "2"]);
    assert_eq!(texts(&get(&format!("?dir=b&from={}", escape(&token)))), ["1"]);
    let page = get("?limit=1");
    let next = page["next_batch"].as_str().expect("a next page");
    assert_eq!(get(&format!("?from={next}"))["prev_batch"], json!(next));
    anna.get(&path(&room, &root, "?limit=0")).refused(400, "M_INVALID_PARAM");
    anna.get(&path(&room, &root, "?from=nonsense")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn relations_of_relations_are_followed_if_asked() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    let answer = related(&anna, &room, &root, "m.thread", "answer");
    related(&anna, &room, &answer, "m.replace", "edit of the answer");
    let direct = anna.get(&path(&room, &root, "")).ok();
    assert_eq!(texts(&direct), ["answer"]);
    assert_eq!(direct.get("recursion_depth"), None);
    let all = anna.get(&path(&room, &root, "?recurse=true")).ok();
    assert_eq!(texts(&all), ["edit of the answer", "answer"]);
    assert!(all["recursion_depth"].as_u64().is_some_and(|depth| depth >= 3));
    let edits = anna.get(&path(&room, &root, "/m.replace?recurse=true")).ok();
    assert_eq!(texts(&edits), ["edit of the answer"]);
}

#[test]
fn strangers_other_rooms_and_unknown_events_are_not_found() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let (room, other) = (anna.room_with(&[]), anna.room_with(&[]));
    let root = anna.send_encrypted(&room, "root");
    related(&anna, &other, &root, "m.thread", "from another room");
    assert_eq!(anna.get(&path(&room, &root, "")).ok()["chunk"], json!([]));
    assert_eq!(bundle(&anna, &room, &root), Value::Null);
    mallory.get(&path(&room, &root, "")).refused(404, "M_NOT_FOUND");
    anna.get(&path(&room, "$invented", "")).refused(404, "M_NOT_FOUND");
    anna.get(&path(&other, &root, "")).refused(404, "M_NOT_FOUND");
}

#[test]
fn an_event_comes_with_its_latest_edit_until_that_is_deleted() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let root = anna.send_encrypted(&room, "root");
    assert_eq!(bundle(&jonas, &room, &root), Value::Null);
    let first = related(&anna, &room, &root, "m.replace", "first");
    // Of two edits of the same millisecond, the latest would be the one with the larger id.
    let then = std::time::Instant::now();
    while then.elapsed().as_millis() < 2 {
        std::hint::spin_loop();
    }
    let second = related(&anna, &room, &root, "m.replace", "second");
    related(&jonas, &room, &root, "m.replace", "not for jonas to edit");
    let edit = bundle(&jonas, &room, &root)["m.replace"].clone();
    assert_eq!(edit["event_id"], json!(second));
    assert_eq!(edit["content"]["ciphertext"], "second");
    assert_eq!(edit["sender"], json!(anna.id));
    redact(&anna, &room, &second);
    assert_eq!(bundle(&jonas, &room, &root)["m.replace"]["event_id"], json!(first));
    related(&anna, &room, &first, "m.replace", "an edit is not edited");
    assert_eq!(bundle(&jonas, &room, &first), Value::Null);
    redact(&anna, &room, &root);
    assert_eq!(bundle(&jonas, &room, &root), Value::Null, "a deleted event is not edited");
}

#[test]
fn an_edit_in_clear_needs_a_new_content_and_the_type_of_the_original() {
    let anna = open_server().user("anna");
    let room = anna.room_with(&[]);
    let text = |body: &str| json!({ "msgtype": "m.text", "body": body });
    let root = anna.send(&room, "m.room.message", &text("root"));
    let edit = |kind: &str, with_new: bool| {
        let mut content = text("* new");
        content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": root });
        if with_new {
            content["m.new_content"] = text("new");
        }
        anna.send(&room, kind, &content)
    };
    edit("m.room.message", false);
    edit("de.konsil.other", true);
    assert_eq!(bundle(&anna, &room, &root), Value::Null);
    let valid = edit("m.room.message", true);
    let shown = bundle(&anna, &room, &root)["m.replace"].clone();
    assert_eq!(shown["event_id"], json!(valid));
    assert_eq!(shown["content"]["m.new_content"], text("new"));
    let original = anna.get(&room_path(&room, &format!("/event/{}", escape(&root)))).ok();
    assert_eq!(original["content"], text("root"), "the content is left as it was");
}

#[test]
fn references_are_listed_and_annotations_are_not_summed_up() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    let (one, two) = (
        related(&anna, &room, &root, "m.reference", "one"),
        related(&anna, &room, &root, "m.reference", "two"),
    );
    related(&anna, &room, &root, "m.annotation", "annotation");
    let expected =
        json!({ "m.reference": { "chunk": [{ "event_id": one }, { "event_id": two }] } });
    assert_eq!(bundle(&anna, &room, &root), expected);
    let state = anna.set_state(&room, "de.konsil.test", "", &json!({ "a": 1 }));
    related(&anna, &room, &state, "m.reference", "of a state event");
    assert_eq!(bundle(&anna, &room, &state), Value::Null, "state events have no summary");
}

#[test]
fn a_thread_comes_with_its_latest_answer_and_that_with_its_edit() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    let root = anna.send_encrypted(&room, "root");
    let first = related(&jonas, &room, &root, "m.thread", "first");
    let second = related(&jonas, &room, &root, "m.thread", "second");
    related(&jonas, &room, &second, "m.replace", "second, edited");
    let thread = |user: &User| bundle(user, &room, &root)["m.thread"].clone();
    let seen = thread(&lena);
    assert_eq!(seen["count"], 2);
    assert_eq!(seen["current_user_participated"], false);
    assert_eq!(seen["latest_event"]["event_id"], json!(second));
    let inner = &seen["latest_event"]["unsigned"]["m.relations"]["m.replace"];
    assert_eq!(inner["content"]["ciphertext"], "second, edited");
    for user in [&anna, &jonas] {
        assert_eq!(thread(user)["current_user_participated"], true);
    }
    redact(&jonas, &room, &second);
    assert_eq!(thread(&lena)["count"], 1);
    assert_eq!(thread(&lena)["latest_event"]["event_id"], json!(first));
    // Whoever is ignored does not count.
    let ignore = json!({ "ignored_users": { &jonas.id: {} } });
    lena.put(
        &format!("/_matrix/client/v3/user/{}/account_data/m.ignored_user_list", lena.id),
        &ignore,
    )
    .ok();
    assert_eq!(bundle(&lena, &room, &root), Value::Null);
    assert_eq!(lena.get(&path(&room, &root, "")).ok()["chunk"], json!([]));
}

#[test]
fn who_ignores_themselves_still_sees_what_they_wrote() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    anna.put(
        &format!("/_matrix/client/v3/user/{}/account_data/m.ignored_user_list", anna.id),
        &json!({ "ignored_users": { &anna.id: {} } }),
    )
    .ok();
    let edit = related(&anna, &room, &root, "m.replace", "edit");
    assert_eq!(bundle(&anna, &room, &root)["m.replace"]["event_id"], json!(edit));
    let found = anna.get(&path(&room, &root, "")).ok();
    assert_eq!(found["chunk"][0]["event_id"], json!(edit), "{found}");
}

#[test]
fn summaries_come_wherever_events_are_shown() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let root = anna.send_encrypted(&room, "root");
    let edit = related(&anna, &room, &root, "m.replace", "edit");
    let outer = anna.send_encrypted(&room, "outer");
    let has_edit = |event: &Value| {
        event["event_id"] == json!(root)
            && event["unsigned"]["m.relations"]["m.replace"]["event_id"] == json!(edit)
    };
    let any = |events: &Value| events.as_array().is_some_and(|all| all.iter().any(has_edit));
    assert!(any(&anna.get(&room_path(&room, "/messages?dir=b")).ok()["chunk"]));
    let context = anna.get(&room_path(&room, &format!("/context/{}", escape(&root)))).ok();
    assert!(has_edit(&context["event"]));
    let context = anna.get(&room_path(&room, &format!("/context/{}", escape(&outer)))).ok();
    assert!(any(&context["events_before"]));
    let filter = escape(&json!({ "room": { "timeline": { "limit": 3 } } }).to_string());
    let sync = anna.get(&format!("/_matrix/client/v3/sync?filter={filter}")).ok();
    let timeline = &sync["rooms"]["join"][&room]["timeline"];
    assert_eq!(timeline["limited"], true);
    assert!(any(&timeline["events"]));
}

#[test]
fn what_one_may_not_see_is_not_summed_up() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let root = anna.send_encrypted(&room, "root");
    related(&anna, &room, &root, "m.thread", "seen");
    jonas.leave(&room);
    related(&anna, &room, &root, "m.thread", "not seen");
    let thread = bundle(&jonas, &room, &root)["m.thread"].clone();
    assert_eq!(thread["count"], 1);
    assert_eq!(thread["latest_event"]["content"]["ciphertext"], "seen");
    assert_eq!(texts(&jonas.get(&path(&room, &root, "")).ok()), ["seen"]);
}
