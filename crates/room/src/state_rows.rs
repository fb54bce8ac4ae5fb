//! A room's state as versioned rows: the model that the store's tables follow (ADR 0003).
//!
//! The state at the room's head is a *line* of versions. A row `(key, from_ver, to_ver, event)`
//! says that `event` stood under `key` in the versions `from_ver ≤ v < to_ver`. What other servers
//! send beside the line goes onto *branches*: each has versions and rows of its own, starts from a
//! version of the line or of another branch, and shows what lies under it wherever it has no row.
//! So the state at any event is two numbers, and a state event costs one row, in line or not.
//!
//! Keys and events are whatever the caller numbers them by: row numbers in the store, names in
//! tests.

use std::collections::{BTreeMap, BTreeSet};

mod branch;

use branch::Branch;
pub use branch::Row;

/// A version of a line or branch; 0 is its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The number of a branch in its room; 0 is the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub usize);

/// The line: the state at the room's head, version after version.
pub const LINE: BranchId = BranchId(0);

/// From how many branches on top of each other a state is written anew, straight on the line.
///
/// It bounds how many branches a look-up goes through. Who forks forks of forks makes us copy one
/// overlay in every `MAX_DEPTH` such forks.
pub const MAX_DEPTH: u8 = 16;

/// The state at some event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateAt {
    /// The line, or a branch.
    pub branch: BranchId,
    /// Its version.
    pub version: Version,
}

impl StateAt {
    /// A version of the line.
    pub fn in_line(version: Version) -> Self {
        Self { branch: LINE, version }
    }
}

/// What changes under a key: another event, or none any more.
pub type Changes<K, E> = BTreeMap<K, Option<E>>;

/// A state that is worked out and not, or not yet, stored: a stored one and what is different from
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived<K, E> {
    /// The stored state.
    pub from: StateAt,
    /// The differences, each of them real.
    pub changes: Changes<K, E>,
}

impl<K, E> From<StateAt> for Derived<K, E> {
    fn from(from: StateAt) -> Self {
        Self { from, changes: BTreeMap::new() }
    }
}

/// All rows of one room.
#[derive(Clone, Debug)]
pub struct StateRows<K, E> {
    branches: Vec<Branch<K, E>>,
}

impl<K: Ord + Clone, E: Eq + Clone> Default for StateRows<K, E> {
    fn default() -> Self {
        Self { branches: vec![Branch::from_parent(None, 0)] }
    }
}

impl<K: Ord + Clone, E: Eq + Clone> StateRows<K, E> {
    /// A room without state.
    pub fn new() -> Self {
        Self::default()
    }

    /// The newest version of the line: the room's current state.
    pub fn head(&self) -> StateAt {
        StateAt::in_line(self.branches[LINE.0].head)
    }

    /// All rows with their branch, in the order of branch, key and version.
    pub fn rows(&self) -> impl Iterator<Item = (BranchId, &Row<K, E>)> {
        self.branches
            .iter()
            .enumerate()
            .flat_map(|(id, branch)| branch.rows().map(move |row| (BranchId(id), row)))
    }

    /// How many branches lie between a state and the line, itself included.
    pub fn depth(&self, state: StateAt) -> u8 {
        self.branches[state.branch.0].depth
    }

    /// The version of the line from which a state starts.
    pub fn start(&self, state: StateAt) -> StateAt {
        *self.path(state).last().expect("a path ends on the line")
    }

    /// Appends a version to the line in which one key changed: a state event that follows the head.
    pub fn append(&mut self, key: K, event: E) -> StateAt {
        let changes = BTreeMap::from([(key, Some(event))]);
        self.settle(&Derived { from: self.head(), changes })
    }

    /// Lets the line go on to the room's current state. Nothing is appended if that is what it
    /// shows already.
    pub fn settle(&mut self, current: &Derived<K, E>) -> StateAt {
        let head = self.head();
        let changes = self.changes_between(head, current);
        if !changes.is_empty() {
            self.branches[LINE.0].advance(changes);
        }
        self.head()
    }

    /// Stores a state beside the line, so that later events can build on it: on the branch it comes
    /// from if that ends there, else on a new one.
    pub fn keep(&mut self, state: &Derived<K, E>) -> StateAt {
        if state.changes.is_empty() {
            return state.from;
        }
        let Derived { from, changes } = state;
        let branch = &self.branches[from.branch.0];
        if from.branch != LINE && branch.head == from.version {
            return self.extend(from.branch, changes.clone());
        }
        if branch.depth < MAX_DEPTH {
            let new = Branch::from_parent(Some(*from), branch.depth + 1);
            return self.open(new, changes.clone());
        }
        let start = self.start(*from);
        let mut overlay = self.changes_between(start, &Derived::from(*from));
        overlay.extend(changes.iter().map(|(key, event)| (key.clone(), event.clone())));
        overlay.retain(|key, event| self.get(start, key) != event.as_ref());
        if overlay.is_empty() {
            return start;
        }
        self.open(Branch::from_parent(Some(start), 1), overlay)
    }

    fn open(&mut self, branch: Branch<K, E>, changes: Changes<K, E>) -> StateAt {
        let id = BranchId(self.branches.len());
        self.branches.push(branch);
        self.extend(id, changes)
    }

