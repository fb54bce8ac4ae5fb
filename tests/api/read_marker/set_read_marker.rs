//! `POST /_matrix/client/v3/rooms/{roomId}/read_markers`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers>

use serde_json::json;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn all_markers_are_set_at_once_and_only_move_forwards() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let (older, newer) = (anna.send_encrypted(&room, "1"), anna.send_encrypted(&room, "2"));
    let path = room_path(&room, "/read_markers");
    let token = jonas.sync(None);
    jonas
        .post(&path, &json!({ "m.fully_read": newer, "m.read": newer, "m.read.private": newer }))
        .ok();
    jonas.post(&path, &json!({ "m.fully_read": older })).ok();
    let base = format!(
        "/_matrix/client/v3/user/{}/rooms/{}/account_data",
        escape(&jonas.id),
        escape(&room)
    );
    assert_eq!(jonas.get(&format!("{base}/m.fully_read")).ok(), json!({ "event_id": newer }));
    let answer = jonas.sync(token["next_batch"].as_str());
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(
        joined["account_data"]["events"],
        json!([{ "type": "m.fully_read", "content": { "event_id": newer } }])
    );
    assert_eq!(joined["unread_notifications"]["notification_count"], 0);
}

#[test]
fn a_marker_on_nothing_sets_no_other_either() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let event = anna.send_encrypted(&room, "1");
    let path = room_path(&room, "/read_markers");
    jonas
        .post(&path, &json!({ "m.read": event, "m.fully_read": "$nothing" }))
        .refused(404, "M_NOT_FOUND");
    assert!(anna.sync(None)["rooms"]["join"][&room].get("ephemeral").is_none());
    jonas.post(&path, &json!({})).ok();
}
