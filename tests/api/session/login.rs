//! `POST /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login>

use serde_json::{Value, json};

use crate::server;

const LOGIN: &str = "/_matrix/client/v3/login";

fn with_password(user: &str, password: &str) -> Value {
    json!({ "type": "m.login.password", "identifier": { "type": "m.id.user", "user": user }, "password": password })
}

#[test]
fn a_person_signs_in_by_localpart_and_by_user_id() {
    let anna = server().user("anna");
    for name in [&anna.localpart, &anna.id] {
        let answer = server().api().post(LOGIN, &with_password(name, &anna.password)).ok();
        assert_eq!(answer["user_id"], json!(anna.id));
        assert!(answer["access_token"].as_str().is_some_and(|token| token.len() > 20));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_answered_alike() {
    let anna = server().user("anna");
    let wrong = server().api().post(LOGIN, &with_password(&anna.localpart, "not the password"));
    let unknown =
        server().api().post(LOGIN, &with_password("nobody-of-this-name", "not the password"));
    assert_eq!(wrong.refused(403, "M_FORBIDDEN"), unknown.refused(403, "M_FORBIDDEN"));
}

#[test]
fn a_user_of_another_server_does_not_sign_in_here() {
    let answer =
        server().api().post(LOGIN, &with_password("@anna:elsewhere.test", "whatever it is"));
    answer.refused(403, "M_FORBIDDEN");
}

#[test]
fn signing_in_with_a_known_device_id_ends_the_old_session_of_that_device() {
    let anna = server().user("anna");
    let mut body = with_password(&anna.localpart, &anna.password);
    body["device_id"] = json!(anna.device_id);
    let answer = server().api().post(LOGIN, &body).ok();
    assert_eq!(answer["device_id"], json!(anna.device_id));
    anna.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn other_ways_of_signing_in_are_refused() {
    let token = json!({ "type": "m.login.token", "token": "anything" });
    server().api().post(LOGIN, &token).refused(400, "M_BAD_JSON");
    let flows = server().api().get(LOGIN).ok();
    assert_eq!(flows, json!({ "flows": [{ "type": "m.login.password" }] }));
}

#[test]
fn a_login_that_does_not_say_how_is_refused() {
    let login = |body: Value| server().api().post(LOGIN, &body);
    login(json!({})).refused(400, "M_MISSING_PARAM");
    login(json!({ "type": 7 })).refused(400, "M_MISSING_PARAM");
    login(json!({ "type": "m.login.password" })).refused(400, "M_MISSING_PARAM");
    login(json!([])).refused(400, "M_BAD_JSON");
}
