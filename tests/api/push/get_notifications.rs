//! `GET /_matrix/client/v3/notifications`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications>

use serde_json::json;

use crate::server;

#[test]
fn the_server_keeps_no_list_of_notifications() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "ciphertext");
    assert_eq!(
        jonas.get("/_matrix/client/v3/notifications?limit=5").ok(),
        json!({ "notifications": [] })
    );
}
