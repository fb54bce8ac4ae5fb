//! `konsil retention`: messages past their period are gone, on either database. An application service says when they were sent.

use serde_json::json;
use testkit::{
    Reply,
    matrix::{escape, room_path, transaction},
};

use crate::appservice::{Bridge, act_as, send_path};

#[test]
fn messages_past_their_period_are_gone_and_recorded() {
    let bridge = Bridge::new(|_| Reply::ok(&json!({})));
    let (service, server) = (bridge.service(), &bridge.server);
    let ghost = bridge.ghost(&transaction());
    let anna = server.user("anna");
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    act_as(&service, "POST", &room_path(&room, "/join"), &ghost, &json!({})).ok();
    let old: Vec<String> = ["first", "second"]
        .into_iter()
        .map(|text| {
            let path = format!("{}?ts=1000000000000", send_path(&room, "m.room.message"));
            let content = json!({ "msgtype": "m.text", "body": text });
            let sent = act_as(&service, "PUT", &path, &ghost, &content).ok();
            sent["event_id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let reply = json!({ "msgtype": "m.text", "body": "a reply", "m.relates_to": { "rel_type": "m.thread", "event_id": old[1] } });
    let new = anna.send(&room, "m.room.message", &reply);
    let file = anna.upload("application/octet-stream", &[7; 300]);

    let output = server.konsil(&["retention", "run"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "2 messages and 0 files were past their period and are gone\n", "{output:?}");
    for event in &old {
        let path = room_path(&room, &format!("/event/{}", escape(event)));
        anna.get(&path).refused(404, "M_NOT_FOUND");
    }
    let history = anna.history(&room);
    assert!(history.iter().any(|event| event["event_id"] == *new));
    assert!(
        !history.iter().any(|event| event["sender"] == *ghost && event["type"] == "m.room.message")
    );
    assert_eq!(anna.download(&file).status, 200);
    let list = server.konsil(&["retention", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.lines().count() == 1 && list.contains("  2 messages  erased "), "{list}");
    server.doctor();
}
