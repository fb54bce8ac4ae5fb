//! `PUT`, `GET` and `DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag>

use serde_json::json;
use testkit::{User, matrix::escape};

use crate::server;

fn tags(user: &User, room: &str) -> String {
    format!("/_matrix/client/v3/user/{}/rooms/{}/tags", escape(&user.id), escape(room))
}

fn tag(user: &User, room: &str, tag: &str) -> String {
    format!("{}/{}", tags(user, room), escape(tag))
}

#[test]
fn a_room_is_tagged_and_untagged() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    assert_eq!(anna.get(&tags(&anna, &room)).ok(), json!({ "tags": {} }));
    anna.put(&tag(&anna, &room, "m.favourite"), &json!({ "order": 0.25 })).ok();
    anna.put(&tag(&anna, &room, "u.Schockraum"), &json!({})).ok();
    let both = json!({ "tags": { "m.favourite": { "order": 0.25 }, "u.Schockraum": {} } });
    assert_eq!(anna.get(&tags(&anna, &room)).ok(), both);
    anna.delete(&tag(&anna, &room, "u.Schockraum")).ok();
    anna.delete(&tag(&anna, &room, "u.never-there")).ok();
    assert_eq!(
        anna.get(&tags(&anna, &room)).ok(),
        json!({ "tags": { "m.favourite": { "order": 0.25 } } })
    );
}

#[test]
fn tags_are_account_data_of_the_room() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    anna.put(&tag(&anna, &room, "m.lowpriority"), &json!({})).ok();
    let content = anna.get(&crate::config::in_room(&anna, &room, "m.tag")).ok();
    assert_eq!(content, json!({ "tags": { "m.lowpriority": {} } }));
}

#[test]
fn tags_are_nobody_elses() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    jonas.put(&tag(&anna, &room, "m.favourite"), &json!({})).refused(403, "M_FORBIDDEN");
    jonas.get(&tags(&anna, &room)).refused(403, "M_FORBIDDEN");
    jonas.delete(&tag(&anna, &room, "m.favourite")).refused(403, "M_FORBIDDEN");
}

#[test]
fn two_devices_that_tag_at_once_lose_nothing() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (anna, room) = (anna.clone(), room.clone());
            scope.spawn(move || {
                let answer = anna.put(&tag(&anna, &room, &format!("u.{number}")), &json!({}));
                assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
                // Whoever lost five races is told so, and tries again.
                while anna.put(&tag(&anna, &room, &format!("u.{number}")), &json!({})).status == 409
                {
                }
            });
        }
    });
    assert_eq!(anna.get(&tags(&anna, &room)).ok()["tags"].as_object().unwrap().len(), 8);
}

#[test]
fn strange_tags_are_refused() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let long = "u.".to_owned() + &"x".repeat(255);
    anna.put(&tag(&anna, &room, &long), &json!({})).refused(400, "M_INVALID_PARAM");
    anna.put(&tag(&anna, &room, "u.a\0"), &json!({})).refused(400, "M_INVALID_PARAM");
    anna.put(&tag(&anna, &room, "u.a"), &json!({ "order": 2 })).refused(400, "M_INVALID_PARAM");
    anna.put(&tag(&anna, &room, "u.a"), &json!([])).refused(400, "M_BAD_JSON");
}
