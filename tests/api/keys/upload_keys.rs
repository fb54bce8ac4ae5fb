//! `POST /_matrix/client/v3/keys/upload`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload>

use serde_json::{Value, json};
use testkit::User;

use super::signing::{Pair, UPLOAD, claim, curve_key, device_keys, one_time_key, publish, query};
use crate::server;

fn stock(answer: &Value) -> u64 {
    answer["one_time_key_counts"]["signed_curve25519"].as_u64().expect("the stock is always named")
}

fn keys(user: &User, device: &Pair, names: &[&str]) -> Value {
    let keys: serde_json::Map<_, _> = names
        .iter()
        .map(|name| (format!("signed_curve25519:{name}"), one_time_key(user, device)))
        .collect();
    keys.into()
}

#[test]
fn a_device_publishes_its_keys_and_learns_its_stock() {
    let anna = server().user("anna");
    let device = Pair::new();
    let keys_of_device = device_keys(&anna, &device);
    let body = json!({ "device_keys": keys_of_device, "one_time_keys": keys(&anna, &device, &["A", "B", "C"]) });
    assert_eq!(stock(&anna.post(UPLOAD, &body).ok()), 3);
    let stored = &query(&anna, &anna)["device_keys"][&anna.id][&anna.device_id];
    for field in ["algorithms", "keys", "signatures", "user_id", "device_id"] {
        assert_eq!(stored[field], keys_of_device[field], "{field}");
    }
}

#[test]
fn an_empty_upload_tells_a_new_device_that_it_has_no_key() {
    let anna = server().user("anna");
    assert_eq!(stock(&anna.post(UPLOAD, &json!({})).ok()), 0);
}

#[test]
fn what_was_uploaded_before_counts_once() {
    let anna = server().user("anna");
    let device = Pair::new();
    let all = keys(&anna, &device, &["A", "B", "C", "D"]);
    let some = |names: &[&str]| {
        let picked: serde_json::Map<_, _> = names
            .iter()
            .map(|name| format!("signed_curve25519:{name}"))
            .map(|name| (name.clone(), all[&name].clone()))
            .collect();
        json!({ "one_time_keys": picked })
    };
    assert_eq!(stock(&anna.post(UPLOAD, &some(&["A", "B", "C"])).ok()), 3);
    assert_eq!(stock(&anna.post(UPLOAD, &some(&["A", "B", "C"])).ok()), 3);
    assert_eq!(stock(&anna.post(UPLOAD, &some(&["B", "C", "D"])).ok()), 4);
}

#[test]
fn a_key_that_was_handed_out_does_not_come_back_with_a_repeated_upload() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let device = Pair::new();
    let body = json!({ "one_time_keys": keys(&anna, &device, &["A"]) });
    anna.post(UPLOAD, &body).ok();
    assert!(claim(&jonas, &anna).is_some());
    assert_eq!(stock(&anna.post(UPLOAD, &body).ok()), 0);
    assert_eq!(claim(&jonas, &anna), None);
}

#[test]
fn another_key_under_a_held_name_is_refused_and_nothing_of_the_upload_is_kept() {
    let anna = server().user("anna");
    let device = Pair::new();
    let first = keys(&anna, &device, &["A"]);
    anna.post(UPLOAD, &json!({ "one_time_keys": first })).ok();
    let second = json!({ "one_time_keys": keys(&anna, &device, &["A", "B"]) });
    let refused = anna.post(UPLOAD, &second).refused(400, "M_INVALID_PARAM");
    assert!(
        refused["error"].as_str().unwrap().starts_with("One time key"),
        "clients know it by these words: {refused}"
    );
    assert_eq!(stock(&anna.post(UPLOAD, &json!({})).ok()), 1);
    assert_eq!(
        claim(&anna, &anna),
        Some(("signed_curve25519:A".to_owned(), first["signed_curve25519:A"].clone()))
    );
}

#[test]
fn device_keys_of_another_user_or_device_are_refused() {
    let anna = server().user("anna");
    let jonas = server().user("jonas");
    let tablet = anna.new_device();
    for other in [&jonas, &tablet] {
        let body = json!({ "device_keys": device_keys(other, &Pair::new()) });
        anna.post(UPLOAD, &body).refused(400, "M_INVALID_PARAM");
    }
    assert_eq!(query(&anna, &jonas)["device_keys"][&jonas.id], json!({}));
}

#[test]
fn device_keys_without_their_fields_are_refused() {
    let anna = server().user("anna");
    let whole = device_keys(&anna, &Pair::new());
    for field in ["algorithms", "keys", "signatures", "user_id", "device_id"] {
        let mut keys = whole.clone();
        keys.as_object_mut().unwrap().remove(field);
        anna.post(UPLOAD, &json!({ "device_keys": keys })).refused(400, "M_BAD_JSON");
    }
    let mut foreign = whole;
    foreign["keys"] = json!({ "ed25519:ELSEWHERE": curve_key() });
    anna.post(UPLOAD, &json!({ "device_keys": foreign })).refused(400, "M_BAD_JSON");
}

#[test]
fn malformed_keys_are_refused() {
    let anna = server().user("anna");
    let good = one_time_key(&anna, &Pair::new());
    for (name, key) in [
        ("signed_curve25519", good.clone()),
        ("signed_curve25519:A", json!("not signed")),
        ("signed_curve25519:A", json!({ "key": curve_key() })),
        ("signed_curve25519:A", json!({ "key": 7, "signatures": {} })),
        ("signed_curve25519:A", json!(null)),
        ("signed_curve25519:A\u{0}", good),
    ] {
        for kind in ["one_time_keys", "fallback_keys"] {
            let answer = anna.post(UPLOAD, &json!({ kind: { name: key } }));
            assert_eq!(answer.status, 400, "{kind} {name:?}: {}", answer.text());
        }
    }
    anna.post(UPLOAD, &json!({ "one_time_keys": [] })).refused(400, "M_BAD_JSON");
}

#[test]
fn nobody_stores_keys_without_end() {
    let anna = server().user("anna");
    let device = Pair::new();
    let key = one_time_key(&anna, &device);
    let many: serde_json::Map<_, _> =
        (0..1_001).map(|n| (format!("signed_curve25519:K{n}"), key.clone())).collect();
    anna.post(UPLOAD, &json!({ "one_time_keys": many })).refused(413, "M_TOO_LARGE");
    let mut large = key;
    large["padding"] = "x".repeat(9_000).into();
    anna.post(UPLOAD, &json!({ "one_time_keys": { "signed_curve25519:A": large } }))
        .refused(413, "M_TOO_LARGE");
}

#[test]
fn a_signed_out_device_has_no_keys() {
    let anna = server().user("anna");
    let tablet = anna.new_device();
    publish(&tablet, 1);
    assert!(query(&anna, &anna)["device_keys"][&anna.id][&tablet.device_id].is_object());
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();
    assert_eq!(query(&anna, &anna)["device_keys"][&anna.id], json!({}));
    assert_eq!(claim(&anna, &tablet), None);
}

#[test]
fn strangers_upload_nothing() {
    server().api().post(UPLOAD, &json!({})).refused(401, "M_MISSING_TOKEN");
}
