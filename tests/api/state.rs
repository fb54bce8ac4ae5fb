//! `GET` and `PUT /_matrix/client/v3/rooms/{roomId}/state[/{eventType}[/{stateKey}]]`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate>

use serde_json::json;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn state_is_set_by_those_with_power_and_read_by_members() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let avatar = json!({ "url": "mxc://klinikum.test/abc" });
    anna.set_state(&room, "m.room.avatar", "", &avatar);
    for path in ["/state/m.room.avatar", "/state/m.room.avatar/"] {
        assert_eq!(jonas.get(&room_path(&room, path)).ok(), avatar);
        mallory.get(&room_path(&room, path)).refused(403, "M_FORBIDDEN");
    }
    jonas.put(&room_path(&room, "/state/m.room.avatar/"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.get(&room_path(&room, "/state/m.room.topic")).refused(404, "M_NOT_FOUND");
    let all = jonas.get(&room_path(&room, "/state")).ok();
    assert!(
        all.as_array().is_some_and(|all| all.iter().any(|event| event["type"] == "m.room.create"))
    );
}

#[test]
fn setting_the_same_again_makes_no_event() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let first = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 1 }));
    let again = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 1 }));
    let other = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 2 }));
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn who_left_sees_the_state_as_it_was() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "before" }));
    jonas.leave(&room);
    anna.set_state(&room, "de.konsil.test", "", &json!({ "a": "after" }));
    assert_eq!(
        jonas.get(&room_path(&room, "/state/de.konsil.test")).ok(),
        json!({ "a": "before" })
    );
}

#[test]
fn a_membership_is_not_set_for_others() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[]);
    let path = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    anna.put(&path, &json!({ "membership": "join" })).refused(403, "M_FORBIDDEN");
    anna.put(&path, &json!({ "membership": "dancing" })).refused(403, "M_FORBIDDEN");
}

#[test]
fn a_state_event_is_given_whole_if_asked() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let first = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 1 }));
    let second = anna.set_state(&room, "de.konsil.test", "key", &json!({ "a": 2 }));
    let path = room_path(&room, "/state/de.konsil.test/key");
    assert_eq!(anna.get(&format!("{path}?format=content")).ok(), json!({ "a": 2 }));
    let event = anna.get(&format!("{path}?format=event")).ok();
    assert_eq!(event["event_id"], json!(second));
    assert_eq!(event["room_id"], json!(room));
    assert_eq!(event["content"], json!({ "a": 2 }));
    assert_eq!(event["unsigned"]["replaces_state"], json!(first));
    assert_eq!(event["unsigned"]["prev_content"], json!({ "a": 1 }));
}

#[test]
fn a_state_key_that_is_a_user_id_belongs_to_that_user() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "de.konsil.test", &anna.id, &json!({ "a": 1 }));
    let other = room_path(&room, &format!("/state/de.konsil.test/{}", jonas.id));
    anna.put(&other, &json!({})).refused(403, "M_FORBIDDEN");
}

#[test]
fn what_is_too_long_or_too_large_is_refused() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let long = "k".repeat(256);
    let path = |kind: &str, key: &str| room_path(&room, &format!("/state/{kind}/{key}"));
    anna.put(&path("de.konsil.test", &long), &json!({})).refused(413, "M_TOO_LARGE");
    anna.put(&path(&long, "key"), &json!({})).refused(413, "M_TOO_LARGE");
    let large = json!({ "a": "x".repeat(66_000) });
    anna.put(&path("de.konsil.test", "key"), &large).refused(413, "M_TOO_LARGE");
    anna.set_state(&room, "de.konsil.test", &"k".repeat(255), &json!({ "a": "x".repeat(60_000) }));
}

#[test]
fn power_levels_are_whole_numbers_and_not_given_beyond_ones_own() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    for version in ["10", "11", "12"] {
        let room = anna.create_room(&json!({ "room_version": version, "preset": "public_chat" }));
        jonas.join(&room);
        let path = room_path(&room, "/state/m.room.power_levels");
        let levels = anna.get(&path).ok();
        let with = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut changed = levels.clone();
            change(&mut changed);
            changed
        };
        for bad in [
            with(&|levels| levels["ban"] = json!("50")),
            with(&|levels| levels["events"]["m.room.name"] = json!("50")),
            with(&|levels| levels["users"][&jonas.id] = json!("50")),
            with(&|levels| levels["notifications"]["room"] = json!(null)),
            with(&|levels| levels["users"] = json!([])),
            with(&|levels| levels["users"]["nonsense"] = json!(1)),
            with(&|levels| levels["users"][&jonas.id] = json!(9_007_199_254_740_992_i64)),
        ] {
            anna.put(&path, &bad).refused(400, "M_BAD_JSON");
        }
        let moderator = with(&|levels| {
            levels["users"][&jonas.id] = json!(60);
            levels["events"]["m.room.power_levels"] = json!(60);
        });
        anna.put(&path, &moderator).ok();
        let from = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut changed = moderator.clone();
            change(&mut changed);
            changed
        };
        for beyond in [
            from(&|levels| levels["users"][&jonas.id] = json!(61)),
            from(&|levels| levels["users"][&lena.id] = json!(61)),
            from(&|levels| levels["kick"] = json!(61)),
            from(&|levels| levels["notifications"]["room"] = json!(61)),
            from(&|levels| levels["events"]["m.room.encryption"] = json!(50)),
        ] {
            jonas.put(&path, &beyond).refused(403, "M_FORBIDDEN");
        }
        jonas.put(&path, &from(&|levels| levels["users"][&lena.id] = json!(60))).ok();
        let equal = from(&|levels| levels["users"][&lena.id] = json!(0));
        jonas.put(&path, &equal).refused(403, "M_FORBIDDEN");
        jonas.put(&path, &from(&|_| {})).refused(403, "M_FORBIDDEN");
    }
}

