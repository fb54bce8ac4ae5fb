//! The authorisation rules, as far as they differ in what people do: tables of who may do what.
//!
//! Spec: <https://spec.matrix.org/latest/rooms/v12/#authorisation-rules> and the pages of versions
//! 10 and 11.

use room::{Refused, RoomVersion, SigningKey, accept};
use ruma::{server_name, user_id};
use serde_json::{Value, json};

use crate::world::{ANNA, JONAS, MIRA, Room, content, key, ts};

/// What it is; who sends it; type and state key; content; whether it is allowed.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, Value, bool);

fn judge(room: &Room, rows: &[Row<'_>]) {
    for (what, sender, kind, state_key, body, allowed) in rows {
        let verdict = room.allows(sender, kind, state_key, body.clone());
        assert_eq!(verdict, *allowed, "version {}: {what}", room.version);
    }
}

fn member(membership: &str) -> Value {
    json!({ "membership": membership })
}

const MEMBER: &str = "m.room.member";
const LEVELS: &str = "m.room.power_levels";

#[test]
fn power_levels_bound_what_a_member_sends() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS, MIRA]);
        room.levels(&json!({
            "users": { JONAS: 50 }, "events": { "m.room.topic": 50, "m.room.name": 51, "test.open": 0 },
        }));
        judge(
            &room,
            &[
                ("state with just the level", JONAS, "m.room.topic", "", json!({}), true),
                ("state above the level", JONAS, "m.room.name", "", json!({}), false),
                ("state by the default of 50", MIRA, "m.room.avatar", "", json!({}), false),
                ("state at level 0", MIRA, "test.open", "", json!({}), true),
                ("another's state key", MIRA, "test.open", JONAS, json!({}), false),
                ("one's own state key", MIRA, "test.open", MIRA, json!({}), true),
                ("someone not in the room", "@x:klinikum.test", "test.open", "", json!({}), false),
            ],
        );
    }
}

#[test]
fn nobody_hands_out_more_power_than_they_have() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS, MIRA]);
        let own = match version {
            RoomVersion::V12 => json!({ JONAS: 50, MIRA: 50 }),
            _ => json!({ ANNA: 100, JONAS: 50, MIRA: 50 }),
        };
        let with = |person: &str, level: Value| {
            let mut users = own.clone();
            users[person] = level;
            json!({ "users": users, "events": { LEVELS: 50 } })
        };
        room.levels(&json!({ "users": own, "events": { LEVELS: 50 } }));
        let stranger = "@new:klinikum.test";
        judge(
            &room,
            &[
                ("an equal level for a third", JONAS, LEVELS, "", with(stranger, json!(50)), true),
                ("a higher level for a third", JONAS, LEVELS, "", with(stranger, json!(51)), false),
                ("a higher level for oneself", JONAS, LEVELS, "", with(JONAS, json!(51)), false),
                ("a lower level for oneself", JONAS, LEVELS, "", with(JONAS, json!(0)), true),
                ("a lower level for an equal", JONAS, LEVELS, "", with(MIRA, json!(0)), false),
                ("the same by someone higher", ANNA, LEVELS, "", with(MIRA, json!(0)), true),
                ("a level as a string", ANNA, LEVELS, "", with(MIRA, json!("50")), false),
                ("a user ID that is none", ANNA, LEVELS, "", with("mira", json!(0)), false),
                (
                    "a default above one's own",
                    JONAS,
                    LEVELS,
                    "",
                    json!({ "users": own, "events": { LEVELS: 50 }, "ban": 51 }),
                    false,
                ),
            ],
        );
    }
}

#[test]
fn a_banned_person_stays_out_until_unbanned() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS, MIRA]);
        room.levels(&json!({ "users": { JONAS: 50 } }));
        judge(
            &room,
            &[
                ("a ban without power", MIRA, MEMBER, JONAS, member("ban"), false),
                ("a ban of someone higher", JONAS, MEMBER, ANNA, member("ban"), false),
                ("a ban of someone lower", JONAS, MEMBER, MIRA, member("ban"), true),
                ("a kick without power", MIRA, MEMBER, JONAS, member("leave"), false),
                ("a kick of someone lower", JONAS, MEMBER, MIRA, member("leave"), true),
                ("joining for another", JONAS, MEMBER, "@x:klinikum.test", member("join"), false),
                ("an unknown membership", JONAS, MEMBER, JONAS, member("dreaming"), false),
            ],
        );
        room.state(JONAS, MEMBER, MIRA, member("ban")).unwrap();
        judge(
            &room,
            &[
                ("a join though banned", MIRA, MEMBER, MIRA, member("join"), false),
                ("leaving though banned", MIRA, MEMBER, MIRA, member("leave"), false),
                ("an invitation of the banned", JONAS, MEMBER, MIRA, member("invite"), false),
                ("an unban by the banned's equal", ANNA, MEMBER, MIRA, member("leave"), true),
            ],
        );
        assert!(room.message(MIRA, json!({})).is_err(), "a banned person writes nothing");
        room.state(JONAS, MEMBER, MIRA, member("leave")).unwrap();
        judge(&room, &[("a join after the unban", MIRA, MEMBER, MIRA, member("join"), true)]);
    }
}

