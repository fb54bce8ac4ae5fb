//! `POST /_matrix/push/v1/notify` at a push gateway
//! <https://spec.matrix.org/v1.19/push-gateway-api/#post_matrixpushv1notify>

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{
    Peer, Received, Reply, Server, Settings,
    matrix::{encrypted, escape, room_path},
    peer,
};

use super::{PUSHERS, SET, pusher, pushing, woken};

const QUIET: Duration = Duration::from_millis(700);

fn accepting() -> Peer {
    Peer::https(|_| Reply::ok(&json!({ "rejected": [] })))
}

fn notification(received: &Received) -> Value {
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/_matrix/push/v1/notify")
    );
    received.json()["notification"].clone()
}

#[test]
fn a_gateway_learns_ids_and_counts_and_nothing_else() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    let event = anna.send_encrypted(&room, "first");
    let mut told = notification(&gateway.next());
    assert!(told["devices"][0]["pushkey_ts"].is_u64(), "{told}");
    told["devices"][0]["pushkey_ts"] = json!(0);
    assert_eq!(
        told,
        json!({
            "event_id": event, "room_id": room, "prio": "high", "counts": { "unread": 1 },
            "devices": [{
                "app_id": "de.konsil.app", "pushkey": format!("key of {}", jonas.id), "pushkey_ts": 0,
                "data": { "custom": 7 },
            }],
        })
    );
    anna.send_encrypted(&room, "second");
    assert_eq!(notification(&gateway.next())["counts"]["unread"], 2);
}

#[test]
fn what_is_read_on_another_device_takes_the_number_down() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    let event = anna.send_encrypted(&room, "x");
    assert_eq!(notification(&gateway.next())["counts"]["unread"], 1);
    let receipt = format!("/receipt/m.read.private/{}", escape(&event));
    jonas.post(&room_path(&room, &receipt), &json!({})).ok();
    let told = notification(&gateway.next());
    assert_eq!(told["counts"], json!({}), "counts of zero are left out");
    assert!(told.get("event_id").is_none(), "{told}");
}

#[test]
fn own_messages_and_muted_rooms_wake_nobody() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    jonas.send_encrypted(&room, "own");
    let rule = format!("/_matrix/client/v3/pushrules/global/override/{}", escape(&room));
    let condition = json!({ "kind": "event_match", "key": "room_id", "pattern": room });
    jonas.put(&rule, &json!({ "conditions": [condition], "actions": [] })).ok();
    anna.send_encrypted(&room, "muted");
    assert!(gateway.next_within(QUIET).is_none());
    jonas.put(&format!("{rule}/enabled"), &json!({ "enabled": false })).ok();
    let event = anna.send_encrypted(&room, "heard");
    assert_eq!(notification(&gateway.next())["event_id"], event);
}

#[test]
fn an_invitation_is_told_and_messages_before_the_join_are_not() {
    let gateway = accepting();
    let (anna, jonas) = (pushing().user("anna"), pushing().user("jonas"));
    jonas.post(SET, &pusher(&gateway.url, "invited")).ok();
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    anna.invite(&room, &jonas);
    let told = notification(&gateway.next());
    assert_eq!(told["room_id"], room);
    anna.send_encrypted(&room, "not yet");
    jonas.join(&room);
    assert!(gateway.next_within(QUIET).is_none());
    let event = anna.send_encrypted(&room, "now");
    assert_eq!(notification(&gateway.next())["event_id"], event);
}

