//! Pushers: where a device wants to be woken. <https://spec.matrix.org/v1.19/client-server-api/#push-notifications>
//!
//! They are kept and listed; no push gateway is called yet, so nothing leaves the hospital.

use base::DeviceNid;
use db::{Batch, CommitError, Error};
use ruma::api::client::push::{Pusher, PusherIds, PusherKind};
use serde_json::value::RawValue;

use crate::{Homeserver, Session};

/// Longest app id, in characters, and longest pushkey, in bytes, as the specification has them.
pub const MAX_APP_ID_CHARS: usize = 64;
const MAX_PUSHKEY_BYTES: usize = 512;
/// Largest pusher, in bytes of JSON.
const MAX_PUSHER_BYTES: usize = 8 * 1024;
/// Most pushers of a user.
const MAX_PUSHERS: u64 = 100;

/// Why a pusher was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The app id, the pushkey or the gateway's address is not valid, or the pusher is of a kind that is not there.
    #[error("{0}")]
    Invalid(&'static str),
    /// The pusher is too large, or there are too many.
    #[error("the pusher is too large, or there are too many")]
    TooLarge,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Checks what a client asks for.
fn check(pusher: &Pusher) -> Result<(), SetError> {
    let PusherIds { app_id, pushkey, .. } = &pusher.ids;
    let decent = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !decent(app_id) || app_id.chars().count() > MAX_APP_ID_CHARS {
        return Err(SetError::Invalid("The app_id is not valid"));
    }
    if !decent(pushkey) || pushkey.len() > MAX_PUSHKEY_BYTES {
        return Err(SetError::Invalid("The pushkey is not valid"));
    }
    let PusherKind::Http(data) = &pusher.kind else {
        return Err(SetError::Invalid("Only pushers of the kind http are known"));
    };
    // The specification: "The URL must be an HTTPS URL with a path of /_matrix/push/v1/notify".
    let host = data
        .url
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix("/_matrix/push/v1/notify"));
    match host {
        Some(host)
            if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) && decent(host) =>
        {
            Ok(())
        }
        _ => Err(SetError::Invalid("The url must be https://…/_matrix/push/v1/notify")),
    }
}

/// Adds or replaces a pusher of the device. Unless `append`, the same address no longer wakes other users.
pub async fn set(
    hs: &Homeserver,
    session: &Session,
    pusher: &Pusher,
    append: bool,
) -> Result<(), SetError> {
    check(pusher)?;
    let json = serde_json::to_vec(pusher).expect("a pusher serialises");
    if json.len() > MAX_PUSHER_BYTES {
        return Err(SetError::TooLarge);
    }
    let PusherIds { app_id, pushkey, .. } = &pusher.ids;
    if store::push::count_others(&hs.db, session.user, app_id, pushkey).await? >= MAX_PUSHERS {
        return Err(SetError::TooLarge);
    }
    let mut batch = Batch::new();
    let owner = (session.user, session.device);
    store::push::put_pusher(&mut batch, owner, (app_id, pushkey), json.into(), !append);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Removes a pusher of the user; one that is not there is removed already.
pub async fn delete(
    hs: &Homeserver,
    session: &Session,
    ids: &PusherIds,
) -> Result<(), CommitError> {
    if ids.app_id.contains('\0') || ids.pushkey.contains('\0') {
        return Ok(());
    }
    let mut batch = Batch::new();
    store::push::delete_pusher(&mut batch, session.user, &ids.app_id, &ids.pushkey);
    hs.db.commit(batch).await.map(|_| ())
}

/// Adds to the batch that a device that signs out is no longer woken.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    store::push::delete_pushers_of_device(batch, device);
}

/// The pushers of the user, as JSON objects.
pub async fn all(hs: &Homeserver, session: &Session) -> Result<Vec<Box<RawValue>>, Error> {
    let pushers = store::push::pushers(&hs.db, session.user).await?;
    pushers
        .iter()
        .map(|json| serde_json::from_slice(json).map_err(|_| Error::corrupt("pushers.pusher")))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn pusher(changes: &[(&str, Value)]) -> Pusher {
        let mut json = json!({
            "app_id": "de.konsil.app", "pushkey": "abc", "kind": "http", "lang": "de",
            "app_display_name": "Konsil", "device_display_name": "phone",
            "data": { "url": "https://push.klinikum.test/_matrix/push/v1/notify", "format": "event_id_only" },
        });
        for (field, value) in changes {
            json[*field] = value.clone();
        }
        from_value(json).unwrap()
    }

    #[test]
    fn a_pusher_needs_an_https_gateway_with_the_path_of_the_specification() {
        assert!(check(&pusher(&[])).is_ok());
        for url in [
            "http://push.klinikum.test/_matrix/push/v1/notify",
            "https://push.klinikum.test/notify",
            "https:///_matrix/push/v1/notify",
            "https://push.klinikum.test/x?/_matrix/push/v1/notify",
            "file:///etc/passwd",
            "",
        ] {
            assert!(check(&pusher(&[("data", json!({ "url": url }))])).is_err(), "{url}");
        }
    }

    #[test]
    fn names_of_pushers_have_a_length() {
        assert!(check(&pusher(&[("app_id", json!("x".repeat(65)))])).is_err());
        assert!(check(&pusher(&[("pushkey", json!("x".repeat(513)))])).is_err());
        assert!(check(&pusher(&[("pushkey", json!("a\u{0}b"))])).is_err());
        assert!(check(&pusher(&[("app_id", json!(""))])).is_err());
    }

    #[test]
    fn e_mail_is_no_way_to_wake_anybody() {
        assert!(check(&pusher(&[("kind", json!("email")), ("data", json!({}))])).is_err());
    }
}
