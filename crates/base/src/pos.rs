//! The tenant's one clock: the position in its change log.

use std::fmt;

/// A position in one tenant's change log.
///
/// Positions are gapless: they start at 1, grow by one per change, and a reader never sees `n + 1` before `n` is
/// committed. [`Pos::ZERO`] stands for "before the first change".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(u64);

impl Pos {
    /// Before the first change.
    pub const ZERO: Self = Self(0);

    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position `steps` changes later.
    pub const fn plus(self, steps: u64) -> Self {
        Self(self.0 + steps)
    }

    /// The position that follows this one.
    pub const fn next(self) -> Self {
        self.plus(1)
    }
}

impl fmt::Display for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_ordered_and_print_as_plain_numbers() {
        assert!(Pos::new(9) < Pos::new(10));
        assert_eq!(Pos::new(9).next(), Pos::new(10));
        assert_eq!(Pos::new(10).to_string(), "10");
    }
}