#[test]
fn creators_of_version_12_stand_above_the_levels_and_are_not_named_there() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let creation = json!({ "additional_creators": [jonas.id] });
    let room = anna.create_room(
        &json!({ "room_version": "12", "preset": "public_chat", "creation_content": creation }),
    );
    jonas.join(&room);
    let path = room_path(&room, "/state/m.room.power_levels");
    let mut levels = anna.get(&path).ok();
    assert_eq!(levels["users"], json!({}));
    for creator in [&anna, &jonas] {
        let mut named = levels.clone();
        named["users"][&creator.id] = json!(100);
        anna.put(&path, &named).refused(400, "M_BAD_JSON");
    }
    levels["events"]["m.room.name"] = json!(9_007_199_254_740_991_i64);
    jonas.put(&path, &levels).ok();
    jonas.set_state(&room, "m.room.name", "", &json!({ "name": "above all numbers" }));
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id }))
        .refused(403, "M_FORBIDDEN");
}

#[test]
fn a_canonical_alias_is_valid_and_points_to_its_room() {
    let anna = server().user("anna");
    let (room, other) = (anna.room_with(&[]), anna.room_with(&[]));
    let alias = |name: &str| format!("#{name}-{}:klinikum.test", anna.localpart);
    let give = |name: &str, room: &str| {
        let path = format!("/_matrix/client/v3/directory/room/{}", escape(&alias(name)));
        anna.put(&path, &json!({ "room_id": room })).ok();
        path
    };
    let path = room_path(&room, "/state/m.room.canonical_alias");
    let first = give("a", &room);
    give("b", &room);
    give("elsewhere", &other);
    anna.put(&path, &json!({ "alias": alias("a"), "alt_aliases": [alias("b")] })).ok();
    for (bad, code) in [
        (json!({ "alias": "nonsense" }), "M_INVALID_PARAM"),
        (json!({ "alias": 7 }), "M_INVALID_PARAM"),
        (json!({ "alt_aliases": ["nonsense"] }), "M_INVALID_PARAM"),
        (json!({ "alt_aliases": "#a:klinikum.test" }), "M_INVALID_PARAM"),
        (json!({ "alias": alias("unknown") }), "M_BAD_ALIAS"),
        (json!({ "alias": alias("elsewhere") }), "M_BAD_ALIAS"),
        (json!({ "alt_aliases": [alias("b"), alias("elsewhere")] }), "M_BAD_ALIAS"),
    ] {
        anna.put(&path, &bad).refused(400, code);
    }
    // What stands there already is not looked at again, and taking it away is always possible.
    anna.delete(&first).ok();
    anna.put(&path, &json!({ "alt_aliases": [alias("b")], "a": 1 })).ok();
    anna.put(&path, &json!({})).ok();
}

#[test]
fn what_makes_no_sense_in_a_room_is_refused() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let path = |kind: &str| room_path(&room, &format!("/state/{kind}"));
    anna.put(&path("m.room.create"), &json!({ "a": 1 })).refused(400, "M_BAD_JSON");
    anna.put(&path("m.room.tombstone"), &json!({ "replacement_room": room }))
        .refused(400, "M_BAD_JSON");
    let invite = json!({ "display_name": "x", "key_validity_url": "https://x", "public_key": "x" });
    anna.put(&room_path(&room, "/state/m.room.third_party_invite/token"), &invite)
        .refused(403, "M_FORBIDDEN");
    anna.put(&path("m.room.encryption"), &json!({ "algorithm": "none" }))
        .refused(403, "M_FORBIDDEN");
}

#[test]
fn all_may_read_the_state_of_a_room_that_the_world_may_read() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    let visibility = |value: &str| json!({ "history_visibility": value });
    let path = room_path(&room, "/state/m.room.history_visibility");
    mallory.get(&path).refused(403, "M_FORBIDDEN");
    anna.set_state(&room, "m.room.history_visibility", "", &visibility("world_readable"));
    assert_eq!(mallory.get(&path).ok(), visibility("world_readable"));
    mallory.get(&room_path(&room, "/state")).ok();
    mallory.get(&room_path(&room, "/members")).ok();
    anna.set_state(&room, "m.room.history_visibility", "", &visibility("shared"));
    mallory.get(&path).refused(403, "M_FORBIDDEN");
}

#[test]
fn who_declines_an_invitation_sees_no_state() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "invite": [jonas.id] }));
    jonas.get(&room_path(&room, "/state")).refused(403, "M_FORBIDDEN");
    jonas.leave(&room);
    jonas.get(&room_path(&room, "/state")).refused(403, "M_FORBIDDEN");
    jonas.get(&room_path(&room, "/messages?dir=b")).refused(403, "M_FORBIDDEN");
}
