//! `POST /_konsil/lock/setup`: Konsil's own.

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use serde_json::json;

use super::{lock_of, try_pin, verifier};
use crate::server;

const PATH: &str = "/_konsil/lock/setup";

#[test]
fn each_device_gets_a_share_of_its_own_and_a_new_one_replaces_it() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    let ((locked, share), (_, of_tablet)) = (lock_of(&anna), lock_of(&tablet));
    assert_eq!(BASE64_STANDARD_NO_PAD.decode(&share).expect("Base64").len(), 32);
    assert_ne!(share, of_tablet);
    let (again, new_share) = lock_of(&anna);
    assert_ne!(share, new_share);
    try_pin(&locked, 1).refused(401, "M_UNKNOWN_TOKEN");
    assert_eq!(try_pin(&again, 1).ok()["share"], new_share);
}

#[test]
fn it_needs_an_access_token_and_a_verifier_of_the_right_length() {
    let anna = server().user("anna");
    let body = json!({ "verifier": verifier(1) });
    anna.anonymous().post(PATH, &body).refused(401, "M_MISSING_TOKEN");
    anna.with_token("nothing").post(PATH, &body).refused(401, "M_UNKNOWN_TOKEN");
    anna.post(PATH, &json!({})).refused(400, "M_BAD_JSON");
    anna.post(PATH, &json!({ "verifier": "?" })).refused(400, "M_INVALID_PARAM");
    anna.post(PATH, &json!({ "verifier": "AAAA" })).refused(400, "M_INVALID_PARAM");
    let (locked, _) = lock_of(&anna);
    locked.post(PATH, &body).refused(401, "M_UNKNOWN_TOKEN");
}
