//! `POST /_matrix/client/v3/refresh`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh>

use serde_json::{Value, json};
use testkit::{Answer, User};

use crate::server;

const REFRESH: &str = "/_matrix/client/v3/refresh";

fn sign_in(user: &User) -> Value {
    let body = json!({
        "type": "m.login.password", "refresh_token": true, "password": user.password,
        "identifier": { "type": "m.id.user", "user": user.localpart },
    });
    server().api().post("/_matrix/client/v3/login", &body).ok()
}

fn refresh(tokens: &Value) -> Answer {
    server().api().post(REFRESH, &json!({ "refresh_token": tokens["refresh_token"] }))
}

fn whoami(tokens: &Value) -> Answer {
    let token = tokens["access_token"].as_str().expect("a token");
    server().api().with_token(token).get("/_matrix/client/v3/account/whoami")
}

#[test]
fn old_tokens_end_when_the_new_access_token_is_used() {
    let first = sign_in(&server().user("anna"));
    assert!(first["expires_in_ms"].as_u64().is_some_and(|ms| ms > 0), "{first}");
    let device = whoami(&first).ok()["device_id"].clone();
    let second = refresh(&first).ok();
    assert_ne!(first["access_token"], second["access_token"]);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(whoami(&second).ok()["device_id"], device);
    whoami(&first).refused(401, "M_UNKNOWN_TOKEN");
    refresh(&first).refused(401, "M_UNKNOWN_TOKEN");
    whoami(&second).ok();
}

#[test]
fn old_tokens_end_when_the_new_refresh_token_is_used() {
    let first = sign_in(&server().user("anna"));
    let second = refresh(&first).ok();
    let third = refresh(&second).ok();
    refresh(&first).refused(401, "M_UNKNOWN_TOKEN");
    whoami(&first).refused(401, "M_UNKNOWN_TOKEN");
    whoami(&third).ok();
    whoami(&second).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn a_client_that_missed_the_answer_refreshes_once_more() {
    let first = sign_in(&server().user("anna"));
    let missed = refresh(&first).ok();
    whoami(&first).ok();
    let second = refresh(&first).ok();
    whoami(&missed).refused(401, "M_UNKNOWN_TOKEN");
    refresh(&missed).refused(401, "M_UNKNOWN_TOKEN");
    whoami(&second).ok();
    refresh(&first).refused(401, "M_UNKNOWN_TOKEN");
}

#[test]
fn an_access_token_refreshes_nothing_and_signing_out_ends_both() {
    let tokens = sign_in(&server().user("anna"));
    let wrong = json!({ "refresh_token": tokens["access_token"] });
    server().api().post(REFRESH, &wrong).refused(401, "M_UNKNOWN_TOKEN");
    let token = tokens["access_token"].as_str().expect("a token");
    server().api().with_token(token).post("/_matrix/client/v3/logout", &json!({})).ok();
    refresh(&tokens).refused(401, "M_UNKNOWN_TOKEN");
    server().api().post(REFRESH, &json!({})).refused(400, "M_MISSING_PARAM");
}
