//! Decides which batches go into one transaction, and merges their statements: equal inserts become one.
//!
//! A group runs all guards first, then all that needs no position, then the rest. So a statement of a later batch
//! overtakes statements of earlier ones. That is right only where the two commute; where they do not, the group ends,
//! and what the group does is always what its batches would do one after the other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::footprint::{Footprint, Tables};
use crate::Value;
use crate::batch::{Batch, Phase, Target};

pub(super) struct Planner {
    tables: Tables,
    footprints: HashMap<usize, Arc<Footprint>>,
    /// Whether two statements commute, by their addresses.
    commutes: HashMap<(usize, usize), bool>,
}

/// The statements of a group, in the order in which they run.
#[derive(Debug, Default)]
pub(super) struct Plan<'b> {
    pub(super) guards: Vec<Step<'b>>,
    pub(super) plain: Vec<Step<'b>>,
    pub(super) positioned: Vec<Step<'b>>,
}

/// One statement to the server: a [`crate::Stmt`] with one row of parameters, or an insert with one or more.
#[derive(Debug)]
pub(super) struct Step<'b> {
    pub(super) target: Target,
    /// Which parameters are reserved positions: bit *n* for parameter *n*.
    pub(super) positions: u64,
    /// The batch of each row, and its parameters.
    pub(super) rows: Vec<(usize, &'b [Value])>,
}

pub(super) fn address(target: Target) -> usize {
    match target {
        Target::Stmt(stmt) => std::ptr::from_ref(stmt).addr(),
        Target::Insert(insert) => std::ptr::from_ref(insert).addr(),
    }
}

impl Planner {
    pub(super) fn new(tables: Tables) -> Self {
        Self { tables, footprints: HashMap::new(), commutes: HashMap::new() }
    }

    /// How many of the batches, from the first on, may share a transaction; at least one.
    pub(super) fn group_size<'b>(&mut self, batches: impl IntoIterator<Item = &'b Batch>) -> usize {
        // The statements of the group so far, each once per phase.
        let mut group: Vec<(Phase, Target)> = Vec::new();
        let mut size = 0;
        for batch in batches {
            let mut own: Vec<(Phase, Target)> = Vec::new();
            for phase in [Phase::Guard, Phase::Plain, Phase::Positioned] {
                for op in batch.ops(phase) {
                    let overtakes_rightly = |planner: &mut Self| {
                        group.iter().all(|&(earlier, target)| {
                            earlier <= phase || planner.commute(op.target, target)
                        })
                    };
                    if size > 0 && !overtakes_rightly(self) {
                        return size;
                    }
                    own.push((phase, op.target));
                }
            }
            for (phase, target) in own {
                let known = |&(p, t): &(Phase, Target)| p == phase && address(t) == address(target);
                if !group.iter().any(known) {
                    group.push((phase, target));
                }
            }
            size += 1;
        }
        size.max(1)
    }

    pub(super) fn plan<'b>(&mut self, batches: &[&'b Batch]) -> Plan<'b> {
        if let [batch] = batches {
            return Plan {
                guards: in_order(batch, Phase::Guard),
                plain: in_order(batch, Phase::Plain),
                positioned: in_order(batch, Phase::Positioned),
            };
        }
        Plan {
            guards: self.phase(batches, Phase::Guard),
            plain: self.phase(batches, Phase::Plain),
            positioned: self.phase(batches, Phase::Positioned),
        }
    }

    fn phase<'b>(&mut self, batches: &[&'b Batch], phase: Phase) -> Vec<Step<'b>> {
        let mut steps: Vec<Step<'b>> = Vec::new();
        for (index, batch) in batches.iter().enumerate() {
            for op in batch.ops(phase) {
                let row = (index, batch.values(op));
                let positions = positions(row.1);
                match self.alike(&steps, op.target, positions) {
                    Some(at) => steps[at].rows.push(row),
                    None => steps.push(Step { target: op.target, positions, rows: vec![row] }),
                }
            }
        }
        steps
    }

    /// The step that an insert may join: an equal one, if the insert commutes with all that it overtakes.
    fn alike(&mut self, steps: &[Step<'_>], target: Target, positions: u64) -> Option<usize> {
        let Target::Insert(_) = target else {
            return None;
        };
        for (at, step) in steps.iter().enumerate().rev() {
            if address(step.target) == address(target) && step.positions == positions {
                return Some(at);
            }
            if !self.commute(target, step.target) {
                return None;
            }
        }
        None
    }

    fn commute(&mut self, one: Target, other: Target) -> bool {
        let key = (address(one), address(other));
        if let Some(known) = self.commutes.get(&key) {
            return *known;
        }
        let commutes = self.footprint(one).commutes_with(&self.footprint(other));
        self.commutes.insert(key, commutes);
        commutes
    }

    fn footprint(&mut self, target: Target) -> Arc<Footprint> {
        match self.footprints.entry(address(target)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let footprint = match target {
                    Target::Stmt(stmt) => Footprint::of_stmt(stmt, &self.tables),
                    Target::Insert(insert) => Footprint::of_insert(insert, &self.tables),
                };
                new.insert(Arc::new(footprint)).clone()
            }
        }
    }
}

