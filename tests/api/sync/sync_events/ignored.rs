//! Ignored people. <https://spec.matrix.org/v1.19/client-server-api/#ignoring-users>

use serde_json::json;
use testkit::{User, matrix::escape};

use super::{ciphertexts, next, types};
use crate::server;

fn ignore(user: &User, ignored: &[&User]) {
    let users: serde_json::Map<_, _> =
        ignored.iter().map(|ignored| (ignored.id.clone(), json!({}))).collect();
    let path =
        format!("/_matrix/client/v3/user/{}/account_data/m.ignored_user_list", escape(&user.id));
    user.put(&path, &json!({ "ignored_users": users })).ok();
}

#[test]
fn what_ignored_people_write_does_not_come_but_what_they_do_to_the_room_does() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = jonas.room_with(&[&anna, &eva]);
    let before = anna.sync(None);
    jonas.send_encrypted(&room, "earlier");
    let token = anna.sync(Some(next(&before)));
    assert_eq!(ciphertexts(&token["rooms"]["join"][&room]), ["earlier"]);
    ignore(&anna, &[&jonas]);
    jonas.send_encrypted(&room, "unheard");
    jonas.set_state(&room, "m.room.topic", "", &json!({ "topic": "Rounds" }));
    eva.send_encrypted(&room, "heard");
    let answer = anna.sync(Some(next(&token)));
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(types(&joined["timeline"]["events"]), ["m.room.topic", "m.room.encrypted"]);
    assert_eq!(ciphertexts(joined), ["heard"]);
    assert_eq!(joined["unread_notifications"]["notification_count"], 1);
    assert_eq!(ciphertexts(&anna.sync(None)["rooms"]["join"][&room]), ["heard"]);
    assert_eq!(ciphertexts(&anna.sync(Some(next(&before)))["rooms"]["join"][&room]), ["heard"]);

    ignore(&anna, &[]);
    jonas.send_encrypted(&room, "heard again");
    let answer = anna.sync(Some(next(&answer)));
    assert_eq!(ciphertexts(&answer["rooms"]["join"][&room]), ["heard again"], "and nothing missed");
    let anew = anna.sync(None);
    let all = ciphertexts(&anew["rooms"]["join"][&room]);
    assert_eq!(all, ["earlier", "unheard", "heard", "heard again"]);
}

#[test]
fn invitations_of_ignored_people_do_not_come() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    ignore(&anna, &[&jonas]);
    let token = anna.sync(None);
    let unwanted = jonas.create_room(&json!({ "invite": [anna.id] }));
    let wanted = eva.create_room(&json!({ "invite": [anna.id] }));
    for answer in [anna.sync(Some(next(&token))), anna.sync(None)] {
        let invited = answer["rooms"]["invite"].as_object().expect("an invitation");
        assert!(invited.contains_key(&wanted) && !invited.contains_key(&unwanted), "{answer}");
    }
    ignore(&anna, &[]);
    assert!(anna.sync(None)["rooms"]["invite"].get(&unwanted).is_some());
}

#[test]
fn who_takes_no_invitations_is_shown_none_that_came_before() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = jonas.create_room(&json!({ "invite": [anna.id] }));
    let token = anna.sync(None);
    assert!(token["rooms"]["invite"].get(&room).is_some());
    let config = format!(
        "/_matrix/client/v3/user/{}/account_data/m.invite_permission_config",
        escape(&anna.id)
    );
    anna.put(&config, &json!({ "default_action": "block" })).ok();
    let knocked = jonas.create_room(&json!({ "initial_state": [
        { "type": "m.room.join_rules", "content": { "join_rule": "knock" } },
    ] }));
    anna.post(&format!("/_matrix/client/v3/knock/{}", escape(&knocked)), &json!({})).ok();
    let list = json!({ "lists": { "all": {
        "ranges": [[0, 10]], "timeline_limit": 1, "required_state": [],
    } } });
    let sliding = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
    let answer = anna.sync(None);
    assert!(answer["rooms"].get("invite").is_none(), "{answer}");
    assert!(answer["rooms"]["knock"].get(&knocked).is_some(), "a knock is no invitation");
    let answer = anna.post(sliding, &list).ok();
    assert_eq!(answer["lists"]["all"]["count"], 1, "{answer}");
    assert!(answer["rooms"].get(&room).is_none());
    anna.put(&config, &json!({})).ok();
    assert!(anna.sync(None)["rooms"]["invite"].get(&room).is_some());
    assert!(anna.post(sliding, &list).ok()["rooms"].get(&room).is_some());
}

#[test]
fn nobody_ignores_themselves() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    ignore(&anna, &[&anna]);
    anna.send_encrypted(&room, "mine");
    assert_eq!(ciphertexts(&anna.sync(None)["rooms"]["join"][&room]), ["mine"]);
}
