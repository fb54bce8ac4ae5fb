//! Writing an event as canonical JSON text, without building a tree.
//!
//! The top-level keys of a PDU are known and written in sorted order; `content` is canonical
//! already. So hashing, signing and serving one message costs a few buffer writes.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use ruma::{EventId, OwnedEventId, RoomId, canonical_json::redact_content_in_place};
use sha2::{Digest, Sha256};

use crate::{Content, Pdu, RoomVersion, SigningKey};

/// Writes `text` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is JSON, and a Vec takes all");
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    serde_json::to_writer(out, &number).expect("a number is JSON, and a Vec takes all");
}

fn push_ids(out: &mut Vec<u8>, ids: &[OwnedEventId]) {
    out.push(b'[');
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(out, id.as_str());
    }
    out.push(b']');
}

/// What a PDU consists of besides hash and signature.
pub(crate) struct Draft<'a> {
    pub pdu: &'a Pdu,
    pub version: RoomVersion,
}

/// Which of a PDU's faces is written.
enum Face<'a> {
    /// Everything but hashes and signatures: what the content hash covers.
    Hashed,
    /// Redacted, with hashes: what signature and event ID cover.
    Redacted { content: &'a str, hash: &'a str },
    /// The whole event as it travels between servers.
    Whole { hash: &'a str, key: &'a SigningKey, signature: &'a str },
}

impl Draft<'_> {
    /// The top-level `redacts`, which only versions before 11 have.
    fn top_level_redacts(&self) -> Option<&EventId> {
        if self.version.redacts_in_content() { None } else { self.pdu.redacts.as_deref() }
    }

    fn write(&self, face: &Face<'_>) -> Vec<u8> {
        let pdu = self.pdu;
        let content = match face {
            Face::Redacted { content, .. } => content,
            Face::Hashed | Face::Whole { .. } => pdu.content.get(),
        };
        let mut out = Vec::with_capacity(content.len() + 1024);
        out.extend_from_slice(b"{\"auth_events\":");
        push_ids(&mut out, &pdu.auth_events);
        out.extend_from_slice(b",\"content\":");
        out.extend_from_slice(content.as_bytes());
        out.extend_from_slice(b",\"depth\":");
        push_number(&mut out, pdu.depth);
        if let Face::Redacted { hash, .. } | Face::Whole { hash, .. } = face {
            out.extend_from_slice(b",\"hashes\":{\"sha256\":");
            push_string(&mut out, hash);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"origin_server_ts\":");
        push_number(&mut out, pdu.origin_server_ts.get().into());
        out.extend_from_slice(b",\"prev_events\":");
        push_ids(&mut out, &pdu.prev_events);
        if !matches!(face, Face::Redacted { .. })
            && let Some(redacts) = self.top_level_redacts()
        {
            out.extend_from_slice(b",\"redacts\":");
            push_string(&mut out, redacts.as_str());
        }
        if let Some(room_id) = &pdu.room_id {
            out.extend_from_slice(b",\"room_id\":");
            push_string(&mut out, room_id.as_str());
        }
        out.extend_from_slice(b",\"sender\":");
        push_string(&mut out, pdu.sender.as_str());
        if let Face::Whole { key, signature, .. } = face {
            out.extend_from_slice(b",\"signatures\":{");
            push_string(&mut out, key.server().as_str());
            out.extend_from_slice(b":{");
            push_string(&mut out, key.key_id());
            out.push(b':');
            push_string(&mut out, signature);
            out.extend_from_slice(b"}}");
        }
        if let Some(state_key) = &pdu.state_key {
            out.extend_from_slice(b",\"state_key\":");
            push_string(&mut out, state_key);
        }
        out.extend_from_slice(b",\"type\":");
        push_string(&mut out, &pdu.kind.to_string());
        out.push(b'}');
        out
    }

    /// Hashes the event.
    pub(crate) fn hash(&self) -> Hashed {
        let hash = STANDARD_NO_PAD.encode(Sha256::digest(self.write(&Face::Hashed)));
        let content = redacted_content(self.version, &self.pdu.kind.to_string(), &self.pdu.content);
        let signed = self.write(&Face::Redacted { content: content.as_str(), hash: &hash });
        let reference = URL_SAFE_NO_PAD.encode(Sha256::digest(&signed));
        let event_id =
            EventId::parse(format!("${reference}")).expect("a hash in base64 is an event ID");
        Hashed { hash, signed, event_id }
    }

    /// Signs the hashed event: the bytes that travel between servers.
    pub(crate) fn sign(&self, hashed: &Hashed, key: &SigningKey) -> Vec<u8> {
        let signature = key.sign(&hashed.signed);
        self.write(&Face::Whole { hash: &hashed.hash, key, signature: &signature })
    }
}

