//! `GET /_matrix/client/v1/rooms/{roomId}/hierarchy`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy>

use serde_json::{Value, json};
use testkit::{User, matrix::escape};

use crate::server;

fn space(user: &User, preset: &str) -> String {
    user.create_room(&json!({ "preset": preset, "creation_content": { "type": "m.space" } }))
}

fn add(user: &User, space: &str, child: &str, content: &Value) {
    user.set_state(space, "m.space.child", child, content);
}

fn path(space: &str, query: &str) -> String {
    format!("/_matrix/client/v1/rooms/{}/hierarchy{query}", escape(space))
}

fn ids(answer: &Value) -> Vec<String> {
    let rooms = answer["rooms"].as_array().expect("rooms");
    rooms.iter().map(|room| room["room_id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A space with a room, a space of two rooms, and another room.
struct Tree {
    root: String,
    first: String,
    inner: String,
    deep: String,
    deeper: String,
    last: String,
}

fn tree(anna: &User) -> Tree {
    let public = json!({ "preset": "public_chat" });
    let room = || anna.create_room(&public);
    let (root, inner) = (space(anna, "public_chat"), space(anna, "public_chat"));
    let tree = Tree { root, first: room(), inner, deep: room(), deeper: room(), last: room() };
    let via = json!(["klinikum.test"]);
    add(anna, &tree.root, &tree.last, &json!({ "via": via, "suggested": true }));
    add(anna, &tree.root, &tree.first, &json!({ "via": via, "order": "a" }));
    add(anna, &tree.root, &tree.inner, &json!({ "via": via, "order": "b" }));
    add(anna, &tree.inner, &tree.deep, &json!({ "via": via, "order": "a" }));
    add(anna, &tree.inner, &tree.deeper, &json!({ "via": via, "order": "b", "suggested": true }));
    // A loop, a child that was taken out, and children of a room that is no space.
    add(anna, &tree.inner, &tree.root, &json!({ "via": via, "order": "c" }));
    add(anna, &tree.root, &room(), &json!({}));
    add(anna, &tree.first, &room(), &json!({ "via": via }));
    tree
}

#[test]
fn rooms_come_depth_first_in_the_order_of_the_space() {
    let anna = server().user("anna");
    let tree = tree(&anna);
    let answer = anna.get(&path(&tree.root, "")).ok();
    let expected = [
        tree.root.as_str(),
        tree.first.as_str(),
        tree.inner.as_str(),
        tree.deep.as_str(),
        tree.deeper.as_str(),
        tree.last.as_str(),
    ];
    assert_eq!(ids(&answer), expected);
    assert_eq!(answer.get("next_batch"), None);
    let root = &answer["rooms"][0];
    assert_eq!(root["room_type"], "m.space");
    assert_eq!(root["room_version"], "12");
    assert_eq!(root["join_rule"], "public");
    assert_eq!(root["num_joined_members"], 1);
    let children = root["children_state"].as_array().expect("children");
    let keys: Vec<_> = children.iter().map(|child| &child["state_key"]).collect();
    assert_eq!(keys, [&json!(tree.first), &json!(tree.inner), &json!(tree.last)]);
    assert!(children[0]["origin_server_ts"].is_u64() && children[0]["sender"] == json!(anna.id));
    assert_eq!(answer["rooms"][1]["children_state"], json!([]), "it is no space");
}

#[test]
fn depth_and_suggestions_limit_it() {
    let anna = server().user("anna");
    let tree = tree(&anna);
    let shallow = anna.get(&path(&tree.root, "?max_depth=1")).ok();
    assert_eq!(
        ids(&shallow),
        [tree.root.as_str(), tree.first.as_str(), tree.inner.as_str(), tree.last.as_str()]
    );
    assert_eq!(ids(&anna.get(&path(&tree.root, "?max_depth=0")).ok()), [tree.root.as_str()]);
    let suggested = anna.get(&path(&tree.root, "?suggested_only=true")).ok();
    assert_eq!(ids(&suggested), [tree.root.as_str(), tree.last.as_str()]);
}

#[test]
fn it_is_paged_with_the_same_wishes_throughout() {
    let anna = server().user("anna");
    let tree = tree(&anna);
    let first = anna.get(&path(&tree.root, "?limit=4&max_depth=5")).ok();
    assert_eq!(
        ids(&first),
        [tree.root.as_str(), tree.first.as_str(), tree.inner.as_str(), tree.deep.as_str()]
    );
    let from = first["next_batch"].as_str().expect("a next page");
    let second = anna.get(&path(&tree.root, &format!("?from={from}"))).ok();
    assert_eq!(ids(&second), [tree.deeper.as_str(), tree.last.as_str()]);
    for changed in ["max_depth=1", "suggested_only=true"] {
        let query = format!("?from={from}&{changed}");
        anna.get(&path(&tree.root, &query)).refused(400, "M_INVALID_PARAM");
    }
    anna.get(&path(&tree.root, "?from=nonsense")).refused(400, "M_INVALID_PARAM");
    anna.get(&path(&tree.root, "?limit=0")).refused(400, "M_INVALID_PARAM");
}

#[test]
fn only_rooms_that_one_may_join_or_knows_are_shown() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let root = space(&anna, "public_chat");
    let rule = |content: Value| {
        let rules = json!({ "type": "m.room.join_rules", "content": content });
        anna.create_room(&json!({ "initial_state": [rules] }))
    };
    let allow = |room: &str| json!([{ "type": "m.room_membership", "room_id": room }]);
    let private = rule(json!({ "join_rule": "invite" }));
    let invited = rule(json!({ "join_rule": "invite" }));
    anna.invite(&invited, &jonas);
    let knock = rule(json!({ "join_rule": "knock" }));
    let restricted = rule(json!({ "join_rule": "restricted", "allow": allow(&root) }));
    let readable = rule(json!({ "join_rule": "invite" }));
    let world = json!({ "history_visibility": "world_readable" });
    anna.set_state(&readable, "m.room.history_visibility", "", &world);
    for (order, child) in
        ["a", "b", "c", "d", "e"].iter().zip([&private, &invited, &knock, &restricted, &readable])
    {
        add(&anna, &root, child, &json!({ "via": ["klinikum.test"], "order": order }));
    }
    let seen = |user: &User| ids(&user.get(&path(&root, "")).ok());
    assert_eq!(seen(&jonas), [root.as_str(), invited.as_str(), knock.as_str(), readable.as_str()]);
    jonas.join(&root);
    assert_eq!(
        seen(&jonas),
        [root.as_str(), invited.as_str(), knock.as_str(), restricted.as_str(), readable.as_str()]
    );
    assert_eq!(seen(&anna).len(), 6);
    let answer = jonas.get(&path(&root, "")).ok();
    assert_eq!(answer["rooms"][3]["allowed_room_ids"], json!([root]));
    assert_eq!(answer["rooms"][4]["world_readable"], true);
}

#[test]
fn a_private_space_and_an_unknown_one_are_refused() {
    let (anna, mallory) = (server().user("anna"), server().user("mallory"));
    let root = space(&anna, "private_chat");
    mallory.get(&path(&root, "")).refused(403, "M_FORBIDDEN");
    anna.get(&path("!nowhere:klinikum.test", "")).refused(403, "M_FORBIDDEN");
}
