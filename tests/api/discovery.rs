//! What a client asks first: versions, well-known, capabilities, CORS.

use serde_json::json;

use crate::server;

#[test]
fn versions_announce_what_is_kept() {
    let versions = server().api().get("/_matrix/client/versions").ok();
    let announced = versions["versions"].as_array().expect("versions");
    assert!(announced.contains(&json!("v1.11")), "authenticated media: {announced:?}");
    assert_eq!(versions["unstable_features"]["org.matrix.simplified_msc3575"], true);
}

#[test]
fn sign_in_goes_by_password_and_not_by_an_authorization_server() {
    server().api().get("/_matrix/client/v1/auth_metadata").refused(404, "M_UNRECOGNIZED");
}

#[test]
fn capabilities_name_the_room_versions() {
    let anna = server().user("anna");
    let capabilities = anna.get("/_matrix/client/v3/capabilities").ok()["capabilities"].clone();
    assert_eq!(capabilities["m.room_versions"]["default"], "12");
    assert_eq!(
        capabilities["m.room_versions"]["available"],
        json!({ "10": "stable", "11": "stable", "12": "stable" })
    );
}

#[test]
fn a_browser_of_any_origin_may_ask_the_api() {
    let api = server().api();
    let preflight = api.request(
        "OPTIONS",
        "/_matrix/client/v3/login",
        &[("origin", "https://app.example")],
        &[],
    );
    assert!(matches!(preflight.status, 200 | 204), "{}", preflight.status);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert!(preflight.header("access-control-allow-headers").contains("Authorization"));
    let refused = api.get("/_matrix/client/v3/account/whoami");
    assert_eq!(refused.header("access-control-allow-origin"), "*", "errors are readable too");
}

#[test]
fn older_paths_lead_to_the_same_endpoints() {
    let anna = server().user("anna");
    assert_eq!(anna.get("/_matrix/client/r0/account/whoami").ok()["user_id"], json!(anna.id));
    let by_query = format!(
        "/_matrix/client/v3/account/whoami?access_token={}",
        anna.token().unwrap_or_default()
    );
    assert_eq!(anna.anonymous().get(&by_query).ok()["user_id"], json!(anna.id));
}
