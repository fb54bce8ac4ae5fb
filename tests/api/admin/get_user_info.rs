//! `GET /_matrix/client/v3/admin/whois/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3adminwhoisuserid>

use serde_json::json;
use testkit::matrix::escape;

use super::hospital;

fn path(user: &str) -> String {
    format!("/_matrix/client/v3/admin/whois/{}", escape(user))
}

#[test]
fn a_person_and_an_administrator_see_the_devices_and_no_addresses() {
    let (server, admin) = hospital();
    let anna = server.user("anna");
    let tablet = anna.new_device();
    for asking in [&anna, admin] {
        let answer = asking.get(&path(&anna.id)).ok();
        assert_eq!(answer["user_id"], json!(anna.id));
        for device in [&anna.device_id, &tablet.device_id] {
            let expected = json!({ "sessions": [{ "connections": [] }] });
            assert_eq!(answer["devices"][device], expected, "{answer}");
        }
    }
}

#[test]
fn nobody_else_asks_about_others() {
    let (server, _) = hospital();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    jonas.get(&path(&anna.id)).refused(403, "M_FORBIDDEN");
    anna.anonymous().get(&path(&anna.id)).refused(401, "M_MISSING_TOKEN");
}
