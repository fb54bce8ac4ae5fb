//! `POST /_matrix/client/v3/keys/device_signing/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload>

use serde_json::{Value, json};
use testkit::User;

use super::signing::{Identity, Pair, cross_signing_key, query};
use crate::server;

const PATH: &str = "/_matrix/client/v3/keys/device_signing/upload";

fn master_of(user: &User) -> Value {
    query(user, user)["master_keys"][&user.id]["keys"].clone()
}

fn with_password(mut body: Value, user: &User, session: &Value, password: &str) -> Value {
    body["auth"] = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": user.localpart },
        "password": password,
        "session": session,
    });
    body
}

#[test]
fn the_first_keys_and_the_same_ones_again_need_no_password() {
    let anna = server().user("anna");
    let identity = Identity::new();
    let body = identity.upload(&anna);
    anna.post(PATH, &body).ok();
    anna.post(PATH, &body).ok();
    assert_eq!(master_of(&anna), body["master_key"]["keys"]);
}

#[test]
fn other_keys_need_the_password() {
    let anna = server().user("anna");
    let old = Identity::publish(&anna);
    let new = Identity::new().upload(&anna);
    let asked = anna.post(PATH, &new).refused(401, None);
    assert_eq!(asked["flows"], json!([{ "stages": ["m.login.password"] }]));
    let wrong = with_password(new.clone(), &anna, &asked["session"], "not her password");
    anna.post(PATH, &wrong).refused(401, "M_FORBIDDEN");
    assert_eq!(master_of(&anna), old.master_key(&anna)["keys"]);
    anna.post(PATH, &with_password(new.clone(), &anna, &asked["session"], &anna.password)).ok();
    assert_eq!(master_of(&anna), new["master_key"]["keys"]);
}

#[test]
fn a_single_new_key_needs_the_password_too() {
    let anna = server().user("anna");
    let identity = Identity::publish(&anna);
    let other = Pair::new();
    let key =
        identity.master.cross_sign(&anna.id, &cross_signing_key(&anna, "self_signing", &other));
    anna.post(PATH, &json!({ "self_signing_key": key })).refused(401, None);
}

#[test]
fn a_new_master_key_takes_along_what_the_old_one_had_signed() {
    let anna = server().user("anna");
    Identity::publish(&anna);
    let new = json!({ "master_key": Identity::new().master_key(&anna) });
    let asked = anna.post(PATH, &new).refused(401, None);
    anna.post(PATH, &with_password(new, &anna, &asked["session"], &anna.password)).ok();
    let keys = query(&anna, &anna);
    assert!(keys["self_signing_keys"][&anna.id].is_null(), "{keys}");
    assert!(keys["user_signing_keys"][&anna.id].is_null(), "{keys}");
}

#[test]
fn keys_that_the_master_key_did_not_sign_are_refused() {
    let anna = server().user("anna");
    let identity = Identity::new();
    let mut body = identity.upload(&anna);
    body["self_signing_key"] = Pair::new()
        .cross_sign(&anna.id, &cross_signing_key(&anna, "self_signing", &identity.self_signing));
    anna.post(PATH, &body).refused(400, "M_INVALID_SIGNATURE");
    body.as_object_mut().unwrap().remove("master_key");
    anna.post(PATH, &body).refused(400, "M_MISSING_PARAM");
    assert_eq!(master_of(&anna), json!(null));
}

#[test]
fn keys_of_another_user_or_use_are_refused() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    anna.post(PATH, &json!({ "master_key": Identity::new().master_key(&jonas) }))
        .refused(400, "M_INVALID_PARAM");
    let wrong_use = cross_signing_key(&anna, "self_signing", &Pair::new());
    anna.post(PATH, &json!({ "master_key": wrong_use })).refused(400, "M_INVALID_PARAM");
    anna.post(PATH, &json!({ "master_key": {} })).refused(400, "M_BAD_JSON");
    anna.post(PATH, &json!({ "master_key": 7 })).refused(400, "M_BAD_JSON");
}

#[test]
fn no_key_has_the_name_of_a_device() {
    let anna = server().user("anna");
    let identity = Identity::new();
    let login = json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": anna.localpart },
        "password": anna.password,
        "device_id": identity.self_signing.public,
    });
    server().api().post("/_matrix/client/v3/login", &login).ok();
    anna.post(PATH, &identity.upload(&anna)).refused(403, "M_FORBIDDEN");
}
