//! `GET /_matrix/client/v3/sync`
//! <https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync>

mod filters;
mod ignored;
mod left;
mod unread;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{encrypted, escape, room_path},
};

use crate::server;

/// `/v3/sync` with an inline filter.
fn filtered(user: &User, since: Option<&Value>, filter: &Value, more: &str) -> Value {
    let since = since
        .map(|since| format!("&since={}", escape(since.as_str().expect("a token"))))
        .unwrap_or_default();
    user.get(&format!(
        "/_matrix/client/v3/sync?timeout=0{since}{more}&filter={}",
        escape(&filter.to_string())
    ))
    .ok()
}

fn next(answer: &Value) -> &str {
    answer["next_batch"].as_str().expect("every answer has a token")
}

fn types(events: &Value) -> Vec<&str> {
    events
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| event["type"].as_str().expect("a type"))
        .collect()
}

fn ciphertexts(room: &Value) -> Vec<&str> {
    let events = room["timeline"]["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    events.iter().filter_map(|event| event["content"]["ciphertext"].as_str()).collect()
}

#[test]
fn who_begins_anew_gets_rooms_with_state_and_everything_around() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.send_encrypted(&room, "hello");
    let answer = jonas.sync(None);
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(ciphertexts(joined), ["hello"]);
    let count = |kind: &str| {
        let both = [&joined["state"]["events"], &joined["timeline"]["events"]];
        both.iter().flat_map(|events| types(events)).filter(|found| *found == kind).count()
    };
    assert_eq!(count("m.room.create"), 1, "{joined}");
    assert_eq!(count("m.room.encryption"), 1);
    assert!(count("m.room.member") >= 2);
    assert_eq!(joined["summary"]["m.heroes"], json!([anna.id]));
    assert_eq!(joined["summary"]["m.joined_member_count"], 2);
    assert_eq!(
        joined["unread_notifications"],
        json!({ "highlight_count": 0, "notification_count": 1 })
    );
    assert!(types(&answer["account_data"]["events"]).contains(&"m.push_rules"));
    assert_eq!(answer["device_one_time_keys_count"], json!({ "signed_curve25519": 0 }));
    assert_eq!(answer["device_unused_fallback_key_types"], json!([]));
    assert!(answer.get("device_lists").is_none(), "only in answers to a token");
}

#[test]
fn each_of_many_rooms_comes_with_its_own_events_and_state() {
    let anna = server().user("anna");
    // More than the server reads at a time.
    let rooms: Vec<String> = (0..60).map(|_| anna.room_with(&[])).collect();
    for (number, room) in rooms.iter().enumerate() {
        anna.send_encrypted(room, &format!("message {number}"));
    }
    let joined = &anna.sync(None)["rooms"]["join"];
    assert_eq!(joined.as_object().map(|joined| joined.len()), Some(rooms.len()));
    for (number, room) in rooms.iter().enumerate() {
        assert_eq!(ciphertexts(&joined[room]), [format!("message {number}")], "of {room}");
        let both = [&joined[room]["state"]["events"], &joined[room]["timeline"]["events"]];
        let creates = both.iter().flat_map(|events| types(events));
        assert_eq!(creates.filter(|kind| *kind == "m.room.create").count(), 1, "of {room}");
    }
}

#[test]
fn a_token_gives_only_what_came_after_it() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let first = jonas.sync(None);
    let quiet = jonas.sync(Some(next(&first)));
    assert!(quiet.get("rooms").is_none() && quiet.get("account_data").is_none(), "{quiet}");
    anna.send_encrypted(&room, "one");
    let answer = jonas.sync(Some(next(&quiet)));
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(ciphertexts(joined), ["one"]);
    assert_eq!(joined["timeline"]["limited"], false);
    assert!(joined.get("state").is_none() && joined.get("summary").is_none(), "{joined}");
    let again = jonas.sync(Some(next(&quiet)));
    assert_eq!(
        ciphertexts(&again["rooms"]["join"][&room]),
        ["one"],
        "a repeated request is answered alike"
    );
    assert!(jonas.sync(Some(next(&answer))).get("rooms").is_none());
}

#[test]
fn what_is_no_token_is_refused() {
    let anna = server().user("anna");
    for bad in ["x", "s1", "t5", "s1_2_3_4_5", "s-1_0_0"] {
        anna.get(&format!("/_matrix/client/v3/sync?since={bad}")).refused(400, "M_INVALID_PARAM");
    }
    anna.get("/_matrix/client/v3/sync?filter=%7B%22room%22%3A7%7D").refused(400, "M_INVALID_PARAM");
    anna.get("/_matrix/client/v3/sync?filter=4711").refused(404, "M_NOT_FOUND");
    server().api().get("/_matrix/client/v3/sync").refused(401, "M_MISSING_TOKEN");
}

