//! Hostile event graphs, built with the real builder, and their state by the book: one full map per
//! event, resolved as a whole.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use proptest::prelude::*;
use room::{Accepted, Content, Extremity, Facts, Pdu, Proposal, RoomVersion, SigningKey, StateKey};
use ruma::{
    EventId, OwnedEventId, OwnedRoomId, ServerName, UserId,
    events::StateEventType,
    state_res::{self, StateMap, utils::event_id_set::EventIdSet},
};
use serde_json::{Value, json};

use crate::world::{content, ts};

/// Three hospitals; the first user makes the room.
pub const PEOPLE: [&str; 6] = [
    "@anna:one.test",
    "@ben:one.test",
    "@eve:two.test",
    "@mallory:two.test",
    "@trudy:three.test",
    "@victor:three.test",
];

/// The random choices behind one event.
#[derive(Clone, Debug)]
pub struct Step {
    pub shape: u8,
    pub parents: [u8; 4],
    pub actor: u8,
    pub action: u8,
    pub detail: u8,
    pub clock: u8,
    pub stale: u8,
    pub delay: u8,
}

pub fn steps(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<[u8; 4]>(), any::<[u8; 7]>()).prop_map(|(parents, rest)| Step {
        shape: rest[0],
        parents,
        actor: rest[1],
        action: rest[2],
        detail: rest[3],
        clock: rest[4],
        stale: rest[5],
        delay: rest[6],
    });
    proptest::collection::vec(step, len)
}

pub type FullState = BTreeMap<StateKey, OwnedEventId>;

/// An event with the full state before and after it.
pub struct Node {
    pub pdu: Arc<Pdu>,
    pub before: FullState,
    pub after: FullState,
    pub delay: u8,
}

pub struct Graph {
    pub version: RoomVersion,
    pub room_id: OwnedRoomId,
    pub nodes: Vec<Node>,
    by_id: HashMap<OwnedEventId, usize>,
    keys: HashMap<String, SigningKey>,
    chains: HashMap<OwnedEventId, Arc<HashSet<OwnedEventId>>>,
}

impl Graph {
    /// A public room of three hospitals, in which everyone is joined.
    pub fn new(version: RoomVersion) -> Self {
        let keys: HashMap<String, SigningKey> = PEOPLE
            .iter()
            .enumerate()
            .map(|(n, person)| {
                let server = server(person);
                let seed = [u8::try_from(n).expect("six people"); 32];
                (server.to_string(), SigningKey::from_seed(server, "k", seed).expect("a name"))
            })
            .collect();
        let anna = <&UserId>::try_from(PEOPLE[0]).expect("an ID");
        let key = &keys["one.test"];
        let created =
            room::create_room(version, anna, &Content::empty(), "abc", ts(1), key).expect("a room");
        let mut graph = Self {
            version,
            room_id: created.room_id.clone(),
            nodes: Vec::new(),
            by_id: HashMap::new(),
            keys,
            chains: HashMap::new(),
        };
        graph.keep(&created, FullState::new(), false, 0);
        let users = match version {
            RoomVersion::V12 => json!({ PEOPLE[1]: 50, PEOPLE[2]: 100 }),
            _ => json!({ PEOPLE[0]: 100, PEOPLE[1]: 50, PEOPLE[2]: 100 }),
        };
        graph.follow(0, "m.room.member", PEOPLE[0], &json!({ "membership": "join" }));
        let levels = json!({ "users": users, "events": { "test.open": 0, "m.room.topic": 50 } });
        graph.follow(0, "m.room.power_levels", "", &levels);
        graph.follow(0, "m.room.join_rules", "", &json!({ "join_rule": "public" }));
        for (n, person) in PEOPLE.iter().enumerate().skip(1) {
            graph.follow(n, "m.room.member", person, &json!({ "membership": "join" }));
        }
        graph
    }

    pub fn build(version: RoomVersion, steps: &[Step]) -> Self {
        let mut graph = Self::new(version);
        for step in steps {
            graph.step(step);
        }
        graph
    }

    pub fn event(&self, id: &EventId) -> Option<Arc<Pdu>> {
        self.by_id.get(id).map(|&index| self.nodes[index].pdu.clone())
    }

    /// Appends a state event to the newest event.
    pub fn follow(&mut self, actor: usize, kind: &str, state_key: &str, body: &Value) {
        let parent = self.nodes.len() - 1;
        let before = self.nodes[parent].after.clone();
        let kept = self.put(&[parent], before, None, actor, kind, Some(state_key), body, 5, 0);
        assert!(kept, "the room's first events are allowed");
    }

