//! `GET /_matrix/client/v1/rooms/{roomId}/threads`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads>

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{encrypted, escape},
};

use crate::server;

#[test]
fn roots_are_listed_latest_answer_first() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let (first, second) = (anna.send_encrypted(&room, "1"), anna.send_encrypted(&room, "2"));
    for root in [&second, &first] {
        let mut content = encrypted("answer");
        content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
        anna.send(&room, "m.room.encrypted", &content);
    }
    let threads = anna.get(&format!("/_matrix/client/v1/rooms/{}/threads", escape(&room))).ok();
    let ids: Vec<_> = threads["chunk"]
        .as_array()
        .expect("a chunk")
        .iter()
        .map(|root| &root["event_id"])
        .collect();
    assert_eq!(ids, [&json!(first), &json!(second)]);
}

fn answer(user: &User, room: &str, root: &str) -> String {
    let mut content = encrypted("answer");
    content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
    user.send(room, "m.room.encrypted", &content)
}

fn list(user: &User, room: &str, query: &str) -> Value {
    user.get(&format!("/_matrix/client/v1/rooms/{}/threads{query}", escape(room))).ok()
}

fn ids(page: &Value) -> Vec<&str> {
    let chunk = page["chunk"].as_array().expect("a chunk");
    chunk.iter().filter_map(|root| root["event_id"].as_str()).collect()
}

#[test]
fn a_user_lists_the_threads_that_they_take_part_in() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    let (of_anna, of_jonas) =
        (anna.send_encrypted(&room, "of anna"), jonas.send_encrypted(&room, "of jonas"));
    let latest = answer(&jonas, &room, &of_anna);
    answer(&lena, &room, &of_jonas);
    assert_eq!(ids(&list(&anna, &room, "")), [&of_jonas, &of_anna]);
    assert_eq!(ids(&list(&anna, &room, "?include=participated")), [&of_anna]);
    assert_eq!(ids(&list(&lena, &room, "?include=participated")), [&of_jonas]);
    assert_eq!(ids(&list(&jonas, &room, "?include=participated")), [&of_jonas, &of_anna]);
    let root = list(&lena, &room, "?include=all")["chunk"][1].clone();
    let thread = &root["unsigned"]["m.relations"]["m.thread"];
    assert_eq!(thread["latest_event"]["event_id"], json!(latest));
    assert_eq!(thread["count"], 1);
    assert_eq!(thread["current_user_participated"], false);
}

#[test]
fn threads_are_paged() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let mut roots: Vec<String> =
        (0..5).map(|number| anna.send_encrypted(&room, &number.to_string())).collect();
    for root in &roots {
        answer(&anna, &room, root);
    }
    roots.reverse();
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = list(&anna, &room, &query);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next_batch"].as_str() {
            Some(next) => query = format!("?limit=2&from={}", escape(next)),
            None => break,
        }
    }
    assert_eq!(seen, roots);
    let path = format!("/_matrix/client/v1/rooms/{}/threads", escape(&room));
    anna.get(&format!("{path}?limit=0")).refused(400, "M_INVALID_PARAM");
    anna.get(&format!("{path}?from=nonsense")).refused(400, "M_INVALID_PARAM");
    server().user("mallory").get(&path).refused(403, "M_FORBIDDEN");
}

#[test]
fn the_root_of_an_ignored_user_comes_as_if_it_were_deleted() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let root = jonas.send_encrypted(&room, "of jonas");
    answer(&anna, &room, &root);
    assert_eq!(list(&anna, &room, "")["chunk"][0]["content"]["ciphertext"], "of jonas");
    let ignore = json!({ "ignored_users": { &jonas.id: {} } });
    let path = format!("/_matrix/client/v3/user/{}/account_data/m.ignored_user_list", anna.id);
    anna.put(&path, &ignore).ok();
    let page = list(&anna, &room, "");
    assert_eq!(ids(&page), [&root]);
    assert_eq!(page["chunk"][0]["content"], json!({}));
}
