//! What Konsil's own app may no longer keep does not come to it by itself (I.e). It is known by the header in which it says its version.

use serde_json::{Value, json};
use testkit::{
    Reply,
    matrix::{escape, room_path, transaction},
};

use super::{ciphertexts, room_list};
use crate::appservice::Bridge;

const SYNC: &str = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0";

fn encrypted(text: &str) -> Value {
    json!({
        "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": text, "device_id": "BRIDGE",
        "sender_key": "key", "session_id": "session",
    })
}

#[test]
fn what_is_older_than_a_device_may_keep_comes_only_to_who_asks_for_it() {
    let bridge = Bridge::new(|_| Reply::ok(&json!({})));
    let (anna, service) = (bridge.server.user("anna"), bridge.service());
    let ghost = bridge.ghost("bob");
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    let as_ghost = format!("user_id={}", escape(&ghost));
    service.post(&format!("{}?{as_ghost}", room_path(&room, "/join")), &json!({})).ok();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_millis();
    let send = |text: &str, days_ago: u128| {
        let path = room_path(&room, &format!("/send/m.room.encrypted/{}", transaction()));
        let at = now - days_ago * 24 * 60 * 60 * 1000;
        service.put(&format!("{path}?ts={at}&{as_ghost}"), &encrypted(text)).ok();
    };
    let ask = |headers: &[(&str, &str)], body: &Value| -> Value {
        let body = body.to_string();
        anna.request("POST", SYNC, headers, body.as_bytes()).ok()["rooms"][&room].clone()
    };
    let app = [("konsil-app-version", "1.0.0")];

    // The strict period is seven days.
    send("eight days old", 8);
    let shown = ask(&app, &room_list(9));
    assert_eq!(ciphertexts(&shown), Vec::<&str>::new(), "{shown}");
    assert_eq!((&shown["limited"], &shown["notification_count"]), (&json!(true), &json!(1)));
    let older = shown["prev_batch"].as_str().expect("where it can be asked for");
    let page = room_path(&room, &format!("/messages?dir=b&limit=1&from={}", escape(older)));
    let page = anna.get(&page).ok();
    assert_eq!(page["chunk"][0]["content"]["ciphertext"], "eight days old");
    assert_eq!(ciphertexts(&ask(&[], &room_list(9))), ["eight days old"], "other clients");
    let mut opened = room_list(9);
    opened["room_subscriptions"] =
        json!({ room.as_str(): { "timeline_limit": 20, "required_state": [] } });
    let shown = ask(&app, &opened);
    assert_eq!(ciphertexts(&shown), ["eight days old"], "whoever opens the chat");

    send("six days old", 6);
    let mut longer = room_list(9);
    longer["lists"]["all_rooms"]["timeline_limit"] = json!(20);
    assert_eq!(ciphertexts(&ask(&app, &longer)), ["six days old"]);
    assert_eq!(ciphertexts(&ask(&[], &longer)), ["eight days old", "six days old"]);
}
