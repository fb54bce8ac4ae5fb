//! Where a message stands among those that its device has sent into the room, so that a reader sees what is missing (II.b).
//!
//! It stands in the content and is encrypted with it; other clients ignore it. Megolm's own index cannot serve: it also counts what was
//! never delivered for good reason, and begins anew with each session.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Field of a message; also the type of an event that carries nothing but this field.
pub const SEQUENCE: &str = "de.konsil.sequence";

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Made up by the device when it first writes in the room. Numbers of one chain belong together.
    pub chain: String,
    /// Running number in the chain, from 1.
    pub number: u64,
    /// A message before it of which the device knew that the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
    /// Numbers before this one that belong to no message: it could not be sent, or was taken back before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub void: BTreeSet<u64>,
}

/// A message of the same chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its number.
    pub number: u64,
    /// SHA-256 of its content without `m.relates_to`, as canonical JSON (Matrix specification, appendix "Canonical JSON"); hexadecimal.
    pub sha256: String,
}
