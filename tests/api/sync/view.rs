//! Whoever syncs step by step, with whatever limits and pauses, and fills the gaps, ends with the same view as who begins anew.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::{
    User,
    matrix::{encrypted, escape, room_path},
};

use crate::server;

/// What happens.
#[derive(Clone, Debug)]
enum Act {
    /// One of the three writes.
    Message(usize),
    /// One of the three writes into the thread of the first message.
    Thread(usize),
    /// The first mentions the reader.
    Mention,
    /// The first, who has the power to, sets a part of the state.
    State(&'static str, u8),
    /// The first takes back a message: so many before the last.
    Redact(usize),
    /// One of the three has read the last message; the whole room, or the thread or main timeline that it is in.
    Read(usize, bool),
    /// History is for members of the time, or for all members.
    Visibility(bool),
    /// The third gets another name in the room.
    Rename(u8),
    /// The third leaves.
    Leave,
    /// The third is invited and joins.
    Return,
    /// The reader (the second) syncs, with this limit.
    Sync(u8),
    /// The reader leaves, somebody writes, and the reader is invited and joins again.
    Away,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..3usize).prop_map(Act::Message),
        2 => (0..3usize).prop_map(Act::Thread),
        1 => Just(Act::Mention),
        3 => (prop_oneof![Just("m.room.topic"), Just("m.room.name"), Just("de.konsil.case")], 0..3u8)
            .prop_map(|(kind, value)| Act::State(kind, value)),
        1 => (0..4usize).prop_map(Act::Redact),
        2 => (0..3usize, any::<bool>()).prop_map(|(who, whole)| Act::Read(who, whole)),
        1 => any::<bool>().prop_map(Act::Visibility),
        1 => (0..3u8).prop_map(Act::Rename),
        1 => Just(Act::Leave),
        1 => Just(Act::Return),
        4 => (1..6u8).prop_map(Act::Sync),
        1 => Just(Act::Away),
    ]
}

/// A client's view of one room.
#[derive(Debug, Default, PartialEq, Eq)]
struct View {
    state: BTreeMap<(String, String), String>,
    /// Events, oldest first, and whether they were taken back.
    timeline: Vec<(String, bool)>,
    /// Of the main timeline, and of each thread: notifications and highlights.
    unread: BTreeMap<String, (u64, u64)>,
    /// Who has read up to where, by thread.
    read: BTreeMap<(String, String), String>,
    joined: Option<u64>,
    heroes: BTreeSet<String>,
}

fn text(event: &Value, field: &str) -> Option<String> {
    event[field].as_str().map(str::to_owned)
}

fn list(events: &Value) -> Vec<Value> {
    events.as_array().cloned().unwrap_or_default()
}

impl View {
    fn apply(&mut self, joined: &Value, before: Vec<Value>) {
        for event in
            list(&joined["state"]["events"]).iter().chain(&list(&joined["timeline"]["events"]))
        {
            if let (Some(kind), Some(key), Some(id)) =
                (text(event, "type"), text(event, "state_key"), text(event, "event_id"))
            {
                self.state.insert((kind, key), id);
            }
        }
        before
            .iter()
            .chain(&list(&joined["timeline"]["events"]))
            .for_each(|event| self.take(event));
        for event in list(&joined["ephemeral"]["events"]) {
            for (id, kinds) in event["content"].as_object().into_iter().flatten() {
                for (user, receipt) in kinds["m.read"].as_object().into_iter().flatten() {
                    let thread = receipt["thread_id"].as_str().unwrap_or_default().to_owned();
                    self.read.insert((user.clone(), thread), id.clone());
                }
            }
        }
        let pair = |counts: &Value| {
            Some((counts["notification_count"].as_u64()?, counts["highlight_count"].as_u64()?))
        };
        if let Some(main) = pair(&joined["unread_notifications"]) {
            self.unread = BTreeMap::from([("main".to_owned(), main)]);
            let threads = joined["unread_thread_notifications"].as_object();
            for (root, counts) in threads.into_iter().flatten() {
                self.unread.insert(root.clone(), pair(counts).expect("counts"));
            }
        }
        self.joined = joined["summary"]["m.joined_member_count"].as_u64().or(self.joined);
        // A room that has a name is called after nobody.
        if joined["summary"].is_object() {
            let heroes = list(&joined["summary"]["m.heroes"]);
            self.heroes =
                heroes.iter().filter_map(|hero| hero.as_str().map(str::to_owned)).collect();
        }
    }