#[test]
fn an_invite_only_room_is_entered_by_invitation() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS]);
        room.state(ANNA, "m.room.join_rules", "", json!({ "join_rule": "invite" })).unwrap();
        judge(
            &room,
            &[
                ("a join without invitation", MIRA, MEMBER, MIRA, member("join"), false),
                ("a knock where nobody may", MIRA, MEMBER, MIRA, member("knock"), false),
                ("an invitation by an outsider", MIRA, MEMBER, MIRA, member("invite"), false),
                ("an invitation of a member", ANNA, MEMBER, JONAS, member("invite"), false),
                ("an invitation by a member", JONAS, MEMBER, MIRA, member("invite"), true),
                ("a new profile of a member", JONAS, MEMBER, JONAS, member("join"), true),
            ],
        );
        room.state(JONAS, MEMBER, MIRA, member("invite")).unwrap();
        judge(
            &room,
            &[
                ("a join by invitation", MIRA, MEMBER, MIRA, member("join"), true),
                ("declining", MIRA, MEMBER, MIRA, member("leave"), true),
            ],
        );
        room.levels(&json!({ "invite": 50 }));
        let x = "@x:klinikum.test";
        judge(
            &room,
            &[("an invitation below its level", JONAS, MEMBER, x, member("invite"), false)],
        );
    }
}

#[test]
fn knocking_needs_a_room_that_hears_it() {
    for version in RoomVersion::ALL {
        for rule in ["knock", "knock_restricted"] {
            let mut room = Room::public(version);
            room.join(&[JONAS]);
            room.state(ANNA, "m.room.join_rules", "", json!({ "join_rule": rule })).unwrap();
            judge(
                &room,
                &[
                    ("a knock", MIRA, MEMBER, MIRA, member("knock"), true),
                    ("a knock for another", JONAS, MEMBER, MIRA, member("knock"), false),
                    ("a knock of a member", JONAS, MEMBER, JONAS, member("knock"), false),
                    ("a join instead", MIRA, MEMBER, MIRA, member("join"), false),
                ],
            );
            room.state(MIRA, MEMBER, MIRA, member("knock")).unwrap();
            judge(
                &room,
                &[
                    ("withdrawing the knock", MIRA, MEMBER, MIRA, member("leave"), true),
                    ("letting in", JONAS, MEMBER, MIRA, member("invite"), true),
                    ("turning away", ANNA, MEMBER, MIRA, member("leave"), true),
                ],
            );
        }
    }
}

#[test]
fn a_restricted_join_is_vouched_for_by_a_member_who_may_invite() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        room.join(&[JONAS]);
        room.levels(&json!({ "invite": 50 }));
        let rule = json!({ "join_rule": "restricted", "allow": [] });
        room.state(ANNA, "m.room.join_rules", "", rule).unwrap();
        let by = |voucher: &str| json!({ "membership": "join", "join_authorised_via_users_server": voucher });
        judge(
            &room,
            &[
                ("nobody vouches", MIRA, MEMBER, MIRA, member("join"), false),
                ("a voucher with power", MIRA, MEMBER, MIRA, by(ANNA), true),
                ("a voucher without power", MIRA, MEMBER, MIRA, by(JONAS), false),
                ("a voucher not in the room", MIRA, MEMBER, MIRA, by("@x:klinikum.test"), false),
                ("a voucher elsewhere", MIRA, MEMBER, MIRA, by("@x:other.test"), false),
            ],
        );
    }
}

#[test]
fn creators_of_version_12_stand_above_all_levels_and_cannot_be_listed() {
    let created = json!({ "additional_creators": [JONAS] });
    for version in RoomVersion::ALL {
        let mut room = Room::created(version, &created);
        let v12 = version == RoomVersion::V12;
        room.state(ANNA, MEMBER, ANNA, member("join")).unwrap();
        room.state(ANNA, "m.room.join_rules", "", json!({ "join_rule": "public" })).unwrap();
        room.join(&[JONAS, MIRA]);
        judge(
            &room,
            &[
                ("the creator's level", ANNA, LEVELS, "", json!({ "users": { ANNA: 100 } }), !v12),
                ("a further creator's", ANNA, LEVELS, "", json!({ "users": { JONAS: 1 } }), !v12),
            ],
        );
        let top = 9_007_199_254_740_991_i64;
        if v12 {
            room.state(ANNA, LEVELS, "", json!({ "users": { MIRA: top } })).unwrap();
        } else {
            room.state(ANNA, LEVELS, "", json!({ "users": { ANNA: 100, MIRA: 100 } })).unwrap();
        }
        judge(
            &room,
            &[
                (
                    "a ban of the highest level by the creator",
                    ANNA,
                    MEMBER,
                    MIRA,
                    member("ban"),
                    v12,
                ),
                ("a ban by a further creator", JONAS, MEMBER, MIRA, member("ban"), v12),
                ("a ban of the creator", MIRA, MEMBER, ANNA, member("ban"), false),
                ("a ban of a further creator", MIRA, MEMBER, JONAS, member("ban"), !v12),
                ("a creator by a creator", ANNA, MEMBER, JONAS, member("leave"), !v12),
            ],
        );
    }
}

