//! `POST /_matrix/client/v3/users/{userId}/report`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3usersuseridreport>

use serde_json::json;
use testkit::matrix::escape;

use crate::server;

#[test]
fn a_person_is_reported_and_an_unknown_one_is_answered_alike() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let path = |user: &str| format!("/_matrix/client/v3/users/{}/report", escape(user));
    let body = json!({ "reason": "spam" });
    let known = anna.post(&path(&jonas.id), &body).ok();
    let unknown = anna.post(&path("@nobody:klinikum.test"), &body).ok();
    assert_eq!(known, unknown);
    anna.post(&path(&jonas.id), &json!({})).refused(400, "M_MISSING_PARAM");
    anna.post(&path("nobody"), &body).refused(400, "M_INVALID_PARAM");
}
