//! Own types start with `de.konsil.`. They travel inside `m.room.encrypted` only; the server refuses them in clear.
//!

pub mod app;
pub mod crash;
pub mod details;
pub mod export;
pub mod imported;
pub mod messages;
pub mod profile;
pub mod removal;
pub mod sequence;

pub use details::{ROOM_DETAILS, RoomDetailsEventContent};
