//! `/_matrix/client/v3/account/3pid/…` and the other requests that need an e-mail address or a telephone number
//! <https://spec.matrix.org/v1.19/client-server-api/#adding-account-administrative-contact-information>

use serde_json::json;

use crate::server;

#[test]
fn accounts_are_bound_to_no_addresses() {
    let anna = server().user("anna");
    for version in ["v3", "r0"] {
        let path = |rest: &str| format!("/_matrix/client/{version}/{rest}");
        assert_eq!(anna.get(&path("account/3pid")).ok(), json!({ "threepids": [] }));
        for refused in [
            "account/3pid",
            "account/3pid/add",
            "account/3pid/bind",
            "account/3pid/delete",
            "account/3pid/unbind",
            "account/password/email/requestToken",
            "account/password/msisdn/requestToken",
            "register/email/requestToken",
            "register/msisdn/requestToken",
        ] {
            anna.post(&path(refused), &json!({})).refused(403, "M_THREEPID_DENIED");
        }
        for medium in ["email", "msisdn"] {
            let path = path(&format!("account/3pid/{medium}/requestToken"));
            anna.post(&path, &json!({})).refused(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED");
        }
    }
    let capabilities = anna.get("/_matrix/client/v3/capabilities").ok();
    assert_eq!(capabilities["capabilities"]["m.3pid_changes"], json!({ "enabled": false }));
}
