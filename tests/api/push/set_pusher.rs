//! `POST /_matrix/client/v3/pushers/set` and `GET /_matrix/client/v3/pushers`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset>

use serde_json::{Value, json};

use super::{PUSHERS, SET, pushing};
use crate::server;

fn pusher(pushkey: &str) -> Value {
    super::pusher("https://push.klinikum.test", pushkey)
}

#[test]
fn a_hospital_that_allows_no_gateway_keeps_no_pusher() {
    let anna = server().user("anna");
    anna.post(SET, &pusher("anna")).refused(403, "M_FORBIDDEN");
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [] }));
}

#[test]
fn a_pusher_is_set_replaced_listed_and_removed() {
    let anna = pushing().user("anna");
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [] }));
    anna.post(SET, &pusher("anna-1")).ok();
    let mut renamed = pusher("anna-1");
    renamed["device_display_name"] = json!("Tablet");
    anna.post(SET, &renamed).ok();
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [renamed] }));
    anna.post(SET, &json!({ "app_id": "de.konsil.app", "pushkey": "anna-1", "kind": null })).ok();
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [] }));
}

#[test]
fn an_address_wakes_one_person_unless_appended() {
    let (anna, jonas) = (pushing().user("anna"), pushing().user("jonas"));
    anna.post(SET, &pusher("shared")).ok();
    let mut appended = pusher("shared");
    appended["append"] = json!(true);
    jonas.post(SET, &appended).ok();
    assert_eq!(anna.get(PUSHERS).ok()["pushers"].as_array().unwrap().len(), 1);
    jonas.post(SET, &pusher("shared")).ok();
    assert_eq!(anna.get(PUSHERS).ok()["pushers"].as_array().unwrap().len(), 0);
    assert_eq!(jonas.get(PUSHERS).ok()["pushers"].as_array().unwrap().len(), 1);
}

#[test]
fn the_pushers_of_a_device_go_when_it_signs_out() {
    let anna = pushing().user("anna");
    let phone = anna.new_device();
    phone.post(SET, &pusher("phone-of-anna")).ok();
    phone.post("/_matrix/client/v3/logout", &json!({})).ok();
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [] }));
}

#[test]
fn only_https_gateways_are_taken() {
    let anna = pushing().user("anna");
    let mut clear = pusher("x");
    clear["data"]["url"] = json!("http://push.klinikum.test/_matrix/push/v1/notify");
    anna.post(SET, &clear).refused(400, "M_INVALID_PARAM");
    let mut mail = pusher("x");
    (mail["kind"], mail["data"]) = (json!("email"), json!({}));
    anna.post(SET, &mail).refused(400, "M_INVALID_PARAM");
    let mut incomplete = pusher("x");
    incomplete.as_object_mut().unwrap().remove("lang");
    assert_eq!(anna.post(SET, &incomplete).status, 400);
    anna.post(SET, &pusher(&"x".repeat(600))).refused(400, "M_INVALID_PARAM");
    assert_eq!(anna.get(PUSHERS).ok(), json!({ "pushers": [] }));
}
