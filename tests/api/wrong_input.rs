//! What no endpoint accepts: broken JSON, unknown paths and methods, strangers.

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn an_unknown_endpoint_is_unrecognized() {
    server().api().get("/_matrix/client/v3/no/such/endpoint").refused(404, "M_UNRECOGNIZED");
}

#[test]
fn a_known_endpoint_with_another_method_is_unrecognized() {
    server().api().delete("/_matrix/client/versions").refused(405, "M_UNRECOGNIZED");
}

#[test]
fn a_request_without_token_is_refused() {
    let api = server().api();
    api.get("/_matrix/client/v3/account/whoami").refused(401, "M_MISSING_TOKEN");
}

#[test]
fn a_request_with_an_invented_token_is_refused() {
    let api = server().api().with_token("invented");
    let answer = api.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    assert_ne!(answer["soft_logout"], json!(true), "an unknown token is no soft logout");
}

#[test]
fn a_body_that_is_no_json_is_refused() {
    let anna = server().user("anna");
    let json = [("content-type", "application/json")];
    let broken = anna.request("POST", "/_matrix/client/v3/createRoom", &json, b"{\"preset\":");
    broken.refused(400, "M_NOT_JSON");
    // Also in a field that nobody reads.
    let body = b"{\"test\":\"a\xff\"}";
    server()
        .api()
        .request("POST", "/_matrix/client/v3/register", &json, body)
        .refused(400, "M_NOT_JSON");
}

#[test]
fn a_request_that_needs_nothing_may_come_without_a_body() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "invite": [jonas.id] }));
    jonas.request("POST", &room_path(&room, "/join"), &[], b"").ok();
    let kick = anna.request("POST", &room_path(&room, "/kick"), &[], b"");
    kick.refused(400, "M_MISSING_PARAM");
}

#[test]
fn a_text_that_no_database_takes_is_not_the_servers_failure() {
    let anna = server().user("anna");
    let nul = "a\0b";
    let room = anna.create_room(&json!({}));
    let event = anna.send(&room, "m.room.encrypted", &json!({ "ciphertext": "AwgA" }));
    let answers = [
        anna.post("/_matrix/client/v3/user_directory/search", &json!({ "search_term": nul })),
        anna.put(
            &format!("/_matrix/client/v3/profile/{}/displayname", anna.id),
            &json!({ "displayname": nul }),
        ),
        anna.post("/_matrix/client/v3/createRoom", &json!({ "room_alias_name": nul })),
        anna.post(
            "/_matrix/client/v3/publicRooms",
            &json!({ "filter": { "generic_search_term": nul } }),
        ),
        anna.post(&room_path(&room, &format!("/report/{event}")), &json!({ "reason": nul })),
        anna.post(
            &format!("/_matrix/client/v3/user/{}/filter", anna.id),
            &json!({ "event_format": nul }),
        ),
        anna.post(
            "/_matrix/client/v3/login",
            &json!({
                "type": "m.login.password",
                "identifier": { "type": "m.id.user", "user": nul },
                "password": nul,
            }),
        ),
        anna.post("/_matrix/client/v3/refresh", &json!({ "refresh_token": nul })),
        anna.post(
            &room_path(&room, "/read_markers"),
            &json!({ "m.fully_read": format!("${nul}") }),
        ),
        anna.post(
            &room_path(&room, "/invite"),
            &json!({ "user_id": format!("@{nul}:klinikum.test") }),
        ),
        anna.post(
            "/_matrix/client/v3/keys/query",
            &json!({ "device_keys": { format!("@{nul}:klinikum.test"): [] } }),
        ),
        anna.put(&room_path(&room, &format!("/redact/{event}/1")), &json!({ "reason": nul })),
        anna.get("/_matrix/client/v3/sync?filter=a%00b"),
        anna.get("/_matrix/client/v3/room_keys/keys?version=a%00b"),
    ];
    for answer in &answers {
        assert!(answer.status < 500, "{} answered {}", answer.asked, answer.text());
    }
    let mut kept_by_none = answers.iter().filter(|answer| answer.text().contains("cannot be kept"));
    kept_by_none.next().expect("some get as far as the database").refused(400, "M_INVALID_PARAM");
}

#[test]
fn a_body_of_another_shape_is_refused() {
    let anna = server().user("anna");
    anna.post("/_matrix/client/v3/createRoom", &json!({ "invite": 7 })).refused(400, "M_BAD_JSON");
}

#[test]
fn a_path_with_a_nul_or_without_utf_8_is_refused() {
    let anna = server().user("anna");
    for path in [
        "devices/%00",
        "rooms/%21a%00%3Ax/state",
        "profile/%40a%00%3Ax",
        "devices/%FF",
        "rooms/%80/state",
    ] {
        anna.get(&format!("/_matrix/client/v3/{path}")).refused(400, "M_INVALID_PARAM");
    }
}

#[test]
fn json_that_is_nested_too_deeply_is_refused() {
    let anna = server().user("anna");
    for depth in [101, 100_000] {
        let body = format!("{}{}", "{\"a\":[".repeat(depth / 2 + 1), "]}".repeat(depth / 2 + 1));
        let path = "/_matrix/client/v3/sendToDevice/m.room.encrypted/deep";
        let json = [("content-type", "application/json")];
        anna.request("PUT", path, &json, body.as_bytes()).refused(400, "M_BAD_JSON");
    }
}

/// What is handed on as it came must be readable for whoever gets it.
#[test]
fn what_few_readers_take_is_refused_wherever_json_is_taken() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let data = format!("/_matrix/client/v3/user/{}/account_data/de.example", anna.id);
    let to_device = "/_matrix/client/v3/sendToDevice/m.room.encrypted/half";
    let message = room_path(&room, "/send/m.room.encrypted/half");
    let messages = format!(r#"{{"messages":{{"{}":{{"*":CONTENT}}}}}}"#, jonas.id);
    for (path, body) in [(&*data, "CONTENT"), (to_device, &*messages), (&*message, "CONTENT")] {
        let put = |value: &str| {
            let content = format!(r#"{{"algorithm":"m.olm.v1.curve25519-aes-sha2","a":{value}}}"#);
            let body = body.replace("CONTENT", &content);
            anna.request("PUT", path, &[("content-type", "application/json")], body.as_bytes())
        };
        put(r#""\ud83d""#).refused(400, "M_BAD_JSON");
        put(r#""\udd14\ud83e""#).refused(400, "M_BAD_JSON");
        put("1e999").refused(400, "M_BAD_JSON");
    }
    let whole = json!({ "a": "🤔" });
    anna.put(&data, &whole).ok();
    assert_eq!(anna.get(&data).ok(), whole);
    jonas.sync(None);
}