#[test]
fn a_rejected_pushkey_is_removed() {
    let gateway = Peer::https(|received| {
        let key = received.json()["notification"]["devices"][0]["pushkey"].clone();
        Reply::ok(&json!({ "rejected": [key] }))
    });
    let (anna, jonas, room) = woken(pushing(), &gateway);
    anna.send_encrypted(&room, "x");
    gateway.next();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while jonas.get(PUSHERS).ok() != json!({ "pushers": [] }) {
        assert!(std::time::Instant::now() < deadline, "the pusher is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
    anna.send_encrypted(&room, "y");
    assert!(gateway.next_within(QUIET).is_none());
}

#[test]
fn a_gateway_that_fails_is_asked_again_and_the_order_is_kept() {
    let failures = AtomicUsize::new(2);
    let gateway = Peer::https(move |_| {
        let failing =
            failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if failing.is_ok() { Reply::status(502) } else { Reply::ok(&json!({ "rejected": [] })) }
    });
    let (anna, _, room) = woken(pushing(), &gateway);
    let first = anna.send_encrypted(&room, "1");
    let second = anna.send_encrypted(&room, "2");
    let told: Vec<_> = (0..4).map(|_| notification(&gateway.next())["event_id"].clone()).collect();
    assert_eq!(told, [&first[..], &first, &first, &second]);
}

#[test]
fn the_same_address_wakes_only_its_new_owner() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    let murat = pushing().user("murat");
    murat.post(SET, &pusher(&gateway.url, &format!("key of {}", jonas.id))).ok();
    anna.send_encrypted(&room, "x");
    assert!(gateway.next_within(QUIET).is_none());
}

#[test]
fn quiet_hours_hold_back_all_but_urgent_messages() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    // At every hour of the day one of the two is quiet now.
    let hours = |from, to| json!({ "from": from, "to": to, "time_zone": "Europe/Berlin" });
    let path =
        format!("/_matrix/client/v3/user/{}/account_data/de.konsil.quiet_hours", escape(&jonas.id));
    jonas.put(&path, &hours("00:00", "23:59:59.999")).ok();
    anna.send_encrypted(&room, "sleep well");
    assert!(gateway.next_within(QUIET).is_none());
    let mut urgent = encrypted("wake up");
    urgent["de.konsil.urgency"] = json!("urgent");
    let event = anna.send(&room, "m.room.encrypted", &urgent);
    assert_eq!(notification(&gateway.next())["event_id"], event);
    jonas.put(&path, &json!({})).ok();
    let event = anna.send_encrypted(&room, "good morning");
    assert_eq!(notification(&gateway.next())["event_id"], event);
}

#[test]
fn what_was_taken_over_from_elsewhere_wakes_nobody() {
    let gateway = accepting();
    let (anna, jonas, room) = woken(pushing(), &gateway);
    let mut silent = encrypted("from another messenger");
    silent["m.relates_to"] = json!({ "de.konsil.urgency": "silent" });
    let silent = anna.send(&room, "m.room.encrypted", &silent);
    let event = anna.send_encrypted(&room, "and this is new");
    assert_eq!(notification(&gateway.next())["event_id"], event, "the first one woke nobody");
    let told = jonas.get("/_matrix/client/v3/notifications").ok();
    let told = told["notifications"].as_array().expect("a list").iter();
    let told: Vec<&str> = told.filter_map(|it| it["event"]["event_id"].as_str()).collect();
    assert!(told.contains(&event.as_str()) && !told.contains(&silent.as_str()), "{told:?}");
}

#[test]
fn after_a_restart_what_was_not_told_is_told_and_nothing_twice() {
    let mut server = Server::with(&Settings {
        node: peer::reachable(),
        tenant: "push.allowed_gateways = [\"*\"]".to_owned(),
        ..Settings::default()
    });
    let gateway = accepting();
    let (anna, _, room) = woken(&server, &gateway);
    let first = anna.send_encrypted(&room, "1");
    assert_eq!(notification(&gateway.next())["event_id"], first);
    // A gateway that answers nothing but errors while the second message is sent.
    let (murat, closed) = (server.user("murat"), Peer::https(|_| Reply::status(503)));
    anna.invite(&room, &murat);
    murat.join(&room);
    murat.post(SET, &pusher(&closed.url, "murat")).ok();
    let second = anna.send_encrypted(&room, "2");
    assert_eq!(notification(&gateway.next())["event_id"], second);
    closed.next_where(|told| told.json()["notification"]["event_id"] == second.as_str());
    std::thread::sleep(Duration::from_millis(200));
    server.kill();
    server.resume();
    closed.next_where(|told| told.json()["notification"]["event_id"] == second.as_str());
    assert!(gateway.next_within(QUIET).is_none(), "the second was told before the restart");
    let third = anna.send_encrypted(&room, "3");
    assert_eq!(notification(&gateway.next())["event_id"], third);
    server.kill();
    server.doctor();
}

