//! `POST /_matrix/client/v3/publicRooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms>

use serde_json::{Value, json};

use crate::server;

const PATH: &str = "/_matrix/client/v3/publicRooms";

fn names(answer: &Value) -> Vec<&str> {
    let chunk = answer["chunk"].as_array().expect("a chunk");
    let mut names: Vec<_> = chunk.iter().filter_map(|room| room["name"].as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn rooms_are_found_by_name_topic_alias_and_type() {
    let anna = server().user("anna");
    let mark = anna.localpart.replace('-', "");
    let listed = |name: &str, more: Value| {
        let mut body = json!({ "visibility": "public", "name": format!("{name} {mark}") });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        anna.create_room(&body)
    };
    listed("Übergabe", json!({}));
    listed("OP", json!({ "topic": "Übergaben im OP" }));
    listed("Notfall", json!({ "room_alias_name": format!("rettung-{mark}") }));
    listed("Innere", json!({ "creation_content": { "type": "m.space" } }));
    let find = |filter: Value| {
        let answer = anna.post(PATH, &json!({ "filter": filter, "limit": 500 })).ok();
        let found: Vec<String> = names(&answer).into_iter().map(str::to_owned).collect();
        found
            .into_iter()
            .filter_map(|name| name.strip_suffix(&format!(" {mark}")).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(find(json!({ "generic_search_term": "überGABE" })), ["OP", "Übergabe"]);
    let by_alias = format!("rettung-{mark}");
    assert_eq!(find(json!({ "generic_search_term": by_alias })), ["Notfall"]);
    assert_eq!(find(json!({ "room_types": ["m.space"] })), ["Innere"]);
    assert_eq!(find(json!({ "room_types": [null] })), ["Notfall", "OP", "Übergabe"]);
    assert_eq!(find(json!({ "room_types": [null, "m.space"] })).len(), 4);
    let both = json!({ "room_types": ["m.space"], "generic_search_term": "OP" });
    assert_eq!(find(both), Vec::<String>::new());
}

#[test]
fn strangers_are_refused() {
    server().api().post(PATH, &json!({})).refused(401, "M_MISSING_TOKEN");
}
