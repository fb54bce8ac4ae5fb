//! Aliases in the namespaces of application services, and `GET /_matrix/app/v1/rooms/{roomAlias}`, `/users/{userId}` there
//! <https://spec.matrix.org/v1.19/application-service-api/#querying>

use serde_json::json;
use testkit::{
    Reply,
    matrix::{escape, room_path, transaction},
};

use super::{AS_TOKEN, Bridge, act_as, bridge};

fn directory(alias: &str) -> String {
    format!("/_matrix/client/v3/directory/room/{}", escape(alias))
}

#[test]
fn a_service_names_rooms_in_its_namespace_and_people_do_not() {
    let (bridge, service) = (bridge(), bridge().service());
    let anna = bridge.server.user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let own = format!("#_irc_{}:klinikum.test", transaction());
    let names = json!({ "room_id": room });
    anna.put(&directory(&own), &names).refused(400, "M_EXCLUSIVE");
    let named = json!({ "room_alias_name": format!("_irc_{}", transaction()) });
    anna.post("/_matrix/client/v3/createRoom", &named).refused(400, "M_EXCLUSIVE");
    service.put(&directory("#outside:klinikum.test"), &names).refused(400, "M_EXCLUSIVE");
    // Without being in the room: the namespace is the service's to rule.
    service.put(&directory(&own), &names).ok();
    assert_eq!(anna.get(&directory(&own)).ok()["room_id"], room);
    anna.delete(&directory(&own)).refused(400, "M_EXCLUSIVE");
    service.delete(&directory(&own)).ok();
}

#[test]
fn unknown_users_and_aliases_of_a_namespace_are_asked_for() {
    // The bridge makes what it is asked for while the server waits.
    let target: std::sync::Arc<std::sync::OnceLock<(String, String)>> = Default::default();
    let known = target.clone();
    let bridge = Bridge::new(move |request| {
        let (url, room) = known.get().expect("set before anything is asked");
        let service = testkit::Api::new(url).with_token(AS_TOKEN);
        if let Some(user) = request.path.strip_prefix("/_matrix/app/v1/users/%40") {
            let name = user.split("%3A").next().expect("a name");
            if name.contains("unknown") {
                return Reply::json(404, &json!({ "errcode": "M_NOT_FOUND" }));
            }
            let body = json!({ "type": "m.login.application_service", "username": name, "inhibit_login": true });
            service.post("/_matrix/client/v3/register", &body).ok();
        } else if let Some(alias) = request.path.strip_prefix("/_matrix/app/v1/rooms/") {
            if alias.contains("unknown") {
                return Reply::json(404, &json!({ "errcode": "M_NOT_FOUND" }));
            }
            let path = format!("/_matrix/client/v3/directory/room/{alias}");
            service.put(&path, &json!({ "room_id": room })).ok();
        }
        Reply::ok(&json!({}))
    });
    let (anna, jonas) = (bridge.server.user("anna"), bridge.server.user("jonas"));
    let room = anna.create_room(&json!({ "preset": "public_chat" }));
    target.set((bridge.server.url(), room.clone())).expect("set once");
    let invite = |user: &str| anna.post(&room_path(&room, "/invite"), &json!({ "user_id": user }));
    invite("@_irc_bob:klinikum.test").ok();
    let invited = bridge.event(|event| event["state_key"] == "@_irc_bob:klinikum.test");
    assert_eq!(
        (&invited["content"]["membership"], &invited["room_id"]),
        (&json!("invite"), &json!(room))
    );
    invite("@_irc_unknown:klinikum.test").refused(404, "M_NOT_FOUND");
    jonas
        .post(
            &format!("/_matrix/client/v3/join/{}", escape("#_irc_ward:klinikum.test")),
            &json!({}),
        )
        .ok();
    jonas.get(&directory("#_irc_unknown:klinikum.test")).refused(404, "M_NOT_FOUND");
    jonas.get(&directory("#elsewhere:klinikum.test")).refused(404, "M_NOT_FOUND");
    let ghost = "@_irc_bob:klinikum.test";
    act_as(&bridge.service(), "POST", &room_path(&room, "/join"), ghost, &json!({})).ok();
}
