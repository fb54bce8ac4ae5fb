//! What versioned rows cost on hostile graphs, beside content-addressed tree nodes (figures of ADR
//! 0003).
//!
//! `cargo test -p room --test it figures -- --nocapture` prints them.

use std::{
    collections::{BTreeMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use room::{
    RoomVersion, StateKey,
    state_rows::{LINE, MAX_DEPTH},
};
use ruma::OwnedEventId;
use serde_json::json;

use crate::{
    forks::{Receiver, receive_all},
    graph::{FullState, Graph, PEOPLE, steps},
};

/// Entries of a tree node; what a leaf holds before it splits.
const FANOUT: u64 = 16;
const LEAF_ENTRIES: usize = 8;

/// A store of tree nodes by the hash of what they hold: equal parts of states are stored once.
#[derive(Default)]
struct Tree {
    nodes: HashSet<u64>,
    entries: usize,
}

impl Tree {
    fn insert(&mut self, state: &FullState) {
        let keyed: Vec<(u64, (&StateKey, &OwnedEventId))> =
            state.iter().map(|entry| (hash(&entry.0), entry)).collect();
        self.node(&keyed, 0);
    }

    fn node(&mut self, entries: &[(u64, (&StateKey, &OwnedEventId))], level: u32) -> u64 {
        if entries.len() <= LEAF_ENTRIES {
            return self.keep(hash(&entries), entries.len());
        }
        let mut children: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for entry in entries {
            children.entry(entry.0 >> (4 * level) & (FANOUT - 1)).or_default().push(*entry);
        }
        let hashes: Vec<u64> = children.values().map(|child| self.node(child, level + 1)).collect();
        self.keep(hash(&(level, &hashes)), hashes.len())
    }

    fn keep(&mut self, hash: u64, entries: usize) -> u64 {
        if self.nodes.insert(hash) {
            self.entries += entries;
        }
        hash
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[derive(Default)]
struct Figures {
    events: usize,
    state_events: usize,
    state_size: usize,
    on_fork: usize,
    overlays: Vec<usize>,
    line_rows: usize,
    branch_rows: usize,
    overlay_rows: usize,
    depths: Vec<usize>,
    tree_nodes: usize,
    tree_entries: usize,
    resolutions: usize,
    rejected: usize,
    soft_failed: usize,
}

impl Figures {
    fn add(&mut self, graph: &Graph, receiver: &Receiver<'_>) {
        let mut tree = Tree::default();
        for node in &graph.nodes {
            tree.insert(&node.after);
            self.rejected += usize::from(node.pdu.rejected);
            self.state_events += usize::from(node.pdu.is_state());
            self.state_size = self.state_size.max(node.after.len());
        }
        self.events += graph.nodes.len();
        for (branch, _) in receiver.rows.rows() {
            *(if branch == LINE { &mut self.line_rows } else { &mut self.branch_rows }) += 1;
        }
        let mut overlays = HashSet::new();
        for &state in receiver.after.values() {
            let overlay = receiver.overlay(state);
            self.on_fork += usize::from(state.branch != LINE);
            self.overlays.push(overlay);
            self.depths.push(receiver.rows.depth(state).into());
            // What one overlay of its own per forked state would take.
            if state.branch != LINE && overlays.insert(state) {
                self.overlay_rows += overlay;
            }
        }
        self.tree_nodes += tree.nodes.len();
        self.tree_entries += tree.entries;
        self.resolutions += receiver.resolutions;
        self.soft_failed += receiver.soft_failed;
    }

    #[allow(clippy::cast_precision_loss)]
    fn print(&mut self, name: &str) {
        let per_event = |count: usize| count as f64 / self.events as f64;
        println!(
            "{name}: {} events ({} state, {} rejected, {} soft-failed), {} resolutions, {} keys at most",
            self.events,
            self.state_events,
            self.rejected,
            self.soft_failed,
            self.resolutions,
            self.state_size
        );
        println!(
            "  per event: {:.2} rows in line, {:.2} on branches | {:.2} with an overlay per state | tree {:.2} nodes, {:.2} entries",
            per_event(self.line_rows),
            per_event(self.branch_rows),
            per_event(self.overlay_rows),
            per_event(self.tree_nodes),
            per_event(self.tree_entries),
        );
        println!(
            "  keys off the line at an event: p50 {}, p99 {}, max {}; branches under it: p50 {}, p99 {}, max {}; {} events off the line",
            percentile(&mut self.overlays, 50),
            percentile(&mut self.overlays, 99),
            percentile(&mut self.overlays, 100),
            percentile(&mut self.depths, 50),
            percentile(&mut self.depths, 99),
            percentile(&mut self.depths, 100),
            self.on_fork,
        );
    }
}

fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

fn runner() -> TestRunner {
    let seed = [42; 32];
    TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::default() },
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed),
    )
}

#[test]
fn a_state_event_of_a_random_hostile_graph_costs_less_than_three_rows() {
    let mut runner = runner();
    let mut figures = Figures::default();
    for round in 0..24 {
        let steps = steps(250..251).new_tree(&mut runner).expect("steps").current();
        let graph = Graph::build(RoomVersion::ALL[round % 3], &steps);
        figures.add(&graph, &receive_all(&graph));
    }
    figures.print("random hostile graphs");
    // The graphs are hostile indeed: without these the equality with the full maps would prove
    // little.
    assert!(figures.resolutions > 1_000, "{} resolutions", figures.resolutions);
    assert!(figures.rejected > 50, "{} rejected", figures.rejected);
    assert!(figures.soft_failed > 50, "{} soft-failed", figures.soft_failed);
    // A state event costs about a row wherever it stands.
    assert!(figures.line_rows + figures.branch_rows < 3 * figures.state_events);
}

/// A hospital cut off for long: both sides go on by themselves, then the withheld side arrives at
/// once, event by event.
fn partition(events_per_side: usize, state_every: usize) -> (Graph, Vec<usize>) {
    let mut graph = Graph::new(RoomVersion::V11);
    let fork = graph.nodes.len() - 1;
    let mut sides = [Vec::new(), Vec::new()];
    for (side, actor) in [(0, 0), (1, 2)] {
        let mut parent = fork;
        for n in 0..events_per_side {
            let before = graph.nodes[parent].after.clone();
            let clock = u32::try_from(100 + 2 * n + side).expect("small");
            let (kind, state_key, body) = if n % state_every == 0 {
                let key = format!("side {side} key {n}");
                ("test.open", Some(key), json!({ "value": n }))
            } else {
                ("m.room.encrypted", None, json!({ "ciphertext": n, "side": side }))
            };
            let kept = graph.put(
                &[parent],
                before,
                None,
                actor,
                kind,
                state_key.as_deref(),
                &body,
                clock,
                0,
            );
            assert!(kept, "{} may send", PEOPLE[actor]);
            parent = graph.nodes.len() - 1;
            sides[side].push(parent);
        }
    }
    let order = (0..=fork).chain(sides[0].iter().copied()).chain(sides[1].iter().copied());
    let order = order.collect();
    (graph, order)
}

#[test]
fn a_state_event_of_a_long_partition_costs_at_most_two_rows() {
    for (events, state_every) in [(400, 20), (400, 1)] {
        let (graph, order) = partition(events, state_every);
        let mut receiver = Receiver::new(&graph);
        for index in order {
            receiver.receive(index);
        }
        let mut figures = Figures::default();
        figures.add(&graph, &receiver);
        assert!(figures.line_rows + figures.branch_rows <= 2 * figures.state_events);
        figures.print(&format!("partition, 2 × {events} events, every {state_every}th a new key"));
    }
}

/// Forks of forks of forks: at each level a branch goes on by one event and another branches off
/// under it.
fn nested(levels: usize) -> Graph {
    let mut graph = Graph::new(RoomVersion::V12);
    let mut parent = graph.nodes.len() - 1;
    for level in 0..levels {
        for side in 0..2 {
            let before = graph.nodes[parent].after.clone();
            let key = format!("key {}", level % 5);
            let body = json!({ "level": level, "side": side });
            let kept =
                graph.put(&[parent], before, None, 2, "test.open", Some(&key), &body, 100, 0);
            assert!(kept, "{} may send", PEOPLE[2]);
        }
        parent = graph.nodes.len() - 1;
    }
    graph
}

#[test]
fn forks_of_forks_are_never_deeper_than_the_limit_and_stay_right() {
    let graph = nested(60);
    let receiver = receive_all(&graph);
    receiver.look_back();
    receiver.check_rows();
    let mut figures = Figures::default();
    figures.add(&graph, &receiver);
    figures.print("60 forks of forks");
    assert_eq!(figures.depths.iter().max(), Some(&usize::from(MAX_DEPTH)));
}

/// One side has many keys of one person; the other bans and readmits that person again and again,
/// and each time resolution takes all the keys away or gives them back.
#[test]
fn a_state_that_flips_writes_its_keys_anew_each_time() {
    let mut graph = Graph::new(RoomVersion::V11);
    let fork = graph.nodes.len() - 1;
    let trudy = 4;
    let follow = |graph: &mut Graph, parent: usize, actor, kind, key: &str, body, clock| {
        let before = graph.nodes[parent].after.clone();
        let kept = graph.put(&[parent], before, None, actor, kind, Some(key), &body, clock, 0);
        assert!(kept, "{} may send {kind}", PEOPLE[actor]);
        graph.nodes.len() - 1
    };
    let mut parent = fork;
    for n in 0..100 {
        let body = json!({ "value": n });
        parent = follow(&mut graph, parent, trudy, "test.open", &format!("key {n}"), body, 5_000);
    }
    let mut parent = fork;
    for round in 0..20 {
        let clock = 100 + round;
        for (actor, membership) in [(0, "ban"), (0, "leave"), (trudy, "join")] {
            let body = json!({ "membership": membership, "round": round });
            parent = follow(&mut graph, parent, actor, "m.room.member", PEOPLE[trudy], body, clock);
        }
    }
    let receiver = receive_all(&graph);
    receiver.look_back();
    let mut figures = Figures::default();
    figures.add(&graph, &receiver);
    figures.print("100 keys, 20 times banned and readmitted");
    assert!(figures.line_rows > 1_000, "the state does flip");
}
