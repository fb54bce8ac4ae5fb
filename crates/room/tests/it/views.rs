//! What is left of redacted events, who sees what, and who may do what beside the rules.

use room::{Power, RoomVersion, Viewpoint, redact, visible};
use ruma::{
    UserId,
    events::room::{
        history_visibility::HistoryVisibility, member::MembershipState,
        power_levels::UserPowerLevel,
    },
    state_res::events::RoomPowerLevelsIntField,
};
use serde_json::{Value, json};

use crate::world::{ANNA, JONAS, MIRA, Room};

fn user(id: &str) -> &UserId {
    id.try_into().expect("an ID")
}

/// Type; content; what redaction leaves of it in versions 10, 11 and 12.
#[test]
fn redaction_leaves_what_the_room_version_says() {
    let levels = json!({
        "ban": 1, "events": { "x": 1 }, "events_default": 1, "invite": 1, "kick": 1, "notifications": { "room": 1 },
        "redact": 1, "state_default": 1, "users": {}, "users_default": 1, "x": 1,
    });
    let without = |keys: &[&str]| {
        let mut left = levels.clone();
        keys.iter().for_each(|key| drop(left.as_object_mut().unwrap().remove(*key)));
        left
    };
    let invited = json!({
        "membership": "join", "displayname": "Dr.", "join_authorised_via_users_server": "@a:b",
        "third_party_invite": { "signed": { "token": "t" }, "display_name": "x" },
    });
    let rows: [(&str, Value, [Value; 2]); 8] = [
        (
            "m.room.member",
            invited,
            [
                json!({ "membership": "join", "join_authorised_via_users_server": "@a:b" }),
                json!({ "membership": "join", "join_authorised_via_users_server": "@a:b",
                        "third_party_invite": { "signed": { "token": "t" } } }),
            ],
        ),
        (
            "m.room.create",
            json!({ "creator": "@a:b", "room_version": "11", "x": 1 }),
            [
                json!({ "creator": "@a:b" }),
                json!({ "creator": "@a:b", "room_version": "11", "x": 1 }),
            ],
        ),
        (
            "m.room.join_rules",
            json!({ "join_rule": "restricted", "allow": [], "x": 1 }),
            [
                json!({ "join_rule": "restricted", "allow": [] }),
                json!({ "join_rule": "restricted", "allow": [] }),
            ],
        ),
        (
            "m.room.power_levels",
            levels.clone(),
            [without(&["invite", "notifications", "x"]), without(&["notifications", "x"])],
        ),
        (
            "m.room.history_visibility",
            json!({ "history_visibility": "joined", "x": 1 }),
            [json!({ "history_visibility": "joined" }), json!({ "history_visibility": "joined" })],
        ),
        (
            "m.room.redaction",
            json!({ "redacts": "$a", "reason": "x" }),
            [json!({}), json!({ "redacts": "$a" })],
        ),
        ("m.room.aliases", json!({ "aliases": ["#a:b"] }), [json!({}), json!({})]),
        ("m.room.encrypted", json!({ "ciphertext": "x" }), [json!({}), json!({})]),
    ];
    for version in RoomVersion::ALL {
        for (kind, content, left) in &rows {
            let event = json!({
                "type": kind, "content": content, "sender": "@a:b", "room_id": "!r", "event_id": "$e",
                "origin_server_ts": 1, "redacts": "$a", "unsigned": { "age": 1 }, "origin": "b", "x": 1,
            });
            let redacted = redact(version, event.to_string().as_bytes()).unwrap();
            let redacted: Value = serde_json::from_slice(&redacted).unwrap();
            let expected = &left[usize::from(version != RoomVersion::V10)];
            assert_eq!(&redacted["content"], expected, "{kind} in version {version}");
            assert!(redacted.get("unsigned").is_none() && redacted.get("x").is_none());
            assert_eq!(redacted.get("origin").is_some(), version == RoomVersion::V10);
        }
    }
}

