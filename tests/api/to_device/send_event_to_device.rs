//! `PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid>

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    Answer, Server, User,
    matrix::{escape, transaction},
};

use crate::server;

const KIND: &str = "m.room.encrypted";

fn put(sender: &User, kind: &str, txn: &str, messages: &Value) -> Answer {
    let path = format!("/_matrix/client/v3/sendToDevice/{}/{}", escape(kind), escape(txn));
    sender.put(&path, &json!({ "messages": messages }))
}

#[track_caller]
fn send(sender: &User, to: &User, n: u64) {
    put(sender, KIND, &transaction(), &json!({ &to.id: { &to.device_id: { "n": n } } })).ok();
}

/// A device that syncs: its token, and the numbers of the messages it has seen.
struct Inbox<'a> {
    user: &'a User,
    since: Option<String>,
    seen: Vec<u64>,
}

impl<'a> Inbox<'a> {
    fn new(user: &'a User) -> Self {
        Self { user, since: None, seen: Vec::new() }
    }

    /// One answer of `/sync`; gives the events in it.
    #[track_caller]
    fn receive(&mut self) -> Vec<Value> {
        let answer = self.user.sync(self.since.as_deref());
        let events = answer["to_device"]["events"].as_array().cloned().unwrap_or_default();
        self.seen.extend(events.iter().filter_map(|event| event["content"]["n"].as_u64()));
        self.since = Some(answer["next_batch"].as_str().expect("a token").to_owned());
        events
    }

    /// Syncs until nothing more comes.
    #[track_caller]
    fn drain(&mut self) -> &[u64] {
        while !self.receive().is_empty() {}
        &self.seen
    }
}

#[test]
fn a_message_arrives_as_it_was_sent_and_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut inbox = Inbox::new(&jonas);
    inbox.receive();
    let content = json!({ "n": 1, "nested": { "a": [1, 2, "drei"] } });
    put(&anna, "m.test", &transaction(), &json!({ &jonas.id: { &jonas.device_id: content } })).ok();
    let event = json!({ "content": content, "sender": anna.id, "type": "m.test" });
    assert_eq!(inbox.receive(), [event]);
    assert_eq!(inbox.receive(), [] as [Value; 0]);
}

#[test]
fn messages_arrive_in_order_and_a_repeated_sync_repeats_them() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut inbox = Inbox::new(&jonas);
    inbox.receive();
    (1..=3).for_each(|n| send(&anna, &jonas, n));
    // The answer was lost: the device asks again with the old token.
    let before = inbox.since.clone();
    inbox.receive();
    inbox.since = before;
    inbox.receive();
    assert_eq!(inbox.seen, [1, 2, 3, 1, 2, 3]);
    send(&anna, &jonas, 4);
    assert_eq!(inbox.drain()[6..], [4]);
}

#[test]
fn a_repeated_request_sends_once() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let txn = transaction();
    let messages = json!({ &jonas.id: { &jonas.device_id: { "n": 1 } } });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| put(&anna, KIND, &txn, &messages).ok());
        }
    });
    put(&anna, KIND, &txn, &messages).ok();
    // The same transaction of another device is another transaction.
    put(&anna.new_device(), KIND, &txn, &json!({ &jonas.id: { &jonas.device_id: { "n": 2 } } }))
        .ok();
    assert_eq!(Inbox::new(&jonas).drain(), [1, 2]);
}

#[test]
fn a_wildcard_reaches_every_device_and_each_device_only_its_own() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let tablet = jonas.new_device();
    let messages = json!({ &jonas.id: { "*": { "n": 1 }, &tablet.device_id: { "n": 2 }, "UNKNOWN": { "n": 3 } } });
    put(&anna, KIND, &transaction(), &messages).ok();
    assert_eq!(Inbox::new(&jonas).drain(), [1]);
    assert_eq!(Inbox::new(&tablet).drain(), [2]);
}

#[test]
fn each_of_many_devices_gets_its_own_content_unchanged() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut devices = vec![jonas.new_device(), anna.new_device(), jonas.new_device()];
    devices.push(server().user("mira"));
    let content = |n: usize| json!({ "n": n, "ü \"": "\n🙂".repeat(n * 100), "last": {} });
    let mut messages = json!({});
    for (n, device) in devices.iter().enumerate() {
        messages[&device.id][&device.device_id] = content(n);
    }
    put(&anna, "m.\"ä", &transaction(), &messages).ok();
    for (n, device) in devices.iter().enumerate() {
        let event = json!({ "content": content(n), "sender": anna.id, "type": "m.\"ä" });
        assert_eq!(Inbox::new(device).receive(), [event]);
    }
}