    /// Builds one event with `view` as the state that its server claims (the true one, if `None`),
    /// and keeps it if the builder lets it pass.
    #[allow(clippy::too_many_arguments)]
    pub fn put(
        &mut self,
        parents: &[usize],
        before: FullState,
        view: Option<&FullState>,
        actor: usize,
        kind: &str,
        state_key: Option<&str>,
        body: &Value,
        clock: u32,
        delay: u8,
    ) -> bool {
        let person = PEOPLE[actor];
        let proposal = Proposal {
            kind: kind.into(),
            state_key: state_key.map(ToOwned::to_owned),
            sender: person.try_into().expect("an ID"),
            content: content(body),
            redacts: None,
            origin_server_ts: ts(clock),
        };
        let head: Vec<Extremity> = parents
            .iter()
            .map(|&parent| Extremity {
                event_id: self.nodes[parent].pdu.event_id.clone(),
                depth: self.nodes[parent].pdu.depth,
            })
            .collect();
        let claimed = view.unwrap_or(&before);
        let state = |kind: &StateEventType, key: &str| {
            self.event(claimed.get(&(kind.clone(), key.to_owned()))?)
        };
        let facts = Facts {
            version: self.version,
            room_id: &self.room_id,
            prev_events: &head,
            state: &state,
        };
        let key = &self.keys[server(person).as_str()];
        let Ok(accepted) = room::accept(&facts, proposal, key) else { return false };
        if self.by_id.contains_key(accepted.event_id()) {
            return false;
        }
        let truth = |kind: &StateEventType, key: &str| {
            self.event(before.get(&(kind.clone(), key.to_owned()))?)
        };
        let rejected = room::authorise(self.version, &accepted.pdu, &truth).is_err();
        self.keep(&accepted, before, rejected, delay);
        true
    }

    fn keep(&mut self, accepted: &Accepted, before: FullState, rejected: bool, delay: u8) {
        let mut after = before.clone();
        let mut pdu = (*accepted.pdu).clone();
        pdu.rejected = rejected;
        if let Some(key) = pdu.key().filter(|_| !rejected) {
            after.insert(key, pdu.event_id.clone());
        }
        let mut chain = HashSet::new();
        for above in &pdu.auth_events {
            chain.insert(above.clone());
            chain.extend(self.chains[above].iter().cloned());
        }
        self.chains.insert(pdu.event_id.clone(), Arc::new(chain));
        self.by_id.insert(pdu.event_id.clone(), self.nodes.len());
        self.nodes.push(Node { pdu: Arc::new(pdu), before, after, delay });
    }

    /// The state over several events by the book: full maps, full auth chains.
    pub fn resolve_fully(&self, parents: &[usize]) -> FullState {
        let maps: Vec<StateMap<OwnedEventId>> = parents
            .iter()
            .map(|&parent| self.nodes[parent].after.clone().into_iter().collect())
            .collect();
        let chains = maps
            .iter()
            .map(|map| {
                let mut chain = EventIdSet::new();
                for id in map.values() {
                    chain.extend(self.chains[id].iter().cloned());
                }
                chain
            })
            .collect();
        let rules = self.version.rules();
        let resolved = state_res::resolve(
            &rules.authorization,
            rules.state_res.v2_rules().expect("v2"),
            maps.iter(),
            chains,
            |id| self.event(id),
            |conflicted| Some(self.subgraph(conflicted.values().flatten())),
        )
        .expect("all events are known");
        resolved.into_iter().collect()
    }