#[test]
fn malformed_further_creators_are_refused_where_they_mean_something() {
    for version in RoomVersion::ALL {
        let body = content(&json!({ "additional_creators": ["not a user"] }));
        let made =
            room::create_room(version, user_id!("@anna:klinikum.test"), &body, "a", ts(1), &key());
        assert_eq!(made.is_err(), version == RoomVersion::V12, "version {version}");
    }
}

#[test]
fn a_room_that_does_not_federate_keeps_other_servers_out() {
    for version in RoomVersion::ALL {
        let mut room = Room::created(version, &json!({ "m.federate": false }));
        room.state(ANNA, MEMBER, ANNA, member("join")).unwrap();
        room.state(ANNA, "m.room.join_rules", "", json!({ "join_rule": "public" })).unwrap();
        let eve = "@eve:other.test";
        let proposal = room.proposal(eve, MEMBER, Some(eve), &member("join"));
        room.key = SigningKey::from_seed(server_name!("other.test"), "k", [1; 32]).unwrap();
        assert!(matches!(room.ask(proposal), Err(Refused::Forbidden(_))));
    }
}

#[test]
fn what_is_no_event_is_refused_before_the_rules_are_asked() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        let create = room.proposal(ANNA, "m.room.create", Some(""), &json!({}));
        assert!(matches!(room.ask(create), Err(Refused::BadEvent(_))), "a second creation");
        let aimless = room.proposal(ANNA, "m.room.redaction", None, &json!({}));
        assert!(matches!(room.ask(aimless), Err(Refused::BadEvent(_))), "a redaction of nothing");
        let foreign = room.proposal("@eve:other.test", "m.room.message", None, &json!({}));
        assert!(matches!(room.ask(foreign), Err(Refused::BadEvent(_))), "a foreign sender");
        let keyless = room.proposal(ANNA, MEMBER, None, &member("join"));
        assert!(matches!(room.ask(keyless), Err(Refused::BadEvent(_))), "a member without key");
        room.head.clear();
        let rootless = room.proposal(ANNA, "m.room.message", None, &json!({}));
        assert!(matches!(room.ask(rootless), Err(Refused::BadEvent(_))), "no previous event");
    }
}

#[test]
fn lengths_are_refused_beyond_the_limit_and_allowed_up_to_it() {
    for version in RoomVersion::ALL {
        let room = Room::public(version);
        for (bytes, fits) in [(255, true), (256, false)] {
            let long = "k".repeat(bytes);
            let typed = room.proposal(ANNA, &long, None, &json!({}));
            assert_eq!(room.ask(typed).is_ok(), fits, "a type of {bytes} bytes");
            let keyed = room.proposal(ANNA, "test.state", Some(&long), &json!({}));
            assert_eq!(room.ask(keyed).is_ok(), fits, "a state key of {bytes} bytes");
        }
        let sized = |bytes: usize| {
            let body = json!({ "body": "x".repeat(bytes) });
            let mut proposal = room.proposal(ANNA, "m.room.message", None, &body);
            proposal.origin_server_ts = ts(1_000);
            room.ask(proposal)
        };
        let rest = sized(0).unwrap().pdu_json.len();
        assert_eq!(sized(65_536 - rest).unwrap().pdu_json.len(), 65_536);
        assert!(matches!(sized(65_537 - rest), Err(Refused::TooLarge { bytes: 65_537, .. })));
    }
}

#[test]
fn the_create_event_is_needed_always_and_named_as_authority_before_version_12() {
    for version in RoomVersion::ALL {
        let mut room = Room::public(version);
        let create = room.events[0].event_id().clone();
        let proposal = room.proposal(ANNA, "m.room.message", None, &json!({}));
        let keys = room::required_auth_keys(version, &proposal).unwrap();
        assert!(keys.iter().any(|(kind, _)| kind.to_string() == "m.room.create"));
        room.put(proposal).unwrap();
        let named = room.last().pdu.auth_events.contains(&create);
        assert_eq!(named, version != RoomVersion::V12);
        let hash = create.as_str().trim_start_matches('$');
        assert_eq!(room.room_id.as_str() == format!("!{hash}"), version == RoomVersion::V12);
    }
}

#[test]
fn an_event_stands_deeper_than_all_it_follows() {
    let mut room = Room::public(RoomVersion::V11);
    let deepest = room.head[0].clone();
    let create = room.events[0].extremity();
    room.head = vec![create, deepest.clone()];
    room.message(ANNA, json!({})).unwrap();
    assert_eq!(room.last().pdu.depth, deepest.depth + 1);
    let state = |_: &_, _: &str| None;
    let facts = room::Facts {
        version: room.version,
        room_id: &room.room_id,
        prev_events: &room.head,
        state: &state,
    };
    let proposal = room.proposal(ANNA, "m.room.message", None, &json!({}));
    let unknown = accept(&facts, proposal, &room.key);
    assert!(matches!(unknown, Err(Refused::Forbidden(_))), "without state nobody may do anything");
}
