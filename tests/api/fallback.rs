//! Pages for clients that do not know a way of signing in.
//! <https://spec.matrix.org/v1.19/client-server-api/#fallback>

use serde_json::{Value, json};
use testkit::{Answer, Api, matrix::escape};

use crate::server;

const PASSWORD: &str = "/_matrix/client/v3/account/password";

fn page(stage: &str, session: &str) -> String {
    format!("/_matrix/client/v3/auth/{stage}/fallback/web?session={}", escape(session))
}

fn submit(api: &Api, path: &str, secret: &str) -> Answer {
    let form = format!("secret={}", escape(secret));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    api.request("POST", path, &headers, form.as_bytes())
}

fn session(challenge: &Value) -> String {
    challenge["session"].as_str().expect("a session").to_owned()
}

#[test]
fn the_page_asks_for_the_password_and_the_client_goes_on_with_the_session_alone() {
    let anna = server().user("anna");
    let stranger = anna.anonymous();
    let body = json!({ "new_password": "an even better password", "logout_devices": false });
    let id = session(&anna.post(PASSWORD, &body).refused(401, None));
    let path = page("m.login.password", &id);
    let shown = stranger.get(&path);
    assert_eq!(shown.status, 200);
    assert!(shown.header("content-type").starts_with("text/html"));
    let policy = shown.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(shown.text().contains("type=\"password\""), "{}", shown.text());

    let mut with_session = body.clone();
    with_session["auth"] = json!({ "session": id });
    anna.post(PASSWORD, &with_session).refused(401, None);
    assert_eq!(submit(&stranger, &path, "not the password").status, 401);
    anna.post(PASSWORD, &with_session).refused(401, None);
    let done = submit(&stranger, &path, &anna.password);
    assert_eq!(done.status, 200);
    assert!(done.text().contains("window.onAuthDone()"), "{}", done.text());
    server().user("jonas").post(PASSWORD, &with_session).refused(403, "M_FORBIDDEN");
    anna.post(PASSWORD, &with_session).ok();
    anna.post(PASSWORD, &with_session).refused(401, None);
    anna.anonymous().login(&anna.localpart, "an even better password");
}

#[test]
fn a_registration_token_is_entered_on_the_page_too() {
    let api = server().api();
    let path = "/_matrix/client/v3/register";
    let mut body = json!({ "username": "by-fallback", "password": "a long password" });
    let id = session(&api.post(path, &body).refused(401, None));
    let page = page("m.login.registration_token", &id);
    assert_eq!(submit(&api, &page, "guessed").status, 401);
    assert_eq!(submit(&api, &page, testkit::server::REGISTRATION_TOKEN).status, 200);
    body["auth"] = json!({ "session": id });
    assert_eq!(api.post(path, &body).ok()["user_id"], "@by-fallback:klinikum.test");
}

#[test]
fn a_session_that_has_ended_and_another_stage_have_no_page() {
    let anna = server().user("anna");
    let api = server().api();
    let id = session(
        &anna.post(PASSWORD, &json!({ "new_password": "a long password" })).refused(401, None),
    );
    for path in [page("m.login.password", "unknown"), page("m.login.dummy", &id)] {
        let shown = api.get(&path);
        assert_eq!(shown.status, 404);
        assert!(shown.header("content-type").starts_with("text/html"));
    }
    api.get("/_matrix/client/v3/auth/m.login.password/fallback/web")
        .refused(400, "M_MISSING_PARAM");
}

#[test]
fn there_is_a_page_that_signs_in() {
    let shown = server().api().get("/_matrix/static/client/login/?device_id=GHTYAJCE");
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("window.matrixLogin.onLogin(response)"));
}
