//! `POST /_matrix/client/v3/logout`, `POST /_matrix/client/v3/logout/all`

use serde_json::json;

use crate::server;

const WHOAMI: &str = "/_matrix/client/v3/account/whoami";

#[test]
fn signing_out_ends_this_session_and_no_other() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();
    tablet.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
    anna.get(WHOAMI).ok();
    let devices = anna.get("/_matrix/client/v3/devices").ok();
    assert_eq!(
        devices["devices"].as_array().map(Vec::len),
        Some(1),
        "the device is gone: {devices}"
    );
}

#[test]
fn signing_out_everywhere_ends_all_sessions() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    anna.post("/_matrix/client/v3/logout/all", &json!({})).ok();
    anna.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
    tablet.get(WHOAMI).refused(401, "M_UNKNOWN_TOKEN");
}
