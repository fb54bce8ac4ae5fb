//! `POST /_konsil/lock/sign_out`: Konsil's own.

use serde_json::json;

use super::{lock_of, try_pin};
use crate::server;

#[test]
fn the_device_leaves_the_account_and_no_other_does() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    let ((phone, _), (given_up, _)) = (lock_of(&anna), lock_of(&tablet));
    let path = "/_konsil/lock/sign_out";
    anna.post(path, &json!({})).refused(401, "M_UNKNOWN_TOKEN");
    given_up.post(path, &json!({})).ok();
    tablet.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    try_pin(&given_up, 1).refused(401, "M_UNKNOWN_TOKEN");
    let devices = anna.get("/_matrix/client/v3/devices").ok();
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(1), "{devices}");
    try_pin(&phone, 1).ok();
}
