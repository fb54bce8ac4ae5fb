use base::Pos;

use crate::{CommitError, Insert, PosRef, Stmt, Value, stmt};

stmt!(
    /// Fails for a position that is not committed yet, or below the floor.
    RAISE_LOG_FLOOR,
    "UPDATE tenant SET log_floor = $1 WHERE id = 1 AND log_floor <= $1 AND pos >= $1"
);
stmt!(DELETE_LOG, "DELETE FROM log WHERE pos <= $1");

/// What one position of the log says: a kind, who or what it is about, and the row it points to. The numbers' meaning
/// belongs to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    pub kind: i64,
    pub subject: i64,
    pub object: i64,
}

/// Statements that are written together or not at all.
///
/// They run in three phases, on both databases: first the guards, then the statements that need no position, then
/// those that use a [`PosRef`]; within a phase in the order of the calls.
#[derive(Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
    /// The parameters of all statements, one after the other: two allocations per batch, not one per statement.
    values: Vec<Value>,
    changes: Vec<Change>,
    lane: u64,
    defect: Option<CommitError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Guard,
    Plain,
    Positioned,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Stmt(&'static Stmt),
    Insert(&'static Insert),
}

impl Target {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stmt(stmt) => stmt.name,
            Self::Insert(insert) => insert.name,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) phase: Phase,
    pub(crate) target: Target,
    start: u32,
    end: u32,
}

impl Batch {
    pub fn new() -> Self {
        Self { ops: Vec::with_capacity(16), values: Vec::with_capacity(64), ..Self::default() }
    }

    /// A guard: the statement changes (or returns) exactly one row, or the whole batch is refused as
    /// [`CommitError::Conflict`].
    ///
    /// A guard that only reads must lock what it reads on PostgreSQL (`… FOR SHARE`, see
    /// [`stmt_pair!`](crate::stmt_pair)), or be written as an update that changes nothing.
    pub fn expect_one(&mut self, stmt: &'static Stmt, params: impl IntoIterator<Item = Value>) {
        self.push(Some(Phase::Guard), Target::Stmt(stmt), params);
    }

    /// Runs a statement; how many rows it changes is of no concern.
    pub fn exec(&mut self, stmt: &'static Stmt, params: impl IntoIterator<Item = Value>) {
        self.push(None, Target::Stmt(stmt), params);
    }

    /// Inserts one row; a row that exists already refuses the batch as [`CommitError::Invalid`].
    pub fn insert(&mut self, insert: &'static Insert, row: impl IntoIterator<Item = Value>) {
        self.push(None, Target::Insert(insert), row);
    }

    /// Reserves the next position and writes `change` there. The number itself is known only after the commit;
    /// until then the [`PosRef`] stands for it, also as a parameter.
    pub fn change(&mut self, change: Change) -> PosRef {
        let reserved =
            PosRef(u32::try_from(self.changes.len()).expect("a batch has fewer than 2^32 changes"));
        self.changes.push(change);
        reserved
    }

    /// Batches of one lane (say, of one room) are decided in the order in which they were enqueued, also on
    /// PostgreSQL, where several committers work side by side. Without a call all batches share one lane.
    pub fn lane(&mut self, key: i64) {
        self.lane = key.cast_unsigned();
    }