/// A draft's hashes.
pub(crate) struct Hashed {
    hash: String,
    signed: Vec<u8>,
    pub event_id: OwnedEventId,
}

/// What redaction leaves of a content.
fn redacted_content(
    version: RoomVersion,
    kind: &str,
    content: &serde_json::value::RawValue,
) -> Content {
    // Types of which redaction keeps something. Of all others nothing is left, so their content,
    // often a long ciphertext, is not parsed again.
    const KEEPING: [&str; 7] = [
        "m.room.member",
        "m.room.create",
        "m.room.join_rules",
        "m.room.power_levels",
        "m.room.history_visibility",
        "m.room.redaction",
        "m.room.aliases",
    ];
    if !KEEPING.contains(&kind) {
        return Content::empty();
    }
    let mut object =
        serde_json::from_str(content.get()).expect("content was checked to be canonical JSON");
    redact_content_in_place(&mut object, &version.rules().redaction, kind);
    Content::from_canonical(&object)
}

/// The event as clients get it, without `unsigned`.
///
/// `redacts` stands both at the top level and in `content`, since clients of either age look in
/// either place
/// (<https://spec.matrix.org/latest/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property>).
pub(crate) fn client_form(pdu: &Pdu, room_id: &RoomId) -> Vec<u8> {
    let content = pdu.content.get();
    let mut out = Vec::with_capacity(content.len() + 512);
    out.extend_from_slice(b"{\"content\":");
    match &pdu.redacts {
        Some(redacts) if crate::pdu::redacts_in_content(&pdu.content).is_none() => {
            let mut object: ruma::CanonicalJsonObject =
                serde_json::from_str(content).expect("content was checked to be canonical JSON");
            object.insert("redacts".to_owned(), redacts.as_str().into());
            serde_json::to_writer(&mut out, &object).expect("canonical JSON is JSON");
        }
        _ => out.extend_from_slice(content.as_bytes()),
    }
    out.extend_from_slice(b",\"event_id\":");
    push_string(&mut out, pdu.event_id.as_str());
    out.extend_from_slice(b",\"origin_server_ts\":");
    push_number(&mut out, pdu.origin_server_ts.get().into());
    if let Some(redacts) = &pdu.redacts {
        out.extend_from_slice(b",\"redacts\":");
        push_string(&mut out, redacts.as_str());
    }
    out.extend_from_slice(b",\"room_id\":");
    push_string(&mut out, room_id.as_str());
    out.extend_from_slice(b",\"sender\":");
    push_string(&mut out, pdu.sender.as_str());
    if let Some(state_key) = &pdu.state_key {
        out.extend_from_slice(b",\"state_key\":");
        push_string(&mut out, state_key);
    }
    out.extend_from_slice(b",\"type\":");
    push_string(&mut out, &pdu.kind.to_string());
    out.push(b'}');
    out
}

/// Appends a client form with its reader's `unsigned` to `out`: a copy of bytes, nothing is parsed.
///
/// `client_json` is an [`Accepted::client_json`](crate::Accepted::client_json) as stored;
/// `unsigned_json` is a JSON object. An empty `unsigned_json` leaves the key out.
pub fn with_unsigned(client_json: &[u8], unsigned_json: &[u8], out: &mut Vec<u8>) {
    let Some((_, open)) = client_json.split_last() else { return };
    if unsigned_json.is_empty() {
        out.extend_from_slice(client_json);
        return;
    }
    out.reserve(client_json.len() + unsigned_json.len() + 13);
    out.extend_from_slice(open);
    out.extend_from_slice(b",\"unsigned\":");
    out.extend_from_slice(unsigned_json);
    out.push(b'}');
}
