//! `POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid>

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn path(room: &str, kind: &str, event: &str) -> String {
    room_path(room, &format!("/receipt/{kind}/{}", escape(event)))
}

fn in_thread(user: &User, room: &str, root: &str) -> String {
    let mut content = testkit::matrix::encrypted("x");
    content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
    user.send(room, "m.room.encrypted", &content)
}

/// The receipts of a user that stand in an answer: event, kind and thread.
fn receipts(answer: &Value, room: &str, user: &User) -> Vec<(String, String, Option<String>)> {
    let mut found = Vec::new();
    for event in
        answer["rooms"]["join"][room]["ephemeral"]["events"].as_array().into_iter().flatten()
    {
        for (id, kinds) in event["content"].as_object().into_iter().flatten() {
            for (kind, users) in kinds.as_object().into_iter().flatten() {
                if let Some(receipt) = users.get(&user.id) {
                    let thread = receipt["thread_id"].as_str().map(str::to_owned);
                    found.push((id.clone(), kind.clone(), thread));
                }
            }
        }
    }
    found
}

#[test]
fn reading_is_shown_to_the_others() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "read me");
    let token = anna.sync(None);
    jonas.post(&path(&room, "m.read", &event), &json!({})).ok();
    let answer = anna.sync(token["next_batch"].as_str());
    assert_eq!(receipts(&answer, &room, &jonas), [(event.clone(), "m.read".to_owned(), None)]);
    assert_eq!(receipts(&anna.sync(None), &room, &jonas).len(), 1, "also for who begins anew");
    assert!(anna.sync(answer["next_batch"].as_str()).get("rooms").is_none());
}

#[test]
fn private_reading_is_shown_to_nobody_else() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "read me");
    let tokens = [anna.sync(None), jonas.sync(None)];
    jonas.post(&path(&room, "m.read.private", &event), &json!({})).ok();
    assert!(anna.sync(tokens[0]["next_batch"].as_str()).get("rooms").is_none());
    assert!(receipts(&anna.sync(None), &room, &jonas).is_empty());
    let own = jonas.sync(tokens[1]["next_batch"].as_str());
    assert_eq!(receipts(&own, &room, &jonas), [(event, "m.read.private".to_owned(), None)]);
    assert_eq!(own["rooms"]["join"][&room]["unread_notifications"]["notification_count"], 0);
}

#[test]
fn a_receipt_never_moves_backwards() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let (older, newer) = (anna.send_encrypted(&room, "1"), anna.send_encrypted(&room, "2"));
    jonas.post(&path(&room, "m.read", &newer), &json!({})).ok();
    let token = anna.sync(None);
    jonas.post(&path(&room, "m.read", &older), &json!({})).ok();
    assert!(anna.sync(token["next_batch"].as_str()).get("rooms").is_none());
    assert_eq!(receipts(&anna.sync(None), &room, &jonas)[0].0, newer);
}

#[test]
fn threads_have_receipts_of_their_own() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let root = anna.send_encrypted(&room, "root");
    let last = in_thread(&anna, &room, &root);
    jonas.post(&path(&room, "m.read", &root), &json!({ "thread_id": "main" })).ok();
    jonas.post(&path(&room, "m.read", &last), &json!({ "thread_id": root })).ok();
    let mut found = receipts(&anna.sync(None), &room, &jonas);
    found.sort();
    let mut expected = vec![
        (root.clone(), "m.read".to_owned(), Some("main".to_owned())),
        (last, "m.read".to_owned(), Some(root)),
    ];
    expected.sort();
    assert_eq!(found, expected);
    let unread =
        &jonas.sync(None)["rooms"]["join"][&room]["unread_notifications"]["notification_count"];
    assert_eq!(unread, 0, "both were read");
}

#[test]
fn a_receipt_is_for_the_thread_of_its_event() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let (root, other) = (anna.send_encrypted(&room, "root"), anna.send_encrypted(&room, "other"));
    let inside = in_thread(&anna, &room, &root);
    let mark = |event: &str, thread: &str| {
        jonas.post(&path(&room, "m.read", event), &json!({ "thread_id": thread }))
    };
    mark(&inside, "main").refused(400, "M_INVALID_PARAM");
    mark(&inside, &other).refused(400, "M_INVALID_PARAM");
    mark(&other, &root).refused(400, "M_INVALID_PARAM");
    mark(&inside, "").refused(400, "M_INVALID_PARAM");
    mark(&inside, &root).ok();
    mark(&root, "main").ok();
    mark(&root, &root).ok();
    let mut reaction = testkit::matrix::encrypted("x");
    reaction["m.relates_to"] = json!({ "rel_type": "m.annotation", "event_id": inside });
    let reaction = anna.send(&room, "m.room.encrypted", &reaction);
    mark(&reaction, "main").refused(400, "M_INVALID_PARAM");
    mark(&reaction, &root).ok();
}

#[test]
fn wrong_receipts_are_refused() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let (room, other) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    let (event, elsewhere) = (anna.send_encrypted(&room, "1"), anna.send_encrypted(&other, "2"));
    eva.post(&path(&room, "m.read", &event), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.post(&path(&room, "m.seen", &event), &json!({})).refused(400, "M_INVALID_PARAM");
    jonas.post(&path(&room, "m.read", &elsewhere), &json!({})).refused(404, "M_NOT_FOUND");
    let thread = json!({ "thread_id": "main" });
    jonas.post(&path(&room, "m.fully_read", &event), &thread).refused(400, "M_INVALID_PARAM");
    jonas
        .post(&path(&room, "m.read", &event), &json!({ "thread_id": "x" }))
        .refused(400, "M_INVALID_PARAM");
    jonas
        .post(&path(&room, "m.read", &event), &json!({ "thread_id": 7 }))
        .refused(400, "M_BAD_JSON");
}
