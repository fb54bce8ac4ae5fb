//! Key backup.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use bytes::Bytes;
use homeserver::backup::{Backup, BackupError, BackupWish, KeysState};
use ruma::{
    api::{
        client::backup::{BackupAlgorithm, KeyBackupData},
        error::{ErrorKind, WrongRoomKeysVersionErrorData},
    },
    serde::Raw,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Endpoints, endpoint::Json, error::ApiError};

pub mod add_backup_keys;
pub mod add_backup_keys_for_room;
pub mod add_backup_keys_for_session;
pub mod create_backup_version;
pub mod delete_backup_keys;
pub mod delete_backup_keys_for_room;
pub mod delete_backup_keys_for_session;
pub mod delete_backup_version;
pub mod get_backup_info;
pub mod get_backup_keys;
pub mod get_backup_keys_for_room;
pub mod get_backup_keys_for_session;
pub mod get_latest_backup_info;
pub mod update_backup_version;

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints
        .user(create_backup_version::create_backup_version)
        .user(get_latest_backup_info::get_latest_backup_info)
        .user(get_backup_info::get_backup_info)
        .user(update_backup_version::update_backup_version)
        .user(delete_backup_version::delete_backup_version)
        .user(add_backup_keys::add_backup_keys)
        .user(add_backup_keys_for_room::add_backup_keys_for_room)
        .user(add_backup_keys_for_session::add_backup_keys_for_session)
        .user(get_backup_keys::get_backup_keys)
        .user(get_backup_keys_for_room::get_backup_keys_for_room)
        .user(get_backup_keys_for_session::get_backup_keys_for_session)
        .user(delete_backup_keys::delete_backup_keys)
        .user(delete_backup_keys_for_room::delete_backup_keys_for_room)
        .user(delete_backup_keys_for_session::delete_backup_keys_for_session)
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::NoBackup => Self::not_found("There is no such backup"),
            BackupError::NoKey => Self::not_found("There is no such key in the backup"),
            BackupError::NotNewest { current } => {
                let kind =
                    ErrorKind::WrongRoomKeysVersion(WrongRoomKeysVersionErrorData::new(current));
                Self::new(StatusCode::FORBIDDEN, kind, "Keys go only into the newest backup")
            }
            BackupError::Mismatch => {
                Self::invalid_param("Algorithm or version do not match the backup")
            }
            BackupError::Malformed => {
                Self::bad_json("A value does not have the form of the specification")
            }
            BackupError::TooMuch => {
                Self::too_large("There are too many values, or one is too large")
            }
            BackupError::Store(error) => error.into(),
            BackupError::Commit(error) => error.into(),
        }
    }
}

/// What a client says of a backup, with `auth_data` unread.
fn wish(raw: &Raw<BackupAlgorithm>) -> Result<BackupWish<'_>, ApiError> {
    serde_json::from_str(raw.json().get()).map_err(|error| {
        let message = error.to_string();
        if message.starts_with("missing field") {
            ApiError::missing_param(message)
        } else {
            ApiError::bad_json("A backup has an algorithm and auth_data")
        }
    })
}

/// The keys of a room as the homeserver takes them.
fn sessions_of<'a>(
    room: &'a str,
    sessions: &'a BTreeMap<String, Raw<KeyBackupData>>,
) -> impl Iterator<Item = homeserver::backup::UploadedKey<'a>> {
    sessions.iter().map(move |(session, raw)| (room, session.as_str(), raw.json().get()))
}

#[derive(Serialize)]
struct Described<'a> {
    algorithm: &'a str,
    auth_data: &'a RawValue,
    count: u64,
    etag: &'a str,
    version: &'a str,
}

/// A backup as its owner uploaded it, with its version and the state of its keys.
fn described(backup: &Backup) -> Result<Json, ApiError> {
    let auth_data: &RawValue = serde_json::from_slice(&backup.auth_data)
        .map_err(|_| db::Error::corrupt("backups.auth_data"))?;
    let Backup { version, algorithm, state: KeysState { etag, count }, .. } = backup;
    let body =
        serde_json::to_vec(&Described { algorithm, auth_data, count: *count, etag, version });
    Ok(Json(body.map_err(ApiError::internal)?.into()))
}

/// Room, session and JSON of stored keys.
type Keys = [(String, String, Bytes)];

/// `{"sessions":{…}}` of the keys of one room; they were JSON when they came.
fn write_sessions(body: &mut Vec<u8>, keys: &Keys) {
    body.extend_from_slice(br#"{"sessions":{"#);
    for (n, (_, session, json)) in keys.iter().enumerate() {
        if n > 0 {
            body.push(b',');
        }
        write_name(body, session);
        body.extend_from_slice(json);
    }
    body.extend_from_slice(b"}}");
}

/// `{"rooms":{…}}` of keys that are ordered by room.
fn write_rooms(body: &mut Vec<u8>, keys: &Keys) {
    body.extend_from_slice(br#"{"rooms":{"#);
    for (n, keys) in keys.chunk_by(|one, next| one.0 == next.0).enumerate() {
        if n > 0 {
            body.push(b',');
        }
        write_name(body, &keys[0].0);
        write_sessions(body, keys);
    }
    body.extend_from_slice(b"}}");
}

fn write_name(body: &mut Vec<u8>, name: &str) {
    body.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    body.push(b':');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn written_keys_are_json_in_their_rooms() {
        let key = |room: &str, session: &str| {
            (room.to_owned(), session.to_owned(), Bytes::from_static(b"{\"a\":1}"))
        };
        let keys = [key("!a:h", "1"), key("!a:h", "\"2\""), key("!b:h", "1")];
        let mut body = Vec::new();
        write_rooms(&mut body, &keys);
        let written: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            written,
            json!({ "rooms": {
                "!a:h": { "sessions": { "1": { "a": 1 }, "\"2\"": { "a": 1 } } },
                "!b:h": { "sessions": { "1": { "a": 1 } } },
            } })
        );
        let mut empty = Vec::new();
        write_rooms(&mut empty, &[]);
        assert_eq!(empty, br#"{"rooms":{}}"#);
    }
}
