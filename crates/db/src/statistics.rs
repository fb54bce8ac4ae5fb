//! What a database has done since it was opened, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the classes of group sizes.
pub const GROUP_SIZES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Numbers of one tenant's database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Groups of batches that were committed, each with one fsync.
    pub commits: u64,
    /// Batches in them.
    pub batches: u64,
    /// Groups by size: how many have at most as many batches as [`GROUP_SIZES`] says, and more than the class before.
    pub groups: [u64; GROUP_SIZES.len()],
    /// Batches that wait for the committer now.
    pub waiting_writes: u64,
    /// Reads that wait now.
    pub waiting_reads: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    groups: [AtomicU64; GROUP_SIZES.len()],
}

impl Counters {
    /// A group of this many batches was committed.
    pub(crate) fn committed(&self, batches: usize) {
        let class = GROUP_SIZES.iter().position(|size| batches <= *size);
        let class = class.unwrap_or(GROUP_SIZES.len() - 1);
        self.groups[class].fetch_add(1, Ordering::Relaxed);
        self.batches.fetch_add(batches as u64, Ordering::Relaxed);
    }

    pub(crate) fn statistics(&self, waiting_writes: usize, waiting_reads: usize) -> Statistics {
        let groups = std::array::from_fn(|class| self.groups[class].load(Ordering::Relaxed));
        Statistics {
            commits: groups.iter().sum(),
            batches: self.batches.load(Ordering::Relaxed),
            groups,
            waiting_writes: waiting_writes as u64,
            waiting_reads: waiting_reads as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_counted_in_the_smallest_class_that_holds_it() {
        let counters = Counters::default();
        [1, 3, 4, 64].into_iter().for_each(|batches| counters.committed(batches));
        let found = counters.statistics(2, 0);
        assert_eq!((found.commits, found.batches, found.waiting_writes), (4, 72, 2));
        assert_eq!(found.groups, [1, 0, 2, 0, 0, 0, 1]);
    }
}
