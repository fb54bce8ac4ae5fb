//! Pushers: where a device wants to be woken. <https://spec.matrix.org/v1.19/client-server-api/#push-notifications>
//!
//! A pusher is taken only if the hospital allows its host: what will not be used is not kept. [`crate::push`] does the waking.

use base::DeviceNid;
use db::{Batch, CommitError, Error};
use http::Uri;
use ruma::api::client::push::{Pusher, PusherIds};
use serde_json::{Value, value::RawValue};
use store::push::{self as rows, PusherKey};

use crate::{Homeserver, Session, push::web_push::Subscription};

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
    /// The hospital does not let its server ask this host.
    #[error("the hospital does not allow this push gateway")]
    NotAllowed,
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

/// Where a pusher's messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A push gateway of the specification.
    Gateway(Uri),
    /// A browser's push service.
    WebPush(Subscription),
}

/// Whether a pusher wakes its device from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// It does.
    Active,
    /// First the device has to give back a token that is sent to it (MSC4174).
    Awaited,
}

/// Checks what a client asks for.
fn check(ids: &PusherIds, json: &Value) -> Result<Target, SetError> {
    let decent = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !decent(&ids.app_id) || ids.app_id.chars().count() > MAX_APP_ID_CHARS {
        return Err(SetError::Invalid("The app_id is not valid"));
    }
    if !decent(&ids.pushkey) || ids.pushkey.len() > MAX_PUSHKEY_BYTES {
        return Err(SetError::Invalid("The pushkey is not valid"));
    }
    parse(&ids.pushkey, json).map_err(SetError::Invalid)
}

/// Reads where a pusher's messages go.
fn parse(pushkey: &str, json: &Value) -> Result<Target, &'static str> {
    let data = &json["data"];
    match json["kind"].as_str() {
        Some("http") => {
            // "MUST be an HTTPS URL with a path of /_matrix/push/v1/notify"
            let bad = "The url must be https://…/_matrix/push/v1/notify";
            let url: Uri = data["url"].as_str().and_then(|url| url.parse().ok()).ok_or(bad)?;
            let host = url.host().unwrap_or_default();
            let right = url.scheme_str() == Some("https")
                && url.path() == "/_matrix/push/v1/notify"
                && url.query().is_none()
                && !host.is_empty()
                && url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            if right { Ok(Target::Gateway(url)) } else { Err(bad) }
        }
        Some("webpush" | "org.matrix.msc4174.webpush") => {
            Subscription::parse(pushkey, data).map(Target::WebPush)
        }
        _ => Err("Only pushers of the kinds http and webpush are known"),
    }
}

/// Where a stored pusher's messages go.
pub fn target(pusher: &rows::Pusher) -> Result<Target, &'static str> {
    let json = serde_json::from_slice(&pusher.json).map_err(|_| "The pusher is no JSON")?;
    parse(&pusher.key.pushkey, &json)
}

fn admits(hs: &Homeserver, target: &Target) -> bool {
    match target {
        Target::Gateway(url) => hs.policy.push.gateways.admit(url),
        Target::WebPush(to) => {
            hs.push.vapid.is_some() && hs.policy.push.web_push.admit(&to.endpoint)
        }
    }
}

/// Whether the hospital still allows a stored pusher's host.
pub fn is_allowed(hs: &Homeserver, pusher: &rows::Pusher) -> bool {
    target(pusher).is_ok_and(|target| admits(hs, &target))
}

