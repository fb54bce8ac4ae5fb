//! `GET /_matrix/client/v3/publicRooms`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms>

use serde_json::{Value, json};
use testkit::{Server, matrix::escape};

use crate::{open_server, server};

const PATH: &str = "/_matrix/client/v3/publicRooms";

#[test]
fn listed_rooms_are_paged_forth_and_back_largest_first() {
    // A server of its own: others list rooms, too.
    let server = Server::start();
    let (anna, jonas) = (server.user("anna"), server.user("jonas"));
    let rooms: Vec<String> = (0..5)
        .map(|number| {
            let name = format!("Room {number}");
            anna.create_room(&json!({ "visibility": "public", "name": name }))
        })
        .collect();
    anna.create_room(&json!({ "preset": "public_chat" }));
    jonas.join(&rooms[3]);
    let page = |query: &str| jonas.get(&format!("{PATH}?limit=2{query}")).ok();
    let ids = |page: &Value| -> Vec<String> {
        let chunk = page["chunk"].as_array().expect("a chunk");
        chunk.iter().map(|room| room["room_id"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let first = page("");
    assert_eq!(ids(&first)[0], rooms[3], "two people are in it");
    assert_eq!(first["chunk"][0]["num_joined_members"], 2);
    assert_eq!(first["chunk"][0]["name"], "Room 3");
    assert_eq!(first["chunk"][0]["join_rule"], "public");
    assert_eq!(first["chunk"][0]["world_readable"], false);
    assert_eq!(first["total_room_count_estimate"], 5);
    assert_eq!(first.get("prev_batch"), None);
    let (mut seen, mut last) = (ids(&first), first);
    while let Some(next) = last["next_batch"].as_str() {
        last = page(&format!("&since={next}"));
        seen.extend(ids(&last));
    }
    seen.sort();
    let mut listed = rooms.clone();
    listed.sort();
    assert_eq!(seen, listed);
    let back = last["prev_batch"].as_str().expect("there is a page before");
    assert_eq!(ids(&page(&format!("&since={back}"))).len(), 2);
}

#[test]
fn strangers_see_it_only_where_the_hospital_allows_it() {
    server().api().get(PATH).refused(401, "M_MISSING_TOKEN");
    open_server().api().get(PATH).ok();
}

#[test]
fn other_servers_and_invented_tokens_are_refused() {
    let anna = server().user("anna");
    anna.get(&format!("{PATH}?server=elsewhere.test")).refused(403, "M_FORBIDDEN");
    anna.get(&format!("{PATH}?server={}", escape("klinikum.test"))).ok();
    anna.get(&format!("{PATH}?since=nonsense")).refused(400, "M_INVALID_PARAM");
    anna.get(&format!("{PATH}?limit=many")).refused(400, "M_INVALID_PARAM");
}
