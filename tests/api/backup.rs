//! Endpoints of the chapter “server-side key backups”.

use serde_json::{Value, json};
use testkit::{User, matrix::escape};

mod add_backup_keys;
mod add_backup_keys_for_session;
mod create_backup_version;
mod delete_backup_keys;
mod delete_backup_version;
mod get_backup_keys;
mod update_backup_version;

const VERSION: &str = "/_matrix/client/v3/room_keys/version";
const ALGORITHM: &str = "m.megolm_backup.v1.curve25519-aes-sha2";
const ROOM: &str = "!ward:klinikum.test";

fn wish() -> Value {
    json!({ "algorithm": ALGORITHM, "auth_data": { "public_key": "abcdefg", "signatures": {} } })
}

/// Begins a backup and gives its version.
#[track_caller]
fn create(user: &User) -> String {
    user.post(VERSION, &wish()).ok()["version"].as_str().expect("a version").to_owned()
}

/// A key; `index` is its first message, `text` marks it.
fn key(is_verified: bool, index: u64, forwarded: u64, text: &str) -> Value {
    json!({
        "is_verified": is_verified,
        "first_message_index": index,
        "forwarded_count": forwarded,
        "session_data": { "ephemeral": "base64", "ciphertext": text, "mac": "base64" },
    })
}

/// The path of all keys of a backup, of a room, or of a session: `parts` are room and session.
fn keys_path(version: &str, parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("/{}", escape(part))).collect();
    format!("/_matrix/client/v3/room_keys/keys{parts}?version={}", escape(version))
}

/// Version, count and etag of the newest backup.
#[track_caller]
fn latest(user: &User) -> (String, u64, String) {
    let info = user.get(VERSION).ok();
    let text = |field: &str| info[field].as_str().expect(field).to_owned();
    (text("version"), info["count"].as_u64().expect("a count"), text("etag"))
}
