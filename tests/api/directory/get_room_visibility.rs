//! `GET /_matrix/client/v3/directory/list/room/{roomId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid>

use serde_json::json;
use testkit::matrix::escape;

use crate::{open_server, server};

fn path(room: &str) -> String {
    format!("/_matrix/client/v3/directory/list/room/{}", escape(room))
}

#[test]
fn a_room_is_listed_if_it_was_made_so() {
    let anna = server().user("anna");
    let listed = anna.create_room(&json!({ "visibility": "public" }));
    let hidden = anna.create_room(&json!({ "preset": "public_chat" }));
    assert_eq!(anna.get(&path(&listed)).ok(), json!({ "visibility": "public" }));
    assert_eq!(anna.get(&path(&hidden)).ok(), json!({ "visibility": "private" }));
    anna.get(&path("!nowhere:klinikum.test")).refused(404, "M_NOT_FOUND");
    anna.anonymous().get(&path(&listed)).refused(401, "M_MISSING_TOKEN");
    let lena = open_server().user("lena");
    let room = lena.create_room(&json!({}));
    assert_eq!(lena.anonymous().get(&path(&room)).ok(), json!({ "visibility": "private" }));
}
