//! `PUT /_matrix/client/v3/directory/list/appservice/{networkId}/{roomId}`
//! <https://spec.matrix.org/v1.19/application-service-api/#put_matrixclientv3directorylistappservicenetworkidroomid>

use serde_json::{Value, json};
use testkit::{Reply, User, matrix::escape};

use super::Bridge;

fn path(network: &str, room: &str) -> String {
    format!("/_matrix/client/v3/directory/list/appservice/{}/{}", escape(network), escape(room))
}

/// The rooms of a list.
fn listed(user: &User, which: &Value) -> Vec<String> {
    let answer = user.post("/_matrix/client/v3/publicRooms", which).ok();
    assert_eq!(answer["total_room_count_estimate"], answer["chunk"].as_array().map_or(0, Vec::len));
    let rooms = answer["chunk"].as_array().expect("a chunk").iter();
    rooms.map(|room| room["room_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_service_lists_rooms_for_its_networks_apart_from_the_hospitals() {
    let bridge = Bridge::new(|_| Reply::ok(&json!({})));
    let anna = bridge.server.user("anna");
    let own = anna.create_room(&json!({ "visibility": "public" }));
    let [one, other] = [(); 2].map(|()| anna.create_room(&json!({ "preset": "public_chat" })));
    let (public, private) = (json!({ "visibility": "public" }), json!({ "visibility": "private" }));
    bridge.service().put(&path("freenode", &one), &public).ok();
    bridge.service().put(&path("freenode", &one), &public).ok();
    bridge.service().put(&path("oftc/x", &other), &public).ok();

    let instance = |name: &str| json!({ "third_party_instance_id": format!("IRC Bridge|{name}") });
    assert_eq!(listed(&anna, &json!({})), [own.as_str()]);
    assert_eq!(listed(&anna, &instance("freenode")), [one.as_str()]);
    assert_eq!(listed(&anna, &instance("oftc/x")), [other.as_str()]);
    assert!(listed(&anna, &instance("elsewhere")).is_empty());
    let mut all = listed(&anna, &json!({ "include_all_networks": true }));
    all.sort();
    let mut expected = vec![own.clone(), one.clone(), other];
    expected.sort();
    assert_eq!(all, expected);
    let unknown = json!({ "third_party_instance_id": "nobody" });
    anna.post("/_matrix/client/v3/publicRooms", &unknown).refused(400, "M_INVALID_PARAM");

    bridge.service().put(&path("freenode", &one), &private).ok();
    assert!(listed(&anna, &instance("freenode")).is_empty());
    anna.get(&format!("/_matrix/client/v3/directory/list/room/{}", escape(&own))).ok();
}

#[test]
fn only_a_service_lists_rooms_for_a_network_and_only_such_as_there_are() {
    let bridge = Bridge::new(|_| Reply::ok(&json!({})));
    let anna = bridge.server.user("anna");
    let room = anna.create_room(&json!({}));
    let public = json!({ "visibility": "public" });
    anna.put(&path("freenode", &room), &public).refused(403, "M_FORBIDDEN");
    anna.anonymous().put(&path("freenode", &room), &public).refused(401, "M_MISSING_TOKEN");
    let service = bridge.service();
    service.put(&path("freenode", "!none:klinikum.test"), &public).refused(404, "M_NOT_FOUND");
    service.put(&path(&"x".repeat(256), &room), &public).refused(400, "M_INVALID_PARAM");
    let nonsense = json!({ "visibility": "nonsense" });
    service.put(&path("freenode", &room), &nonsense).refused(400, "M_BAD_JSON");
    service.put(&path("freenode", &room), &json!({})).refused(400, "M_MISSING_PARAM");
}
