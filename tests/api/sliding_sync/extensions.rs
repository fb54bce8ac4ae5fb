//! Messages to devices, keys, account data, receipts, typing.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::matrix::{escape, room_path};

use super::{Connection, room_list};
use crate::server;

#[test]
fn a_message_to_a_device_is_acknowledged_by_the_extensions_own_token() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let body = json!({ "messages": { &jonas.id: { "*": { "n": 1 } } } });
    anna.put("/_matrix/client/v3/sendToDevice/de.konsil.test/sliding-1", &body).ok();
    let wish = |since: Option<&Value>| json!({ "extensions": { "to_device": { "enabled": true, "since": since } } });
    let mut connection = Connection::new(&jonas, "encryption");
    let given = connection.sync(&wish(None));
    let given = &given["extensions"]["to_device"];
    assert_eq!(given["events"][0]["content"], json!({ "n": 1 }));
    let again = connection.sync(&wish(None));
    assert_eq!(
        again["extensions"]["to_device"]["events"], given["events"],
        "the position acknowledges nothing"
    );
    let done = connection.sync(&wish(Some(&given["next_batch"])));
    assert_eq!(done["extensions"]["to_device"]["events"], json!([]));
    let anew = Connection::new(&jonas, "encryption").sync(&wish(None));
    assert_eq!(
        anew["extensions"]["to_device"]["events"],
        json!([]),
        "what was acknowledged is gone"
    );
    Connection::new(&jonas, "x")
        .ask(Duration::ZERO, &wish(Some(&json!("x"))))
        .refused(400, "M_INVALID_PARAM");
}

#[test]
fn device_lists_tell_who_begins_and_ends_to_share_a_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat", "invite": [jonas.id] }));
    let wish = json!({ "extensions": { "e2ee": { "enabled": true } } });
    let mut connection = Connection::new(&anna, "encryption");
    assert!(connection.sync(&wish)["extensions"]["e2ee"].get("device_lists").is_none());
    jonas.join(&room);
    let answer = connection.sync(&wish);
    assert_eq!(answer["extensions"]["e2ee"]["device_lists"]["changed"], json!([jonas.id]));
    jonas.leave(&room);
    let answer = connection.sync(&wish);
    assert_eq!(answer["extensions"]["e2ee"]["device_lists"]["left"], json!([jonas.id]));
    assert_eq!(answer["extensions"]["e2ee"]["device_unused_fallback_key_types"], json!([]));
}

#[test]
fn account_data_comes_whole_first_and_then_as_it_changes() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let base = format!("/_matrix/client/v3/user/{}", escape(&anna.id));
    let in_room = format!("{base}/rooms/{}/account_data/de.konsil.note", escape(&room));
    anna.put(&in_room, &json!({ "a": 1 })).ok();
    let mut connection = Connection::new(&anna, "room-list");
    let answer = connection.sync(&room_list(9));
    let global = answer["extensions"]["account_data"]["global"].as_array().expect("account data");
    assert!(global.iter().any(|event| event["type"] == "m.push_rules"));
    let note = |a: u8| json!([{ "type": "de.konsil.note", "content": { "a": a } }]);
    assert_eq!(answer["extensions"]["account_data"]["rooms"][&room], note(1));
    assert!(connection.sync(&room_list(9))["extensions"].get("account_data").is_none());
    anna.put(&in_room, &json!({ "a": 2 })).ok();
    anna.put(&format!("{base}/account_data/m.direct"), &json!({})).ok();
    let answer = connection.sync(&room_list(9));
    assert_eq!(answer["extensions"]["account_data"]["rooms"][&room], note(2));
    assert_eq!(
        answer["extensions"]["account_data"]["global"],
        json!([{ "type": "m.direct", "content": {} }])
    );
}

#[test]
fn receipts_and_typing_wake_who_looks_at_the_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "read me");
    let mut connection = Connection::new(&anna, "room-list");
    connection.sync(&room_list(9));
    let typing = room_path(&room, &format!("/typing/{}", escape(&jonas.id)));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| connection.wait(Duration::from_secs(20), &room_list(9)));
        jonas.put(&typing, &json!({ "typing": true, "timeout": 30_000 })).ok();
        let answer = waiting.join().expect("an answer");
        let shown = &answer["extensions"]["typing"]["rooms"][&room];
        assert_eq!(shown, &json!({ "type": "m.typing", "content": { "user_ids": [jonas.id] } }));
    });
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| connection.wait(Duration::from_secs(20), &room_list(9)));
        jonas
            .post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&event))), &json!({}))
            .ok();
        let answer = waiting.join().expect("an answer");
        let receipt = &answer["extensions"]["receipts"]["rooms"][&room];
        assert!(receipt["content"][&event]["m.read"][&jonas.id]["ts"].is_u64(), "{answer}");
    });
    let anew = Connection::new(&anna, "room-list").sync(&room_list(9));
    assert!(
        anew["extensions"]["receipts"]["rooms"][&room]["content"][&event]["m.read"][&jonas.id]
            .is_object()
    );
    assert_eq!(
        anew["extensions"]["typing"]["rooms"][&room]["content"]["user_ids"],
        json!([jonas.id])
    );
}

#[test]
fn reading_on_one_device_is_told_to_the_other() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "read me");
    let mut connection = Connection::new(&jonas, "room-list");
    assert_eq!(connection.sync(&room_list(9))["rooms"][&room]["notification_count"], 1);
    jonas
        .post(&room_path(&room, &format!("/receipt/m.read.private/{}", escape(&event))), &json!({}))
        .ok();
    assert_eq!(connection.sync(&room_list(9))["rooms"][&room]["notification_count"], 0);
}

#[test]
fn unknown_extensions_are_ignored() {
    let anna = server().user("anna");
    let wish = json!({ "extensions": { "de.konsil.unknown": { "enabled": true }, "org.matrix.msc4262.profiles": { "enabled": true } } });
    Connection::new(&anna, "x").sync(&wish);
}
