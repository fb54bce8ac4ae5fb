//! `POST /_matrix/client/v3/account/password`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword>

use serde_json::json;

use crate::server;

#[test]
fn a_new_password_needs_the_old_one_and_signs_other_devices_out() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    let mut body = json!({ "new_password": "an even better password" });
    let path = "/_matrix/client/v3/account/password";
    let challenge = anna.post(path, &body).refused(401, None);
    assert_eq!(challenge["flows"], json!([{ "stages": ["m.login.password"] }]));
    body["auth"] = json!({
        "type": "m.login.password", "password": "not the password", "session": challenge["session"],
        "identifier": { "type": "m.id.user", "user": anna.id },
    });
    anna.post(path, &body).refused(401, "M_FORBIDDEN");
    body["auth"]["password"] = json!(anna.password);
    anna.post(path, &body).ok();
    tablet.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    anna.get("/_matrix/client/v3/account/whoami").ok();
    server().api().login(&anna.localpart, "an even better password");
}

#[test]
fn clients_of_old_name_themselves_without_an_identifier() {
    let anna = server().user("anna");
    let path = "/_matrix/client/v3/account/password";
    let body = |password: &str, new: &str| {
        json!({ "new_password": new, "auth": {
            "type": "m.login.password", "user": anna.id, "password": password,
        } })
    };
    anna.post(path, &body("not the password", "an even better one")).refused(401, "M_FORBIDDEN");
    anna.post(path, &body(&anna.password, "an even better one")).ok();
    server().api().login(&anna.localpart, "an even better one");
}

#[test]
fn nobody_proves_to_be_another() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let body = json!({ "new_password": "an even better password", "auth": {
        "type": "m.login.password", "password": jonas.password,
        "identifier": { "type": "m.id.user", "user": jonas.id },
    } });
    anna.post("/_matrix/client/v3/account/password", &body).refused(403, "M_FORBIDDEN");
}
