//! `POST /_matrix/client/v1/login/get_token`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token>

use serde_json::{Value, json};
use testkit::User;

use crate::server;

const GET_TOKEN: &str = "/_matrix/client/v1/login/get_token";
const LOGIN: &str = "/_matrix/client/v3/login";

fn with_password(user: &User) -> Value {
    json!({ "auth": {
        "type": "m.login.password", "password": user.password,
        "identifier": { "type": "m.id.user", "user": user.id },
    } })
}

#[test]
fn a_token_signs_in_one_device_once_and_asks_for_the_password_each_time() {
    let anna = server().user("anna");
    for path in [GET_TOKEN, "/_matrix/client/unstable/org.matrix.msc3882/login/get_token"] {
        let challenge = anna.post(path, &json!({})).refused(401, None);
        assert_eq!(challenge["flows"], json!([{ "stages": ["m.login.password"] }]));
    }
    let answer = anna.post(GET_TOKEN, &with_password(&anna)).ok();
    assert_eq!(answer["expires_in_ms"], 120_000);
    anna.post(GET_TOKEN, &json!({})).refused(401, None);
    let login = json!({
        "type": "m.login.token", "token": answer["login_token"],
        "initial_device_display_name": "Tablet",
    });
    let signed_in = server().api().post(LOGIN, &login).ok();
    assert_eq!(signed_in["user_id"], json!(anna.id));
    assert_ne!(signed_in["device_id"], json!(anna.device_id));
    let token = signed_in["access_token"].as_str().expect("a token");
    server().api().with_token(token).get("/_matrix/client/v3/account/whoami").ok();
    anna.get("/_matrix/client/v3/account/whoami").ok();
    server().api().post(LOGIN, &login).refused(403, "M_FORBIDDEN");
}

#[test]
fn clients_learn_that_there_are_tokens() {
    let flows = server().api().get(LOGIN).ok();
    assert_eq!(
        flows["flows"],
        json!([{ "type": "m.login.password" }, { "type": "m.login.token", "get_login_token": true }])
    );
    let anna = server().user("anna");
    let capabilities = anna.get("/_matrix/client/v3/capabilities").ok();
    assert_eq!(capabilities["capabilities"]["m.get_login_token"], json!({ "enabled": true }));
}

#[test]
fn a_closed_account_leaves_no_token_behind() {
    let anna = server().user("anna");
    let answer = anna.post(GET_TOKEN, &with_password(&anna)).ok();
    anna.post("/_matrix/client/v3/account/deactivate", &with_password(&anna)).ok();
    let login = json!({ "type": "m.login.token", "token": answer["login_token"] });
    server().api().post(LOGIN, &login).refused(403, "M_FORBIDDEN");
}
