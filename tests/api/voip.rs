//! `GET /_matrix/client/v3/voip/turnServer`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver>

use serde_json::json;

use crate::server;

#[test]
fn there_is_no_relay() {
    let anna = server().user("anna");
    for version in ["v3", "r0"] {
        let path = format!("/_matrix/client/{version}/voip/turnServer");
        assert_eq!(anna.get(&path).ok(), json!({}));
        anna.anonymous().get(&path).refused(401, "M_MISSING_TOKEN");
    }
}