#[test]
fn a_redaction_names_its_target_where_the_version_wants_it_and_clients_find_it_in_both_places() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        let target = room.message(ANNA, json!({ "ciphertext": "x" })).unwrap();
        let mut proposal =
            room.proposal(ANNA, "m.room.redaction", None, &json!({ "reason": "typo" }));
        proposal.redacts = Some(target.clone());
        room.put(proposal).unwrap();
        let pdu: Value = serde_json::from_slice(&room.last().pdu_json).unwrap();
        let client: Value = serde_json::from_slice(&room.last().client_json).unwrap();
        let in_content = version != RoomVersion::V10;
        assert_eq!(pdu["content"].get("redacts").is_some(), in_content);
        assert_eq!(pdu.get("redacts").is_some(), !in_content);
        assert_eq!(client["redacts"], target.as_str());
        assert_eq!(client["content"]["redacts"], target.as_str());
        assert_eq!(room.last().pdu.redacts.as_ref(), Some(&target));
        let stored = room::Pdu::from_stored(room.last().event_id().clone(), &room.last().pdu_json);
        assert_eq!(stored.unwrap().redacts.as_ref(), Some(&target));
    }
}

#[test]
fn history_is_visible_by_the_setting_and_membership_at_the_event() {
    use HistoryVisibility as H;
    use MembershipState as M;
    let rows: [(Option<H>, Option<M>, bool, bool); 16] = [
        (Some(H::WorldReadable), None, false, true),
        (Some(H::WorldReadable), Some(M::Ban), false, true),
        (Some(H::Shared), None, false, false),
        (Some(H::Shared), None, true, true),
        (Some(H::Shared), Some(M::Join), false, true),
        (Some(H::Shared), Some(M::Leave), false, false),
        (Some(H::Shared), Some(M::Invite), false, false),
        (Some(H::Invited), Some(M::Invite), false, true),
        (Some(H::Invited), Some(M::Join), false, true),
        (Some(H::Invited), Some(M::Leave), true, false),
        (Some(H::Joined), Some(M::Join), false, true),
        (Some(H::Joined), Some(M::Invite), true, false),
        (Some(H::Joined), None, true, false),
        (None, None, true, true),
        (None, None, false, false),
        (Some("de.unknown".into()), None, true, true),
    ];
    for (visibility, membership, joined_later, expected) in rows {
        let view = Viewpoint {
            visibility: visibility.as_ref(),
            membership: membership.as_ref(),
            joined_later,
        };
        assert_eq!(visible(&view), expected, "{view:?}");
    }
}

#[test]
fn one_redacts_ones_own_and_the_powerful_redact_all() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS, MIRA]);
        room.levels(&json!({ "users": { JONAS: 50 } }));
        let get = |kind: &str| room.state[&(kind.into(), String::new())].clone();
        let (create, levels) = (get("m.room.create"), get("m.room.power_levels"));
        let power = Power::new(version, &create, Some(&levels));
        for (redactor, author, may) in
            [(MIRA, MIRA, true), (MIRA, ANNA, false), (JONAS, ANNA, true), (ANNA, JONAS, true)]
        {
            assert_eq!(power.may_redact(user(redactor), user(author)), Ok(may));
        }
        let eve = user("@eve:other.test");
        assert_eq!(power.redaction_applies(eve, user(ANNA)), Ok(false));
        assert_eq!(power.redaction_applies(eve, user("@x:other.test")), Ok(true));
        assert_eq!(power.redaction_applies(user(JONAS), eve), Ok(true));
        let top = power.of(user(ANNA)).unwrap();
        assert_eq!(top == UserPowerLevel::Infinite, version == RoomVersion::V12);
        assert_eq!(power.needed_to(RoomPowerLevelsIntField::Ban), Ok(50.into()));
        assert_eq!(power.needed_to_send(&"m.room.name".into(), Some("")), Ok(50.into()));
        assert_eq!(power.needed_to_send(&"m.room.message".into(), None), Ok(0.into()));

        let early = Power::new(version, &create, None);
        assert!(early.of(user(ANNA)).unwrap() >= UserPowerLevel::Int(100.into()));
        assert_eq!(early.of(user(JONAS)), Ok(UserPowerLevel::Int(0.into())));
    }
}
