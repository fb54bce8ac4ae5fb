//! `POST /_matrix/client/v3/user/{userId}/openid/request_token`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridopenidrequest_token>

use serde_json::json;
use testkit::matrix::escape;

use crate::server;

fn path(user: &str) -> String {
    format!("/_matrix/client/v3/user/{}/openid/request_token", escape(user))
}

#[test]
fn the_token_proves_who_somebody_is_and_opens_nothing() {
    let anna = server().user("anna");
    let answer = anna.post(&path(&anna.id), &json!({})).ok();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["matrix_server_name"], "klinikum.test");
    assert_eq!(answer["expires_in"], 3600);
    let token = answer["access_token"].as_str().expect("a token");
    let userinfo = "/_matrix/federation/v1/openid/userinfo";
    let told = server().api().get(&format!("{userinfo}?access_token={}", escape(token))).ok();
    assert_eq!(told, json!({ "sub": anna.id }));
    let session = anna.token().expect("a token");
    server()
        .api()
        .get(&format!("{userinfo}?access_token={session}"))
        .refused(401, "M_UNKNOWN_TOKEN");
    server().api().get(userinfo).refused(401, "M_MISSING_TOKEN");
    let holder = server().api().with_token(token);
    holder.get("/_matrix/client/v3/sync").refused(401, "M_UNKNOWN_TOKEN");
    holder.post(&path(&anna.id), &json!({})).refused(401, "M_UNKNOWN_TOKEN");
    let login = json!({ "type": "m.login.token", "token": token });
    server().api().post("/_matrix/client/v3/login", &login).refused(403, "M_FORBIDDEN");
}

#[test]
fn nobody_proves_to_be_another() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.post(&path(&jonas.id), &json!({})).refused(403, "M_FORBIDDEN");
}
