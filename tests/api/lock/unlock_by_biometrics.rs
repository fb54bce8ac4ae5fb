//! `POST /_konsil/lock/biometrics/unlock`: Konsil's own. That the PIN is needed again after `lock.pin_hours` is shown with a moved clock in
//! `crates/homeserver/tests/clock/biometrics.rs`.

use serde_json::{Value, json};
use testkit::{Server, Settings, matrix::escape};

use super::{allows_biometrics, lock_of, set_up_biometrics, try_finger, try_pin, verifier};

#[test]
fn wrong_fingers_are_counted_together_with_wrong_pins_and_the_right_one_makes_good_for_none() {
    let (locked, share) = lock_of(&allows_biometrics().user("anna"));
    set_up_biometrics(&locked, 1, 7).ok();
    let left = |answer: testkit::matrix::Answer| {
        answer.refused(403, "DE.KONSIL.WRONG_PIN")["tries_left"].as_u64()
    };
    assert_eq!(left(try_finger(&locked, 8)), Some(9));
    assert_eq!(left(try_pin(&locked, 2)), Some(8));
    // Whoever knows the phone's code must not get more tries at the PIN by it.
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
    assert_eq!(locked.get("/_konsil/lock/state").ok()["tries_left"], 8);
    assert_eq!(left(try_pin(&locked, 2)), Some(7));
    assert_eq!(left(try_finger(&locked, 8)), Some(6));
    let fifth = try_finger(&locked, 8).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!((&fifth["tries_left"], &fifth["pause_ms"]), (&json!(5), &json!(30_000)));
    // During a pause neither is taken.
    try_finger(&locked, 7).refused(429, "M_LIMIT_EXCEEDED");
    try_pin(&locked, 1).refused(429, "M_LIMIT_EXCEEDED");
}

#[test]
fn the_pin_s_verifier_is_not_taken_for_a_finger_nor_a_finger_for_the_pin() {
    let anna = allows_biometrics().user("anna");
    let (locked, _) = lock_of(&anna);
    set_up_biometrics(&locked, 1, 7).ok();
    try_finger(&locked, 1).refused(403, "DE.KONSIL.WRONG_PIN");
    try_pin(&locked, 7).refused(403, "DE.KONSIL.WRONG_PIN");
    let change = json!({ "verifier": verifier(7), "new_verifier": verifier(2) });
    locked.post("/_konsil/lock/change", &change).refused(403, "DE.KONSIL.WRONG_PIN");
    try_finger(&anna, 7).refused(401, "M_UNKNOWN_TOKEN");
    try_finger(&anna.anonymous(), 7).refused(401, "M_MISSING_TOKEN");
    locked.post("/_konsil/lock/biometrics/unlock", &json!({})).refused(400, "M_BAD_JSON");
}

#[test]
fn a_finger_opens_also_after_another_pin_was_set() {
    let (locked, share) = lock_of(&allows_biometrics().user("anna"));
    set_up_biometrics(&locked, 1, 7).ok();
    let change = json!({ "verifier": verifier(1), "new_verifier": verifier(2) });
    assert_eq!(locked.post("/_konsil/lock/change", &change).ok()["generation"], 2);
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
}

#[test]
fn blocked_accounts_and_signed_out_devices_open_by_no_finger() {
    let tenant = "lock.biometrics = true".to_owned();
    let mut server = Server::with(&Settings { tenant, ..Settings::default() });
    let (chief, anna) = (server.user("chief"), server.user("anna"));
    server.stop();
    assert!(server.konsil(&["user", "admin", &chief.localpart]).status.success());
    server.resume();
    let tablet = anna.new_device();
    let ((locked, share), (lost, _)) = (lock_of(&anna), lock_of(&tablet));
    for device in [&locked, &lost] {
        set_up_biometrics(device, 1, 7).ok();
    }
    let lock = format!("/_matrix/client/v1/admin/lock/{}", escape(&anna.id));
    chief.put(&lock, &json!({ "locked": true })).ok();
    try_finger(&locked, 7).refused(401, "M_USER_LOCKED");
    try_finger(&locked, 8).refused(401, "M_USER_LOCKED");
    chief.put(&lock, &json!({ "locked": false })).ok();
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();
    try_finger(&lost, 7).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn a_hospital_that_takes_it_back_takes_it_back_for_good() {
    let tenant = "lock.biometrics = true".to_owned();
    let mut server = Server::with(&Settings { tenant, ..Settings::default() });
    let (locked, share) = lock_of(&server.user("anna"));
    set_up_biometrics(&locked, 1, 7).ok();
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
    let turn = |server: &mut Server, from: &str, to: &str| {
        server.stop();
        let file = server.config_file();
        let config = std::fs::read_to_string(&file).expect("the configuration");
        assert!(config.contains(from), "{config}");
        std::fs::write(&file, config.replace(from, to)).expect("it is written");
        server.resume();
    };
    turn(&mut server, "lock.biometrics = true", "lock.biometrics = false");
    let refused = try_finger(&locked, 7).refused(403, "DE.KONSIL.PIN_NEEDED");
    assert_eq!((&refused["why"], refused.get("share")), (&json!("not_allowed"), None));
    assert_eq!(locked.get("/_konsil/lock/state").ok()["biometrics"], Value::Null);
    assert_eq!(locked.get("/_konsil/lock/state").ok()["tries_left"], 10, "that was no try");
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
    // Allowed again it has to be set up again.
    turn(&mut server, "lock.biometrics = false", "lock.biometrics = true");
    assert_eq!(try_finger(&locked, 7).refused(403, "DE.KONSIL.PIN_NEEDED")["why"], "not_set_up");
    set_up_biometrics(&locked, 1, 7).ok();
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
}
