//! `GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}`

use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn members_read_an_event_and_strangers_learn_nothing_of_it() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let id = anna.send_encrypted(&room, "marker");
    let path = room_path(&room, &format!("/event/{}", escape(&id)));
    let event = jonas.get(&path).ok();
    assert_eq!(event["content"]["ciphertext"], "marker");
    assert_eq!(event["room_id"], room);
    assert_eq!(
        event["unsigned"].get("transaction_id"),
        None,
        "the sender's own name for it is nobody else's"
    );
    assert!(anna.get(&path).ok()["unsigned"]["transaction_id"].is_string());
    mallory.get(&path).refused(404, "M_NOT_FOUND");
    let invented = room_path(&room, "/event/%24invented");
    jonas.get(&invented).refused(404, "M_NOT_FOUND");
}
