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

#[test]
fn a_summary_says_what_the_room_is_and_who_may_come() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let ward = anna.room_with(&[&jonas]);
    let allow = json!([{ "type": "m.room_membership", "room_id": ward }]);
    let rules = json!({ "type": "m.room.join_rules", "content": { "join_rule": "restricted", "allow": allow } });
    let room = anna.create_room(&json!({
        "name": "Ward", "topic": "Übergaben", "initial_state": [rules], "room_version": "11",
        "room_alias_name": format!("summary-{}", anna.localpart),
    }));
    let alias = format!("#summary-{}:klinikum.test", anna.localpart);
    let path = format!("/_matrix/client/v1/room_summary/{}", escape(&alias));
    let summary = jonas.get(&path).ok();
    let expected = json!({
        "room_id": room, "name": "Ward", "topic": "Übergaben", "canonical_alias": alias,
        "join_rule": "restricted", "allowed_room_ids": [ward], "room_version": "11",
        "num_joined_members": 1, "world_readable": false, "guest_can_join": true,
        "encryption": "m.megolm.v1.aes-sha2",
    });
    assert_eq!(summary, expected);
    jonas.leave(&ward);
    jonas.get(&path).refused(404, "M_NOT_FOUND");
    let unknown = format!("/_matrix/client/v1/room_summary/{}", escape("!nowhere:klinikum.test"));
    jonas.get(&unknown).refused(404, "M_NOT_FOUND");
}
