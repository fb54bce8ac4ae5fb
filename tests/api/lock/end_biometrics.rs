//! `POST /_konsil/lock/biometrics/end`: Konsil's own.

use serde_json::json;

use super::{allows_biometrics, lock_of, set_up_biometrics, try_finger, try_pin};

const PATH: &str = "/_konsil/lock/biometrics/end";

#[test]
fn from_then_on_only_the_pin_opens() {
    let anna = allows_biometrics().user("anna");
    let tablet = anna.new_device();
    let ((locked, share), (other, _)) = (lock_of(&anna), lock_of(&tablet));
    for device in [&locked, &other] {
        set_up_biometrics(device, 1, 7).ok();
    }
    anna.post(PATH, &json!({})).refused(401, "M_UNKNOWN_TOKEN");
    locked.post(PATH, &json!({})).ok();
    assert_eq!(try_finger(&locked, 7).refused(403, "DE.KONSIL.PIN_NEEDED")["why"], "not_set_up");
    assert!(locked.get("/_konsil/lock/state").ok()["biometrics"].is_null());
    assert_eq!(try_pin(&locked, 1).ok()["share"], share);
    try_finger(&other, 7).ok();
    locked.post(PATH, &json!({})).ok();
}
