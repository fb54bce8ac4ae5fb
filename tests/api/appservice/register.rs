//! `POST /_matrix/client/v3/register` and `/login` by an application service
//! <https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions>

use serde_json::json;
use testkit::matrix::transaction;

use super::bridge;
use crate::server;

const REGISTER: &str = "/_matrix/client/v3/register";
const LOGIN: &str = "/_matrix/client/v3/login";
const TYPE: &str = "m.login.application_service";

fn name() -> String {
    format!("_irc_{}", transaction())
}

#[test]
fn a_service_makes_users_without_a_password_and_signs_them_in() {
    let (service, name) = (bridge().service(), name());
    let made = service.post(REGISTER, &json!({ "type": TYPE, "username": name })).ok();
    assert_eq!(made["user_id"], format!("@{name}:klinikum.test"));
    let ghost = service.with_token(made["access_token"].as_str().expect("a token"));
    assert_eq!(ghost.get("/_matrix/client/v3/account/whoami").ok()["device_id"], made["device_id"]);
    service
        .post(REGISTER, &json!({ "type": TYPE, "username": name }))
        .refused(400, "M_USER_IN_USE");
    let identifier = json!({ "type": "m.id.user", "user": name });
    let login = json!({ "type": TYPE, "identifier": identifier, "device_id": "BRIDGE" });
    assert_eq!(service.post(LOGIN, &login).ok()["device_id"], "BRIDGE");
    let flows = service.anonymous().get(LOGIN).ok();
    assert!(flows["flows"].as_array().is_some_and(|flows| flows.iter().any(|f| f["type"] == TYPE)));
    let flows = server().api().get(LOGIN).ok();
    assert!(flows["flows"].as_array().is_some_and(|flows| flows.iter().all(|f| f["type"] != TYPE)));
}

#[test]
fn a_user_can_be_made_without_signing_in() {
    let body = json!({ "type": TYPE, "username": name(), "inhibit_login": true });
    let made = bridge().service().post(REGISTER, &body).ok();
    assert!(made.get("access_token").is_none() && made.get("device_id").is_none(), "{made}");
}

#[test]
fn namespaces_keep_services_in_and_people_out() {
    let service = bridge().service();
    let anna = bridge().server.user("anna");
    service
        .post(REGISTER, &json!({ "type": TYPE, "username": "somebody" }))
        .refused(400, "M_EXCLUSIVE");
    let identifier = json!({ "type": "m.id.user", "user": anna.localpart });
    service
        .post(LOGIN, &json!({ "type": TYPE, "identifier": identifier }))
        .refused(400, "M_EXCLUSIVE");
    let available = |name: &str| format!("/_matrix/client/v3/register/available?username={name}");
    anna.anonymous().get(&available("_irc_bob")).refused(400, "M_EXCLUSIVE");
    let person = json!({ "username": "_irc_bob", "password": "a long password" });
    anna.anonymous().post(REGISTER, &person).refused(400, "M_EXCLUSIVE");
}

#[test]
fn only_a_service_token_makes_users_this_way() {
    let api = bridge().server.api();
    let body = json!({ "type": TYPE, "username": name() });
    api.post(REGISTER, &body).refused(401, "M_MISSING_TOKEN");
    api.with_token("wrong").post(REGISTER, &body).refused(401, "M_UNKNOWN_TOKEN");
    let identifier = json!({ "type": "m.id.user", "user": "_irc_bot" });
    let login = json!({ "type": TYPE, "identifier": identifier });
    api.post(LOGIN, &login).refused(401, "M_MISSING_TOKEN");
    let anna = bridge().server.user("anna");
    anna.post(LOGIN, &login).refused(401, "M_UNKNOWN_TOKEN");
}