#[test]
fn a_hospital_may_let_a_gateway_see_everything() {
    let server = Server::with(&Settings {
        node: peer::reachable(),
        tenant: "push.allowed_gateways = [\"*\"]\npush.event_id_only = false\nrooms.require_encryption = false"
            .to_owned(),
        ..Settings::default()
    });
    let gateway = accepting();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let murat = server.user("murat");
    let room = anna.create_room(&json!({ "preset": "private_chat", "name": "Station 3" }));
    for user in [&jonas, &murat] {
        anna.invite(&room, user);
        user.join(&room);
    }
    anna.put(
        &format!("/_matrix/client/v3/profile/{}/displayname", escape(&anna.id)),
        &json!({ "displayname": "Dr. Anna Meyer" }),
    )
    .ok();
    jonas.post(SET, &pusher(&gateway.url, "jonas")).ok();
    let content =
        json!({ "msgtype": "m.text", "body": "Bett 7?", "m.mentions": { "user_ids": [jonas.id] } });
    let event = anna.send(&room, "m.room.message", &content);
    let mut told = notification(&gateway.next());
    told["devices"][0]["pushkey_ts"] = json!(0);
    assert_eq!(
        told,
        json!({
            "event_id": event, "room_id": room, "type": "m.room.message", "sender": anna.id,
            "sender_display_name": "Dr. Anna Meyer", "room_name": "Station 3", "content": content,
            "prio": "high", "counts": { "unread": 1 },
            "devices": [{
                "app_id": "de.konsil.app", "pushkey": "jonas", "pushkey_ts": 0, "data": { "custom": 7 },
                "tweaks": { "sound": "default", "highlight": true },
            }],
        })
    );
    // An ordinary message in a group is not loud.
    anna.send(&room, "m.room.message", &json!({ "msgtype": "m.text", "body": "Danke" }));
    let told = notification(&gateway.next());
    assert_eq!((&told["prio"], &told["devices"][0]["tweaks"]), (&json!("low"), &json!({})));
    // Notices, edits and reactions notify nobody; only who has the power notifies the whole room.
    anna.send(&room, "m.room.message", &json!({ "msgtype": "m.notice", "body": "x" }));
    let edit = json!({ "rel_type": "m.replace", "event_id": event });
    anna.send(
        &room,
        "m.room.message",
        &json!({ "msgtype": "m.text", "body": "y", "m.relates_to": edit }),
    );
    let all = json!({ "msgtype": "m.text", "body": "@room", "m.mentions": { "room": true } });
    murat.send(&room, "m.room.message", &all);
    assert_eq!(notification(&gateway.next())["devices"][0]["tweaks"], json!({}), "murat may not");
    anna.send(&room, "m.room.message", &all);
    assert_eq!(
        notification(&gateway.next())["devices"][0]["tweaks"],
        json!({ "highlight": true }),
        "anna may"
    );
}

#[test]
fn a_pusher_may_ask_for_ids_alone() {
    let server = Server::with(&Settings {
        node: peer::reachable(),
        tenant: "push.allowed_gateways = [\"*\"]\npush.event_id_only = false".to_owned(),
        ..Settings::default()
    });
    let gateway = accepting();
    let (anna, jonas, room) = woken(&server, &gateway);
    let mut only_ids = pusher(&gateway.url, &format!("key of {}", jonas.id));
    only_ids["data"]["format"] = json!("event_id_only");
    jonas.post(SET, &only_ids).ok();
    anna.send_encrypted(&room, "x");
    let told = notification(&gateway.next());
    assert!(told.get("content").is_none() && told.get("sender").is_none(), "{told}");
    assert_eq!(told["devices"][0]["data"], json!({ "custom": 7, "format": "event_id_only" }));
}
