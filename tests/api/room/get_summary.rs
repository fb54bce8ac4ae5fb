//! `GET /_matrix/client/v1/room_summary/{roomIdOrAlias}`

use serde_json::json;
use testkit::matrix::escape;

use crate::server;

#[test]
fn who_is_invited_sees_the_summary_and_strangers_do_not() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.create_room(&json!({ "invite": [jonas.id] }));
    let path = format!("/_matrix/client/v1/room_summary/{}", escape(&room));
    let summary = jonas.get(&path).ok();
    assert_eq!(summary["membership"], "invite");
    assert_eq!(summary["num_joined_members"], 1);
    assert_eq!(summary["encryption"], "m.megolm.v1.aes-sha2");
    mallory.get(&path).refused(404, "M_NOT_FOUND");
}
