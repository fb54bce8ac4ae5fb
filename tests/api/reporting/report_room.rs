//! `POST /_matrix/client/v3/rooms/{roomId}/report`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreport>

use serde_json::json;
use testkit::{Server, Settings, matrix::room_path};

use crate::server;

#[test]
fn a_room_is_reported_also_from_outside_and_an_unknown_one_is_answered_alike() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let body = json!({ "reason": "" });
    let known = jonas.post(&room_path(&room, "/report"), &body).ok();
    let unknown = jonas.post(&room_path("!nowhere:klinikum.test", "/report"), &body).ok();
    assert_eq!(known, unknown);
    jonas.post(&room_path(&room, "/report"), &json!({ "reason": 7 })).refused(400, "M_BAD_JSON");
    jonas.anonymous().post(&room_path(&room, "/report"), &body).refused(401, "M_MISSING_TOKEN");
}

#[test]
fn nobody_floods_the_administrators() {
    let server = Server::with(&Settings { rate_limits: true, ..Settings::default() });
    let anna = server.user("anna");
    let room = anna.create_room(&json!({}));
    let report = || anna.post(&room_path(&room, "/report"), &json!({ "reason": "" }));
    let answers: Vec<_> = (0..11).map(|_| report()).collect();
    answers[..10].iter().for_each(|answer| drop(answer.ok()));
    let refused = answers[10].refused(429, "M_LIMIT_EXCEEDED");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{refused}");
}