    /// Who has read the whole room up to somewhere has read its threads up to there: what their older receipts say is no news.
    fn forget_covered(&mut self, messages: &[(String, String)]) {
        let place = |event: &String| messages.iter().position(|(message, _)| message == event);
        let whole = self.read.clone();
        self.read.retain(|(user, thread), event| {
            let read = whole.get(&(user.clone(), String::new()));
            thread.is_empty() || read.is_none_or(|read| place(read) < place(event))
        });
    }

    /// Takes in an event of the timeline; one that is known already stays where it is.
    fn take(&mut self, event: &Value) {
        let id = text(event, "event_id").expect("an event has an ID");
        if event["type"] == "m.room.redaction" {
            let target = text(event, "redacts").or_else(|| text(&event["content"], "redacts"));
            for known in self.timeline.iter_mut().filter(|known| Some(&known.0) == target.as_ref())
            {
                known.1 = true;
            }
        }
        if !self.timeline.iter().any(|(known, _)| *known == id) {
            self.timeline.push((id, event["unsigned"]["redacted_because"].is_object()));
        }
    }
}

/// What lies between two tokens, oldest first, in small pages.
fn between(user: &User, room: &str, from: &str, to: Option<&str>) -> Vec<Value> {
    let to = to.map(|to| format!("&to={}", escape(to))).unwrap_or_default();
    let (mut from, mut events) = (from.to_owned(), Vec::new());
    loop {
        let rest = format!("/messages?dir=b&limit=3&from={}{to}", escape(&from));
        let page = user.get(&room_path(room, &rest)).ok();
        events.extend(list(&page["chunk"]));
        match page["end"].as_str() {
            Some(end) => from = end.to_owned(),
            None => break,
        }
    }
    events.reverse();
    events
}

fn sync(user: &User, since: Option<&str>, limit: u8) -> Value {
    let timeline = json!({ "limit": limit, "unread_thread_notifications": true });
    let filter = json!({ "room": { "timeline": timeline } }).to_string();
    let since = since.map(|since| format!("&since={}", escape(since))).unwrap_or_default();
    user.get(&format!("/_matrix/client/v3/sync?timeout=0{since}&filter={}", escape(&filter))).ok()
}

/// Syncs once and fills the gap, if there is one.
fn step(reader: &User, room: &str, token: &mut Option<String>, view: &mut View, limit: u8) {
    let answer = sync(reader, token.as_deref(), limit);
    let joined = &answer["rooms"]["join"][room];
    let gap = match joined["timeline"]["prev_batch"].as_str() {
        Some(from) if joined["timeline"]["limited"] == true || token.is_none() => {
            between(reader, room, from, token.as_deref())
        }
        _ => Vec::new(),
    };
    view.apply(joined, gap);
    *token = answer["next_batch"].as_str().map(str::to_owned);
    // On the same event the receipt for the whole room stands for the others (MSC4102).
    let whole = view.read.clone();
    view.read.retain(|(user, thread), event| {
        thread.is_empty() || whole.get(&(user.clone(), String::new())) != Some(event)
    });
}

