//! The signed export of a chat: a JSON document that `konsil verify` checks, and that needs neither Konsil nor the server to be read.
//!
//! ```text
//! { "format": "de.konsil.export.v1",
//!   "header": { … },                      whose chat, exported by whom and when
//!   "entries": [ { "number": 1, "previous": SHA-256 of the header, … },
//!                { "number": 2, "previous": SHA-256 of entry 1, … }, … ],
//!   "seal": { "count": …, "last": SHA-256 of the last entry,
//!             "signatures": { USER_ID: { "ed25519:DEVICE_ID": … } } },
//!   "signer": { "device_keys": …, "self_signing_key": …, "master_key": … } }
//! ```
//!
//! SHA-256 is taken of canonical JSON and written in hexadecimal. The seal is signed as every JSON object in Matrix is (appendix "Signing JSON"), by
//! the device's key; `signer` are the keys as the server publishes them, which lead from that device to its owner's master key.

use std::collections::BTreeMap;

use ruma::{CanonicalJsonObject, CanonicalJsonValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Value of `format`.
pub const FORMAT: &str = "de.konsil.export.v1";

/// A whole export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// [`FORMAT`].
    pub format: String,
    /// [`Header`]; as it stands in the file, since its hash is taken of that.
    pub header: Value,
    /// [`Entry`] each, the oldest first.
    pub entries: Vec<Value>,
    /// What was signed.
    pub seal: Seal,
    /// Whose signature it is.
    pub signer: Signer,
}

/// What the export is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The room's ID.
    pub room_id: String,
    /// What the chat was called where it was exported.
    pub title: String,
    /// Who has exported it.
    pub exported_by: String,
    /// From which device.
    pub device_id: String,
    /// When, in milliseconds since 1970.
    pub exported_at_ms: u64,
    /// User ID and name of those in the chat.
    pub members: BTreeMap<String, String>,
    /// Messages that were missing when it was exported, by their sender's user ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, u64>,
}

/// An event of the chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1.
    pub number: u64,
    /// SHA-256 of the entry before, of the header for the first one.
    pub previous: String,
    /// The event's ID.
    pub event_id: String,
    /// User ID.
    pub sender: String,
    /// When the server took it, in milliseconds since 1970.
    pub at_ms: u64,
    /// The event's type, once decrypted.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a part of the room's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
    /// What it says, without the keys of attachments.
    pub content: Value,
    /// How it came.
    pub state: EntryState,
    /// The device whose key decrypted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// SHA-256 of the whole content (see [`crate::sequence::Previous`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Entry {
    /// What a message, poll or change of membership says, for people to read.
    pub fn text(&self) -> Option<&str> {
        text(&self.content)
    }

    /// What a message says from here on.
    pub fn new_text(&self) -> Option<&str> {
        text(self.content.get("m.new_content")?)
    }

    /// The emoji of a reaction.
    pub fn emoji(&self) -> Option<&str> {
        self.content.pointer("/m.relates_to/key")?.as_str()
    }
}

fn text(content: &Value) -> Option<&str> {
    let fields = ["body", "org.matrix.msc1767.text", "name", "membership"];
    fields.into_iter().find_map(|field| content.get(field)?.as_str())
}

/// How an event came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Encrypted, by a device that its owner has confirmed.
    Confirmed,
    /// Encrypted, by another device or one of which that cannot be known.
    NotConfirmed,
    /// Never encrypted, as what the server does with a room is not.
    Clear,
    /// Encrypted, and could not be read.
    Unreadable,
    /// Deleted.
    Deleted,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// How many entries there are.
    pub count: u64,
    /// SHA-256 of the last entry, of the header if there is none.
    pub last: String,
    /// By user ID and key ID.
    pub signatures: BTreeMap<String, BTreeMap<String, String>>,
}

/// Public keys, as `/keys/query` answers them (client-server API).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Of the device, signed by the self-signing key.
    pub device_keys: Value,
    /// Signed by the master key.
    pub self_signing_key: Value,
    /// Who this is.
    pub master_key: Value,
}

/// Canonical JSON (Matrix specification, appendix "Canonical JSON"); `None` for numbers that it does not know.
pub fn canonical(value: &Value) -> Option<String> {
    let value: CanonicalJsonValue = value.clone().try_into().ok()?;
    serde_json::to_string(&value).ok()
}

impl Seal {
    /// The text that is signed.
    pub fn signed_text(&self) -> Option<String> {
        canonical(&serde_json::json!({ "count": self.count, "last": self.last }))
    }

    /// The seal with its signatures, to be verified.
    pub fn to_signed_object(&self) -> Option<CanonicalJsonObject> {
        match serde_json::to_value(self).ok()?.try_into().ok()? {
            CanonicalJsonValue::Object(object) => Some(object),
            _ => None,
        }
    }
}

/// Chains what happened: `entries` get their numbers and what links them. `None` for what canonical JSON cannot say.
pub fn chained(
    header: &Value,
    entries: &mut [Entry],
    sha256: impl Fn(&str) -> String,
) -> Option<(Vec<Value>, String)> {
    let mut last = sha256(&canonical(header)?);
    let mut values = Vec::with_capacity(entries.len());
    for (number, entry) in (1..).zip(entries) {
        entry.number = number;
        entry.previous = std::mem::take(&mut last);
        let value = serde_json::to_value(&*entry).ok()?;
        last = sha256(&canonical(&value)?);
        values.push(value);
    }
    Some((values, last))
}
