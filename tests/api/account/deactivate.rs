//! `POST /_matrix/client/v3/account/deactivate`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate>

use serde_json::json;

use crate::server;

#[test]
fn a_closed_account_opens_no_more() {
    let anna = server().user("anna");
    let body = json!({ "auth": {
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.id },
    } });
    anna.post("/_matrix/client/v3/account/deactivate", &body).ok();
    anna.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    let login = json!({
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.localpart },
    });
    server().api().post("/_matrix/client/v3/login", &login).refused(403, "M_USER_DEACTIVATED");
    let again = json!({ "username": anna.localpart, "password": "a long password" });
    server().api().post("/_matrix/client/v3/register", &again).refused(400, "M_USER_IN_USE");
}
