//! `POST /_konsil/invitation`, `POST /_konsil/invitation/accept`: what the page behind an invitation's link asks (IV.b).

use serde_json::json;
use testkit::Server;

use crate::server;

const LOOK: &str = "/_konsil/invitation";
const ACCEPT: &str = "/_konsil/invitation/accept";
const PASSWORD: &str = "Kastanie am Bahnhof";

/// The token of an invitation by the operator.
fn invited(server: &Server, name: &str) -> String {
    let arguments = ["user", "invite", name, "--display-name", "Dr. Lena Vogt", "--role", "Ärztin"];
    let output = server.konsil(&arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let token = said.lines().find_map(|line| Some(line.split_once("/#/invitation/")?.1));
    token.unwrap_or_else(|| panic!("{output:?}")).to_owned()
}

#[test]
fn whoever_has_the_link_makes_the_account_once() {
    let (api, token) = (server().api(), invited(server(), "lena.vogt"));
    let seen = api.post(LOOK, &json!({ "token": token })).ok();
    assert_eq!(seen["user_id"], "@lena.vogt:klinikum.test");
    assert_eq!(seen["display_name"], "Dr. Lena Vogt");
    assert!(seen["expires_ts"].is_u64(), "{seen}");
    let accept =
        |password: &str| api.post(ACCEPT, &json!({ "token": token, "password": password }));
    accept("kurz").refused(400, "M_WEAK_PASSWORD");
    assert_eq!(accept(PASSWORD).ok(), json!({ "user_id": "@lena.vogt:klinikum.test" }));
    let lena = api.login("lena.vogt", PASSWORD);
    let profile = lena.get(&format!("/_matrix/client/v3/profile/{}", lena.id)).ok();
    assert_eq!(profile["displayname"], "Dr. Lena Vogt");
    assert_eq!(profile["de.konsil.role"], "Ärztin");
    accept("ein anderes Passwort").refused(410, "DE.KONSIL.INVITATION_USED");
    api.post(LOOK, &json!({ "token": token })).refused(410, "DE.KONSIL.INVITATION_USED");
    api.login("lena.vogt", PASSWORD);
}

#[test]
fn two_who_open_it_at_the_same_time_do_not_both_get_in() {
    let (api, token) = (server().api(), invited(server(), "lena.zwilling"));
    let body = |password: &str| json!({ "token": token, "password": password });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries = ["erstes Passwort", "zweites Passwort"].map(|password| {
            let body = body(password);
            let api = &api;
            scope.spawn(move || api.post(ACCEPT, &body).status)
        });
        tries.into_iter().map(|it| it.join().expect("an answer")).collect()
    });
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(admitted, 1, "{statuses:?}");
}

#[test]
fn a_wrong_token_admits_nobody() {
    let api = server().api();
    for token in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "../lena", "a\u{0}b"] {
        api.post(LOOK, &json!({ "token": token })).refused(404, "M_NOT_FOUND");
        let accept = json!({ "token": token, "password": PASSWORD });
        api.post(ACCEPT, &accept).refused(404, "M_NOT_FOUND");
    }
    api.post(LOOK, &json!({})).refused(400, "M_BAD_JSON");
    api.post(ACCEPT, &json!({ "token": "x" })).refused(400, "M_BAD_JSON");
    assert_eq!(api.get(LOOK).status, 405, "no token ever stands in an address");
}

#[test]
fn a_name_is_promised_once_and_only_while_it_is_free() {
    let api = server().api();
    let first = invited(server(), "lena.neu");
    let second = invited(server(), "lena.neu");
    api.post(LOOK, &json!({ "token": first })).refused(404, "M_NOT_FOUND");
    api.post(LOOK, &json!({ "token": second })).ok();
    // Somebody else gets the name before she comes.
    server().register("lena.neu");
    let accept = json!({ "token": second, "password": PASSWORD });
    api.post(ACCEPT, &accept).refused(400, "M_USER_IN_USE");
    let taken = server().konsil(&["user", "invite", "lena.neu"]);
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(!taken.status.success() && said.contains("taken"), "{said}");
}
