//! `POST /_matrix/client/v3/keys/query`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery>

use serde_json::json;
use testkit::matrix::escape;

use super::signing::{Identity, QUERY, publish, query};
use crate::server;

#[test]
fn a_person_without_keys_is_named_with_no_device() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    assert_eq!(query(&anna, &jonas)["device_keys"], json!({ &jonas.id: {} }));
}

#[test]
fn the_name_of_a_device_stands_beside_its_keys() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    publish(&jonas, 0);
    let path = format!("/_matrix/client/v3/devices/{}", escape(&jonas.device_id));
    jonas.put(&path, &json!({ "display_name": "Stationstablet" })).ok();
    let device = &query(&anna, &jonas)["device_keys"][&jonas.id][&jonas.device_id];
    assert_eq!(device["unsigned"], json!({ "device_display_name": "Stationstablet" }));
}

#[test]
fn only_the_named_devices_are_given() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    publish(&anna, 0);
    publish(&tablet, 0);
    let ask = |devices: serde_json::Value| {
        let answer = anna.post(QUERY, &json!({ "device_keys": { &anna.id: devices } })).ok();
        answer["device_keys"][&anna.id].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ask(json!([tablet.device_id, "UNKNOWN"])), [tablet.device_id.as_str()]);
    assert_eq!(ask(json!([])).len(), 2);
}

#[test]
fn only_the_owner_sees_the_user_signing_key() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let identity = Identity::publish(&anna);
    let own = query(&anna, &anna);
    let others = query(&jonas, &anna);
    for (kind, pair) in
        [("master_keys", &identity.master), ("self_signing_keys", &identity.self_signing)]
    {
        let key_id = format!("ed25519:{}", pair.public);
        assert_eq!(own[kind][&anna.id]["keys"], json!({ key_id: pair.public }));
        assert_eq!(others[kind][&anna.id], own[kind][&anna.id]);
    }
    assert!(own["user_signing_keys"][&anna.id].is_object());
    assert!(others["user_signing_keys"].as_object().is_none_or(|keys| keys.is_empty()), "{others}");
}

#[test]
fn a_server_that_cannot_be_asked_is_named_as_a_failure() {
    let anna = server().user("anna");
    let answer = anna.post(QUERY, &json!({ "device_keys": { "@eva:elsewhere.test": [] } })).ok();
    assert!(answer["failures"]["elsewhere.test"].is_object(), "{answer}");
}

#[test]
fn devices_that_are_no_list_are_refused() {
    let anna = server().user("anna");
    let body = json!({ "device_keys": { &anna.id: { "DEVICE": true } } });
    anna.post(QUERY, &body).refused(400, "M_BAD_JSON");
    anna.post(QUERY, &json!({ "device_keys": { "no user": [] } })).refused(400, "M_BAD_JSON");
    anna.post(QUERY, &json!({})).refused(400, "M_MISSING_PARAM");
}
