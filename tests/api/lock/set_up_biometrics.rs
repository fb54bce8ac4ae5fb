//! `POST /_konsil/lock/biometrics/setup`: Konsil's own.

use serde_json::json;

use super::{allows_biometrics, lock_of, set_up_biometrics, try_finger, try_pin, verifier};
use crate::server;

const HOUR_MS: u64 = 60 * 60 * 1000;

#[test]
fn whoever_has_typed_the_pin_may_have_a_finger_open_for_the_hours_that_the_hospital_has_set() {
    let (locked, share) = lock_of(&allows_biometrics().user("anna"));
    assert!(locked.get("/_konsil/lock/state").ok()["biometrics"].is_null(), "not set up yet");
    assert!(try_pin(&locked, 1).ok()["biometrics"].is_null());
    let answers = [
        set_up_biometrics(&locked, 1, 7).ok(),
        try_pin(&locked, 1).ok(),
        locked.get("/_konsil/lock/state").ok(),
    ];
    for answer in &answers {
        let time = |name: &str| answer["biometrics"][name].as_u64().expect("a time");
        let left = time("until_ts") - time("now_ts");
        assert!((7 * HOUR_MS..=8 * HOUR_MS).contains(&left), "{answer}");
    }
    assert_eq!(answers[0]["share"], share);
    assert_eq!(try_finger(&locked, 7).ok()["share"], share);
    // Another one takes its place, and the PIN stays.
    set_up_biometrics(&locked, 1, 8).ok();
    try_finger(&locked, 7).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!(try_finger(&locked, 8).ok()["share"], share);
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
}

#[test]
fn without_the_pin_it_is_refused_and_counts() {
    let anna = allows_biometrics().user("anna");
    let (locked, _) = lock_of(&anna);
    let refused = set_up_biometrics(&locked, 2, 7).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!(refused["tries_left"], 9);
    set_up_biometrics(&anna, 1, 7).refused(401, "M_UNKNOWN_TOKEN");
    set_up_biometrics(&anna.anonymous(), 1, 7).refused(401, "M_MISSING_TOKEN");
    let short = json!({ "verifier": verifier(1), "biometric_verifier": "AAAA" });
    locked.post("/_konsil/lock/biometrics/setup", &short).refused(400, "M_INVALID_PARAM");
    locked.post("/_konsil/lock/biometrics/setup", &json!({})).refused(400, "M_BAD_JSON");
    let refused = try_finger(&locked, 7).refused(403, "DE.KONSIL.PIN_NEEDED");
    assert_eq!(refused["why"], "not_set_up");
}

#[test]
fn by_default_no_hospital_allows_it() {
    let (locked, _) = lock_of(&server().user("anna"));
    let refused = set_up_biometrics(&locked, 1, 7).refused(403, "DE.KONSIL.PIN_NEEDED");
    assert_eq!(refused["why"], "not_allowed");
    // Nor was the PIN compared.
    set_up_biometrics(&locked, 2, 7).refused(403, "DE.KONSIL.PIN_NEEDED");
    let state = locked.get("/_konsil/lock/state").ok();
    assert_eq!((&state["tries_left"], &state["biometrics"]), (&json!(10), &json!(null)));
}

#[test]
fn a_new_lock_of_the_device_knows_nothing_of_the_earlier_one_s() {
    let anna = allows_biometrics().user("anna");
    let (locked, _) = lock_of(&anna);
    set_up_biometrics(&locked, 1, 7).ok();
    let (again, _) = lock_of(&anna);
    assert!(again.get("/_konsil/lock/state").ok()["biometrics"].is_null());
    try_finger(&again, 7).refused(403, "DE.KONSIL.PIN_NEEDED");
}