#[test]
fn a_token_from_the_future_begins_anew() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let answer = anna.sync(Some("s999999999_0_999999999"));
    assert!(answer["rooms"]["join"][&room]["timeline"]["events"].is_array(), "{answer}");
}

#[test]
fn two_who_wait_are_woken_at_once_by_one_message() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas, &eva]);
    let tokens = [jonas.sync(None), eva.sync(None)];
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = [&jonas, &eva]
            .into_iter()
            .zip(&tokens)
            .map(|(user, token)| {
                scope.spawn(|| user.sync_within(Some(next(token)), Duration::from_secs(20)))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        assert!(waiting.iter().all(|thread| !thread.is_finished()), "nothing has happened yet");
        anna.send_encrypted(&room, "wake");
        for thread in waiting {
            let answer = thread.join().expect("an answer");
            assert_eq!(ciphertexts(&answer["rooms"]["join"][&room]), ["wake"]);
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(10), "they were woken, not timed out");
}

#[test]
fn a_wait_without_news_ends_with_an_empty_answer() {
    let anna = server().user("anna");
    let token = anna.sync(None);
    let begun = Instant::now();
    let answer = anna.sync_within(Some(next(&token)), Duration::from_millis(400));
    assert!(begun.elapsed() >= Duration::from_millis(390));
    assert!(answer.get("rooms").is_none());
}

#[test]
fn what_happens_in_others_rooms_wakes_nobody() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let token = jonas.sync(None);
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| jonas.sync_within(Some(next(&token)), Duration::from_millis(700)));
        anna.send_encrypted(&room, "elsewhere");
        assert!(waiting.join().expect("an answer").get("rooms").is_none());
    });
}

#[test]
fn a_gap_says_so_and_brings_the_state_that_it_hides() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "Rounds" }));
    let sent: Vec<String> = (0..6).map(|n| anna.send_encrypted(&room, &format!("m{n}"))).collect();
    let filter = json!({ "room": { "timeline": { "limit": 2 } } });
    let answer = filtered(&jonas, Some(&token["next_batch"]), &filter, "");
    let joined = &answer["rooms"]["join"][&room];
    assert_eq!(ciphertexts(joined), ["m4", "m5"]);
    assert_eq!(joined["timeline"]["limited"], true);
    assert_eq!(types(&joined["state"]["events"]), ["m.room.topic"]);
    let from = escape(joined["timeline"]["prev_batch"].as_str().expect("a place to go on from"));
    let older = jonas.get(&room_path(&room, &format!("/messages?dir=b&limit=2&from={from}"))).ok();
    let ids: Vec<_> = older["chunk"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["event_id"].clone())
        .collect();
    assert_eq!(ids, [json!(sent[3]), json!(sent[2])], "without gap or repetition");
}

#[test]
fn state_inside_the_timeline_is_not_repeated_beside_it() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "old" }));
    let token = jonas.sync(None);
    anna.set_state(&room, "m.room.topic", "", &json!({ "topic": "new" }));
    let answer = jonas.sync(Some(next(&token)));
    let joined = &answer["rooms"]["join"][&room];
    let topic = &joined["timeline"]["events"][0];
    assert_eq!(topic["content"]["topic"], "new");
    assert_eq!(topic["unsigned"]["prev_content"]["topic"], "old");
    assert!(joined.get("state").is_none(), "{joined}");
    let since = escape(next(&token));
    let after =
        jonas.get(&format!("/_matrix/client/v3/sync?since={since}&use_state_after=true")).ok();
    let after = &after["rooms"]["join"][&room]["state_after"]["events"];
    assert_eq!(after[0]["content"]["topic"], "new", "the state after the timeline, on request");
}

#[test]
fn all_state_comes_again_on_request() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    let since = escape(next(&token));
    let answer = jonas
        .get(&format!("/_matrix/client/v3/sync?since={since}&full_state=true&timeout=5000"))
        .ok();
    let state = types(&answer["rooms"]["join"][&room]["state"]["events"]);
    assert!(state.contains(&"m.room.create") && state.contains(&"m.room.member"), "{state:?}");
}

