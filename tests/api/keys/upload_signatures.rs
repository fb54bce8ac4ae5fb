//! `POST /_matrix/client/v3/keys/signatures/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload>

use serde_json::{Value, json};
use testkit::User;

use super::signing::{Identity, Pair, UPLOAD, device_keys, publish, query};
use crate::server;

const PATH: &str = "/_matrix/client/v3/keys/signatures/upload";

fn sign(signer: &User, owner: &User, key: &str, object: &Value) -> Value {
    signer.post(PATH, &json!({ &owner.id: { key: object } })).ok()["failures"].clone()
}

fn device_of(reader: &User, owner: &User) -> Value {
    let mut device = query(reader, owner)["device_keys"][&owner.id][&owner.device_id].clone();
    device.as_object_mut().expect("the device has keys").remove("unsigned");
    device
}

fn key_id(pair: &Pair) -> String {
    format!("ed25519:{}", pair.public)
}

#[test]
fn everybody_sees_that_a_device_belongs_to_its_user() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let device = publish(&anna, 0);
    let identity = Identity::publish(&anna);
    let signed = identity.self_signing.cross_sign(&anna.id, &device_of(&anna, &anna));
    assert_eq!(sign(&anna, &anna, &anna.device_id, &signed), json!({}));
    for reader in [&anna, &jonas] {
        let signatures = &device_of(reader, &anna)["signatures"];
        assert_eq!(*signatures, signed["signatures"], "both signatures stand there");
    }
    // The device signs its owner's master key.
    let master = device.sign(&anna.id, &anna.device_id, &identity.master_key(&anna));
    assert_eq!(sign(&anna, &anna, &identity.master.public, &master), json!({}));
    assert_eq!(query(&jonas, &anna)["master_keys"][&anna.id]["signatures"], master["signatures"]);
}

#[test]
fn whom_a_person_has_verified_nobody_else_sees() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let eva = server().user("eva");
    let (annas, jonass) = (Identity::publish(&anna), Identity::publish(&jonas));
    let signed = annas.user_signing.cross_sign(&anna.id, &jonass.master_key(&jonas));
    assert_eq!(sign(&anna, &jonas, &jonass.master.public, &signed), json!({}));
    let seen_by =
        |reader: &User| query(reader, &jonas)["master_keys"][&jonas.id]["signatures"].clone();
    assert_eq!(seen_by(&anna), signed["signatures"]);
    assert_eq!(seen_by(&jonas), json!(null));
    assert_eq!(seen_by(&eva), json!(null));
}

#[test]
fn invalid_and_impossible_signatures_are_named_and_not_kept() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    publish(&anna, 0);
    publish(&jonas, 0);
    let identity = Identity::publish(&anna);
    let device = device_of(&anna, &anna);

    let mut forged = device.clone();
    forged["signatures"][&anna.id][key_id(&identity.self_signing)] = "A".repeat(86).into();
    let mut other_object = device.clone();
    other_object["algorithms"] = json!([]);
    let other_object = identity.self_signing.cross_sign(&anna.id, &other_object);
    for bad in [forged, other_object, device.clone()] {
        let failures = sign(&anna, &anna, &anna.device_id, &bad);
        assert_eq!(failures[&anna.id][&anna.device_id]["errcode"], "M_INVALID_SIGNATURE");
    }

    let unknown = identity.self_signing.cross_sign(&anna.id, &device);
    assert_eq!(
        sign(&anna, &anna, "UNKNOWN", &unknown)[&anna.id]["UNKNOWN"]["errcode"],
        "M_NOT_FOUND"
    );
    // Nobody signs the devices of others.
    let foreign = identity.self_signing.cross_sign(&anna.id, &device_of(&anna, &jonas));
    let failures = sign(&anna, &jonas, &jonas.device_id, &foreign);
    assert_eq!(failures[&jonas.id][&jonas.device_id]["errcode"], "M_NOT_FOUND");
    assert_eq!(
        sign(&anna, &anna, &anna.device_id, &json!(7))[&anna.id][&anna.device_id]["errcode"],
        "M_BAD_JSON"
    );
    assert_eq!(device_of(&anna, &anna), device);
}

#[test]
fn new_device_keys_are_not_signed_by_who_signed_the_old_ones() {
    let anna = server().user("anna");
    publish(&anna, 0);
    let identity = Identity::publish(&anna);
    let signed = identity.self_signing.cross_sign(&anna.id, &device_of(&anna, &anna));
    sign(&anna, &anna, &anna.device_id, &signed);
    let new = device_keys(&anna, &Pair::new());
    anna.post(UPLOAD, &json!({ "device_keys": new })).ok();
    assert_eq!(device_of(&anna, &anna)["signatures"], new["signatures"]);
}

#[test]
fn signatures_of_another_form_are_refused() {
    let anna = server().user("anna");
    anna.post(PATH, &json!({ &anna.id: [] })).refused(400, "M_BAD_JSON");
    anna.post(PATH, &json!({ "no user": {} })).refused(400, "M_BAD_JSON");
}
