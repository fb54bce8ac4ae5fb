//! The versioned rows say the same as one full map per event, whatever other servers send (ADR
//! 0003).

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
};

use proptest::prelude::*;
use room::{
    RoomVersion, StateKey, resolve,
    state_rows::{BranchId, Changes, Derived, MAX_DEPTH, StateAt, StateRows},
};
use ruma::{OwnedEventId, events::StateEventType, state_res::StateMap};

use crate::graph::{FullState, Graph, steps};

/// A server that keeps versioned rows and receives a graph event by event.
pub struct Receiver<'a> {
    graph: &'a Graph,
    pub rows: StateRows<StateKey, OwnedEventId>,
    pub before: HashMap<OwnedEventId, StateAt>,
    pub after: HashMap<OwnedEventId, StateAt>,
    extremities: Vec<OwnedEventId>,
    pub resolutions: usize,
    pub soft_failed: usize,
}

impl<'a> Receiver<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            rows: StateRows::new(),
            before: HashMap::new(),
            after: HashMap::new(),
            extremities: Vec::new(),
            resolutions: 0,
            soft_failed: 0,
        }
    }

    /// Takes in one event and compares what it then knows with the graph's full maps.
    pub fn receive(&mut self, index: usize) {
        let node = &self.graph.nodes[index];
        let id = &node.pdu.event_id;
        let parents: Vec<StateAt> =
            node.pdu.prev_events.iter().map(|parent| self.after[parent]).collect();
        let before = self.merge(&parents);
        assert_eq!(self.rows.whole(&before), node.before, "the state before {id}");
        let before = self.rows.keep(&before);

        let mut after = Derived::from(before);
        if let Some(key) = node.pdu.key().filter(|_| !node.pdu.rejected) {
            after = self.rows.with(&after, key, id.clone());
        }
        let current = self.rows.head();
        let by_current = |kind: &StateEventType, key: &str| {
            let key = (kind.clone(), key.to_owned());
            self.graph.event(self.rows.get(current, &key)?)
        };
        let welcome = !node.pdu.rejected
            && (node.before.is_empty()
                || room::authorise(self.graph.version, &node.pdu, &by_current).is_ok());
        self.soft_failed += usize::from(!welcome && !node.pdu.rejected);
        if welcome {
            self.extremities.retain(|tip| !node.pdu.prev_events.contains(tip));
            self.extremities.push(id.clone());
        }
        // The only extremity *is* the current state, so the line takes it, and no branch is needed.
        let in_line = welcome && self.extremities.len() == 1;
        let after = if in_line { self.rows.settle(&after) } else { self.rows.keep(&after) };
        assert_eq!(self.whole(after), node.after, "the state after {id}");
        self.before.insert(id.clone(), before);
        self.after.insert(id.clone(), after);

        if welcome {
            let tips: Vec<StateAt> = self.extremities.iter().map(|tip| self.after[tip]).collect();
            let current = self.merge(&tips);
            let head = self.rows.settle(&current);
            let tips: Vec<usize> =
                self.extremities.iter().map(|tip| self.graph.index(tip)).collect();
            let by_the_book = self.graph.resolve_fully(&tips);
            assert_eq!(self.whole(head), by_the_book, "the current state after {id}");
        }
    }

    fn merge(&mut self, states: &[StateAt]) -> Derived<StateKey, OwnedEventId> {
        let mut resolved = false;
        let merged = self.rows.merge(states, |conflicts| {
            resolved = true;
            let fork = |state: &StateAt| -> StateMap<OwnedEventId> {
                conflicts
                    .iter()
                    .filter_map(|key| Some((key.clone(), self.rows.get(*state, key)?.clone())))
                    .collect()
            };
            let agreed = self
                .whole(states[0])
                .into_iter()
                .filter(|(key, _)| !conflicts.contains(key))
                .collect();
            let forks: Vec<_> = states.iter().map(fork).collect();
            let fetch = |id: &ruma::EventId| self.graph.event(id);
            let found =
                resolve(self.graph.version, &agreed, &forks, &fetch).expect("all events are known");
            let mut changes: Changes<StateKey, OwnedEventId> =
                conflicts.iter().map(|key| (key.clone(), None)).collect();
            changes.extend(found.into_iter().map(|(key, id)| (key, Some(id))));
            Ok::<_, Infallible>(changes)
        });
        self.resolutions += usize::from(resolved);
        merged.unwrap_or_else(|never| match never {})
    }

    pub fn whole(&self, state: StateAt) -> FullState {
        self.rows.whole(&state.into())
    }

    /// In how many keys a state differs from the version of the line that it starts from.
    pub fn overlay(&self, state: StateAt) -> usize {
        self.rows.difference(self.rows.start(state), state).len()
    }

    /// What was true when it was written stays true: older versions do not move.
    pub fn look_back(&self) {
        for node in &self.graph.nodes {
            let id = &node.pdu.event_id;
            assert_eq!(self.whole(self.before[id]), node.before, "the state before {id}, later");
            assert_eq!(self.whole(self.after[id]), node.after, "the state after {id}, later");
        }
    }

    /// Rows of one key on one branch do not overlap, branches are not piled up without end, and the
    /// difference of two states is that of their full maps.
    pub fn check_rows(&self) {
        let mut ends: HashMap<(BranchId, &StateKey), u64> = HashMap::new();
        for (branch, row) in self.rows.rows() {
            let end = row.to_ver.map_or(u64::MAX, |to| to.0);
            assert!(row.from_ver.0 < end, "a row has a length");
            let last = ends.insert((branch, &row.key), end).unwrap_or(0);
            assert!(last <= row.from_ver.0, "rows of one key overlap");
        }
        let states: Vec<StateAt> = self.after.values().copied().collect();
        for pair in states.windows(2) {
            assert!(self.rows.depth(pair[0]) <= MAX_DEPTH);
            let (a, b) = (self.whole(pair[0]), self.whole(pair[1]));
            let differing: BTreeSet<&StateKey> =
                a.keys().chain(b.keys()).filter(|key| a.get(key) != b.get(key)).collect();
            let difference = self.rows.difference(pair[0], pair[1]);
            assert_eq!(difference.keys().collect::<BTreeSet<_>>(), differing);
            for (key, (left, right)) in difference {
                assert_eq!((a.get(&key), b.get(&key)), (left.as_ref(), right.as_ref()));
            }
        }
    }
}

/// Receives the whole graph, in the order in which it is delivered.
pub fn receive_all(graph: &Graph) -> Receiver<'_> {
    let mut receiver = Receiver::new(graph);
    for index in graph.delivery() {
        receiver.receive(index);
    }
    receiver
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_full_maps_agree_on_the_state_at_every_event_of_a_hostile_graph(
        steps in steps(1..120), version in 0_usize..3,
    ) {
        let graph = Graph::build(RoomVersion::ALL[version], &steps);
        let receiver = receive_all(&graph);
        receiver.look_back();
        receiver.check_rows();
    }
}