#[test]
fn filters_choose_rooms_types_and_senders() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let (wanted, other) = (anna.room_with(&[&jonas]), anna.room_with(&[&jonas]));
    anna.send_encrypted(&wanted, "from anna");
    jonas.send_encrypted(&wanted, "from jonas");
    let only_room = filtered(&jonas, None, &json!({ "room": { "rooms": [wanted] } }), "");
    let rooms = only_room["rooms"]["join"].as_object().expect("rooms");
    assert!(rooms.contains_key(&wanted) && !rooms.contains_key(&other));
    let not_room = filtered(&jonas, None, &json!({ "room": { "not_rooms": [wanted] } }), "");
    assert!(!not_room["rooms"]["join"].as_object().expect("rooms").contains_key(&wanted));
    let messages = json!({ "room": { "timeline": { "types": ["m.room.encrypted"], "not_senders": [jonas.id] } } });
    let answer = filtered(&jonas, None, &messages, "");
    let joined = &answer["rooms"]["join"][&wanted];
    assert_eq!(types(&joined["timeline"]["events"]), ["m.room.encrypted"]);
    assert_eq!(ciphertexts(joined), ["from anna"]);
    assert!(
        types(&joined["state"]["events"]).contains(&"m.room.member"),
        "what the filter holds back is state"
    );
    let nothing = json!({ "room": { "state": { "types": [] }, "ephemeral": { "types": [] } }, "account_data": { "types": [] } });
    let answer = filtered(&jonas, None, &nothing, "");
    assert!(
        answer["rooms"]["join"][&wanted].get("state").is_none()
            && answer.get("account_data").is_none()
    );
}

#[test]
fn a_stored_filter_is_the_same_as_an_inline_one() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    (0..3).for_each(|n| drop(anna.send_encrypted(&room, &n.to_string())));
    let filter = json!({ "room": { "timeline": { "limit": 1 } } });
    let id =
        jonas.post(&format!("/_matrix/client/v3/user/{}/filter", escape(&jonas.id)), &filter).ok();
    let id = id["filter_id"].as_str().expect("a filter has a name").to_owned();
    let answer = jonas.get(&format!("/_matrix/client/v3/sync?filter={id}")).ok();
    assert_eq!(ciphertexts(&answer["rooms"]["join"][&room]), ["2"]);
}

#[test]
fn members_are_loaded_when_they_show_up_and_not_again() {
    let (anna, jonas, eva) = (server().user("anna"), server().user("jonas"), server().user("eva"));
    let room = anna.room_with(&[&jonas, &eva]);
    // Where a room has no name, those it is named after come too.
    anna.set_state(&room, "m.room.name", "", &json!({ "name": "Station 3" }));
    for n in 0..3 {
        anna.send_encrypted(&room, &n.to_string());
    }
    let lazy =
        json!({ "room": { "state": { "lazy_load_members": true }, "timeline": { "limit": 2 } } });
    let members = |answer: &Value| -> Vec<String> {
        let events = answer["rooms"]["join"][&room]["state"]["events"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let members = events.iter().filter(|event| event["type"] == "m.room.member");
        let mut members: Vec<_> =
            members.map(|event| event["state_key"].as_str().expect("a key").to_owned()).collect();
        members.sort();
        members
    };
    let mut first = vec![anna.id.clone(), jonas.id.clone()];
    first.sort();
    let answer = filtered(&jonas, None, &lazy, "");
    assert_eq!(members(&answer), first, "who wrote, and oneself");
    eva.send_encrypted(&room, "eva");
    let answer = filtered(&jonas, Some(&answer["next_batch"]), &lazy, "");
    assert_eq!(members(&answer), std::slice::from_ref(&eva.id));
    let repeated = filtered(&jonas, Some(&json!(next(&answer))), &lazy, "");
    assert!(repeated.get("rooms").is_none());
    eva.send_encrypted(&room, "eva again");
    let answer = filtered(&jonas, Some(&answer["next_batch"]), &lazy, "");
    assert_eq!(ciphertexts(&answer["rooms"]["join"][&room]), ["eva again"]);
    assert!(members(&answer).is_empty());

    // A device that begins anew has lost what it was told.
    let answer = filtered(&jonas, None, &lazy, "");
    let mut shown = vec![eva.id.clone(), jonas.id.clone()];
    shown.sort();
    assert_eq!(members(&answer), shown);
    anna.send_encrypted(&room, "anna");
    let answer = filtered(&jonas, Some(&answer["next_batch"]), &lazy, "");
    assert_eq!(members(&answer), std::slice::from_ref(&anna.id));
}

#[test]
fn an_invitation_shows_what_strangers_may_know() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let token = jonas.sync(None);
    let room = anna.create_room(&json!({ "name": "Ward 3", "invite": [jonas.id] }));
    anna.send_encrypted(&room, "secret");
    let answer = jonas.sync(Some(next(&token)));
    let invited = &answer["rooms"]["invite"][&room]["invite_state"]["events"];
    let state = types(invited);
    assert!(state.contains(&"m.room.name") && state.contains(&"m.room.create"), "{state:?}");
    assert!(!state.contains(&"m.room.power_levels") && !answer.to_string().contains("secret"));
    let own = invited
        .as_array()
        .expect("events")
        .iter()
        .find(|event| event["state_key"] == json!(jonas.id));
    assert_eq!(own.expect("one's own invitation")["content"]["membership"], "invite");
    anna.send_encrypted(&room, "more");
    assert!(jonas.sync(Some(next(&answer))).get("rooms").is_none(), "the invited hear no messages");
    jonas.join(&room);
    let answer = jonas.sync(Some(next(&answer)));
    let joined = &answer["rooms"]["join"][&room];
    assert!(types(&joined["timeline"]["events"]).contains(&"m.room.member"), "{joined}");
    let all = [types(&joined["state"]["events"]), types(&joined["timeline"]["events"])].concat();
    assert!(all.contains(&"m.room.create"), "who has just joined gets the whole state: {all:?}");
}

