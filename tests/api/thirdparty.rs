//! `GET /_matrix/client/v3/thirdparty/…`
//! <https://spec.matrix.org/v1.19/client-server-api/#third-party-networks>

use serde_json::json;

use crate::server;

#[test]
fn the_hospital_has_no_foreign_networks() {
    let anna = server().user("anna");
    for version in ["v3", "r0"] {
        let path = |rest: &str| format!("/_matrix/client/{version}/thirdparty/{rest}");
        assert_eq!(anna.get(&path("protocols")).ok(), json!({}));
        anna.anonymous().get(&path("protocols")).refused(401, "M_MISSING_TOKEN");
        for lookup in [
            "protocol/irc",
            "location/irc?channel=%23konsil",
            "user/irc?nick=anna",
            "location?alias=%23konsil%3Aklinikum.test",
            "user?userid=%40anna%3Aklinikum.test",
        ] {
            anna.get(&path(lookup)).refused(404, "M_NOT_FOUND");
        }
    }
}
