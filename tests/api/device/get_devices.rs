//! `GET /_matrix/client/v3/devices`, `GET` and `PUT /_matrix/client/v3/devices/{deviceId}`

use serde_json::json;

use crate::server;

#[test]
fn a_person_sees_and_names_her_own_devices_and_no_others() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let tablet = anna.new_device();
    let path = format!("/_matrix/client/v3/devices/{}", tablet.device_id);
    anna.put(&path, &json!({ "display_name": "Tablet, Station 3B" })).ok();
    let device = anna.get(&path).ok();
    assert_eq!(device["display_name"], "Tablet, Station 3B");
    assert!(device.get("last_seen_ip").is_none(), "addresses are not kept (II.c)");
    let first = anna.get(&format!("/_matrix/client/v3/devices/{}", anna.device_id)).ok();
    let has_null = first.as_object().expect("a device").values().any(serde_json::Value::is_null);
    assert!(!has_null, "what is not known is not there: {first}");
    jonas.get(&path).refused(404, "M_NOT_FOUND");
    jonas.put(&path, &json!({ "display_name": "mine" })).refused(404, "M_NOT_FOUND");
    let all = anna.get("/_matrix/client/v3/devices").ok();
    assert_eq!(all["devices"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_name_that_is_too_long_or_has_a_nul_is_refused() {
    let anna = server().user("anna");
    let path = format!("/_matrix/client/v3/devices/{}", anna.device_id);
    for name in ["x".repeat(257), "Tab\0let".to_owned()] {
        anna.put(&path, &json!({ "display_name": name })).refused(400, "M_INVALID_PARAM");
        let login = json!({
            "type": "m.login.password",
            "identifier": { "type": "m.id.user", "user": "anna" },
            "password": "not looked at",
            "initial_device_display_name": name,
        });
        server().api().post("/_matrix/client/v3/login", &login).refused(400, "M_INVALID_PARAM");
    }
}
