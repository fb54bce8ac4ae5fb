//! `DELETE /_matrix/client/v3/devices/{deviceId}`, `POST /_matrix/client/v3/delete_devices`

use serde_json::{Value, json};
use testkit::User;

use crate::server;

const WHOAMI: &str = "/_matrix/client/v3/account/whoami";
const DELETE_DEVICES: &str = "/_matrix/client/v3/delete_devices";

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

fn auth(user: &User, session: &Value) -> Value {
    json!({
        "type": "m.login.password", "password": user.password, "session": session,
        "identifier": { "type": "m.id.user", "user": user.id },
    })
}

#[test]
fn a_session_of_authentication_deletes_the_device_that_it_was_begun_for_and_no_other() {
    let anna = server().user("anna");
    let (tablet, phone) = (anna.new_device(), anna.new_device());
    let path = |device: &User| format!("/_matrix/client/v3/devices/{}", device.device_id);
    let begun = anna.json("DELETE", &path(&tablet), &json!({})).refused(401, None);
    let with_auth = json!({ "auth": auth(&anna, &begun["session"]) });
    anna.json("DELETE", &path(&phone), &with_auth).refused(403, "M_FORBIDDEN");
    let mut several = with_auth.clone();
    several["devices"] = json!([tablet.device_id]);
    anna.post(DELETE_DEVICES, &several).refused(403, "M_FORBIDDEN");
    phone.get(WHOAMI).ok();
    anna.json("DELETE", &path(&tablet), &with_auth).ok();
    tablet.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn several_devices_are_deleted_at_once_and_unknown_ones_are_gone_already() {
    let anna = server().user("anna");
    let (tablet, phone) = (anna.new_device(), anna.new_device());
    let mut body = json!({ "devices": [tablet.device_id, phone.device_id, "UNKNOWN"] });
    let begun = anna.post(DELETE_DEVICES, &body).refused(401, None);
    body["auth"] = auth(&anna, &begun["session"]);
    anna.post(DELETE_DEVICES, &body).ok();
    tablet.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
    phone.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
    anna.get(WHOAMI).ok();
}

#[test]
fn another_persons_password_deletes_nothing() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let tablet = anna.new_device();
    let path = format!("/_matrix/client/v3/devices/{}", tablet.device_id);
    let begun = anna.json("DELETE", &path, &json!({})).refused(401, None);
    let body = json!({ "auth": auth(&jonas, &begun["session"]) });
    anna.json("DELETE", &path, &body).refused(403, "M_FORBIDDEN");
    tablet.get(WHOAMI).ok();
}
