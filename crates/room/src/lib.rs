#![doc = include_str!("../README.md")]

mod accept;
mod check;
mod compose;
mod content;
mod key;
mod limits;
mod pdu;
mod power;
mod redaction;
mod refused;
mod resolve;
pub mod state_rows;
mod version;
mod visibility;

pub use accept::{Accepted, Extremity, Facts, Proposal, accept, create_room, required_auth_keys};
pub use check::{Checked, authorise, authorise_by_auth_events, check, check_whole};
pub use compose::with_unsigned;
pub use content::{Content, canonical_json};
pub use key::{PublicKeys, SigningKey};
pub use pdu::{Pdu, StateBefore, StateKey};
pub use power::Power;
pub use redaction::redact;
pub use refused::Refused;
pub use resolve::{ResolveError, resolve};
pub use version::RoomVersion;
pub use visibility::{Viewpoint, visible};
