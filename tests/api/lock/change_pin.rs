//! `POST /_konsil/lock/change`: Konsil's own.

use serde_json::json;

use super::{lock_of, try_pin, verifier};
use crate::server;

const PATH: &str = "/_konsil/lock/change";

#[test]
fn the_new_pin_opens_and_the_old_one_no_longer_does() {
    let anna = server().user("anna");
    let (locked, share) = lock_of(&anna);
    let body = json!({ "verifier": verifier(1), "new_verifier": verifier(2) });
    assert_eq!(locked.post(PATH, &body).ok()["generation"], 2);
    assert_eq!(locked.get("/_konsil/lock/state").ok()["generation"], 2);
    try_pin(&locked, 1).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!(try_pin(&locked, 2).ok()["share"], share, "the share stays");
}

#[test]
fn without_the_old_pin_nothing_changes_and_it_counts() {
    let anna = server().user("anna");
    let (locked, _) = lock_of(&anna);
    let body = json!({ "verifier": verifier(3), "new_verifier": verifier(2) });
    let refused = locked.post(PATH, &body).refused(403, "DE.KONSIL.WRONG_PIN");
    assert_eq!(refused["tries_left"], 9);
    let short = json!({ "verifier": verifier(1), "new_verifier": "AAAA" });
    locked.post(PATH, &short).refused(400, "M_INVALID_PARAM");
    anna.post(PATH, &body).refused(401, "M_UNKNOWN_TOKEN");
    try_pin(&locked, 2).refused(403, "DE.KONSIL.WRONG_PIN");
    try_pin(&locked, 1).ok();
}
