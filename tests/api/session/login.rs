//! `POST /_matrix/client/v3/login`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login>

use serde_json::{Value, json};

use crate::{
    keys::signing::{publish, query},
    server,
};

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
fn clients_of_before_r0_4_name_the_user_outside_of_an_identifier() {
    let anna = server().user("anna");
    for path in [LOGIN, "/_matrix/client/r0/login"] {
        let body = json!({ "type": "m.login.password", "user": anna.localpart, "password": anna.password });
        assert_eq!(server().api().post(path, &body).ok()["user_id"], json!(anna.id));
    }
}

#[test]
fn nobody_is_known_by_an_address_or_a_telephone_number() {
    for identifier in [
        json!({ "type": "m.id.thirdparty", "medium": "email", "address": "anna@klinikum.test" }),
        json!({ "type": "m.id.phone", "country": "DE", "phone": "0123456" }),
    ] {
        let body = json!({ "type": "m.login.password", "identifier": identifier, "password": "whatever it is" });
        server().api().post(LOGIN, &body).refused(403, "M_FORBIDDEN");
    }
    let unknown = json!({
        "type": "m.login.password", "identifier": { "type": "m.id.badge", "badge": "7" }, "password": "x",
    });
    server().api().post(LOGIN, &unknown).refused(400, "M_BAD_JSON");
}

#[test]
fn other_ways_of_signing_in_are_refused() {
    let token = json!({ "type": "m.login.token", "token": "anything" });
    server().api().post(LOGIN, &token).refused(403, "M_FORBIDDEN");
    let unheard = json!({ "type": "m.login.unheard_of" });
    server().api().post(LOGIN, &unheard).refused(400, "M_UNKNOWN");
    for path in
        ["/_matrix/client/v3/login/sso/redirect", "/_matrix/client/r0/login/sso/redirect/idp"]
    {
        server()
            .api()
            .get(&format!("{path}?redirectUrl=https%3A%2F%2Fx"))
            .refused(404, "M_UNRECOGNIZED");
    }
}

#[test]
fn a_device_keeps_its_keys_and_its_name_when_it_signs_in_anew() {
    let anna = server().user("anna");
    publish(&anna, 1);
    let name = format!("/_matrix/client/v3/devices/{}", anna.device_id);
    anna.put(&name, &json!({ "display_name": "Stationstablet" })).ok();
    let mut body = with_password(&anna.localpart, &anna.password);
    body["device_id"] = json!(anna.device_id);
    body["initial_device_display_name"] = json!("Another name");
    let answer = server().api().post(LOGIN, &body).ok();
    let again = server().api().with_token(answer["access_token"].as_str().expect("a token"));
    assert_eq!(again.get(&name).ok()["display_name"], "Stationstablet");
    let jonas = server().user("jonas");
    assert!(query(&jonas, &anna)["device_keys"][&anna.id][&anna.device_id].is_object());
}

#[test]
fn a_login_that_does_not_say_how_is_refused() {
    let login = |body: Value| server().api().post(LOGIN, &body);
    login(json!({})).refused(400, "M_MISSING_PARAM");
    login(json!({ "type": 7 })).refused(400, "M_MISSING_PARAM");
    login(json!({ "type": "m.login.password" })).refused(400, "M_MISSING_PARAM");
    login(json!([])).refused(400, "M_BAD_JSON");
}