    fn extend(&mut self, id: BranchId, changes: Changes<K, E>) -> StateAt {
        StateAt { branch: id, version: self.branches[id.0].advance(changes) }
    }

    /// The event under a key at a state.
    pub fn get(&self, state: StateAt, key: &K) -> Option<&E> {
        let mut at = Some(state);
        while let Some(StateAt { branch, version }) = at {
            let branch = &self.branches[branch.0];
            if let Some(row) = branch.row_at(version, key) {
                return row.event.as_ref();
            }
            at = branch.parent;
        }
        None
    }

    /// The event under a key at a state that need not be stored.
    pub fn get_derived<'a>(&'a self, state: &'a Derived<K, E>, key: &K) -> Option<&'a E> {
        match state.changes.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.get(state.from, key),
        }
    }

    /// The whole of a state.
    pub fn whole(&self, state: &Derived<K, E>) -> BTreeMap<K, E> {
        let mut keys: BTreeSet<&K> = state.changes.keys().collect();
        for StateAt { branch, version } in self.path(state.from) {
            keys.extend(self.branches[branch.0].keys_until(version));
        }
        keys.into_iter()
            .filter_map(|key| Some((key.clone(), self.get_derived(state, key)?.clone())))
            .collect()
    }

    /// In which keys two states differ, with the event of either.
    pub fn difference(&self, a: StateAt, b: StateAt) -> BTreeMap<K, (Option<E>, Option<E>)> {
        let event = |state, key: &K| self.get(state, key).cloned();
        self.conflicting(&[a, b])
            .into_iter()
            .map(|key| (key.clone(), (event(a, &key), event(b, &key))))
            .collect()
    }

    /// The keys under which some of these states have different events. Looks only at rows that lie
    /// between them.
    pub fn conflicting(&self, states: &[StateAt]) -> BTreeSet<K> {
        self.suspects(states)
            .into_iter()
            .filter(|key| {
                let mut events = states.iter().map(|&state| self.get(state, key));
                let first = events.next();
                events.any(|event| Some(event) != first)
            })
            .cloned()
            .collect()
    }

    /// The keys that changed on the way from where these states part.
    fn suspects(&self, states: &[StateAt]) -> BTreeSet<&K> {
        let paths: Vec<Vec<StateAt>> = states.iter().map(|&state| self.path(state)).collect();
        let mut suspects = BTreeSet::new();
        let Some(shared) = paths.first().and_then(|path| {
            path.iter()
                .map(|at| at.branch)
                .find(|&branch| paths.iter().all(|path| path.iter().any(|at| at.branch == branch)))
        }) else {
            return suspects;
        };
        let mut on_shared = Vec::new();
        for path in &paths {
            for StateAt { branch, version } in path {
                if *branch == shared {
                    on_shared.push(*version);
                    break;
                }
                suspects
                    .extend(self.branches[branch.0].changed_between(Version::default(), *version));
            }
        }
        if let (Some(&low), Some(&high)) = (on_shared.iter().min(), on_shared.iter().max()) {
            suspects.extend(self.branches[shared.0].changed_between(low, high));
        }
        suspects
    }

    /// A state and all that show through under it, down to the line.
    fn path(&self, state: StateAt) -> Vec<StateAt> {
        std::iter::successors(Some(state), |at| self.branches[at.branch.0].parent).collect()
    }

    /// What must change in a stored state to become another.
    fn changes_between(&self, from: StateAt, to: &Derived<K, E>) -> Changes<K, E> {
        let mut suspects = self.suspects(&[from, to.from]);
        suspects.extend(to.changes.keys());
        suspects
            .into_iter()
            .filter_map(|key| {
                let event = self.get_derived(to, key);
                (event != self.get(from, key)).then(|| (key.clone(), event.cloned()))
            })
            .collect()
    }

    /// A state with one more state event.
    pub fn with(&self, state: &Derived<K, E>, key: K, event: E) -> Derived<K, E> {
        let mut derived = state.clone();
        derived.changes.insert(key, Some(event));
        derived
    }

    /// The state before an event that follows several others, from the states after these.
    ///
    /// `resolve` is asked only if they conflict, with the keys in which they do, and answers what
    /// stands under these keys. The result is written against that one of them, or of the line's
    /// head, to which it is closest.
    ///
    /// # Errors
    ///
    /// Whatever `resolve` fails with.
    pub fn merge<Error>(
        &self,
        states: &[StateAt],
        resolve: impl FnOnce(&BTreeSet<K>) -> Result<Changes<K, E>, Error>,
    ) -> Result<Derived<K, E>, Error> {
        let Some(&first) = states.first() else { return Ok(self.head().into()) };
        let conflicts = self.conflicting(states);
        if conflicts.is_empty() {
            // They are one state. One that its branch ends with can be continued at the cost of a
            // row.
            let best = states.iter().min_by_key(|state| (self.depth(**state), state.branch));
            return Ok(best.copied().unwrap_or(first).into());
        }
        let merged = Derived { from: first, changes: resolve(&conflicts)? };
        let candidates = states.iter().copied().chain([self.head()]);
        let closest = candidates
            .map(|from| Derived { from, changes: self.changes_between(from, &merged) })
            .min_by_key(|derived| (derived.changes.len(), self.depth(derived.from)));
        Ok(closest.unwrap_or(merged))
    }
}
