//! `POST /_matrix/client/v3/rooms/{roomId}/upgrade`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade>

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use crate::server;

fn upgrade(user: &User, room: &str, version: &str) -> String {
    let answer = user.post(&room_path(room, "/upgrade"), &json!({ "new_version": version })).ok();
    answer["replacement_room"].as_str().expect("a room id").to_owned()
}

fn state(user: &User, room: &str, kind: &str) -> Value {
    user.get(&room_path(room, &format!("/state/{kind}"))).ok()
}

#[test]
fn the_new_room_and_the_old_one_point_to_each_other_in_all_versions() {
    for (old_version, version) in [("10", "11"), ("11", "12"), ("12", "12"), ("12", "10")] {
        let anna = server().user("anna");
        let creation = json!({ "type": "de.konsil.ward", "m.federate": false });
        let room = anna.create_room(
            &json!({ "room_version": old_version, "creation_content": creation, "name": "Ward" }),
        );
        let new = upgrade(&anna, &room, version);
        let tombstone = anna.get(&room_path(&room, "/state/m.room.tombstone?format=event")).ok();
        assert_eq!(tombstone["content"]["replacement_room"], json!(new));
        let create = state(&anna, &new, "m.room.create");
        assert_eq!(create["room_version"], version);
        assert_eq!(create["type"], "de.konsil.ward");
        assert_eq!(create["m.federate"], false);
        assert_eq!(create["predecessor"]["room_id"], json!(room));
        if version != "12" {
            assert_eq!(create["predecessor"]["event_id"], tombstone["event_id"]);
        }
        assert_eq!(state(&anna, &new, "m.room.name"), json!({ "name": "Ward" }));
        assert_eq!(new.contains(':'), version != "12", "{new}");
        anna.send_encrypted(&new, "the new room is encrypted and open to its maker");
    }
}

#[test]
fn important_state_bans_and_levels_move_and_the_old_room_is_closed() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.create_room(&json!({
        "room_version": "11", "preset": "public_chat", "topic": "Übergaben",
        "initial_state": [{ "type": "m.room.history_visibility", "content": { "history_visibility": "joined" } }],
    }));
    jonas.join(&room);
    let avatar = json!({ "url": "mxc://klinikum.test/a" });
    anna.set_state(&room, "m.room.avatar", "", &avatar);
    anna.post(&room_path(&room, "/ban"), &json!({ "user_id": mallory.id, "reason": "x" })).ok();
    let mut levels = state(&anna, &room, "m.room.power_levels");
    levels["users"][&jonas.id] = json!(50);
    anna.set_state(&room, "m.room.power_levels", "", &levels);
    let new = upgrade(&anna, &room, "11");
    assert_eq!(state(&anna, &new, "m.room.power_levels"), levels);
    assert_eq!(state(&anna, &new, "m.room.avatar"), avatar);
    assert_eq!(state(&anna, &new, "m.room.topic")["topic"], "Übergaben");
    assert_eq!(state(&anna, &new, "m.room.join_rules")["join_rule"], "public");
    assert_eq!(state(&anna, &new, "m.room.history_visibility")["history_visibility"], "joined");
    mallory.post(&room_path(&new, "/join"), &json!({})).refused(403, "M_FORBIDDEN");
    let members = anna.get(&room_path(&new, "/joined_members")).ok();
    assert_eq!(members["joined"].as_object().map(|joined| joined.len()), Some(1));
    let closed = state(&anna, &room, "m.room.power_levels");
    assert_eq!((&closed["events_default"], &closed["invite"]), (&json!(50), &json!(50)));
    jonas.send_encrypted(&room, "a moderator still may");
    assert_eq!(closed["users"], levels["users"]);
}

#[test]
fn aliases_and_the_place_in_the_directory_move() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({
        "visibility": "public", "room_alias_name": format!("ward-{}", anna.localpart),
    }));
    let canonical = state(&anna, &room, "m.room.canonical_alias");
    let alias = canonical["alias"].as_str().expect("an alias").to_owned();
    let new = upgrade(&anna, &room, "12");
    let named = anna.get(&format!("/_matrix/client/v3/directory/room/{}", escape(&alias))).ok();
    assert_eq!(named["room_id"], json!(new));
    assert_eq!(state(&anna, &new, "m.room.canonical_alias"), canonical);
    assert_eq!(state(&anna, &room, "m.room.canonical_alias"), json!({}));
    let listed = |room: &str| {
        anna.get(&format!("/_matrix/client/v3/directory/list/room/{}", escape(room))).ok()
    };
    assert_eq!(listed(&new)["visibility"], "public");
    assert_eq!(listed(&room)["visibility"], "private");
}

