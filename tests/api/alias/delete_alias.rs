//! `DELETE /_matrix/client/v3/directory/room/{roomAlias}`
//! <https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias>

use serde_json::json;
use testkit::matrix::room_path;

use super::alias;
use crate::server;

#[test]
fn who_made_an_alias_removes_it_and_other_members_do_not() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.room_with(&[&jonas, &lena]);
    let (_, path) = alias(&jonas, "ward");
    jonas.put(&path, &json!({ "room_id": room })).ok();
    lena.delete(&path).refused(403, "M_FORBIDDEN");
    assert_eq!(jonas.delete(&path).ok(), json!({}));
    jonas.delete(&path).refused(404, "M_NOT_FOUND");
    anna.get(&path).refused(404, "M_NOT_FOUND");
}

#[test]
fn who_may_set_the_rooms_aliases_removes_those_of_others_and_with_them_their_mention() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let ((first, first_path), (second, second_path)) = (alias(&jonas, "a"), alias(&jonas, "b"));
    for path in [&first_path, &second_path] {
        jonas.put(path, &json!({ "room_id": room })).ok();
    }
    let canonical = json!({ "alias": first, "alt_aliases": [first, second] });
    anna.set_state(&room, "m.room.canonical_alias", "", &canonical);
    anna.delete(&first_path).ok();
    let state = room_path(&room, "/state/m.room.canonical_alias");
    assert_eq!(anna.get(&state).ok(), json!({ "alt_aliases": [second] }));
    // Without the power to change the state the alias goes all the same.
    jonas.delete(&second_path).ok();
    assert_eq!(anna.get(&state).ok(), json!({ "alt_aliases": [second] }));
    jonas.get(&second_path).refused(404, "M_NOT_FOUND");
}