fn play(acts: &[Act]) {
    let people = [server().user("anna"), server().user("jonas"), server().user("eva")];
    let [anna, reader, eva] = &people;
    let room =
        anna.create_room(&json!({ "preset": "private_chat", "invite": [reader.id, eva.id] }));
    reader.join(&room);
    eva.join(&room);
    let root = anna.send_encrypted(&room, "root");
    // Messages, and the thread that each is in.
    let mut messages = vec![(root.clone(), "main".to_owned())];
    let (mut view, mut token, mut eva_is_here) = (View::default(), None::<String>, true);
    for act in acts {
        match act {
            Act::Message(2) | Act::Thread(2) | Act::Read(2, _) if !eva_is_here => {}
            Act::Message(who) => {
                messages.push((people[*who].send_encrypted(&room, "x"), "main".to_owned()));
            }
            Act::Thread(who) => {
                let mut content = encrypted("x");
                content["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": root });
                messages
                    .push((people[*who].send(&room, "m.room.encrypted", &content), root.clone()));
            }
            Act::Mention => {
                let mut content = encrypted("x");
                content["m.mentions"] = json!({ "user_ids": [reader.id] });
                messages.push((anna.send(&room, "m.room.encrypted", &content), "main".to_owned()));
            }
            Act::State(kind, value) => {
                let content = json!({ "name": value.to_string(), "topic": value.to_string(), "value": value });
                anna.set_state(&room, kind, "", &content);
            }
            Act::Redact(back) => {
                // The root stays: what takes the root back leaves the thread as it is.
                if let Some((event, thread)) = messages.iter().skip(1).rev().nth(*back)
                    && thread == "main"
                {
                    let path =
                        format!("/redact/{}/{}", escape(event), testkit::matrix::transaction());
                    anna.put(&room_path(&room, &path), &json!({})).ok();
                }
            }
            Act::Read(who, whole) => {
                let (event, thread) = messages.last().expect("the root at least");
                let body = if *whole { json!({}) } else { json!({ "thread_id": thread }) };
                let path = format!("/receipt/m.read/{}", escape(event));
                people[*who].post(&room_path(&room, &path), &body).ok();
            }
            Act::Visibility(joined) => {
                let visibility = if *joined { "joined" } else { "shared" };
                let content = json!({ "history_visibility": visibility });
                anna.set_state(&room, "m.room.history_visibility", "", &content);
            }
            Act::Rename(name) if eva_is_here => {
                let content = json!({ "membership": "join", "displayname": format!("Eva {name}") });
                eva.set_state(&room, "m.room.member", &eva.id, &content);
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
            Act::Leave | Act::Return | Act::Rename(_) => {}
            Act::Sync(limit) => step(reader, &room, &mut token, &mut view, *limit),
            Act::Away => {
                reader.leave(&room);
                let meanwhile = anna.send_encrypted(&room, "x");
                let path = format!("/receipt/m.read/{}", escape(&meanwhile));
                anna.post(&room_path(&room, &path), &json!({})).ok();
                messages.push((meanwhile, "main".to_owned()));
                anna.set_state(&room, "de.konsil.case", "", &json!({ "value": messages.len() }));
                anna.invite(&room, reader);
                reader.join(&room);
            }
        }
    }
    step(reader, &room, &mut token, &mut view, 3);
    let (mut fresh, mut nothing) = (View::default(), None);
    step(reader, &room, &mut nothing, &mut fresh, 3);
    for view in [&mut view, &mut fresh] {
        view.forget_covered(&messages);
    }
    assert_eq!(view, fresh);
    let (mut whole, mut nothing) = (View::default(), None);
    step(&reader.new_device(), &room, &mut nothing, &mut whole, 100);
    whole.forget_covered(&messages);
    assert_eq!(fresh, whole, "the limit does not change the view");
}

#[test]
fn what_was_unread_before_leaving_is_not_unread_after_coming_back() {
    play(&[Act::Visibility(true), Act::Sync(1), Act::Away, Act::Sync(5)]);
}

proptest! {
    // What fails is printed with the acts that lead to it, shrunk, and kept in `proptest-regressions`.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn step_by_step_and_anew_end_in_the_same_view(acts in prop::collection::vec(act(), 1..40)) {
        play(&acts);
    }
}
