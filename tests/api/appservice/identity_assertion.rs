//! Requests of an application service as one of its users
//! <https://spec.matrix.org/v1.19/application-service-api/#identity-assertion>

use serde_json::json;
use testkit::matrix::{escape, room_path, transaction};

use super::{act_as, bridge, send_path};

const WHOAMI: &str = "/_matrix/client/v3/account/whoami";

#[test]
fn a_service_is_its_sender_or_whom_it_names() {
    let (bridge, service) = (bridge(), bridge().service());
    assert_eq!(service.get(WHOAMI).ok()["user_id"], "@_irc_bot:klinikum.test");
    let ghost = bridge.ghost(&transaction());
    let me = act_as(&service, "GET", WHOAMI, &ghost, &json!({})).ok();
    assert_eq!(me["user_id"], ghost);
    assert!(me.get("device_id").is_none(), "{me}");
    let anna = bridge.server.user("anna");
    let refused = |user: &str| {
        act_as(&service, "GET", WHOAMI, user, &json!({})).refused(403, "M_FORBIDDEN");
    };
    refused(&anna.id);
    refused("@_irc_nobody:klinikum.test");
    refused("@_irc_x:elsewhere.test");
    refused("no id");
}

#[test]
fn devices_are_made_named_and_deleted_by_the_service() {
    let (bridge, service) = (bridge(), bridge().service());
    let ghost = bridge.ghost(&transaction());
    let devices = "/_matrix/client/v3/devices";
    let listed = || {
        let listed = act_as(&service, "GET", devices, &ghost, &json!({})).ok();
        listed["devices"].as_array().expect("a list").len()
    };
    assert_eq!(listed(), 0, "what has no device is not listed as one");
    let unknown = format!("{WHOAMI}?device_id=PHONE");
    act_as(&service, "GET", &unknown, &ghost, &json!({})).refused(400, "M_UNKNOWN_DEVICE");
    let device = format!("{devices}/PHONE");
    let name = json!({ "display_name": "Bridge" });
    assert_eq!(act_as(&service, "PUT", &device, &ghost, &name).status, 201);
    assert_eq!(act_as(&service, "PUT", &device, &ghost, &name).status, 200);
    assert_eq!(act_as(&service, "GET", &unknown, &ghost, &json!({})).ok()["device_id"], "PHONE");
    assert_eq!(listed(), 1);
    act_as(&service, "DELETE", &device, &ghost, &json!({})).ok();
    assert_eq!(listed(), 0);
    let anna = bridge.server.user("anna");
    anna.put(&format!("{devices}/OTHER"), &name).refused(404, "M_NOT_FOUND");
}

#[test]
fn without_a_device_no_keys_are_uploaded() {
    let service = bridge().service();
    service
        .post("/_matrix/client/v3/keys/upload", &json!({ "one_time_keys": {} }))
        .refused(400, "M_MISSING_PARAM");
}

#[test]
fn a_ghost_joins_and_sends_at_the_time_of_its_network() {
    let (bridge, service) = (bridge(), bridge().service());
    let ghost = bridge.ghost(&transaction());
    let anna = bridge.server.user("anna");
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    act_as(&service, "POST", &room_path(&room, "/join"), &ghost, &json!({})).ok();
    let path = send_path(&room, "m.room.message");
    let content = json!({ "msgtype": "m.text", "body": "from 2001" });
    let at = format!("{path}?ts=1000000000000");
    let sent = act_as(&service, "PUT", &at, &ghost, &content).ok()["event_id"].clone();
    let again = act_as(&service, "PUT", &at, &ghost, &content).ok()["event_id"].clone();
    assert_eq!(sent, again, "the same transaction sends nothing twice");
    let history = anna.history(&room);
    let last = history.last().expect("a message");
    assert_eq!((&last["event_id"], &last["sender"]), (&sent, &json!(ghost)));
    assert_eq!(last["origin_server_ts"], 1_000_000_000_000_i64);
    let state = room_path(&room, "/state/m.room.member/");
    let state = format!("{state}{}?ts=1000000000001", escape(&ghost));
    let member = json!({ "membership": "join", "displayname": "Ghost" });
    act_as(&service, "PUT", &state, &ghost, &member).ok();
    let history = anna.history(&room);
    assert_eq!(history.last().expect("an event")["origin_server_ts"], 1_000_000_000_001_i64);
    // People's clocks are the server's.
    let path = format!("{}?ts=1", send_path(&room, "m.room.message"));
    anna.put(&path, &content).ok();
    assert_ne!(anna.history(&room).last().expect("a message")["origin_server_ts"], 1);
}

#[test]
fn a_service_closes_the_accounts_of_its_users_without_their_password() {
    let (bridge, service) = (bridge(), bridge().service());
    let ghost = bridge.ghost(&transaction());
    let deactivate = "/_matrix/client/v3/account/deactivate";
    act_as(&service, "POST", deactivate, &ghost, &json!({})).ok();
    act_as(&service, "GET", WHOAMI, &ghost, &json!({})).refused(403, "M_USER_DEACTIVATED");
}