/// The statements of a batch that is alone: in the order of the calls, so that the first that fails is the same one
/// everywhere.
fn in_order(batch: &Batch, phase: Phase) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for op in batch.ops(phase) {
        let values = batch.values(op);
        let positions = positions(values);
        match (op.target, steps.last_mut()) {
            (Target::Insert(_), Some(last))
                if address(last.target) == address(op.target) && last.positions == positions =>
            {
                last.rows.push((0, values));
            }
            _ => steps.push(Step { target: op.target, positions, rows: vec![(0, values)] }),
        }
    }
    steps
}

fn positions(values: &[Value]) -> u64 {
    values
        .iter()
        .enumerate()
        .filter(|(_, value)| matches!(value, Value::Pos(_)))
        .fold(0, |mask, (index, _)| mask | 1u64.checked_shl(index as u32).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Migration, params};

    const SCHEMA: Migration = Migration {
        name: "schema",
        sql: "CREATE TABLE rooms (nid BIGINT PRIMARY KEY, head BIGINT, bump BIGINT);
              CREATE TABLE events (nid BIGINT PRIMARY KEY, room BIGINT REFERENCES rooms (nid), pos BIGINT);
              CREATE TABLE json (nid BIGINT PRIMARY KEY);",
    };
    crate::insert!(INSERT_ROOM, "rooms", [nid: int, head: int, bump: int]);
    crate::insert!(INSERT_EVENT, "events", [nid: int, room: int, pos: int]);
    crate::insert!(INSERT_JSON, "json", [nid: int]);
    crate::stmt!(RAISE, "UPDATE rooms SET head = head + 1 WHERE nid = $1 AND head = $2");
    crate::stmt!(BUMP, "UPDATE rooms SET bump = $2 WHERE nid = $1");
    crate::stmt!(PURGE_JSON, "DELETE FROM json WHERE nid < $1");

    fn planner() -> Planner {
        Planner::new(Tables::of([&SCHEMA]))
    }

    fn message(nid: i64) -> Batch {
        let mut batch = Batch::new();
        let pos = batch.change(Change { kind: 0, subject: 1, object: nid });
        batch.expect_one(&RAISE, params![1, nid]);
        batch.insert(&INSERT_EVENT, params![nid, 1, pos]);
        batch.insert(&INSERT_JSON, params![nid]);
        batch.exec(&BUMP, params![1, pos]);
        batch
    }

    fn new_room() -> Batch {
        let mut batch = Batch::new();
        batch.insert(&INSERT_JSON, params![9]);
        batch.insert(&INSERT_ROOM, params![9, 0, 0]);
        batch
    }

    fn names(steps: &[Step<'_>]) -> Vec<(&'static str, usize)> {
        steps.iter().map(|step| (step.target.name(), step.rows.len())).collect()
    }

    #[test]
    fn messages_of_one_room_share_a_group_and_their_inserts_are_merged() {
        let batches = [message(1), message(2), message(3)];
        let mut planner = planner();
        assert_eq!(planner.group_size(&batches), 3);
        let plan = planner.plan(&batches.each_ref());
        assert_eq!(names(&plan.guards), [("RAISE", 1); 3]);
        assert_eq!(names(&plan.plain), [("INSERT_JSON", 3)]);
        assert_eq!(
            names(&plan.positioned),
            [("INSERT_EVENT", 3), ("BUMP", 1), ("BUMP", 1), ("BUMP", 1)]
        );
        assert_eq!(plan.positioned[0].positions, 0b100);
    }

    #[test]
    fn a_guard_does_not_overtake_the_batch_that_makes_its_room() {
        assert_eq!(planner().group_size(&[new_room(), message(1), message(2)]), 1);
    }

    fn event_in(room: i64) -> Batch {
        let mut batch = Batch::new();
        batch.insert(&INSERT_EVENT, params![room, room, 0]);
        batch
    }

    #[test]
    fn a_child_is_never_merged_into_an_insert_before_its_parents() {
        let mut second = new_room();
        second.insert(&INSERT_EVENT, params![9, 9, 0]);
        let batches = [event_in(1), second];
        let plan = planner().plan(&batches.each_ref());
        let expected =
            [("INSERT_EVENT", 1), ("INSERT_JSON", 1), ("INSERT_ROOM", 1), ("INSERT_EVENT", 1)];
        assert_eq!(names(&plan.plain), expected);
    }

    #[test]
    fn a_parent_is_never_merged_into_an_insert_before_a_child_that_must_fail_without_it() {
        let mut wrong = event_in(9);
        wrong.insert(&INSERT_ROOM, params![9, 0, 0]);
        let batches = [new_room(), wrong];
        let plan = planner().plan(&batches.each_ref());
        let expected =
            [("INSERT_JSON", 1), ("INSERT_ROOM", 1), ("INSERT_EVENT", 1), ("INSERT_ROOM", 1)];
        assert_eq!(names(&plan.plain), expected);
    }

    #[test]
    fn an_insert_does_not_overtake_a_delete_from_its_table() {
        let mut purge = Batch::new();
        purge.exec(&PURGE_JSON, params![100]);
        let batches = [message(1), purge, message(2)];
        let mut planner = planner();
        assert_eq!(planner.group_size(&batches), 3);
        let plan = planner.plan(&batches.each_ref());
        assert_eq!(names(&plan.plain), [("INSERT_JSON", 1), ("PURGE_JSON", 1), ("INSERT_JSON", 1)]);
    }
}
