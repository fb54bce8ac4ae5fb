//! `POST /_matrix/client/v3/rooms/{roomId}/invite`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite>

use serde_json::json;
use testkit::matrix::room_path;

use crate::server;

#[test]
fn strangers_invite_nobody() {
    let (anna, jonas, mallory) =
        (server().user("anna"), server().user("jonas"), server().user("mallory"));
    let room = anna.room_with(&[]);
    mallory
        .post(&room_path(&room, "/invite"), &json!({ "user_id": jonas.id }))
        .refused(403, "M_FORBIDDEN");
}

#[test]
fn an_invitation_says_why_and_shows_who_is_invited() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let name = format!("/_matrix/client/v3/profile/{}/displayname", jonas.id);
    jonas.put(&name, &json!({ "displayname": "Dr. Jonas Weber" })).ok();
    let room = anna.room_with(&[]);
    let body = json!({ "user_id": jonas.id, "reason": "Übergabe" });
    anna.post(&room_path(&room, "/invite"), &body).ok();
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    let content = anna.get(&member).ok();
    assert_eq!(content["membership"], "invite");
    assert_eq!(content["reason"], "Übergabe");
    assert_eq!(content["displayname"], "Dr. Jonas Weber");
    jonas.join(&room);
    anna.post(&room_path(&room, "/invite"), &body).refused(403, "M_FORBIDDEN");
}

#[test]
fn nobody_is_invited_by_an_address_outside_the_hospital() {
    let anna = server().user("anna");
    let room = anna.room_with(&[]);
    let body = json!({
        "id_server": "id.test", "id_access_token": "x", "medium": "email", "address": "a@b.test",
    });
    anna.post(&room_path(&room, "/invite"), &body).refused(403, "M_FORBIDDEN");
    let path = room_path(&room, &format!("/state/m.room.member/{}", server().user("jonas").id));
    let third = json!({ "membership": "invite", "third_party_invite": { "signed": {} } });
    anna.put(&path, &third).refused(403, "M_FORBIDDEN");
}

#[test]
fn who_takes_no_invitations_gets_none_on_any_path() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[]);
    let config =
        format!("/_matrix/client/v3/user/{}/account_data/m.invite_permission_config", jonas.id);
    jonas.put(&config, &json!({ "default_action": "block" })).ok();
    let invite = room_path(&room, "/invite");
    let body = json!({ "user_id": jonas.id });
    anna.post(&invite, &body).refused(403, "M_INVITE_BLOCKED");
    let member = room_path(&room, &format!("/state/m.room.member/{}", jonas.id));
    anna.put(&member, &json!({ "membership": "invite" })).refused(403, "M_INVITE_BLOCKED");
    anna.post("/_matrix/client/v3/createRoom", &json!({ "invite": [jonas.id] }))
        .refused(403, "M_INVITE_BLOCKED");
    jonas.put(&config, &json!({})).ok();
    anna.post(&invite, &body).ok();
}
