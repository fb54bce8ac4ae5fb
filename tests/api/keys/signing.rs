//! Keys as a real client makes them: signed with ed25519 over canonical JSON.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use testkit::User;

pub const UPLOAD: &str = "/_matrix/client/v3/keys/upload";
pub const QUERY: &str = "/_matrix/client/v3/keys/query";
pub const CLAIM: &str = "/_matrix/client/v3/keys/claim";

/// A key pair that signs.
pub struct Pair {
    key: SigningKey,
    /// Unpadded base64.
    pub public: String,
}

/// 32 bytes that no other call of this process gives.
fn fresh_bytes() -> [u8; 32] {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&NUMBER.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    bytes
}

/// Any Curve25519 public key.
pub fn curve_key() -> String {
    STANDARD_NO_PAD.encode(fresh_bytes())
}

impl Pair {
    pub fn new() -> Self {
        let key = SigningKey::from_bytes(&fresh_bytes());
        let public = STANDARD_NO_PAD.encode(key.verifying_key().as_bytes());
        Self { key, public }
    }

    /// Adds the signature of `user` with this key, which is called `name`.
    pub fn sign(&self, user: &str, name: &str, object: &Value) -> Value {
        let mut signed = object.clone();
        let mut body = object.clone();
        let fields = body.as_object_mut().expect("an object");
        fields.remove("signatures");
        fields.remove("unsigned");
        let signature =
            STANDARD_NO_PAD.encode(self.key.sign(canonical(&body).as_bytes()).to_bytes());
        signed["signatures"][user][format!("ed25519:{name}")] = signature.into();
        signed
    }

    /// Signs under the public key's own name, as cross-signing keys do.
    pub fn cross_sign(&self, user: &str, object: &Value) -> Value {
        self.sign(user, &self.public, object)
    }
}

/// Canonical JSON, whatever order the map keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            let field =
                |(name, value): (&String, &Value)| format!("{}:{}", json!(name), canonical(value));
            format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// The signed device keys of a device.
pub fn device_keys(user: &User, device: &Pair) -> Value {
    let id = &user.device_id;
    let keys = json!({
        "user_id": user.id,
        "device_id": id,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": { format!("curve25519:{id}"): curve_key(), format!("ed25519:{id}"): device.public },
    });
    device.sign(&user.id, id, &keys)
}

/// A signed one-time key.
pub fn one_time_key(user: &User, device: &Pair) -> Value {
    device.sign(&user.id, &user.device_id, &json!({ "key": curve_key() }))
}

/// A signed fallback key.
pub fn fallback_key(user: &User, device: &Pair) -> Value {
    device.sign(&user.id, &user.device_id, &json!({ "key": curve_key(), "fallback": true }))
}

/// Uploads device keys and `one_time_keys` one-time keys, called `AAAAA0`, `AAAAA1`, …
#[track_caller]
pub fn publish(user: &User, one_time_keys: usize) -> Pair {
    let device = Pair::new();
    let keys: serde_json::Map<_, _> = (0..one_time_keys)
        .map(|n| (format!("signed_curve25519:AAAAA{n}"), one_time_key(user, &device)))
        .collect();
    user.post(UPLOAD, &json!({ "device_keys": device_keys(user, &device), "one_time_keys": keys }))
        .ok();
    device
}

/// The three cross-signing keys of a person.
pub struct Identity {
    pub master: Pair,
    pub self_signing: Pair,
    pub user_signing: Pair,
}

impl Identity {
    pub fn new() -> Self {
        Self { master: Pair::new(), self_signing: Pair::new(), user_signing: Pair::new() }
    }

    /// The master key, unsigned.
    pub fn master_key(&self, user: &User) -> Value {
        cross_signing_key(user, "master", &self.master)
    }

    /// The body of an upload, without authentication.
    pub fn upload(&self, user: &User) -> Value {
        let signed =
            |usage, pair| self.master.cross_sign(&user.id, &cross_signing_key(user, usage, pair));
        json!({
            "master_key": self.master_key(user),
            "self_signing_key": signed("self_signing", &self.self_signing),
            "user_signing_key": signed("user_signing", &self.user_signing),
        })
    }

    /// Uploads the first keys of a person.
    #[track_caller]
    pub fn publish(user: &User) -> Self {
        let identity = Self::new();
        user.post("/_matrix/client/v3/keys/device_signing/upload", &identity.upload(user)).ok();
        identity
    }
}

/// An unsigned cross-signing key.
pub fn cross_signing_key(user: &User, usage: &str, pair: &Pair) -> Value {
    let id = format!("ed25519:{}", pair.public);
    json!({ "user_id": user.id, "usage": [usage], "keys": { id: pair.public } })
}

/// All keys of `owner` as `reader` sees them.
#[track_caller]
pub fn query(reader: &User, owner: &User) -> Value {
    reader.post(QUERY, &json!({ "device_keys": { &owner.id: [] } })).ok()
}

/// Claims a key of one device: the name and the key, if there was one.
#[track_caller]
pub fn claim(claimer: &User, owner: &User) -> Option<(String, Value)> {
    let body = json!({ "one_time_keys": { &owner.id: { &owner.device_id: "signed_curve25519" } } });
    let answer = claimer.post(CLAIM, &body).ok();
    let keys = answer["one_time_keys"][&owner.id][&owner.device_id].as_object()?;
    assert_eq!(keys.len(), 1, "one key is claimed: {answer}");
    keys.iter().next().map(|(name, key)| (name.clone(), key.clone()))
}
