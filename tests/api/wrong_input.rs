//! What no endpoint accepts: broken JSON, unknown paths and methods, strangers.

use serde_json::json;

use crate::server;

#[test]
fn an_unknown_endpoint_is_unrecognized() {
    server().api().get("/_matrix/client/v3/no/such/endpoint").refused(404, "M_UNRECOGNIZED");
}

#[test]
fn a_known_endpoint_with_another_method_is_unrecognized() {
    server().api().delete("/_matrix/client/versions").refused(405, "M_UNRECOGNIZED");
}

#[test]
fn a_request_without_token_is_refused() {
    let api = server().api();
    api.get("/_matrix/client/v3/account/whoami").refused(401, "M_MISSING_TOKEN");
}

#[test]
fn a_request_with_an_invented_token_is_refused() {
    let api = server().api().with_token("invented");
    let answer = api.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    assert_ne!(answer["soft_logout"], json!(true), "an unknown token is no soft logout");
}

#[test]
fn a_body_that_is_no_json_is_refused() {
    let anna = server().user("anna");
    let json = [("content-type", "application/json")];
    let broken = anna.request("POST", "/_matrix/client/v3/createRoom", &json, b"{\"preset\":");
    broken.refused(400, "M_NOT_JSON");
}

#[test]
fn a_body_of_another_shape_is_refused() {
    let anna = server().user("anna");
    anna.post("/_matrix/client/v3/createRoom", &json!({ "invite": 7 })).refused(400, "M_BAD_JSON");
}
