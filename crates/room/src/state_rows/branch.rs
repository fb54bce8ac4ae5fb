//! One line of versions with its rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::{Changes, StateAt, Version};

/// One row: from when to when an event stood under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<K, E> {
    /// The key.
    pub key: K,
    /// The first version in which the row holds.
    pub from_ver: Version,
    /// The first version in which it no longer does; `None` while it holds.
    pub to_ver: Option<Version>,
    /// The event; `None` on a branch that lost what shows through from under it.
    pub event: Option<E>,
}

#[derive(Clone, Debug)]
pub(super) struct Branch<K, E> {
    /// What shows through where this branch has no row; `None` for the line.
    pub parent: Option<StateAt>,
    /// How many branches lie between it and the line, itself included.
    pub depth: u8,
    pub head: Version,
    /// Per key its rows, oldest first.
    rows: BTreeMap<K, Vec<Row<K, E>>>,
    /// Which keys changed in a version: the index over `from_ver` and `to_ver`.
    changed: BTreeMap<Version, Vec<K>>,
}

impl<K: Ord + Clone, E: Clone> Branch<K, E> {
    pub fn from_parent(parent: Option<StateAt>, depth: u8) -> Self {
        Self {
            parent,
            depth,
            head: Version::default(),
            rows: BTreeMap::new(),
            changed: BTreeMap::new(),
        }
    }

    pub fn rows(&self) -> impl Iterator<Item = &Row<K, E>> {
        self.rows.values().flatten()
    }

    /// The row that holds for a key in a version.
    pub fn row_at(&self, version: Version, key: &K) -> Option<&Row<K, E>> {
        let rows = self.rows.get(key)?;
        let after = rows.partition_point(|row| row.from_ver <= version);
        let row = &rows[after.checked_sub(1)?];
        row.to_ver.is_none_or(|to_ver| version < to_ver).then_some(row)
    }

    /// Which keys changed after `low`, up to `high`.
    pub fn changed_between(&self, low: Version, high: Version) -> BTreeSet<&K> {
        let between = (Bound::Excluded(low), Bound::Included(high));
        self.changed.range(between).flat_map(|(_, keys)| keys).collect()
    }

    /// Which keys have, or had, a row up to a version.
    pub fn keys_until(&self, version: Version) -> impl Iterator<Item = &K> {
        self.rows
            .iter()
            .filter(move |(_, rows)| rows.first().is_some_and(|row| row.from_ver <= version))
            .map(|(key, _)| key)
    }

    /// Appends a version with these changes.
    pub fn advance(&mut self, changes: Changes<K, E>) -> Version {
        let next = Version(self.head.0 + 1);
        self.changed.insert(next, changes.keys().cloned().collect());
        for (key, event) in changes {
            let rows = self.rows.entry(key.clone()).or_default();
            if let Some(open) = rows.last_mut().filter(|row| row.to_ver.is_none()) {
                open.to_ver = Some(next);
            }
            // Under the line nothing shows through, so an end is enough there.
            if event.is_some() || self.parent.is_some() {
                rows.push(Row { key, from_ver: next, to_ver: None, event });
            }
        }
        self.head = next;
        next
    }
}
