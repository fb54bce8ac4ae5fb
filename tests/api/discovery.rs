//! What a client asks first: versions, well-known, capabilities, CORS.

use serde_json::json;
use testkit::{Server, Settings};

use crate::server;

#[test]
fn versions_are_told_without_and_with_a_token() {
    let anna = server().user("anna");
    let path = "/_matrix/client/versions";
    let told = anna.get(path).ok();
    assert_eq!(told, server().api().get(path).ok());
    let versions: Vec<_> = (1..=19).map(|minor| format!("v1.{minor}")).collect();
    assert_eq!(told["versions"], json!(versions));
}

#[test]
fn whom_to_call_is_told_without_login() {
    let path = "/_konsil/hospital";
    assert_eq!(server().api().get(path).ok()["emergency_numbers"], json!([]));
    let tenant = "emergency_numbers = [{ name = \"Reanimation\", phone = \"2222\" }]";
    let named = Server::with(&Settings { tenant: tenant.into(), ..Settings::default() });
    let numbers = named.api().get(path).ok()["emergency_numbers"].clone();
    assert_eq!(numbers, json!([{ "name": "Reanimation", "phone": "2222" }]));
}

#[test]
fn an_app_below_the_lowest_version_is_refused_whoever_says_none_is_not() {
    let tenant = "app.minimum_version = \"0.10.0\"";
    let strict = Server::with(&Settings { tenant: tenant.into(), ..Settings::default() });
    assert_eq!(strict.api().get("/_konsil/hospital").ok()["minimum_app_version"], "0.10.0");
    let open = server().api().get("/_konsil/hospital").ok();
    assert_eq!(open.get("minimum_app_version"), None, "by default each version is taken");

    let anna = strict.user("anna");
    let login = json!({
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.localpart },
    });
    let login = serde_json::to_vec(&login).unwrap();
    let refresh = serde_json::to_vec(&json!({ "refresh_token": "x" })).unwrap();
    for (method, path, body) in [
        ("GET", "/_matrix/client/v3/account/whoami", &[][..]),
        ("GET", "/_matrix/client/v3/sync?timeout=0", &[]),
        ("POST", "/_matrix/client/v3/login", &login),
        ("POST", "/_matrix/client/v3/refresh", &refresh),
        ("GET", "/_konsil/lock/policy", &[]),
    ] {
        let ask =
            |version: &str| anna.request(method, path, &[("konsil-app-version", version)], body);
        for old in ["0.9.9", "0.1.0", "", "x"] {
            let refusal = ask(old).refused(503, "DE.KONSIL.CLIENT_TOO_OLD");
            assert_eq!(refusal["de.konsil.minimum_version"], "0.10.0");
        }
        let code = |answer: testkit::Answer| answer.value()["errcode"].clone();
        assert_ne!(code(ask("0.10.0")), "DE.KONSIL.CLIENT_TOO_OLD", "{path}");
        let others = anna.request(method, path, &[], body);
        assert_ne!(code(others), "DE.KONSIL.CLIENT_TOO_OLD", "{path}");
    }
    let current = [("konsil-app-version", "1.0.0")];
    anna.request("GET", "/_matrix/client/v3/sync?timeout=0", &current, &[]).ok();
}

#[test]
fn who_helps_is_told_if_the_hospital_names_somebody() {
    let path = "/.well-known/matrix/support";
    server().api().get(path).refused(404, "M_NOT_FOUND");
    let tenant =
        "support.email = \"it@klinikum.test\"\nsupport.page = \"https://klinikum.test/hilfe\"";
    let helped = Server::with(&Settings { tenant: tenant.into(), ..Settings::default() });
    assert_eq!(
        helped.api().get(path).ok(),
        json!({
            "contacts": [{ "email_address": "it@klinikum.test", "role": "m.role.admin" }],
            "support_page": "https://klinikum.test/hilfe",
        })
    );
    helped.api().get("/.well-known/matrix/policy_server").refused(404, "M_NOT_FOUND");
}

#[test]
fn capabilities_say_what_a_person_may_change() {
    let capabilities = server().user("anna").get("/_matrix/client/v3/capabilities").ok();
    let capabilities = &capabilities["capabilities"];
    for (name, enabled) in [
        ("m.change_password", true),
        ("m.set_displayname", true),
        ("m.set_avatar_url", true),
        ("m.profile_fields", true),
        ("m.get_login_token", true),
        ("m.3pid_changes", false),
        ("m.forget_forced_upon_leave", false),
    ] {
        assert_eq!(capabilities[name]["enabled"], enabled, "{name}");
    }
}

#[test]
fn a_token_in_the_address_is_taken_and_never_logged() {
    let mut server = Server::with(&Settings { log: Some("trace".into()), ..Settings::default() });
    let anna = server.user("anna");
    let token = anna.token().expect("a token").to_owned();
    for path in ["account/whoami", "sync", "unheard/of", "rooms/nonsense/messages"] {
        anna.anonymous().get(&format!("/_matrix/client/v3/{path}?access_token={token}"));
    }
    anna.anonymous()
        .get(&format!("/_matrix/client/v3/account/whoami?access_token={token}x"))
        .refused(401, "M_UNKNOWN_TOKEN");
    server.stop();
    let log = server.log();
    assert!(log.contains("Ready"), "the log says all it can");
    for secret in [token.as_str(), &anna.password, "access_token"] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
}

#[test]
fn versions_announce_what_is_kept() {
    let versions = server().api().get("/_matrix/client/versions").ok();
    let announced = versions["versions"].as_array().expect("versions");
    assert!(announced.contains(&json!("v1.11")), "authenticated media: {announced:?}");
    let features = &versions["unstable_features"];
    assert_eq!(features["org.matrix.simplified_msc3575"], true);
    assert_eq!(
        features["org.matrix.msc3827.stable"], true,
        "the directory can be asked for spaces"
    );
    assert_eq!(features["io.element.e2ee_forced.private"], true, "as this server is set up");
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
fn saving_attachments_is_allowed_only_where_the_hospital_says_so() {
    let may = |server: &Server| {
        let capabilities = server.user("anna").get("/_matrix/client/v3/capabilities").ok();
        capabilities["capabilities"]["de.konsil.save_to_device"]["enabled"].clone()
    };
    assert_eq!(may(server()), json!(null));
    let tenant = "attachments.save_to_device = true".into();
    assert_eq!(may(&Server::with(&Settings { tenant, ..Settings::default() })), true);
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

/// Browsers write what they may to the disk, in clear, for whoever uses the device next.
#[test]
fn no_browser_keeps_an_answer_of_the_api() {
    let anna = server().user("anna");
    let profile = format!("/_matrix/client/v3/profile/{}", testkit::matrix::escape(&anna.id));
    let of_anna = ["/_matrix/client/v3/devices", &profile, "/_matrix/client/v3/user_directory"];
    let of_anybody = ["/_matrix/client/versions", "/_konsil/lock/policy", "/_konsil/unknown"];
    for path in of_anna.iter().chain(&of_anybody) {
        assert_eq!(anna.get(path).header("cache-control"), "no-store", "{path}");
    }
}

#[test]
fn older_paths_lead_to_the_same_endpoints() {
    let anna = server().user("anna");
    assert_eq!(anna.get("/_matrix/client/r0/account/whoami").ok()["user_id"], json!(anna.id));
    let token = anna.token().unwrap_or_default().to_owned();
    let escaped: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for token in [token, escaped] {
        let by_query = format!("/_matrix/client/v3/account/whoami?a=b&access_token={token}");
        assert_eq!(anna.anonymous().get(&by_query).ok()["user_id"], json!(anna.id));
    }
}
