//! `POST /_matrix/client/v3/rooms/{roomId}/report/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreporteventid>

use serde_json::json;
use testkit::{
    Server,
    matrix::{escape, room_path},
};

use crate::server;

#[test]
fn a_report_reaches_the_operator_until_it_is_closed() {
    let mut server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = jonas.send_encrypted(&room, "rude");
    let path = room_path(&room, &format!("/report/{}", escape(&event)));
    assert_eq!(
        anna.post(&path, &json!({ "reason": "it is\nrude", "score": -100 })).ok(),
        json!({})
    );
    anna.post(&path, &json!({})).ok();
    server.stop();
    let list = |server: &Server| {
        let listed = server.konsil(&["report", "list"]);
        assert!(listed.status.success());
        String::from_utf8(listed.stdout).expect("text")
    };
    let listed = list(&server);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    for part in [&anna.id, &room, &event, r#""it is\nrude""#] {
        assert!(lines[0].contains(part), "{part} in {listed}");
    }
    let number = lines[0].split_whitespace().next().expect("a number");
    assert!(server.konsil(&["report", "close", number]).status.success());
    assert_eq!(list(&server).lines().collect::<Vec<_>>(), lines[1..]);
    assert!(!server.konsil(&["report", "close", number]).status.success(), "it is closed already");
    server.doctor();
}

#[test]
fn who_is_not_in_the_room_learns_nothing_of_its_events() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let event = anna.send_encrypted(&room, "x");
    let path = |room: &str, event: &str| room_path(room, &format!("/report/{}", escape(event)));
    let there = jonas.post(&path(&room, &event), &json!({})).refused(404, "M_NOT_FOUND");
    let unknown = jonas.post(&path(&room, "$unknown"), &json!({})).refused(404, "M_NOT_FOUND");
    let nowhere = jonas
        .post(&path("!nowhere:klinikum.test", "$unknown"), &json!({}))
        .refused(404, "M_NOT_FOUND");
    assert_eq!(there, unknown);
    assert_eq!(there, nowhere);
    anna.post(&path(&room, "$unknown"), &json!({})).refused(404, "M_NOT_FOUND");
    anna.leave(&room);
    anna.post(&path(&room, &event), &json!({})).refused(404, "M_NOT_FOUND");
}

#[test]
fn a_reason_is_a_text_of_moderate_length() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({}));
    let event = anna.send_encrypted(&room, "x");
    let path = room_path(&room, &format!("/report/{}", escape(&event)));
    anna.post(&path, &json!({ "reason": 7 })).refused(400, "M_BAD_JSON");
    anna.post(&path, &json!({ "reason": "x".repeat(5_000) })).refused(413, "M_TOO_LARGE");
}
