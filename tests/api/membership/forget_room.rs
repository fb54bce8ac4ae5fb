//! `POST /_matrix/client/v3/rooms/{roomId}/forget`

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn only_who_left_forgets_a_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.post(&room_path(&room, "/forget"), &json!({})).refused(400, "M_UNKNOWN");
    jonas.leave(&room);
    jonas.post(&room_path(&room, "/forget"), &json!({})).ok();
}

#[test]
fn nothing_is_kept_of_what_one_noted_of_a_forgotten_room() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let base = format!("/_matrix/client/v3/user/{}/rooms/{room}", jonas.id);
    jonas.put(&format!("{base}/account_data/de.konsil.note"), &json!({ "a": 1 })).ok();
    jonas.put(&format!("{base}/tags/m.favourite"), &json!({})).ok();
    jonas.leave(&room);
    assert_eq!(jonas.get(&format!("{base}/account_data/de.konsil.note")).ok(), json!({ "a": 1 }));
    jonas.request("POST", &room_path(&room, "/forget"), &[], b"").ok();
    jonas.get(&format!("{base}/account_data/de.konsil.note")).refused(404, "M_NOT_FOUND");
    anna.invite(&room, &jonas);
    jonas.join(&room);
    assert_eq!(jonas.get(&format!("{base}/tags")).ok(), json!({ "tags": {} }));
    assert!(jonas.history(&room).len() > 1, "who comes back sees the shared history again");
}
