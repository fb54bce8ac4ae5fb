//! Small vocabulary that every layer shares: positions, row numbers, time and secrets.

mod clock;
mod nid;
mod pos;
mod secret;

pub use clock::{Clock, MovedClock, SystemClock, Timestamp};
pub use nid::{DeviceNid, EventNid, RoomNid, StateKeyNid, UserNid};
pub use pos::Pos;
pub use secret::Secret;
