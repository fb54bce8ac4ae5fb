//! Whoever syncs step by step, with whatever limits and pauses, ends with the same view as who begins anew.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::{User, matrix::escape};

use crate::server;

/// What happens.
#[derive(Clone, Debug)]
enum Act {
    /// One of the three writes.
    Message(usize),
    /// The first, who has the power to, sets a part of the state.
    State(&'static str, u8),
    /// The third leaves.
    Leave,
    /// The third is invited and joins.
    Return,
    /// The reader (the second) syncs, with this limit.
    Sync(u8),
    /// The reader leaves, is invited and joins again.
    Away,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (0..3usize).prop_map(Act::Message),
        3 => (prop_oneof![Just("m.room.topic"), Just("m.room.name"), Just("de.konsil.case")], 0..3u8)
            .prop_map(|(kind, value)| Act::State(kind, value)),
        1 => Just(Act::Leave),
        1 => Just(Act::Return),
        3 => (1..6u8).prop_map(Act::Sync),
        1 => Just(Act::Away),
    ]
}

/// A client's view of one room.
#[derive(Debug, Default, PartialEq, Eq)]
struct View {
    state: BTreeMap<(String, String), String>,
    last: Option<String>,
    unread: Option<u64>,
    joined: Option<u64>,
    heroes: BTreeSet<String>,
}

impl View {
    fn apply(&mut self, joined: &Value) {
        for events in [&joined["state"]["events"], &joined["timeline"]["events"]] {
            for event in events.as_array().into_iter().flatten() {
                let text = |field: &str| event[field].as_str().map(str::to_owned);
                if let (Some(kind), Some(key), Some(id)) =
                    (text("type"), text("state_key"), text("event_id"))
                {
                    self.state.insert((kind, key), id);
                }
            }
        }
        let last = joined["timeline"]["events"].as_array().and_then(|events| events.last());
        self.last = last
            .and_then(|event| event["event_id"].as_str().map(str::to_owned))
            .or(self.last.take());
        self.unread = joined["unread_notifications"]["notification_count"].as_u64().or(self.unread);
        self.joined = joined["summary"]["m.joined_member_count"].as_u64().or(self.joined);
        if let Some(heroes) = joined["summary"]["m.heroes"].as_array() {
            self.heroes =
                heroes.iter().filter_map(|hero| hero.as_str().map(str::to_owned)).collect();
        }
    }
}

fn sync(user: &User, since: Option<&str>, limit: u8) -> Value {
    let filter = json!({ "room": { "timeline": { "limit": limit } } }).to_string();
    let since = since.map(|since| format!("&since={}", escape(since))).unwrap_or_default();
    user.get(&format!("/_matrix/client/v3/sync?timeout=0{since}&filter={}", escape(&filter))).ok()
}

fn play(acts: &[Act]) {
    let people = [server().user("anna"), server().user("jonas"), server().user("eva")];
    let [anna, reader, eva] = &people;
    let room =
        anna.create_room(&json!({ "preset": "private_chat", "invite": [reader.id, eva.id] }));
    reader.join(&room);
    eva.join(&room);
    let (mut view, mut token, mut eva_is_here) = (View::default(), None::<String>, true);
    let step = |token: &mut Option<String>, view: &mut View, limit| {
        let answer = sync(reader, token.as_deref(), limit);
        *token = answer["next_batch"].as_str().map(str::to_owned);
        view.apply(&answer["rooms"]["join"][&room]);
    };
    for act in acts {
        match act {
            Act::Message(who) if *who == 2 && !eva_is_here => {}
            Act::Message(who) => drop(people[*who].send_encrypted(&room, "x")),
            Act::State(kind, value) => {
                let content = json!({ "name": value.to_string(), "topic": value.to_string(), "value": value });
                anna.set_state(&room, kind, "", &content);
            }
            Act::Leave if eva_is_here => {
                eva.leave(&room);
                eva_is_here = false;
            }
            Act::Return if !eva_is_here => {
                anna.invite(&room, eva);
                eva.join(&room);
                eva_is_here = true;
            }
            Act::Leave | Act::Return => {}
            Act::Sync(limit) => step(&mut token, &mut view, *limit),
            Act::Away => {
                reader.leave(&room);
                anna.invite(&room, reader);
                reader.join(&room);
            }
        }
    }
    step(&mut token, &mut view, 3);
    let mut fresh = View::default();
    fresh.apply(&sync(reader, None, 3)["rooms"]["join"][&room]);
    assert_eq!(view, fresh);
    let all = sync(&reader.new_device(), None, 100);
    let mut whole = View::default();
    whole.apply(&all["rooms"]["join"][&room]);
    assert_eq!(fresh, whole, "the limit does not change the view");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn step_by_step_and_anew_end_in_the_same_view(acts in prop::collection::vec(act(), 1..30)) {
        play(&acts);
    }
}
