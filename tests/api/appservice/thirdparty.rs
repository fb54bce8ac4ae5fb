//! `GET /_matrix/client/v3/thirdparty/…`
//! <https://spec.matrix.org/v1.19/client-server-api/#third-party-networks>

use serde_json::json;
use testkit::Reply;

use super::{Bridge, HS_TOKEN};
use crate::server;

const BASE: &str = "/_matrix/client/v3/thirdparty";

#[test]
fn networks_are_described_and_searched_by_their_services() {
    let network = json!({
        "user_fields": ["nickname"], "location_fields": ["channel"], "icon": "mxc://a/b",
        "field_types": {}, "instances": [{ "desc": "Freenode", "network_id": "freenode", "fields": {} }],
    });
    let described = network.clone();
    let bridge = Bridge::new(move |request| {
        assert_eq!(request.header("authorization"), format!("Bearer {HS_TOKEN}"));
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        match (path, query) {
            ("/_matrix/app/v1/thirdparty/protocol/irc", "") => Reply::ok(&described),
            ("/_matrix/app/v1/thirdparty/user/irc", "nickname=bob%20b") => Reply::ok(&json!([
                { "userid": "@_irc_bob:klinikum.test", "protocol": "irc", "fields": {} }
            ])),
            ("/_matrix/app/v1/thirdparty/location", "alias=%23_irc_ward%3Aklinikum.test") => {
                Reply::ok(&json!([
                    { "alias": "#_irc_ward:klinikum.test", "protocol": "irc", "fields": {} }
                ]))
            }
            _ => Reply::json(404, &json!({ "errcode": "M_NOT_FOUND" })),
        }
    });
    let anna = bridge.server.user("anna");
    // Each instance has a name that no other service has.
    let mut network = network;
    network["instances"][0]["instance_id"] = json!("IRC Bridge|freenode");
    assert_eq!(anna.get(&format!("{BASE}/protocols")).ok(), json!({ "irc": network }));
    assert_eq!(anna.get(&format!("{BASE}/protocol/irc")).ok(), network);
    anna.get(&format!("{BASE}/protocol/icq")).refused(404, "M_NOT_FOUND");
    let found = anna.get(&format!("{BASE}/user/irc?nickname=bob%20b")).ok();
    assert_eq!(found[0]["userid"], "@_irc_bob:klinikum.test");
    // A token in the query is the caller's, and goes to nobody else.
    let token = anna.token().expect("signed in").to_owned();
    let query = format!("{BASE}/user/irc?nickname=bob%20b&access_token={token}");
    assert_eq!(anna.anonymous().get(&query).ok(), found);
    anna.get(&format!("{BASE}/user/irc?nickname=eve")).refused(404, "M_NOT_FOUND");
    let alias = "alias=%23_irc_ward%3Aklinikum.test";
    let found = anna.get(&format!("{BASE}/location?{alias}")).ok();
    assert_eq!(found[0]["alias"], "#_irc_ward:klinikum.test");
    anna.get(&format!("{BASE}/user?userid=%40x%3Aklinikum.test")).refused(404, "M_NOT_FOUND");
}

#[test]
fn a_hospital_without_bridges_knows_no_networks() {
    let anna = server().user("anna");
    assert_eq!(anna.get(&format!("{BASE}/protocols")).ok(), json!({}));
    anna.get(&format!("{BASE}/location/irc")).refused(404, "M_NOT_FOUND");
    anna.anonymous().get(&format!("{BASE}/protocols")).refused(401, "M_MISSING_TOKEN");
}
