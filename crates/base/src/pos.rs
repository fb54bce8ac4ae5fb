//! The tenant's one clock: the position in its change log.

use std::fmt;

/// Position in a tenant's change log. Gapless: a reader never sees `n + 1` before `n` is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(u64);

impl Pos {
    /// The position with this number; 0 stands before the first change.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of this position.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
