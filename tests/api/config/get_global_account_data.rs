//! `GET /_matrix/client/v3/user/{userId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridaccount_datatype>

use serde_json::json;

use super::global;
use crate::server;

#[test]
fn what_was_never_set_is_not_found() {
    let anna = server().user("anna");
    anna.get(&global(&anna, "m.direct")).refused(404, "M_NOT_FOUND");
}

#[test]
fn nobody_reads_what_is_anothers() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.put(&global(&anna, "m.direct"), &json!({ "a": 1 })).ok();
    jonas.get(&global(&anna, "m.direct")).refused(403, "M_FORBIDDEN");
}

#[test]
fn push_rules_are_account_data_before_any_was_changed() {
    let anna = server().user("anna");
    let content = anna.get(&global(&anna, "m.push_rules")).ok();
    assert_eq!(content["global"]["override"][0]["rule_id"], ".m.rule.master");
}
