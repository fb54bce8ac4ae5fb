//! `POST /_matrix/client/v3/account/deactivate`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate>

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{
    Server, User,
    matrix::{escape, room_path},
    search::{Needle, search},
};

use crate::{
    keys::signing::{Identity, publish, query},
    server,
};

#[test]
fn a_closed_account_opens_no_more() {
    let anna = server().user("anna");
    let body = json!({ "auth": {
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.id },
    } });
    anna.post("/_matrix/client/v3/account/deactivate", &body).ok();
    anna.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    let login = json!({
        "type": "m.login.password", "password": anna.password,
        "identifier": { "type": "m.id.user", "user": anna.localpart },
    });
    server().api().post("/_matrix/client/v3/login", &login).refused(403, "M_USER_DEACTIVATED");
    let again = json!({ "username": anna.localpart, "password": "a long password" });
    server().api().post("/_matrix/client/v3/register", &again).refused(400, "M_USER_IN_USE");
}

fn deactivate(user: &User, erase: bool) -> Value {
    let body = json!({ "erase": erase, "auth": {
        "type": "m.login.password", "password": user.password,
        "identifier": { "type": "m.id.user", "user": user.id },
    } });
    user.post("/_matrix/client/v3/account/deactivate", &body).ok()
}

#[test]
fn who_goes_leaves_all_rooms_and_no_keys() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let tablet = anna.new_device();
    let room = jonas.room_with(&[&anna]);
    let invited = jonas.create_room(&json!({ "invite": [anna.id] }));
    publish(&anna, 2);
    Identity::publish(&anna);
    assert!(query(&jonas, &anna)["master_keys"][&anna.id].is_object());
    assert_eq!(deactivate(&anna, false), json!({ "id_server_unbind_result": "success" }));
    for room in [&room, &invited] {
        let path = room_path(room, &format!("/state/m.room.member/{}", escape(&anna.id)));
        assert_eq!(jonas.get(&path).ok()["membership"], "leave");
    }
    let keys = query(&jonas, &anna);
    assert!(keys["master_keys"][&anna.id].is_null(), "{keys}");
    assert!(
        keys["device_keys"][&anna.id].as_object().is_none_or(serde_json::Map::is_empty),
        "{keys}"
    );
    tablet.get("/_matrix/client/v3/account/whoami").refused(401, "M_UNKNOWN_TOKEN");
    let search = json!({ "search_term": anna.localpart });
    let found = jonas.post("/_matrix/client/v3/user_directory/search", &search).ok();
    assert_eq!(found["results"], json!([]));
}

#[test]
fn who_wishes_so_leaves_no_profile_either() {
    let jonas = server().user("jonas");
    for erase in [false, true] {
        let anna = server().user("anna");
        let name = format!("/_matrix/client/v3/profile/{}/displayname", escape(&anna.id));
        anna.put(&name, &json!({ "displayname": "Dr. Anna" })).ok();
        deactivate(&anna, erase);
        let profile = jonas.get(&name);
        if erase {
            profile.refused(404, "M_NOT_FOUND");
        } else {
            assert_eq!(profile.ok()["displayname"], "Dr. Anna");
        }
    }
}

#[test]
fn nothing_of_the_account_stays_in_the_database() {
    let mut server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let room = jonas.room_with(&[&anna]);
    let own = format!("/_matrix/client/v3/user/{}", escape(&anna.id));
    let marker = "marker-of-what-must-go";
    anna.put(&format!("{own}/account_data/de.konsil.test"), &json!({ "a": marker })).ok();
    let of_room = format!("{own}/rooms/{}", escape(&room));
    anna.put(&format!("{of_room}/account_data/de.konsil.test"), &json!({ "a": marker })).ok();
    anna.put(&format!("{of_room}/tags/u.{marker}"), &json!({})).ok();
    anna.post(&format!("{own}/filter"), &json!({ "event_fields": [marker] })).ok();
    let version = "/_matrix/client/v3/room_keys/version";
    let auth_data = json!({ "public_key": marker, "signatures": {} });
    let backup =
        json!({ "algorithm": "m.megolm_backup.v1.curve25519-aes-sha2", "auth_data": auth_data });
    anna.post(version, &backup).ok();
    let name = format!("/_matrix/client/v3/devices/{}", anna.device_id);
    anna.put(&name, &json!({ "display_name": marker })).ok();
    let field = format!("/_matrix/client/v3/profile/{}/org.example.field", escape(&anna.id));
    anna.put(&field, &json!({ "org.example.field": marker })).ok();
    let found = |server: &Server| search(&server.data_dir(), &[Needle::text(marker)]);
    server.stop();
    assert!(!found(&server).is_empty(), "the search finds what is there");
    server.resume();
    deactivate(&anna, true);
    server.stop();
    server.doctor();
    assert_eq!(found(&server), []);
}

