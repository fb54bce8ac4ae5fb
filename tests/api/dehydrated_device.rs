//! `/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device`
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/3814>

use serde_json::{Value, json};
use testkit::{
    Answer, User,
    matrix::{escape, transaction},
};

use crate::{
    keys::signing::{Pair, claim, device_keys, one_time_key, query},
    server,
};

const PATH: &str = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device";

/// The person on the device that is dehydrated.
fn asleep(user: &User, device_id: &str) -> User {
    let mut asleep = user.clone();
    device_id.clone_into(&mut asleep.device_id);
    asleep
}

fn body(user: &User, device_id: &str) -> Value {
    let (user, device) = (asleep(user, device_id), Pair::new());
    json!({
        "device_id": device_id,
        "initial_device_display_name": "Dehydrated",
        "device_data": {
            "algorithm": "org.matrix.msc3814.v2", "device_pickle": "ciphertext", "nonce": "bm9uY2U",
        },
        "device_keys": device_keys(&user, &device),
        "one_time_keys": { "signed_curve25519:AAAAA1": one_time_key(&user, &device) },
    })
}

fn send(from: &User, to: &User, device_id: &str, number: u64) {
    let path = format!("/_matrix/client/v3/sendToDevice/m.room.encrypted/{}", transaction());
    from.put(&path, &json!({ "messages": { &to.id: { device_id: { "n": number } } } })).ok();
}

fn events(user: &User, device_id: &str, body: &Value) -> Answer {
    user.post(&format!("{PATH}/{}/events", escape(device_id)), body)
}

#[test]
fn others_encrypt_to_a_dehydrated_device_and_its_owner_takes_the_messages_over() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let _room = anna.room_with(&[&jonas]);
    anna.get(PATH).refused(404, "M_NOT_FOUND");
    let uploaded = body(&anna, "SLEEPER");
    assert_eq!(anna.put(PATH, &uploaded).ok(), json!({ "device_id": "SLEEPER" }));
    let kept = anna.get(PATH).ok();
    assert_eq!(kept, json!({ "device_id": "SLEEPER", "device_data": uploaded["device_data"] }));
    let seen = query(&jonas, &anna);
    assert_eq!(seen["device_keys"][&anna.id]["SLEEPER"]["keys"], uploaded["device_keys"]["keys"]);
    assert!(claim(&jonas, &asleep(&anna, "SLEEPER")).is_some(), "there is a key to begin with");

    for number in 0..150 {
        send(&jonas, &anna, "SLEEPER", number);
    }
    let tablet = anna.new_device();
    let (mut numbers, mut from) = (Vec::new(), json!({}));
    loop {
        let page = events(&tablet, "SLEEPER", &from).ok();
        let found = page["events"].as_array().expect("events");
        if found.is_empty() {
            break;
        }
        numbers.extend(found.iter().filter_map(|event| event["content"]["n"].as_u64()));
        from = json!({ "next_batch": page["next_batch"] });
    }
    assert_eq!(numbers, (0..150).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(tablet.delete(PATH).ok(), json!({ "device_id": "SLEEPER" }));
    anna.get(PATH).refused(404, "M_NOT_FOUND");
    tablet.delete(PATH).refused(404, "M_NOT_FOUND");
    events(&tablet, "SLEEPER", &json!({})).refused(404, "M_NOT_FOUND");
    assert!(query(&jonas, &anna)["device_keys"][&anna.id]["SLEEPER"].is_null());
}

#[test]
fn a_new_dehydrated_device_takes_the_place_of_the_old() {
    let anna = server().user("anna");
    anna.put(PATH, &body(&anna, "FIRST")).ok();
    send(&anna, &anna, "FIRST", 1);
    for _ in 0..2 {
        anna.put(PATH, &body(&anna, "SECOND")).ok();
    }
    assert_eq!(anna.get(PATH).ok()["device_id"], "SECOND");
    let devices = anna.get("/_matrix/client/v3/devices").ok();
    let ids: Vec<_> = devices["devices"]
        .as_array()
        .expect("devices")
        .iter()
        .map(|device| &device["device_id"])
        .collect();
    assert_eq!(ids, [&json!(anna.device_id), &json!("SECOND")]);
    assert_eq!(events(&anna, "SECOND", &json!({})).ok()["events"], json!([]));
}

#[test]
fn only_a_decent_device_of_ones_own_is_kept() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut own = body(&anna, &anna.device_id);
    anna.put(PATH, &own).refused(400, "M_INVALID_PARAM");
    own = body(&jonas, "SLEEPER");
    anna.put(PATH, &own).refused(400, "M_INVALID_PARAM");
    let mut unknown = body(&anna, "SLEEPER");
    unknown["device_data"]["algorithm"] = json!("m.unheard.of");
    anna.put(PATH, &unknown).refused(400, "M_BAD_JSON");
    anna.put(PATH, &json!({ "device_id": "SLEEPER" })).refused(400, "M_MISSING_PARAM");
    anna.get(PATH).refused(404, "M_NOT_FOUND");
    anna.put(PATH, &body(&anna, "SLEEPER")).ok();
    events(&anna, "SLEEPER", &json!({ "next_batch": "x" })).refused(400, "M_INVALID_PARAM");
    events(&jonas, "SLEEPER", &json!({})).refused(404, "M_NOT_FOUND");
}