#[test]
fn messages_to_nobody_are_dropped_silently() {
    let anna = server().user("anna");
    let messages = json!({
        "@nobody:klinikum.test": { "*": {} },
        "@eva:elsewhere.test": { "DEVICE": {} },
        &anna.id: { "UNKNOWN": {} },
    });
    put(&anna, KIND, &transaction(), &messages).ok();
    put(&anna, KIND, &transaction(), &json!({})).ok();
}

#[test]
fn a_long_queue_comes_in_parts_and_whole() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    (1..=120).for_each(|n| send(&anna, &jonas, n));
    let mut inbox = Inbox::new(&jonas);
    assert!(inbox.receive().len() <= 100, "at most 100 in one answer");
    assert_eq!(*inbox.drain(), (1..=120).collect::<Vec<_>>());
}

#[test]
fn a_waiting_device_is_woken() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let since = jonas.sync(None)["next_batch"].as_str().unwrap().to_owned();
    let answer = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| jonas.sync_within(Some(&since), Duration::from_secs(30)));
        send(&anna, &jonas, 1);
        waiting.join().unwrap()
    });
    assert_eq!(answer["to_device"]["events"][0]["content"]["n"], 1);
}

#[test]
fn messages_outlive_a_crash_and_what_was_acknowledged_does_not_come_back() {
    let mut server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let mut inbox = Inbox::new(&jonas);
    let txn = transaction();
    send(&anna, &jonas, 1);
    put(&anna, KIND, &txn, &json!({ &jonas.id: { &jonas.device_id: { "n": 2 } } })).ok();
    inbox.receive();
    // Acknowledges 1 and 2.
    inbox.receive();
    send(&anna, &jonas, 3);
    server.kill();
    server.resume();
    // The answer to the second request might have been lost: it is repeated.
    put(&anna, KIND, &txn, &json!({ &jonas.id: { &jonas.device_id: { "n": 2 } } })).ok();
    send(&anna, &jonas, 4);
    assert_eq!(inbox.drain(), [1, 2, 3, 4]);
    inbox.since = None;
    inbox.seen.clear();
    assert_eq!(*inbox.drain(), [] as [u64; 0], "nothing of it is kept");
    send(&anna, &jonas, 5);
    server.stop();
    server.doctor();
}

#[test]
fn malformed_messages_are_refused() {
    let anna = server().user("anna");
    let to_anna = |content: Value| json!({ &anna.id: { &anna.device_id: content } });
    let refused = |messages: &Value, status: u16, code: &str| {
        put(&anna, KIND, &transaction(), messages).refused(status, code);
    };
    refused(&to_anna(json!(7)), 400, "M_BAD_JSON");
    refused(&to_anna(json!(["list"])), 400, "M_BAD_JSON");
    refused(&json!({ &anna.id: ["DEVICE"] }), 400, "M_BAD_JSON");
    refused(&to_anna(json!({ "large": "x".repeat(70_000) })), 413, "M_TOO_LARGE");
    let deep = (0..120).fold(json!(1), |inner, _| json!({ "a": inner }));
    refused(&to_anna(deep), 400, "M_BAD_JSON");
    let path = format!("/_matrix/client/v3/sendToDevice/{KIND}/{}", transaction());
    anna.put(&path, &json!({})).refused(400, "M_MISSING_PARAM");
    put(&anna, KIND, &"x".repeat(300), &json!({})).refused(400, "M_INVALID_PARAM");
    assert_eq!(Inbox::new(&anna).drain(), [] as [u64; 0]);
}

#[test]
fn bodies_that_are_no_messages_are_refused() {
    let anna = server().user("anna");
    for version in ["v3", "r0"] {
        let path = format!("/_matrix/client/{version}/sendToDevice/{KIND}/{}", transaction());
        let put = |body: &[u8]| anna.request("PUT", &path, &[], body);
        put(b"").refused(400, "M_MISSING_PARAM");
        put(b"{\"messages\":{}").refused(400, "M_NOT_JSON");
        put(b"{\"messages\":{\"@a:b\":{\"*\":{\"\xff\":1}}}}").refused(400, "M_NOT_JSON");
        put(b"{\"messages\":{\"anna\":{\"*\":{}}}}").refused(400, "M_BAD_JSON");
        put(b"{\"messages\":{\"@a:b\":{\"\":{}}}}").refused(400, "M_BAD_JSON");
        put(b"{\"messages\":[]}").refused(400, "M_BAD_JSON");
        put(b"{\"messages\":{}}").ok();
    }
}

#[test]
fn keys_and_secrets_in_clear_are_refused() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    for kind in ["m.room_key", "m.forwarded_room_key", "m.secret.send"] {
        let messages = json!({ &jonas.id: { "*": { "session_key": "in clear" } } });
        put(&anna, kind, &transaction(), &messages).refused(403, "M_FORBIDDEN");
    }
    assert_eq!(Inbox::new(&jonas).receive(), [] as [Value; 0]);
}