    /// By definition: whatever lies above one conflicted event and below another.
    fn subgraph<'a>(
        &self,
        conflicted: impl Iterator<Item = &'a OwnedEventId>,
    ) -> EventIdSet<OwnedEventId> {
        let conflicted: HashSet<&OwnedEventId> = conflicted.collect();
        let above: HashSet<&OwnedEventId> =
            conflicted.iter().flat_map(|id| self.chains[*id].iter()).collect();
        above
            .into_iter()
            .filter(|id| conflicted.iter().any(|end| self.chains[*id].contains(*end)))
            .chain(conflicted.iter().copied())
            .cloned()
            .collect()
    }

    fn tips(&self) -> Vec<usize> {
        let used: HashSet<&OwnedEventId> =
            self.nodes.iter().flat_map(|node| &node.pdu.prev_events).collect();
        (0..self.nodes.len()).filter(|&n| !used.contains(&self.nodes[n].pdu.event_id)).collect()
    }

    fn step(&mut self, step: &Step) {
        let tips = self.tips();
        let pick = |byte: u8, from: &[usize]| from[usize::from(byte) % from.len()];
        let all: Vec<usize> = (0..self.nodes.len()).collect();
        // Nothing forks off before everyone is in the room, but for one step in sixteen.
        let settled = &all[if step.shape >= 240 { 1 } else { 8.min(all.len() - 1) }..];
        let p = step.parents;
        let parents: BTreeSet<usize> = match step.shape % 16 {
            // Deepen a branch.
            0..=8 => [pick(p[0], &tips)].into(),
            // Open a new branch somewhere in the past.
            9..=11 => [pick(p[0], settled)].into(),
            // Merge tips.
            12 | 13 => [pick(p[0], &tips), pick(p[1], &tips)].into(),
            14 => p.iter().map(|&byte| pick(byte, &tips)).collect(),
            // Merge whatever, also an event with its own ancestor.
            _ => [pick(p[0], settled), pick(p[1], settled), pick(p[2], &tips)].into(),
        };
        let parents: Vec<usize> = parents.into_iter().collect();
        let before = if parents.len() == 1 {
            self.nodes[parents[0]].after.clone()
        } else {
            self.resolve_fully(&parents)
        };
        // One event in four claims a state from elsewhere in the graph, as a lying server would.
        let view = step
            .stale
            .is_multiple_of(4)
            .then(|| self.nodes[pick(step.stale / 4, settled)].after.clone());
        let actor = usize::from(step.actor) % PEOPLE.len();
        let (kind, state_key, body) = self.action(step, view.as_ref().unwrap_or(&before), actor);
        let clock = u32::from(step.clock) + 10;
        self.put(
            &parents,
            before,
            view.as_ref(),
            actor,
            kind,
            state_key.as_deref(),
            &body,
            clock,
            step.delay,
        );
    }

    fn action(
        &self,
        step: &Step,
        view: &FullState,
        actor: usize,
    ) -> (&'static str, Option<String>, Value) {
        let target = PEOPLE[usize::from(step.detail) % PEOPLE.len()].to_owned();
        let choice = step.detail / 8;
        let member = |user: String, membership: &str| {
            ("m.room.member", Some(user), json!({ "membership": membership, "reason": step.clock }))
        };
        match step.action % 16 {
            0 => ("m.room.encrypted", None, json!({ "ciphertext": step.clock })),
            1..=3 => {
                let mut levels: Value = view
                    .get(&(StateEventType::RoomPowerLevels, String::new()))
                    .and_then(|id| self.event(id))
                    .map_or_else(
                        || json!({ "users": {} }),
                        |pdu| pdu.read_content().expect("JSON"),
                    );
                levels["users"][target] = json!([0, 50, 100][usize::from(choice) % 3]);
                if choice.is_multiple_of(4) {
                    levels["state_default"] = json!([0, 50, 100][usize::from(step.clock) % 3]);
                }
                ("m.room.power_levels", Some(String::new()), levels)
            }
            4 | 5 => member(target, "ban"),
            6 => member(target, "leave"),
            7 => member(target, "invite"),
            8 => member(PEOPLE[actor].to_owned(), "leave"),
            9 | 10 => member(PEOPLE[actor].to_owned(), "join"),
            11 => member(PEOPLE[actor].to_owned(), "knock"),
            12 => {
                let rule = ["public", "invite", "knock"][usize::from(choice) % 3];
                ("m.room.join_rules", Some(String::new()), json!({ "join_rule": rule }))
            }
            13 => ("m.room.topic", Some(String::new()), json!({ "topic": step.clock })),
            _ => ("test.open", Some(format!("key {}", choice % 8)), json!({ "value": step.clock })),
        }
    }

    /// An order in which a server may receive the events: parents first, some branches withheld.
    pub fn delivery(&self) -> Vec<usize> {
        let due = |n: usize| {
            n + usize::from(self.nodes[n].delay % 64) * usize::from(self.nodes[n].delay > 128)
        };
        let mut left: BTreeSet<(usize, usize)> =
            (0..self.nodes.len()).map(|n| (due(n), n)).collect();
        let mut order = Vec::new();
        let mut done = HashSet::new();
        while !left.is_empty() {
            let next = *left
                .iter()
                .find(|(_, n)| self.nodes[*n].pdu.prev_events.iter().all(|id| done.contains(id)))
                .expect("a graph without cycles");
            left.remove(&next);
            done.insert(self.nodes[next.1].pdu.event_id.clone());
            order.push(next.1);
        }
        order
    }

    pub fn index(&self, id: &EventId) -> usize {
        self.by_id[id]
    }
}

fn server(person: &str) -> &ServerName {
    <&UserId>::try_from(person).expect("an ID").server_name()
}
