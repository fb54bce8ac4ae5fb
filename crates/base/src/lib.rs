//! What every layer names: the position in a tenant's change log.

mod pos;

pub use pos::Pos;