#[test]
fn who_comes_after_an_erasure_gets_what_was_written_as_deleted_and_who_was_there_still_reads_it() {
    let mut server = Server::start();
    let [anna, jonas, eva] = ["anna", "jonas", "eva"].map(|name| server.user(name));
    let room = jonas.create_room(&json!({ "preset": "public_chat" }));
    anna.join(&room);
    let erased = anna.send_encrypted(&room, "of anna");
    let kept = jonas.send_encrypted(&room, "of jonas");
    deactivate(&anna, true);
    eva.join(&room);
    let since = eva.sync(None);
    let ciphertext = |event: &Value| event["content"]["ciphertext"].clone();
    let reads = |user: &User, id: &str| {
        let path = room_path(&room, &format!("/event/{}", escape(id)));
        let one = user.get(&path).ok();
        let history = user.history(&room).into_iter().find(|event| event["event_id"] == id);
        let initial = user.sync(None)["rooms"]["join"][&room]["timeline"]["events"].clone();
        let synced =
            initial.as_array().expect("events").iter().find(|event| event["event_id"] == id);
        let found = [one, history.expect("in the history"), synced.expect("in the sync").clone()];
        assert!(found.iter().all(|event| event["sender"] == found[0]["sender"]), "{found:?}");
        found.map(|event| ciphertext(&event))
    };
    let all = |text: &str| [(); 3].map(|()| json!(text));
    let nothing = [(); 3].map(|()| json!(null));
    for again in [false, true] {
        assert_eq!(reads(&jonas, &erased), all("of anna"), "restarted: {again}");
        assert_eq!(reads(&eva, &erased), nothing, "restarted: {again}");
        assert_eq!(reads(&eva, &kept), all("of jonas"), "restarted: {again}");
        if !again {
            server.stop();
            server.resume();
        }
    }
    // What comes later is not touched.
    let later = jonas.send_encrypted(&room, "later");
    let answer = eva.sync(since["next_batch"].as_str());
    let events = answer["rooms"]["join"][&room]["timeline"]["events"].as_array().cloned();
    let event = events.into_iter().flatten().find(|event| event["event_id"] == later.as_str());
    assert_eq!(event.map(|event| ciphertext(&event)), Some(json!("later")));
}

/// The state events of an answer by type and state key.
fn by_part(events: &Value) -> BTreeMap<(String, String), Value> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let part = |event: &Value| {
        Some(((text(&event["type"])?, text(&event["state_key"])?), event["content"].clone()))
    };
    events.as_array().into_iter().flatten().filter_map(part).collect()
}

#[test]
fn state_of_who_is_erased_comes_as_deleted_to_who_joins_later_wherever_it_is_read() {
    let [anna, jonas, eva] = ["anna", "jonas", "eva"].map(|name| server().user(name));
    let room = anna.create_room(&json!({
        "preset": "public_chat", "name": "of anna", "power_level_content_override": { "state_default": 0 },
    }));
    jonas.join(&room);
    let topic = room_path(&room, "/state/m.room.topic");
    jonas.put(&topic, &json!({ "topic": "of jonas" })).ok();
    // So that the state stands beside the timeline, and not in it.
    (0..25).for_each(|n| drop(jonas.send_encrypted(&room, &n.to_string())));
    deactivate(&anna, true);
    eva.join(&room);
    let key = |kind: &str| (kind.to_owned(), String::new());
    let of = |user: &User| {
        let since = user.sync(None)["next_batch"].as_str().map(str::to_owned).expect("a token");
        let sync = |query: &str| {
            let answer = user.get(&format!("/_matrix/client/v3/sync?{query}")).ok();
            by_part(&answer["rooms"]["join"][&room]["state"]["events"])
        };
        let filter = |filter: Value| format!("filter={}", escape(&filter.to_string()));
        let federation = filter(json!({ "event_format": "federation" }));
        let no_state = filter(
            json!({ "room": { "timeline": { "limit": 1_000, "not_types": ["m.room.*"] } } }),
        );
        let wanted = json!({ "required_state": [["*", "*"]], "timeline_limit": 1 });
        let sliding = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
        let sliding = user.post(sliding, &json!({ "room_subscriptions": { &room: wanted } })).ok();
        let newest = user.history(&room).pop().expect("an event")["event_id"].clone();
        let context = format!("/context/{}", escape(newest.as_str().expect("an id")));
        [
            ("state", by_part(&user.get(&room_path(&room, "/state")).ok())),
            ("context", by_part(&user.get(&room_path(&room, &context)).ok()["state"])),
            ("initialSync", by_part(&user.get(&room_path(&room, "/initialSync")).ok()["state"])),
            ("first sync", sync("")),
            ("first sync, as servers exchange it", sync(&federation)),
            ("held back from the timeline", sync(&no_state)),
            ("sync of all state", sync(&format!("since={}&full_state=true", escape(&since)))),
            ("sliding sync", by_part(&sliding["rooms"][&room]["required_state"])),
        ]
    };
    let one = |user: &User| user.get(&room_path(&room, "/state/m.room.name")).ok();
    assert_eq!((one(&jonas), one(&eva)), (json!({ "name": "of anna" }), json!({})));
    for (user, name) in [(&jonas, json!({ "name": "of anna" })), (&eva, json!({}))] {
        for (place, state) in of(user) {
            assert_eq!(state.get(&key("m.room.name")), Some(&name), "{place} of {}", user.id);
            assert_eq!(state[&key("m.room.topic")]["topic"], "of jonas", "{place}");
            // Else the room would look as if it were not encrypted.
            let encryption = &state[&key("m.room.encryption")];
            assert_eq!(encryption["algorithm"], "m.megolm.v1.aes-sha2", "{place}");
            assert_eq!(state[&key("m.room.join_rules")]["join_rule"], "public", "{place}");
        }
    }
}

#[test]
fn who_closes_an_account_without_erasure_is_read_by_all() {
    let [anna, jonas, eva] = ["anna", "jonas", "eva"].map(|name| server().user(name));
    let room = jonas.create_room(&json!({ "preset": "public_chat" }));
    anna.join(&room);
    let event = anna.send_encrypted(&room, "of anna");
    deactivate(&anna, false);
    eva.join(&room);
    let path = room_path(&room, &format!("/event/{}", escape(&event)));
    assert_eq!(eva.get(&path).ok()["content"]["ciphertext"], "of anna");
}
