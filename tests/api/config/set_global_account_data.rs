//! `PUT /_matrix/client/v3/user/{userId}/account_data/{type}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype>

use serde_json::json;

use super::global;
use crate::server;

#[test]
fn what_is_set_is_read_again_also_by_a_new_device() {
    let anna = server().user("anna");
    let content =
        json!({ "@jonas:klinikum.test": ["!room:klinikum.test"], "zahl": 1.5, "ümlaut": "ß\n" });
    anna.put(&global(&anna, "m.direct"), &content).ok();
    assert_eq!(anna.new_device().get(&global(&anna, "m.direct")).ok(), content);
    anna.put(&global(&anna, "m.direct"), &json!({})).ok();
    assert_eq!(anna.get(&global(&anna, "m.direct")).ok(), json!({}));
}

#[test]
fn nobody_writes_what_is_anothers() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    jonas.put(&global(&anna, "m.direct"), &json!({})).refused(403, "M_FORBIDDEN");
    anna.get(&global(&anna, "m.direct")).refused(404, "M_NOT_FOUND");
}

#[test]
fn types_of_the_server_are_not_written_here() {
    let anna = server().user("anna");
    for kind in ["m.push_rules", "m.fully_read"] {
        anna.put(&global(&anna, kind), &json!({})).refused(405, "M_BAD_JSON");
    }
}

#[test]
fn only_objects_are_taken() {
    let anna = server().user("anna");
    let put = |body: &[u8]| anna.request("PUT", &global(&anna, "m.direct"), &[], body);
    for body in [&b"[]"[..], b"7", b"\"text\"", b"null"] {
        put(body).refused(400, "M_BAD_JSON");
    }
    for body in [&b"{"[..], b"{\"a\":\"\xff\"}"] {
        put(body).refused(400, "M_NOT_JSON");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(put(deep.as_bytes()).status, 400);
}

#[test]
fn types_and_contents_have_a_length() {
    let anna = server().user("anna");
    anna.put(&global(&anna, &"x".repeat(256)), &json!({})).refused(400, "M_INVALID_PARAM");
    anna.put(&global(&anna, "a\0b"), &json!({})).refused(400, "M_INVALID_PARAM");
    let large = json!({ "text": "x".repeat(300_000) });
    anna.put(&global(&anna, "de.example.large"), &large).refused(413, "M_TOO_LARGE");
}

#[test]
fn sync_brings_all_of_it_once_and_then_what_changed() {
    let anna = server().user("anna");
    anna.put(&global(&anna, "m.direct"), &json!({ "a": [] })).ok();
    let first = anna.sync(None);
    let events = first["account_data"]["events"].as_array().unwrap();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!((of("m.direct"), of("m.push_rules")), (1, 1), "{events:?}");

    let since = first["next_batch"].as_str().unwrap();
    anna.put(&global(&anna, "de.example.new"), &json!({ "b": 2 })).ok();
    let second = anna.sync(Some(since));
    let expected = json!([{ "type": "de.example.new", "content": { "b": 2 } }]);
    assert_eq!(second["account_data"]["events"], expected);
}
