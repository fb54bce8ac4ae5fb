//! `GET` and `PUT /_matrix/client/v1/admin/suspend/{userId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid>

use serde_json::json;
use testkit::matrix::{encrypted, escape, room_path};

use super::hospital;

fn path(user: &str) -> String {
    format!("/_matrix/client/v1/admin/suspend/{}", escape(user))
}

#[test]
fn a_suspended_person_reads_and_takes_back_and_does_nothing_else_that_others_see() {
    let (server, admin) = hospital();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = jonas.room_with(&[&anna]);
    let sent = anna.send_encrypted(&room, "before");
    let file = anna.upload("application/octet-stream", b"before").replace("mxc://", "");
    let file = format!("/_konsil/media/file/{file}");
    assert_eq!(admin.get(&path(&anna.id)).ok(), json!({ "suspended": false }));
    let suspended = json!({ "suspended": true });
    assert_eq!(admin.put(&path(&anna.id), &suspended).ok(), suspended);
    assert_eq!(admin.get(&path(&anna.id)).ok(), suspended);

    anna.try_send(&room, "m.room.encrypted", &encrypted("x")).refused(403, "M_USER_SUSPENDED");
    anna.post("/_matrix/client/v3/createRoom", &json!({})).refused(403, "M_USER_SUSPENDED");
    let name = format!("/_matrix/client/v3/profile/{}/displayname", escape(&anna.id));
    anna.put(&name, &json!({ "displayname": "Anna" })).refused(403, "M_USER_SUSPENDED");
    anna.request("POST", "/_matrix/media/v3/upload", &[], b"bytes")
        .refused(403, "M_USER_SUSPENDED");
    anna.post(&format!("{file}/copy"), &json!({})).refused(403, "M_USER_SUSPENDED");

    let heard = jonas.send_encrypted(&room, "to anna");
    assert!(anna.history(&room).iter().any(|event| event["event_id"] == json!(heard)));
    anna.sync(None);
    let tablet = anna.new_device();
    tablet.post("/_matrix/client/v3/createRoom", &json!({})).refused(403, "M_USER_SUSPENDED");
    let redact = room_path(&room, &format!("/redact/{}/1", escape(&sent)));
    anna.put(&redact, &json!({})).ok();
    assert_eq!(anna.delete(&file).status, 204, "with its message goes the file");
    anna.leave(&room);

    admin.put(&path(&anna.id), &json!({ "suspended": false })).ok();
    anna.create_room(&json!({}));
}

#[test]
fn only_administrators_suspend() {
    let (server, admin) = hospital();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let body = json!({ "suspended": true });
    jonas.put(&path(&anna.id), &body).refused(403, "M_FORBIDDEN");
    admin.put(&path(&admin.id), &body).refused(403, "M_FORBIDDEN");
    admin.get(&path("@nobody:klinikum.test")).refused(404, "M_NOT_FOUND");
    admin.get(&path("@anna:elsewhere.test")).refused(400, "M_INVALID_PARAM");
}
