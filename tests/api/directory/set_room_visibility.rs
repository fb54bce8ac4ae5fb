//! `PUT /_matrix/client/v3/directory/list/room/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid>

use serde_json::json;
use testkit::matrix::escape;

use crate::server;

fn path(room: &str) -> String {
    format!("/_matrix/client/v3/directory/list/room/{}", escape(room))
}

#[test]
fn who_may_name_a_room_lists_it_and_takes_it_out() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let public = json!({ "visibility": "public" });
    for other in [&jonas, &mallory] {
        other.put(&path(&room), &public).refused(403, "M_FORBIDDEN");
    }
    assert_eq!(anna.put(&path(&room), &public).ok(), json!({}));
    assert_eq!(anna.get(&path(&room)).ok(), public);
    anna.put(&path(&room), &json!({ "visibility": "private" })).ok();
    assert_eq!(anna.get(&path(&room)).ok()["visibility"], "private");
    anna.put(&path(&room), &json!({})).ok();
    assert_eq!(anna.get(&path(&room)).ok()["visibility"], "public", "that is the default");
    anna.put(&path(&room), &json!({ "visibility": "secret" })).refused(400, "M_BAD_JSON");
    anna.put(&path("!nowhere:klinikum.test"), &public).refused(404, "M_NOT_FOUND");
    anna.anonymous().put(&path(&room), &public).refused(401, "M_MISSING_TOKEN");
}
