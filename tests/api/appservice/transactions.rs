//! `PUT /_matrix/app/v1/transactions/{txnId}` at an application service
//! <https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid>

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use testkit::{
    Reply,
    matrix::{escape, room_path},
};

use super::{Bridge, HS_TOKEN, QUIET, act_as, send_path};

fn message(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

#[test]
fn a_service_gets_what_happens_where_its_users_are_and_nothing_else() {
    let bridge = Bridge::new(|_| Reply::ok(&json!({})));
    let (anna, service) = (bridge.server.user("anna"), bridge.service());
    let ghost = bridge.ghost("bob");
    let (room, other) = (anna.create_room(&json!({})), anna.create_room(&json!({})));
    anna.send(&room, "m.room.message", &message("before"));
    anna.send(&other, "m.room.message", &message("elsewhere"));
    assert!(bridge.peer.next_within(QUIET).is_none(), "nothing concerns it yet");

    anna.post(&room_path(&room, "/invite"), &json!({ "user_id": ghost })).ok();
    let transaction = bridge.transaction();
    assert_eq!(transaction.method, "PUT");
    assert_eq!(transaction.header("authorization"), format!("Bearer {HS_TOKEN}"));
    let body = transaction.json();
    assert!(body.get("ephemeral").is_none(), "not asked for: {body}");
    let invite = &body["events"][0];
    assert_eq!(body["events"].as_array().map(Vec::len), Some(1), "{body}");
    assert_eq!(
        (&invite["type"], &invite["state_key"], &invite["room_id"], &invite["sender"]),
        (&json!("m.room.member"), &json!(ghost), &json!(room), &json!(anna.id))
    );
    assert!(invite["unsigned"]["age"].is_u64(), "{invite}");

    act_as(&service, "POST", &room_path(&room, "/join"), &ghost, &json!({})).ok();
    let sent = anna.send(&room, "m.room.message", &message("hello"));
    anna.send(&other, "m.room.message", &message("elsewhere"));
    let event = bridge.event(|event| event["type"] == "m.room.message");
    assert_eq!((&event["event_id"], &event["content"]), (&json!(sent), &message("hello")));
    // Its own users' messages, too.
    let path = send_path(&room, "m.room.message");
    act_as(&service, "PUT", &path, &ghost, &message("own")).ok();
    assert_eq!(bridge.event(|event| event["sender"] == ghost.as_str())["content"]["body"], "own");
    // Its leave is the last that it hears of the room.
    act_as(&service, "POST", &room_path(&room, "/leave"), &ghost, &json!({})).ok();
    let left = bridge.event(|event| event["content"]["membership"] == "leave");
    assert_eq!(left["unsigned"]["prev_content"]["membership"], "join");
    anna.send(&room, "m.room.message", &message("after"));
    assert!(bridge.peer.next_within(QUIET).is_none());
}

#[test]
fn a_transaction_is_repeated_unchanged_until_it_is_taken_also_over_a_restart() {
    let failures = AtomicUsize::new(3);
    let mut bridge = Bridge::new(move |_| {
        let failing =
            failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if failing.is_ok() { Reply::status(500) } else { Reply::ok(&json!({})) }
    });
    let anna = bridge.server.user("anna");
    let ghost = bridge.ghost("bob");
    let room = anna.create_room(&json!({}));
    anna.post(&room_path(&room, "/invite"), &json!({ "user_id": ghost })).ok();
    let first = bridge.transaction();
    act_as(&bridge.service(), "POST", &room_path(&room, "/join"), &ghost, &json!({})).ok();
    anna.send(&room, "m.room.message", &message("meanwhile"));
    let second = bridge.transaction();
    bridge.server.kill();
    bridge.server.resume();
    let third = bridge.transaction();
    let fourth = bridge.transaction();
    for again in [&second, &third, &fourth] {
        assert_eq!((&again.path, &again.body), (&first.path, &first.body));
    }
    let next = bridge.transaction();
    assert_ne!(next.path, first.path);
    let bodies: Vec<_> = next.json()["events"].as_array().expect("events").clone();
    assert_eq!(bodies.last().expect("an event")["content"]["body"], "meanwhile");
    assert!(bridge.peer.next_within(QUIET).is_none(), "nothing is told twice");
    bridge.server.kill();
    bridge.server.doctor();
}

#[test]
fn receipts_and_typing_are_told_to_who_asked_for_them() {
    let bridge = Bridge::with("receive_ephemeral: true", |_| Reply::ok(&json!({})));
    let (anna, jonas) = (bridge.server.user("anna"), bridge.server.user("jonas"));
    let ghost = bridge.ghost("bob");
    let service = bridge.service();
    let room = anna.room_with(&[&jonas]);
    anna.post(&room_path(&room, "/invite"), &json!({ "user_id": ghost })).ok();
    act_as(&service, "POST", &room_path(&room, "/join"), &ghost, &json!({})).ok();
    let sent = anna.send(&room, "m.room.message", &message("x"));
    let ephemeral = |wanted: &dyn Fn(&Value) -> bool| loop {
        let body = bridge.transaction().json();
        let events = body["ephemeral"].as_array().cloned().unwrap_or_default();
        if let Some(found) = events.into_iter().find(|event| wanted(event)) {
            return found;
        }
    };
    let receipt = |kind: &str| room_path(&room, &format!("/receipt/{kind}/{}", escape(&sent)));
    jonas.post(&receipt("m.read.private"), &json!({})).ok();
    jonas.post(&receipt("m.read"), &json!({})).ok();
    let told = ephemeral(&|event| event["type"] == "m.receipt");
    assert_eq!(told["room_id"], room);
    assert!(told["content"][&sent]["m.read"][&jonas.id]["ts"].is_u64(), "{told}");
    assert!(told["content"][&sent].get("m.read.private").is_none(), "{told}");
    act_as(&service, "POST", &receipt("m.read.private"), &ghost, &json!({})).ok();
    let told = ephemeral(&|event| event["content"][&sent].get("m.read.private").is_some());
    assert!(told["content"][&sent]["m.read.private"][&ghost]["ts"].is_u64(), "{told}");
    let typing = room_path(&room, &format!("/typing/{}", escape(&anna.id)));
    anna.put(&typing, &json!({ "typing": true, "timeout": 30_000 })).ok();
    let told = ephemeral(&|event| event["type"] == "m.typing");
    assert_eq!((&told["room_id"], &told["content"]["user_ids"]), (&json!(room), &json!([anna.id])));
}
