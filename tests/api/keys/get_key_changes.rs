//! `GET /_matrix/client/v3/keys/changes`, and `device_lists` of `/sync`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges>

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{escape, room_path},
};

use super::signing::{Identity, publish, query};
use crate::server;

/// `changed` and `left` since a token, as `/sync` says; `/keys/changes` must say the same.
#[track_caller]
fn changes(user: &User, since: &str) -> (Vec<String>, Vec<String>) {
    let answer = user.sync(Some(since));
    let in_sync = named(&answer["device_lists"]);
    let to = answer["next_batch"].as_str().expect("a token");
    let path = format!("/_matrix/client/v3/keys/changes?from={}&to={}", escape(since), escape(to));
    assert_eq!(named(&user.get(&path).ok()), in_sync, "/keys/changes and /sync agree");
    in_sync
}

fn named(lists: &Value) -> (Vec<String>, Vec<String>) {
    let sorted = |name: &str| {
        let users = lists[name].as_array().into_iter().flatten();
        let mut users: Vec<_> =
            users.map(|user| user.as_str().expect("a user id").to_owned()).collect();
        users.sort();
        users
    };
    (sorted("changed"), sorted("left"))
}

fn token(user: &User) -> String {
    user.sync(None)["next_batch"].as_str().expect("a token").to_owned()
}

#[test]
fn who_publishes_keys_is_named_to_those_who_share_a_room_and_to_nobody_else() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    anna.room_with(&[&jonas]);
    let (at_anna, at_jonas, at_eva) = (token(&anna), token(&jonas), token(&eva));
    publish(&jonas, 1);
    assert_eq!(changes(&anna, &at_anna), (vec![jonas.id.clone()], vec![]));
    assert_eq!(
        changes(&jonas, &at_jonas),
        (vec![jonas.id.clone()], vec![]),
        "one's own other devices learn of it"
    );
    assert_eq!(changes(&eva, &at_eva), (vec![], vec![]));
}

#[test]
fn cross_signing_keys_and_a_signed_out_device_are_changes() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.room_with(&[&jonas]);
    let tablet = jonas.new_device();
    publish(&tablet, 0);
    let since = token(&anna);
    Identity::publish(&jonas);
    assert_eq!(changes(&anna, &since).0, [jonas.id.as_str()]);
    let since = token(&anna);
    tablet.post("/_matrix/client/v3/logout", &json!({})).ok();
    assert_eq!(changes(&anna, &since).0, [jonas.id.as_str()]);
}

#[test]
fn one_time_keys_alone_are_no_change() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.room_with(&[&jonas]);
    let device = publish(&jonas, 0);
    let since = token(&anna);
    let key = super::signing::one_time_key(&jonas, &device);
    jonas
        .post(super::signing::UPLOAD, &json!({ "one_time_keys": { "signed_curve25519:A": key } }))
        .ok();
    assert_eq!(changes(&anna, &since), (vec![], vec![]));
}

#[test]
fn who_begins_to_share_a_room_is_changed_and_who_ends_it_has_left() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    publish(&jonas, 0);
    let room = anna.create_room(&json!({ "preset": "private_chat", "invite": [jonas.id] }));
    let (at_anna, at_jonas) = (token(&anna), token(&jonas));
    jonas.join(&room);
    assert_eq!(changes(&anna, &at_anna), (vec![jonas.id.clone()], vec![]));
    assert_eq!(changes(&jonas, &at_jonas), (vec![anna.id.clone()], vec![]));

    let other = anna.room_with(&[&jonas]);
    let since = token(&anna);
    jonas.leave(&room);
    assert_eq!(changes(&anna, &since), (vec![], vec![]), "another room is still shared");
    let (at_anna, at_jonas) = (token(&anna), token(&jonas));
    jonas.leave(&other);
    assert_eq!(changes(&anna, &at_anna), (vec![], vec![jonas.id.clone()]));
    assert_eq!(changes(&jonas, &at_jonas), (vec![], vec![anna.id.clone()]));
}

/// Clients encrypt to who is invited; those who sign in only then must be able to read it.
#[test]
fn who_is_invited_is_changed_for_the_members_and_so_are_their_new_keys() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let since = token(&anna);
    anna.post(&room_path(&room, "/invite"), &json!({ "user_id": jonas.id })).ok();
    assert_eq!(changes(&anna, &since), (vec![jonas.id.clone()], vec![]));

    let (since, at_jonas) = (token(&anna), token(&jonas));
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| anna.sync_within(Some(&since), Duration::from_secs(20)));
        publish(&jonas, 0);
        waiting.join().expect("answered")
    });
    assert_eq!(named(&waiting["device_lists"]).0, [jonas.id.as_str()], "anna is woken");
    assert_eq!(changes(&anna, &since), (vec![jonas.id.clone()], vec![]));
    publish(&anna, 0);
    assert_eq!(changes(&jonas, &at_jonas).0, [jonas.id.as_str()], "nobody encrypts before joining");

    let since = token(&anna);
    jonas.leave(&room);
    assert_eq!(changes(&anna, &since), (vec![], vec![jonas.id.clone()]), "declined");
    let since = token(&anna);
    publish(&jonas.new_device(), 0);
    assert_eq!(changes(&anna, &since), (vec![], vec![]));
}

#[test]
fn a_new_display_name_makes_nobody_ask_for_keys() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let (at_anna, at_jonas) = (token(&anna), token(&jonas));
    let path = format!("/_matrix/client/v3/profile/{}/displayname", escape(&jonas.id));
    jonas.put(&path, &json!({ "displayname": "Pfleger Jonas Weber" })).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", escape(&jonas.id)));
    assert_eq!(
        anna.get(&member).ok()["displayname"],
        "Pfleger Jonas Weber",
        "the room has learned of it"
    );
    assert_eq!(changes(&anna, &at_anna), (vec![], vec![]));
    assert_eq!(changes(&jonas, &at_jonas), (vec![], vec![]));
}

#[test]
fn a_verification_is_a_change_for_the_other_devices_of_who_verified_alone() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    anna.room_with(&[&jonas]);
    let (annas, jonass) = (Identity::publish(&anna), Identity::publish(&jonas));
    let (at_anna, at_jonas) = (token(&anna), token(&jonas));
    let signed = annas.user_signing.cross_sign(&anna.id, &jonass.master_key(&jonas));
    let body = json!({ &jonas.id: { &jonass.master.public: signed } });
    anna.post("/_matrix/client/v3/keys/signatures/upload", &body).ok();
    assert_eq!(changes(&anna, &at_anna), (vec![jonas.id.clone()], vec![]));
    assert_eq!(changes(&jonas, &at_jonas), (vec![], vec![]));
    assert!(query(&anna, &jonas)["master_keys"][&jonas.id]["signatures"][&anna.id].is_object());
}

#[test]
fn tokens_that_are_none_of_ours_are_refused() {
    let anna = server().user("anna");
    for query in ["from=x&to=y", "from=s1&to=-1", "from=&to="] {
        anna.get(&format!("/_matrix/client/v3/keys/changes?{query}"))
            .refused(400, "M_INVALID_PARAM");
    }
    anna.get("/_matrix/client/v3/keys/changes?from=s1").refused(400, "M_MISSING_PARAM");
}
