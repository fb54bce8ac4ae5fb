//! `GET /_matrix/client/v3/profile/{userId}` and `…/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid>

use serde_json::json;

use super::{field, profile};
use crate::server;

#[test]
fn colleagues_read_a_profile_and_its_fields() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.put(&field(&anna, "displayname"), &json!({ "displayname": "Dr. Anna Meyer" })).ok();
    assert_eq!(jonas.get(&profile(&anna)).ok()["displayname"], "Dr. Anna Meyer");
    assert_eq!(
        jonas.get(&field(&anna, "displayname")).ok(),
        json!({ "displayname": "Dr. Anna Meyer" })
    );
    jonas.get(&field(&anna, "avatar_url")).refused(404, "M_NOT_FOUND");
}

#[test]
fn strangers_read_no_profile() {
    let anna = server().user("anna");
    let invented = server().api().with_token("invented");
    for path in [profile(&anna), field(&anna, "displayname")] {
        anna.anonymous().get(&path).refused(403, "M_FORBIDDEN");
        invented.get(&path).refused(401, "M_UNKNOWN_TOKEN");
    }
}

#[test]
fn who_is_not_here_has_no_profile() {
    let anna = server().user("anna");
    for user in ["@nobody-at-all:klinikum.test", "@anna:elsewhere.example"] {
        let path = format!("/_matrix/client/v3/profile/{}", testkit::matrix::escape(user));
        anna.get(&path).refused(404, "M_NOT_FOUND");
        anna.get(&format!("{path}/displayname")).refused(404, "M_NOT_FOUND");
    }
    anna.get("/_matrix/client/v3/profile/no-user-id").refused(400, "M_INVALID_PARAM");
}