#[test]
fn who_leaves_is_told_once_and_of_nothing_after_that() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    anna.send_encrypted(&room, "before");
    anna.post(&room_path(&room, "/kick"), &json!({ "user_id": jonas.id })).ok();
    anna.send_encrypted(&room, "after");
    let answer = jonas.sync(Some(next(&token)));
    let left = &answer["rooms"]["leave"][&room];
    assert_eq!(ciphertexts(left), ["before"]);
    let last =
        left["timeline"]["events"].as_array().expect("events").last().expect("the leaving").clone();
    assert_eq!(
        (&last["content"]["membership"], &last["state_key"]),
        (&json!("leave"), &json!(jonas.id))
    );
    assert!(jonas.sync(Some(next(&answer))).get("rooms").is_none());
    assert!(jonas.sync(None)["rooms"]["leave"].get(&room).is_none());
    let archived = filtered(&jonas, None, &json!({ "room": { "include_leave": true } }), "");
    assert_eq!(ciphertexts(&archived["rooms"]["leave"][&room]), ["before"], "{archived}");
}

#[test]
fn who_joins_later_does_not_see_what_was_before_where_history_is_for_members() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    anna.set_state(
        &room,
        "m.room.history_visibility",
        "",
        &json!({ "history_visibility": "joined" }),
    );
    anna.send_encrypted(&room, "hidden");
    anna.invite(&room, &jonas);
    jonas.join(&room);
    anna.send_encrypted(&room, "seen");
    let answer = jonas.sync(None);
    assert_eq!(ciphertexts(&answer["rooms"]["join"][&room]), ["seen"]);
}

#[test]
fn only_the_sending_device_sees_its_transaction_id() {
    let anna = server().user("anna");
    let other = anna.new_device();
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let tokens = [anna.sync(None), other.sync(None)];
    anna.put(&room_path(&room, "/send/m.room.encrypted/my-own-txn"), &encrypted("x")).ok();
    let unsigned = |user: &User, token: &Value| {
        let answer = user.sync(Some(next(token)));
        answer["rooms"]["join"][&room]["timeline"]["events"][0]["unsigned"].clone()
    };
    let own = unsigned(&anna, &tokens[0]);
    assert_eq!(
        (&own["transaction_id"], &own["membership"]),
        (&json!("my-own-txn"), &json!("join"))
    );
    assert!(own["age"].is_u64());
    assert!(unsigned(&other, &tokens[1]).get("transaction_id").is_none());
}

#[test]
fn a_deleted_message_comes_without_content_and_with_the_reason() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let token = jonas.sync(None);
    let event = anna.send_encrypted(&room, "regret");
    // Read once before, so that a shared memory of it would show.
    assert_eq!(ciphertexts(&jonas.sync(Some(next(&token)))["rooms"]["join"][&room]), ["regret"]);
    anna.put(
        &room_path(&room, &format!("/redact/{}/r1", escape(&event))),
        &json!({ "reason": "wrong chat" }),
    )
    .ok();
    let answer = jonas.sync(Some(next(&token)));
    assert!(!answer.to_string().contains("regret"), "{answer}");
    let events = &answer["rooms"]["join"][&room]["timeline"]["events"];
    assert_eq!(events[0]["unsigned"]["redacted_because"]["type"], "m.room.redaction");
    assert_eq!(events[1]["type"], "m.room.redaction");
}