#[test]
fn creators_of_version_12_stand_above_the_levels_and_are_asked_for_anew() {
    let (anna, jonas, lena) =
        (server().user("anna"), server().user("jonas"), server().user("lena"));
    let room = anna.create_room(&json!({ "room_version": "11", "preset": "public_chat" }));
    jonas.join(&room);
    lena.join(&room);
    let mut levels = state(&anna, &room, "m.room.power_levels");
    levels["users"][&jonas.id] = json!(100);
    levels["users"][&lena.id] = json!(50);
    anna.set_state(&room, "m.room.power_levels", "", &levels);
    // Not the creator, but a moderator replaces the room and makes the creator one again.
    let body = json!({ "new_version": "12", "additional_creators": [anna.id] });
    let answer = jonas.post(&room_path(&room, "/upgrade"), &body).ok();
    let new = answer["replacement_room"].as_str().expect("a room id");
    assert_eq!(state(&jonas, new, "m.room.create")["additional_creators"], json!([anna.id]));
    let moved = state(&jonas, new, "m.room.power_levels");
    assert_eq!(moved["users"], json!({ &lena.id: 50 }));
    assert_eq!(moved["events"]["m.room.tombstone"], 150);
    let again = upgrade(&jonas, new, "12");
    assert_eq!(state(&jonas, &again, "m.room.create").get("additional_creators"), None);
}

#[test]
fn a_moderator_with_little_power_makes_the_whole_room_and_is_a_moderator_there() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "room_version": "10", "preset": "public_chat" }));
    jonas.join(&room);
    let mut levels = state(&anna, &room, "m.room.power_levels");
    levels["users"][&jonas.id] = json!(50);
    levels["events"]["m.room.tombstone"] = json!(50);
    anna.set_state(&room, "m.room.power_levels", "", &levels);
    let new = upgrade(&jonas, &room, "11");
    assert_eq!(state(&jonas, &new, "m.room.power_levels"), levels);
    assert_eq!(
        state(&jonas, &room, "m.room.power_levels"),
        levels,
        "not for a moderator to change"
    );
    jonas
        .put(&room_path(&new, "/state/m.room.power_levels"), &json!({}))
        .refused(403, "M_FORBIDDEN");
}

#[test]
fn who_comes_by_the_tombstone_keeps_tags_push_rules_and_direct_chats() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    jonas.join(&room);
    for user in [&anna, &jonas] {
        let base = format!("/_matrix/client/v3/user/{}", user.id);
        user.put(&format!("{base}/rooms/{room}/tags/m.favourite"), &json!({ "order": 0.5 })).ok();
        user.put(&format!("{base}/account_data/m.direct"), &json!({ "@x:y": [room] })).ok();
        let rule = format!("/_matrix/client/v3/pushrules/global/room/{}", escape(&room));
        user.put(&rule, &json!({ "actions": [] })).ok();
    }
    let new = upgrade(&anna, &room, "12");
    jonas.join(&new);
    for user in [&anna, &jonas] {
        let base = format!("/_matrix/client/v3/user/{}", user.id);
        let tags = user.get(&format!("{base}/rooms/{new}/tags")).ok();
        assert_eq!(tags["tags"], json!({ "m.favourite": { "order": 0.5 } }));
        let direct = user.get(&format!("{base}/account_data/m.direct")).ok();
        assert_eq!(direct["@x:y"], json!([room, new]));
        let rule = format!("/_matrix/client/v3/pushrules/global/room/{}", escape(&new));
        assert_eq!(user.get(&rule).ok()["actions"], json!([]));
    }
}

#[test]
fn a_room_that_only_says_that_it_replaces_another_inherits_nothing_from_its_guests() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let room = anna.room_with(&[]);
    let tags = format!("/_matrix/client/v3/user/{}/rooms/{room}/tags/m.favourite", anna.id);
    anna.put(&tags, &json!({})).ok();
    let creation = json!({ "predecessor": { "room_id": room } });
    let trap =
        mallory.create_room(&json!({ "preset": "public_chat", "creation_content": creation }));
    anna.join(&trap);
    let tags = anna.get(&format!("/_matrix/client/v3/user/{}/rooms/{trap}/tags", anna.id)).ok();
    assert_eq!(tags["tags"], json!({}));
}

#[test]
fn without_power_or_with_an_unknown_version_nothing_happens() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[&jonas]);
    let path = room_path(&room, "/upgrade");
    for user in [&jonas, &mallory] {
        user.post(&path, &json!({ "new_version": "12" })).refused(403, "M_FORBIDDEN");
    }
    for version in ["9", "org.example"] {
        anna.post(&path, &json!({ "new_version": version }))
            .refused(400, "M_UNSUPPORTED_ROOM_VERSION");
    }
    anna.post(&path, &json!({})).refused(400, "M_MISSING_PARAM");
    anna.post(&room_path("!nowhere:klinikum.test", "/upgrade"), &json!({ "new_version": "12" }))
        .refused(404, "M_NOT_FOUND");
    anna.get(&room_path(&room, "/state/m.room.tombstone")).refused(404, "M_NOT_FOUND");
    anna.send_encrypted(&room, "goes on");
}
