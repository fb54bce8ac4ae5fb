//! `POST /_konsil/lock/unlock`: Konsil's own.

use serde_json::{Value, json};
use testkit::matrix::escape;

use super::{lock_of, try_pin};
use crate::server;

#[test]
fn the_right_pin_gets_the_share_without_an_access_token_and_a_wrong_one_is_counted() {
    let anna = server().user("anna");
    let (locked, share) = lock_of(&anna);
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
    for left in [9, 8] {
        let refused = try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN");
        assert_eq!((&refused["tries_left"], refused.get("share")), (&json!(left), None));
        assert_eq!(refused["pause_ms"], Value::Null);
    }
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
    let refused = try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!(refused["tries_left"], 9, "the right one has made good for the wrong ones");
}

#[test]
fn after_the_fifth_wrong_try_even_the_right_pin_has_to_wait() {
    let anna = server().user("anna");
    let (locked, _) = lock_of(&anna);
    for left in [9, 8, 7, 6, 5] {
        let refused = try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN");
        let pause_ms = if left == 5 { json!(30_000) } else { Value::Null };
        assert_eq!((&refused["tries_left"], &refused["pause_ms"]), (&json!(left), &pause_ms));
    }
    let early = try_pin(&locked, 1);
    assert!(early.header("retry-after").parse::<u64>().is_ok(), "in whole seconds, too");
    let refused = early.refused(429, "M_LIMIT_EXCEEDED");
    let wait_ms = refused["retry_after_ms"].as_u64().expect("a time");
    assert!((20_000..=30_000).contains(&wait_ms), "{wait_ms}");
}

#[test]
fn a_device_that_was_signed_out_gets_nothing() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    let ((phone, _), (lost, _)) = (lock_of(&anna), lock_of(&tablet));
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();
    try_pin(&lost, 1).refused(401, "M_UNKNOWN_TOKEN");
    try_pin(&phone, 1).ok();
    let path = format!("/_matrix/client/v3/devices/{}", escape(&anna.device_id));
    let auth = json!({
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.id },
    });
    let session = anna.json("DELETE", &path, &json!({})).refused(401, None)["session"].clone();
    let mut body = json!({ "auth": auth });
    body["auth"]["session"] = session;
    anna.json("DELETE", &path, &body).ok();
    try_pin(&phone, 1).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn while_the_account_is_locked_the_share_waits() {
    let (server, admin) = crate::admin::hospital();
    let anna = server.user("anna");
    let (locked, share) = lock_of(&anna);
    let path = format!("/_matrix/client/v1/admin/lock/{}", escape(&anna.id));
    admin.put(&path, &json!({ "locked": true })).ok();
    try_pin(&locked, 1).refused(401, "M_USER_LOCKED");
    try_pin(&locked, 2).refused(401, "M_USER_LOCKED");
    admin.put(&path, &json!({ "locked": false })).ok();
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
}

#[test]
fn only_the_lock_s_own_token_opens_and_it_opens_nothing_else() {
    let anna = server().user("anna");
    let (locked, _) = lock_of(&anna);
    try_pin(&anna, 1).refused(401, "M_UNKNOWN_TOKEN");
    try_pin(&anna.anonymous(), 1).refused(401, "M_MISSING_TOKEN");
    locked.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    locked.get("/_matrix/client/v3/sync").refused(401, "M_UNKNOWN_TOKEN");
    let path = "/_konsil/lock/unlock";
    locked.post(path, &json!({})).refused(400, "M_BAD_JSON");
    locked.post(path, &json!({ "verifier": "?" })).refused(400, "M_INVALID_PARAM");
    assert_eq!(locked.get("/_konsil/lock/state").ok()["tries_left"], 10, "these were no tries");
}
