//! `GET /_matrix/client/v1/mutual_rooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms>

use serde_json::json;
use testkit::{User, matrix::escape};

use crate::server;

const PATH: &str = "/_matrix/client/v1/mutual_rooms";

fn with(user: &str) -> String {
    format!("{PATH}?user_id={}", escape(user))
}

#[test]
fn two_people_share_the_rooms_that_both_have_joined() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let shared = [anna.room_with(&[&jonas]), jonas.room_with(&[&anna])];
    anna.create_room(&json!({ "invite": [jonas.id] }));
    let left = anna.room_with(&[&jonas]);
    jonas.leave(&left);
    let mut expected = shared.to_vec();
    expected.sort();
    let both = |one: &User, other: &User| one.get(&with(&other.id)).ok();
    assert_eq!(both(&anna, &jonas), json!({ "joined": expected, "count": 2 }));
    assert_eq!(both(&anna, &jonas), both(&jonas, &anna));
    let unstable = "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms";
    assert_eq!(anna.get(&format!("{unstable}?user_id={}", escape(&jonas.id))).ok()["count"], 2);
}

#[test]
fn nothing_is_shared_with_strangers_and_nonsense_is_refused() {
    let anna = server().user("anna");
    let none = json!({ "joined": [], "count": 0 });
    for stranger in ["@nobody:klinikum.test", "@anna:elsewhere.test"] {
        assert_eq!(anna.get(&with(stranger)).ok(), none);
    }
    anna.get(&with(&anna.id)).refused(400, "M_INVALID_PARAM");
    anna.get(&with("nobody")).refused(400, "M_INVALID_PARAM");
    anna.get(&format!("{}&from=x", with("@nobody:klinikum.test"))).refused(400, "M_INVALID_PARAM");
    anna.get(PATH).refused(400, None);
}

#[test]
fn clients_of_the_draft_page_by_the_names_that_tokens_had_there() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut rooms =
        [anna.room_with(&[&jonas]), anna.room_with(&[&jonas]), anna.room_with(&[&jonas])];
    rooms.sort();
    let features = anna.get("/_matrix/client/versions").ok()["unstable_features"].clone();
    assert_eq!(features["uk.half-shot.msc2666.query_mutual_rooms"], true);
    let path = "/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms";
    let path = format!("{path}?user_id={}", escape(&jonas.id));
    for token in ["from", "batch_token"] {
        let page = anna.get(&format!("{path}&{token}={}", escape(&rooms[1]))).ok();
        assert_eq!(page, json!({ "joined": rooms[1..], "count": 3 }), "{token}");
    }
    anna.get(&format!("{path}&batch_token=x")).refused(400, "M_INVALID_PARAM");
}
