//! `GET /_matrix/client/v3/account/whoami`
//! <https://spec.matrix.org/v1.16/client-server-api/#get_matrixclientv3accountwhoami>

use serde_json::json;

use crate::server;

#[test]
fn a_device_learns_whose_it_is() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    assert_ne!(anna.device_id, tablet.device_id, "each login is a device of its own");
    for device in [&anna, &tablet] {
        let answer = device.get("/_matrix/client/v3/account/whoami").ok();
        assert_eq!(answer["user_id"], json!(anna.id));
        assert_eq!(answer["device_id"], json!(device.device_id));
    }
}
