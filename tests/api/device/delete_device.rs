//! `DELETE /_matrix/client/v3/devices/{deviceId}`, `POST /_matrix/client/v3/delete_devices`

use serde_json::json;

use crate::server;

#[test]
fn a_device_is_signed_out_with_the_password_only() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    let path = format!("/_matrix/client/v3/devices/{}", tablet.device_id);
    let challenge = anna.json("DELETE", &path, &json!({})).refused(401, None);
    let auth = json!({
        "type": "m.login.password", "password": anna.password, "session": challenge["session"],
        "identifier": { "type": "m.id.user", "user": anna.id },
    });
    anna.json("DELETE", &path, &json!({ "auth": auth })).ok();
    tablet.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
}
