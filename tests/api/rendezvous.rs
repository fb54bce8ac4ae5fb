//! `POST /_konsil/rendezvous` and what is below it: where a new device and one that is signed in meet.

use serde_json::{Value, json};

use crate::server;

fn path(step: &str) -> String {
    format!("/_konsil/rendezvous{step}")
}

#[test]
fn two_devices_without_anything_in_common_write_to_each_other() {
    let (new, other) = (server().api(), server().api());
    let opened = new.post(&path(""), &json!({})).ok();
    assert!(opened["ends_in_ms"].as_u64().is_some_and(|ms| ms >= 60_000), "{opened}");
    let id = &opened["id"];
    let read = |place: usize| {
        new.post(&path("/read"), &json!({ "id": id, "place": place })).ok()["message"].clone()
    };
    let append = |place: usize, message: &str| {
        other.post(&path("/append"), &json!({ "id": id, "place": place, "message": message }))
    };
    assert_eq!(read(0), Value::Null);
    append(0, "hello").ok();
    append(0, "hello").ok();
    append(0, "somebody else").refused(409, "DE.KONSIL.PLACE_TAKEN");
    append(2, "too early").refused(409, "DE.KONSIL.PLACE_TAKEN");
    assert_eq!((read(0), read(1)), (json!("hello"), Value::Null));
    append(1, &"x".repeat(5_000)).refused(413, "M_TOO_LARGE");
    new.post(&path("/close"), &json!({ "id": id })).ok();
    append(1, "late").refused(404, "M_NOT_FOUND");
}

#[test]
fn what_is_no_meeting_or_no_request_is_refused() {
    let api = server().api();
    let nowhere = json!({ "id": "ksm_nowhere", "place": 0, "message": "x" });
    api.post(&path("/read"), &nowhere).refused(404, "M_NOT_FOUND");
    api.post(&path("/append"), &nowhere).refused(404, "M_NOT_FOUND");
    api.post(&path("/close"), &nowhere).ok();
    api.post(&path("/read"), &json!({ "id": 1 })).refused(400, "M_BAD_JSON");
    api.post(&path("/append"), &json!({ "id": "x", "place": -1, "message": "x" }))
        .refused(400, "M_BAD_JSON");
}
