//! `POST /_matrix/client/v3/keys/claim`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim>

use std::collections::BTreeSet;

use serde_json::json;

use super::signing::{CLAIM, Pair, UPLOAD, claim, fallback_key, one_time_key, publish};
use crate::server;

#[test]
fn keys_are_handed_out_in_the_order_of_their_upload_and_each_once() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let device = Pair::new();
    let mut uploaded = Vec::new();
    for name in ["signed_curve25519:Z", "signed_curve25519:A", "signed_curve25519:M"] {
        let key = one_time_key(&anna, &device);
        anna.post(UPLOAD, &json!({ "one_time_keys": { name: key } })).ok();
        uploaded.push(Some((name.to_owned(), key)));
    }
    uploaded.push(None);
    let claimed: Vec<_> = (0..4).map(|_| claim(&jonas, &anna)).collect();
    assert_eq!(claimed, uploaded);
}

#[test]
fn the_fallback_key_serves_when_the_others_have_run_out_until_it_is_replaced() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let device = Pair::new();
    let (only, fallback) = (one_time_key(&anna, &device), fallback_key(&anna, &device));
    let body = json!({
        "one_time_keys": { "signed_curve25519:O": only },
        "fallback_keys": { "signed_curve25519:F": fallback },
    });
    anna.post(UPLOAD, &body).ok();
    assert_eq!(claim(&jonas, &anna), Some(("signed_curve25519:O".to_owned(), only)));
    for _ in 0..2 {
        assert_eq!(
            claim(&jonas, &anna),
            Some(("signed_curve25519:F".to_owned(), fallback.clone()))
        );
    }
    let next = fallback_key(&anna, &device);
    anna.post(UPLOAD, &json!({ "fallback_keys": { "signed_curve25519:G": next } })).ok();
    assert_eq!(claim(&jonas, &anna), Some(("signed_curve25519:G".to_owned(), next)));
}

#[test]
fn a_device_learns_that_its_fallback_key_was_used() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let device = Pair::new();
    let upload = |name: &str| {
        anna.post(UPLOAD, &json!({ "fallback_keys": { name: fallback_key(&anna, &device) } })).ok();
    };
    let unused = || anna.sync(None)["device_unused_fallback_key_types"].clone();
    assert_eq!(unused(), json!([]));
    upload("signed_curve25519:F");
    assert_eq!(unused(), json!(["signed_curve25519"]));
    claim(&jonas, &anna);
    assert_eq!(unused(), json!([]));
    upload("signed_curve25519:G");
    assert_eq!(unused(), json!(["signed_curve25519"]));
}

#[test]
fn a_device_learns_how_many_keys_are_left() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let left = || anna.sync(None)["device_one_time_keys_count"]["signed_curve25519"].clone();
    assert_eq!(left(), json!(0));
    publish(&anna, 2);
    assert_eq!(left(), json!(2));
    claim(&jonas, &anna);
    assert_eq!(left(), json!(1));
}

#[test]
fn two_claims_at_once_never_get_the_same_key() {
    const CLAIMERS: usize = 8;
    const EACH: usize = 10;
    let anna = server().user("anna");
    publish(&anna, CLAIMERS * EACH);
    let claimers: Vec<_> = (0..CLAIMERS).map(|_| server().user("claimer")).collect();
    let names: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = claimers
            .iter()
            .map(|claimer| {
                let anna = &anna;
                scope.spawn(move || {
                    (0..EACH)
                        .map(|_| claim(claimer, anna).expect("a key is left").0)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(names.len(), CLAIMERS * EACH);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each key once");
    assert_eq!(claim(&claimers[0], &anna), None);
}

#[test]
fn one_request_claims_of_many_devices() {
    let anna = server().user("anna");
    let devices: Vec<_> = (0..6).map(|_| anna.new_device()).collect();
    for device in &devices {
        publish(device, 1);
    }
    let wanted: serde_json::Map<_, _> = devices
        .iter()
        .map(|device| (device.device_id.clone(), json!("signed_curve25519")))
        .collect();
    let answer = anna.post(CLAIM, &json!({ "one_time_keys": { &anna.id: wanted } })).ok();
    assert_eq!(answer["one_time_keys"][&anna.id].as_object().unwrap().len(), devices.len());
}

#[test]
fn who_has_no_such_key_is_left_out() {
    let anna = server().user("anna");
    publish(&anna, 1);
    let body = json!({ "one_time_keys": {
        &anna.id: { &anna.device_id: "curve25519", "UNKNOWN": "signed_curve25519", "NUL\u{0}": "signed_curve25519" },
        "@nobody:klinikum.test": { "UNKNOWN": "signed_curve25519" },
        "@eva:elsewhere.test": { "UNKNOWN": "signed_curve25519" },
    } });
    let answer = anna.post(CLAIM, &body).ok();
    assert_eq!(answer["one_time_keys"], json!({}));
    assert!(answer["failures"]["elsewhere.test"].is_object(), "{answer}");
}

#[test]
fn a_claim_of_another_form_is_refused() {
    let anna = server().user("anna");
    anna.post(CLAIM, &json!({ "one_time_keys": { &anna.id: ["DEVICE"] } }))
        .refused(400, "M_BAD_JSON");
    anna.post(CLAIM, &json!({})).refused(400, "M_MISSING_PARAM");
}
