//! `GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid>

use serde_json::Value;
use testkit::matrix::{escape, room_path};

use crate::server;

#[test]
fn an_event_is_shown_between_its_neighbours_and_one_goes_on_from_there() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let ids: Vec<String> =
        (0..9).map(|number| anna.send_encrypted(&room, &number.to_string())).collect();
    let context =
        anna.get(&room_path(&room, &format!("/context/{}?limit=4", escape(&ids[4])))).ok();
    let texts = |events: &Value| -> Vec<String> {
        let events = events.as_array().expect("events").iter();
        events
            .map(|event| event["content"]["ciphertext"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(context["event"]["content"]["ciphertext"], "4");
    assert_eq!(texts(&context["events_before"]), ["3", "2"]);
    assert_eq!(texts(&context["events_after"]), ["5", "6"]);
    let end = escape(context["end"].as_str().expect("an end"));
    let next = anna.get(&room_path(&room, &format!("/messages?dir=f&limit=2&from={end}"))).ok();
    assert_eq!(texts(&next["chunk"]), ["7", "8"]);
    let start = escape(context["start"].as_str().expect("a start"));
    let previous =
        anna.get(&room_path(&room, &format!("/messages?dir=b&limit=2&from={start}"))).ok();
    assert_eq!(texts(&previous["chunk"]), ["1", "0"]);
}