/// Adds or replaces a pusher of the device. Unless `append`, the same address no longer wakes other users.
pub async fn set(
    hs: &Homeserver,
    session: &Session,
    pusher: &Pusher,
    append: bool,
) -> Result<Activation, SetError> {
    let json = serde_json::to_value(pusher).expect("a pusher serialises");
    let target = check(&pusher.ids, &json)?;
    if !admits(hs, &target) {
        return Err(SetError::NotAllowed);
    }
    let json = json.to_string();
    if json.len() > MAX_PUSHER_BYTES {
        return Err(SetError::TooLarge);
    }
    let PusherIds { app_id, pushkey, .. } = &pusher.ids;
    if rows::count_others(&hs.db, session.user, app_id, pushkey).await? >= MAX_PUSHERS {
        return Err(SetError::TooLarge);
    }
    let key = PusherKey { app_id: app_id.clone(), pushkey: pushkey.clone(), user: session.user };
    let known = rows::pusher(&hs.db, &key).await?;
    let active = match &target {
        Target::Gateway(_) => true,
        // The same subscription has shown already that it works.
        Target::WebPush(_) => known.is_some_and(|known| {
            known.active && self::target(&known).is_ok_and(|known| known == target)
        }),
    };
    let row = rows::Pusher {
        key: key.clone(),
        device: session.device,
        json: json.into(),
        set: hs.clock.now(),
        active,
        pos: hs.feeds.published(),
    };
    let mut batch = Batch::new();
    rows::put_pusher(&mut batch, &row, !append);
    hs.db.commit(batch).await?;
    if !active {
        hs.push.await_activation(key.clone(), hs.clock.now());
    }
    hs.push.changed(key);
    Ok(if active { Activation::Active } else { Activation::Awaited })
}

/// Why a pusher was not activated.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The user has no pusher of this app.
    #[error("there is no such pusher")]
    NoPusher,
    /// The token was never sent, or has been used.
    #[error("the token is not known")]
    UnknownToken,
    /// The token came too late.
    #[error("the token has ended")]
    Expired,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Takes the token that a device got through its pusher: now it is known that messages reach it.
pub async fn activate(
    hs: &Homeserver,
    session: &Session,
    app_id: &str,
    token: &str,
) -> Result<(), ActivateError> {
    let mut pushers = rows::pushers(&hs.db, session.user).await?;
    pushers.retain(|pusher| pusher.key.app_id == app_id);
    if pushers.is_empty() {
        return Err(ActivateError::NoPusher);
    }
    let now = hs.clock.now();
    for pusher in pushers {
        match hs.push.take_activation(&pusher.key, token, now) {
            None => {}
            Some(false) => return Err(ActivateError::Expired),
            Some(true) => {
                let mut batch = Batch::new();
                rows::activate(&mut batch, &pusher.key);
                hs.db.commit(batch).await?;
                hs.push.changed(pusher.key);
                return Ok(());
            }
        }
    }
    Err(ActivateError::UnknownToken)
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
    let key =
        PusherKey { app_id: ids.app_id.clone(), pushkey: ids.pushkey.clone(), user: session.user };
    let mut batch = Batch::new();
    rows::delete_pusher(&mut batch, &key);
    hs.db.commit(batch).await?;
    hs.push.changed(key);
    Ok(())
}

/// Adds to the batch that a device that signs out is no longer woken.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    rows::delete_pushers_of_device(batch, device);
}

/// The pushers of the user, as JSON objects.
pub async fn all(hs: &Homeserver, session: &Session) -> Result<Vec<Box<RawValue>>, Error> {
    let pushers = rows::pushers(&hs.db, session.user).await?;
    pushers.iter().map(listed).collect()
}

/// A pusher as its user sees it: a browser's says in `data` whether it works (MSC4174).
fn listed(pusher: &rows::Pusher) -> Result<Box<RawValue>, Error> {
    let corrupt = |_| Error::corrupt("pushers.pusher");
    let mut json: Value = serde_json::from_slice(&pusher.json).map_err(corrupt)?;
    if json["kind"] != "http" {
        json["data"]["activated"] = pusher.active.into();
    }
    serde_json::value::to_raw_value(&json).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

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

    fn check(pusher: &Pusher) -> Result<Target, SetError> {
        super::check(&pusher.ids, &serde_json::to_value(pusher).unwrap())
    }

    #[test]
    fn a_pusher_needs_an_https_gateway_with_the_path_of_the_specification() {
        assert!(check(&pusher(&[])).is_ok());
        for url in [
            "http://push.klinikum.test/_matrix/push/v1/notify",
            "https://push.klinikum.test/notify",
            "https:///_matrix/push/v1/notify",
            "https://a@push.klinikum.test/_matrix/push/v1/notify",
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