    /// Deletes the log up to and including `up_to`, once its period is over; positions stay gapless from there on.
    /// Called with small steps, since each is one transaction.
    pub fn trim_log(&mut self, up_to: Pos) {
        self.expect_one(&RAISE_LOG_FLOOR, crate::params![up_to]);
        self.exec(&DELETE_LOG, crate::params![up_to]);
    }

    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.changes.is_empty()
    }

    fn push(
        &mut self,
        phase: Option<Phase>,
        target: Target,
        params: impl IntoIterator<Item = Value>,
    ) {
        let start = self.values.len();
        self.values.extend(params);
        let values = &self.values[start..];
        let uses_pos = values.iter().any(|value| matches!(value, Value::Pos(_)));
        let statement = target.name();
        let bad_value = values.iter().find_map(Value::defect);
        let bad_value = bad_value.map(|reason| CommitError::BadValue { statement, reason });
        let defect = bad_value.or_else(|| {
            let foreign = |value: &Value| matches!(value, Value::Pos(PosRef(i)) if *i as usize >= self.changes.len());
            let reason = if phase == Some(Phase::Guard) && uses_pos {
                Some("a guard cannot use a position, which is known only after it")
            } else if values.iter().any(foreign) {
                Some("the reserved position belongs to another batch")
            } else {
                None
            };
            reason.map(|reason| CommitError::Invalid { statement, reason: reason.to_owned() })
        });
        if self.defect.is_none() {
            self.defect = defect;
        }
        let phase = phase.unwrap_or(if uses_pos { Phase::Positioned } else { Phase::Plain });
        let at =
            |index: usize| u32::try_from(index).expect("a batch has fewer than 2^32 parameters");
        self.ops.push(Op { phase, target, start: at(start), end: at(self.values.len()) });
    }

    pub(crate) fn ops(&self, phase: Phase) -> impl Iterator<Item = &Op> {
        self.ops.iter().filter(move |op| op.phase == phase)
    }

    pub(crate) fn values(&self, op: &Op) -> &[Value] {
        &self.values[op.start as usize..op.end as usize]
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(crate) fn lane_key(&self) -> u64 {
        self.lane
    }

    /// Why no database would take the batch, if so; found before it is enqueued.
    pub(crate) fn take_defect(&mut self) -> Option<CommitError> {
        self.defect.take()
    }
}

/// A durable batch and its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    pub(crate) before: Pos,
    pub(crate) changes: u32,
}

impl Committed {
    /// The position that `reserved` has become.
    ///
    /// # Panics
    /// If `reserved` is from another batch with more changes.
    pub fn pos(&self, reserved: PosRef) -> Pos {
        assert!(reserved.0 < self.changes, "the reserved position belongs to another batch");
        self.before.plus(u64::from(reserved.0) + 1)
    }

    /// The batch's first position; `None` if it made no change.
    pub fn first(&self) -> Option<Pos> {
        (self.changes > 0).then(|| self.before.next())
    }

    /// The batch's last position; `None` if it made no change.
    pub fn last(&self) -> Option<Pos> {
        (self.changes > 0).then(|| self.as_of())
    }

    /// A reader that sees this position sees the batch.
    pub fn as_of(&self) -> Pos {
        self.before.plus(u64::from(self.changes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    crate::stmt!(GUARD, "UPDATE t SET a = a + 1 WHERE a = $1");

    const CHANGE: Change = Change { kind: 1, subject: 2, object: 3 };

    #[test]
    fn statements_that_use_a_position_come_last() {
        let mut batch = Batch::new();
        let pos = batch.change(CHANGE);
        batch.exec(&GUARD, params![pos]);
        batch.exec(&GUARD, params![1]);
        batch.expect_one(&GUARD, params![2]);
        assert_eq!(
            batch.ops(Phase::Guard).map(|op| batch.values(op)).collect::<Vec<_>>(),
            [params![2]]
        );
        assert_eq!(
            batch.ops(Phase::Plain).map(|op| batch.values(op)).collect::<Vec<_>>(),
            [params![1]]
        );
        assert_eq!(
            batch.ops(Phase::Positioned).map(|op| batch.values(op)).collect::<Vec<_>>(),
            [params![pos]]
        );
    }

    #[test]
    fn what_no_database_takes_is_found_before_it_is_enqueued() {
        let invalid = |fill: fn(&mut Batch)| {
            let mut batch = Batch::new();
            fill(&mut batch);
            batch.take_defect().is_some()
        };
        assert!(invalid(|batch| batch.exec(&GUARD, params![u64::MAX])));
        assert!(invalid(|batch| batch.exec(&GUARD, params!["\0"])));
        assert!(
            invalid(|batch| batch.exec(&GUARD, params![PosRef(0)])),
            "a reserved position of another batch"
        );
        assert!(invalid(|batch| {
            let pos = batch.change(CHANGE);
            batch.expect_one(&GUARD, params![pos]);
        }));
        assert!(!invalid(|batch| batch.exec(&GUARD, params![1])));
    }

    #[test]
    fn positions_count_from_the_one_before_the_batch() {
        let committed = Committed { before: Pos::new(4), changes: 2 };
        assert_eq!(committed.first(), Some(Pos::new(5)));
        assert_eq!(committed.pos(PosRef(1)), Pos::new(6));
        assert_eq!(committed.last(), Some(Pos::new(6)));
        assert_eq!(Committed { before: Pos::new(4), changes: 0 }.last(), None);
    }
}
