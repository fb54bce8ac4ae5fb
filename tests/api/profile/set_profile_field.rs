//! `PUT` and `DELETE /_matrix/client/v3/profile/{userId}/{keyName}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname>

use serde_json::json;
use testkit::matrix::{escape, room_path};

use super::{field, profile};
use crate::server;

#[test]
fn fields_of_any_kind_are_set_and_deleted() {
    let anna = server().user("anna");
    let key = "org.example.languages";
    anna.put(&field(&anna, key), &json!({ key: ["de", "tr"] })).ok();
    anna.put(&field(&anna, "m.tz"), &json!({ "m.tz": "Europe/Berlin" })).ok();
    let fields = anna.get(&profile(&anna)).ok();
    assert_eq!((&fields[key], &fields["m.tz"]), (&json!(["de", "tr"]), &json!("Europe/Berlin")));
    anna.delete(&field(&anna, key)).ok();
    anna.delete(&field(&anna, key)).ok();
    anna.get(&field(&anna, key)).refused(404, "M_NOT_FOUND");
}

#[test]
fn a_time_zone_is_one_that_there_is() {
    let anna = server().user("anna");
    for zone in ["Europe/Nowhere", "", "CET-1CEST", "../../etc/passwd"] {
        anna.put(&field(&anna, "m.tz"), &json!({ "m.tz": zone })).refused(400, "M_BAD_JSON");
    }
    anna.put(&field(&anna, "m.tz"), &json!({ "m.tz": "America/Argentina/Ushuaia" })).ok();
}

#[test]
fn a_new_name_and_picture_reach_the_rooms() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.put(&field(&anna, "displayname"), &json!({ "displayname": "Dr. Anna Meyer" })).ok();
    anna.put(&field(&anna, "avatar_url"), &json!({ "avatar_url": "mxc://klinikum.test/abc" })).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", escape(&anna.id)));
    let expected = json!({
        "membership": "join", "displayname": "Dr. Anna Meyer", "avatar_url": "mxc://klinikum.test/abc",
    });
    assert_eq!(jonas.get(&member).ok(), expected);
    anna.put(&field(&anna, "avatar_url"), &json!({ "avatar_url": "" })).ok();
    assert!(jonas.get(&member).ok().get("avatar_url").is_none());
    let later = anna.room_with(&[]);
    let member = room_path(&later, &format!("/state/m.room.member/{}", escape(&anna.id)));
    assert_eq!(anna.get(&member).ok()["displayname"], "Dr. Anna Meyer");
}

#[test]
fn the_same_name_again_makes_no_event() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let name = json!({ "displayname": "Anna" });
    anna.put(&field(&anna, "displayname"), &name).ok();
    let before = anna.history(&room).len();
    anna.put(&field(&anna, "displayname"), &name).ok();
    assert_eq!(anna.history(&room).len(), before);
}

#[test]
fn nobody_changes_what_is_anothers_or_the_hospitals() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let name = json!({ "displayname": "Nobody" });
    jonas.put(&field(&anna, "displayname"), &name).refused(403, "M_FORBIDDEN");
    jonas.delete(&field(&anna, "displayname")).refused(403, "M_FORBIDDEN");
    for key in ["de.konsil.role", "de.konsil.department", "de.konsil.phone", "de.konsil.other"] {
        anna.put(&field(&anna, key), &json!({ key: "Chefärztin" })).refused(403, "M_FORBIDDEN");
        anna.delete(&field(&anna, key)).refused(403, "M_FORBIDDEN");
    }
}

#[test]
fn values_and_names_of_fields_have_a_form() {
    let anna = server().user("anna");
    let put = |key: &str, body| anna.put(&field(&anna, key), &body);
    put("displayname", json!({ "displayname": 7 })).refused(400, "M_BAD_JSON");
    put("displayname", json!({ "displayname": "x".repeat(257) })).refused(400, "M_BAD_JSON");
    put("displayname", json!({})).refused(400, "M_MISSING_PARAM");
    put("displayname", json!([])).refused(400, "M_BAD_JSON");
    put("avatar_url", json!({ "avatar_url": "https://elsewhere.example/x.png" }))
        .refused(400, "M_BAD_JSON");
    put("Upper", json!({ "Upper": 1 })).refused(400, "M_INVALID_PARAM");
    put("a\0", json!({ "a\0": 1 })).refused(400, "M_INVALID_PARAM");
    let long = "a".repeat(256);
    put(&long, json!({ long.as_str(): 1 })).refused(400, "M_KEY_TOO_LARGE");
}

#[test]
fn a_profile_has_at_most_64_kib() {
    let anna = server().user("anna");
    let put =
        |key: &str, size: usize| anna.put(&field(&anna, key), &json!({ key: "x".repeat(size) }));
    put("org.example.a", 40_000).ok();
    put("org.example.b", 40_000).refused(400, "M_PROFILE_TOO_LARGE");
    put("org.example.b", 20_000).ok();
    anna.get(&field(&anna, "org.example.a")).ok();
}

#[test]
fn other_keys_beside_the_field_are_ignored_and_alone_they_set_nothing() {
    let anna = server().user("anna");
    for key in ["displayname", "org.example.ward"] {
        for body in [json!({ key: "Drei", "reason": "x" }), json!({ "a": 1, key: "Drei" })] {
            anna.put(&field(&anna, key), &body).ok();
            assert_eq!(anna.get(&field(&anna, key)).ok(), json!({ key: "Drei" }));
        }
        for body in [json!({}), json!({ "reason": "x" })] {
            anna.put(&field(&anna, key), &body).refused(400, "M_MISSING_PARAM");
        }
        anna.put(&field(&anna, key), &json!([key])).refused(400, "M_BAD_JSON");
    }
}
