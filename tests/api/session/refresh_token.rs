//! `POST /_matrix/client/v3/refresh`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh>

use serde_json::json;

use crate::server;

#[test]
fn a_refresh_token_works_once_and_ends_the_old_access_token() {
    let anna = server().user("anna");
    let body = json!({
        "type": "m.login.password", "refresh_token": true, "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.localpart },
    });
    let first = server().api().post("/_matrix/client/v3/login", &body).ok();
    assert!(first["expires_in_ms"].as_u64().is_some_and(|ms| ms > 0), "{first}");
    let refresh = json!({ "refresh_token": first["refresh_token"] });
    let second = server().api().post("/_matrix/client/v3/refresh", &refresh).ok();
    assert_ne!(first["access_token"], second["access_token"]);
    let whoami = |answer: &serde_json::Value| {
        let token = answer["access_token"].as_str().expect("a token");
        server().api().with_token(token).get("/_matrix/client/v3/account/whoami")
    };
    whoami(&second).ok();
    whoami(&first).refused(401, "M_UNKNOWN_TOKEN");
    server().api().post("/_matrix/client/v3/refresh", &refresh).refused(401, "M_UNKNOWN_TOKEN");
}