#[test]
fn unread_messages_are_counted_until_they_are_read_or_answered() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.room_with(&[&jonas]);
    let unread = |answer: &Value| {
        answer["rooms"]["join"][&room]["unread_notifications"]["notification_count"].clone()
    };
    let answer = jonas.sync(None);
    assert_eq!(unread(&answer), 0);
    let events: Vec<String> = (0..3).map(|n| anna.send_encrypted(&room, &n.to_string())).collect();
    let answer = jonas.sync(Some(next(&answer)));
    assert_eq!(unread(&answer), 3);
    jonas
        .post(&room_path(&room, &format!("/receipt/m.read/{}", escape(&events[1]))), &json!({}))
        .ok();
    let answer = jonas.sync(Some(next(&answer)));
    assert_eq!(unread(&answer), 1, "reading tells one's own devices what is left: {answer}");
    assert_eq!(unread(&jonas.sync(None)), 1);
    jonas.send_encrypted(&room, "answer");
    let answer = jonas.sync(Some(next(&answer)));
    assert_eq!(unread(&answer), 0, "who answers has read");
    anna.send_encrypted(&room, "again");
    assert_eq!(unread(&jonas.sync(Some(next(&answer)))), 1);
    assert_eq!(
        unread(&anna.sync(None)),
        0,
        "own messages are not unread, and answering is reading"
    );
}

#[test]
fn a_message_to_a_device_comes_until_it_is_acknowledged() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let token = jonas.sync(None);
    let body = json!({ "messages": { &jonas.id: { &jonas.device_id: { "n": 1 } } } });
    anna.put("/_matrix/client/v3/sendToDevice/de.konsil.test/sync-1", &body).ok();
    let given = jonas.sync(Some(next(&token)));
    assert_eq!(given["to_device"]["events"][0]["content"], json!({ "n": 1 }));
    let repeated = jonas.sync(Some(next(&token)));
    assert_eq!(
        repeated["to_device"]["events"], given["to_device"]["events"],
        "the answer may have been lost"
    );
    assert!(jonas.sync(Some(next(&given))).get("to_device").is_none());
    assert!(jonas.sync(None).get("to_device").is_none(), "what was acknowledged is gone");
}

#[test]
fn a_long_queue_for_a_device_comes_in_order_and_whole() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let mut token = jonas.sync(None);
    for n in 0..250 {
        let body = json!({ "messages": { &jonas.id: { "*": { "n": n } } } });
        anna.put(&format!("/_matrix/client/v3/sendToDevice/de.konsil.test/queue-{n}"), &body).ok();
    }
    let mut received = Vec::new();
    for _ in 0..5 {
        token = jonas.sync(Some(next(&token)));
        let events = token["to_device"]["events"].as_array().cloned().unwrap_or_default();
        received.extend(events.iter().filter_map(|event| event["content"]["n"].as_u64()));
    }
    assert_eq!(received, (0..250).collect::<Vec<_>>());
}

#[test]
fn account_data_comes_when_it_changes() {
    let anna = server().user("anna");
    let room = anna.create_room(&json!({ "preset": "private_chat" }));
    let token = anna.sync(None);
    let base = format!("/_matrix/client/v3/user/{}", escape(&anna.id));
    anna.put(&format!("{base}/account_data/m.direct"), &json!({ "@x:y": [room] })).ok();
    anna.put(
        &format!("{base}/rooms/{}/account_data/de.konsil.note", escape(&room)),
        &json!({ "a": 1 }),
    )
    .ok();
    let answer = anna.sync(Some(next(&token)));
    assert_eq!(
        answer["account_data"]["events"],
        json!([{ "type": "m.direct", "content": { "@x:y": [room] } }])
    );
    let in_room = &answer["rooms"]["join"][&room]["account_data"]["events"];
    assert_eq!(in_room, &json!([{ "type": "de.konsil.note", "content": { "a": 1 } }]));
    assert!(anna.sync(Some(next(&answer))).get("account_data").is_none());
}

#[test]
fn who_begins_to_share_a_room_is_told_as_a_changed_device_list() {
    let (anna, jonas) = (server().user("anna"), server().user("jonas"));
    let room = anna.create_room(&json!({ "preset": "private_chat", "invite": [jonas.id] }));
    let token = anna.sync(None);
    jonas.join(&room);
    let answer = anna.sync(Some(next(&token)));
    assert_eq!(answer["device_lists"]["changed"], json!([jonas.id]));
    jonas.leave(&room);
    let answer = anna.sync(Some(next(&answer)));
    assert_eq!(answer["device_lists"]["left"], json!([jonas.id]));
}
