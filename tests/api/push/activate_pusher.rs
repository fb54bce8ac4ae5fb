//! `POST /_matrix/client/unstable/org.matrix.msc4174/pushers/ack` (MSC4174)

use serde_json::json;

use super::{
    PUSHERS, SET, pushing,
    web_push::{ACKNOWLEDGE, Browser, service},
};

#[test]
fn a_pusher_is_active_when_its_token_came_back() {
    let browser = Browser::new(service());
    let anna = pushing().user("anna");
    assert_eq!(anna.post(SET, &browser.pusher()).status, 201);
    let activated = || anna.get(PUSHERS).ok()["pushers"][0]["data"]["activated"].clone();
    assert_eq!(activated(), false);
    let asked = browser.decrypt(&browser.service.next())["message"].clone();
    anna.post(ACKNOWLEDGE, &asked).ok();
    assert_eq!(activated(), true);
    anna.post(ACKNOWLEDGE, &asked).refused(400, "M_UNKNOWN_ACTIVATION_TOKEN");
    assert_eq!(anna.post(SET, &browser.pusher()).status, 200, "the same subscription stays active");
    let mut moved = browser.pusher();
    moved["data"]["url"] = json!(format!("{}/wpush/2", browser.service.url));
    assert_eq!(anna.post(SET, &moved).status, 201);
    assert_eq!(activated(), false, "another address has to be shown anew");
}

#[test]
fn unknown_apps_and_tokens_are_refused() {
    let browser = Browser::new(service());
    let anna = pushing().user("anna");
    let token = json!({ "app_id": "de.konsil.web", "ack_token": "x" });
    anna.post(ACKNOWLEDGE, &token).refused(404, "M_NOT_FOUND");
    anna.post(SET, &browser.pusher());
    anna.post(ACKNOWLEDGE, &token).refused(400, "M_UNKNOWN_ACTIVATION_TOKEN");
    anna.post(ACKNOWLEDGE, &json!({})).refused(400, "M_BAD_JSON");
    anna.anonymous().post(ACKNOWLEDGE, &token).refused(401, "M_MISSING_TOKEN");
    let jonas = pushing().user("jonas");
    let asked = browser.decrypt(&browser.service.next())["message"].clone();
    jonas.post(ACKNOWLEDGE, &asked).refused(404, "M_NOT_FOUND");
}
