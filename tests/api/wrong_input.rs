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

#[test]
fn a_path_with_a_nul_or_without_utf_8_is_refused() {
    let anna = server().user("anna");
    for path in [
        "devices/%00",
        "rooms/%21a%00%3Ax/state",
        "profile/%40a%00%3Ax",
        "devices/%FF",
        "rooms/%80/state",
    ] {
        anna.get(&format!("/_matrix/client/v3/{path}")).refused(400, "M_INVALID_PARAM");
    }
}

#[test]
fn json_that_is_nested_too_deeply_is_refused() {
    let anna = server().user("anna");
    for depth in [101, 100_000] {
        let body = format!("{}{}", "{\"a\":[".repeat(depth / 2 + 1), "]}".repeat(depth / 2 + 1));
        let path = "/_matrix/client/v3/sendToDevice/m.room.encrypted/deep";
        let json = [("content-type", "application/json")];
        anna.request("PUT", path, &json, body.as_bytes()).refused(400, "M_BAD_JSON");
    }
}
