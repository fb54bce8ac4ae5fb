//! `POST /_matrix/client/v3/register`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register>

use serde_json::json;

use crate::server;

const REGISTER: &str = "/_matrix/client/v3/register";

#[test]
fn a_stranger_without_the_token_gets_no_account() {
    let body = json!({ "username": "stranger", "password": "a long password" });
    let challenge = server().api().post(REGISTER, &body).refused(401, None);
    assert_eq!(challenge["flows"], json!([{ "stages": ["m.login.registration_token"] }]));
    let mut body = body;
    body["auth"] = json!({ "type": "m.login.registration_token", "token": "guessed", "session": challenge["session"] });
    server().api().post(REGISTER, &body).refused(401, "M_UNAUTHORIZED");
    body["auth"] = json!({ "type": "m.login.dummy", "session": challenge["session"] });
    server().api().post(REGISTER, &body).refused(401, None);
}

#[test]
fn names_are_given_out_once_and_must_be_valid() {
    let anna = server().user("anna");
    let taken = json!({ "username": anna.localpart, "password": "a long password" });
    server().api().post(REGISTER, &taken).refused(400, "M_USER_IN_USE");
    let invalid = json!({ "username": "häßlich", "password": "a long password" });
    server().api().post(REGISTER, &invalid).refused(400, "M_INVALID_USERNAME");
}

#[test]
fn there_are_no_guests() {
    server()
        .api()
        .post("/_matrix/client/v3/register?kind=guest", &json!({}))
        .refused(403, "M_GUEST_ACCESS_FORBIDDEN");
}
