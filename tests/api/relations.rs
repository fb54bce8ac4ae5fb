//! `GET /_matrix/client/v1/rooms/{roomId}/relations/{eventId}[/{relType}[/{eventType}]]`
//! <https://spec.matrix.org/v1.19/client-server-api/#relationships-api>

use serde_json::json;
use testkit::matrix::{encrypted, escape};

use crate::server;

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
