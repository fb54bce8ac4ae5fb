//! Messages from device to device: exactly once, in order, kept until they are acknowledged.
//!
//! What sync calls: [`waiting`] reads what is new to a device, up to the position of the answer; its `next` goes into the
//! token, apart from the answer's own position, since a long queue is given in parts. When the device comes back with that
//! token, [`acknowledge`] deletes up to there. `/v3/sync` acknowledges by `since`, sliding sync by the extension's own `since`
//! (not by `pos`). Reading is always after the acknowledged position, so that a message is not given twice even if the
//! deletion comes late.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging>

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use base::{DeviceNid, Pos};
use bytes::Bytes;
use db::{Batch, CommitError, params};
use ruma::{OwnedUserId, to_device::DeviceIdOrAllDevices};
use store::{
    Touched,
    to_device::{self as rows, Receiver},
};

use crate::{Homeserver, Policy, Session, keys};

/// The largest content, in bytes, as for events.
const MAX_CONTENT_BYTES: usize = 64 * 1024;

/// How deep content may nest.
const MAX_DEPTH: usize = 100;

/// The longest event type or transaction id, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Most messages of one request, a wildcard counted once for each device.
const MAX_MESSAGES: usize = 10_000;

/// Most messages of one sender that wait for one device. Beyond, the oldest of this sender go: nobody can push out another's.
const MAX_WAITING: u32 = 5_000;

/// How long a request that is repeated is recognised.
const TRANSACTION_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The messages of one request: for each user the devices and the content for them, as JSON.
pub type Messages<'a> = BTreeMap<OwnedUserId, Vec<(DeviceIdOrAllDevices, &'a str)>>;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A content is no object or nests too deep.
    #[error("a message is malformed")]
    BadContent,
    /// The event type or the transaction id is empty, too long or holds a NUL.
    #[error("the type or the transaction id is malformed")]
    BadName,
    /// Too large or too many.
    #[error("too many or too large messages")]
    TooMuch,
    /// Keys go from device to device only encrypted (II.a).
    #[error("messages of this type must be encrypted")]
    InClear,
    /// The device was signed out meanwhile.
    #[error("the device is signed out")]
    SignedOut,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Messages for a device.
#[derive(Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whole events, oldest first: `content`, `sender` and `type`.
    pub events: Vec<Bytes>,
    /// What the device acknowledges when it has these, and from where the next are read.
    pub next: Pos,
    /// Whether more are waiting at once.
    pub more: bool,
}

/// Whether messages of this type may go from device to device in clear.
///
/// What carries keys or secrets is defined only inside `m.room.encrypted`; in clear it would be readable here.
fn may_be_clear(policy: &Policy, event_type: &str) -> bool {
    !policy.require_encryption
        || !matches!(event_type, "m.room_key" | "m.forwarded_room_key" | "m.secret.send")
}

fn check(
    policy: &Policy,
    event_type: &str,
    txn_id: &str,
    messages: &Messages<'_>,
) -> Result<(), SendError> {
    for name in [event_type, txn_id] {
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains('\0') {
            return Err(SendError::BadName);
        }
    }
    if !may_be_clear(policy, event_type) {
        return Err(SendError::InClear);
    }
    if messages.values().map(Vec::len).sum::<usize>() > MAX_MESSAGES {
        return Err(SendError::TooMuch);
    }
    for (_, content) in messages.values().flatten() {
        if content.len() > MAX_CONTENT_BYTES {
            return Err(SendError::TooMuch);
        }
        if !content.starts_with('{') || keys::nests_deeper_than(content, MAX_DEPTH) {
            return Err(SendError::BadContent);
        }
    }
    Ok(())
}

/// Which device gets which content. Unknown devices get nothing; a device that is named gets its own instead of the wildcard's.
fn deliveries<'a>(
    devices: &'a [Receiver],
    messages: &[(DeviceIdOrAllDevices, &'a str)],
) -> Vec<(&'a Receiver, &'a str)> {
    let mut for_all = None;
    let mut named = HashMap::with_capacity(messages.len());
    for (to, content) in messages {
        match to {
            DeviceIdOrAllDevices::AllDevices => for_all = Some(*content),
            DeviceIdOrAllDevices::DeviceId(device_id) => {
                named.insert(device_id.as_str(), *content);
            }
        }
    }
    let content_for =
        |receiver: &Receiver| named.get(receiver.device_id.as_str()).copied().or(for_all);
    devices.iter().filter_map(|receiver| Some((receiver, content_for(receiver)?))).collect()
}

/// Sends messages to devices, once, however often the request is repeated. All of them are one batch.
pub async fn send(
    hs: &Homeserver,
    session: &Session,
    event_type: &str,
    txn_id: &str,
    messages: &Messages<'_>,
) -> Result<(), SendError> {
    check(&hs.policy, event_type, txn_id, messages)?;
    // The type is a part of the path, and so of what makes two requests the same.
    let txn_key = format!("{event_type}/{txn_id}");
    let sender = (session.user, session.device);
    let users = messages.keys().map(|user| &**user);
    let (devices, done) = rows::receivers(&hs.db, users, sender, &txn_key, MAX_WAITING).await?;
    if done {
        return Ok(());
    }
    let mut batch = Batch::new();
    let now = i64::from(hs.clock.now());
    batch.expect_one(&rows::CLAIM_TRANSACTION, params![session.device.0, txn_key.as_str(), now]);
    let forgotten = now - i64::try_from(TRANSACTION_LIFE.as_millis()).unwrap_or(i64::MAX);
    batch.exec(&rows::DROP_TRANSACTIONS_BEFORE, params![session.device.0, forgotten]);
    let mut sent = 0;
    for (devices, messages) in devices.iter().zip(messages.values()) {
        for (receiver, content) in deliveries(devices, messages) {
            sent += 1;
            if sent > MAX_MESSAGES {
                return Err(SendError::TooMuch);
            }
            let &Receiver { device, user, waiting, .. } = receiver;
            if waiting >= u64::from(MAX_WAITING) {
                batch.exec(&rows::DROP_OLDEST, params![device.0, session.user.0, MAX_WAITING - 1]);
            }
            let pos = batch.change(Touched::ToDevice { user, device }.into());
            rows::enqueue(
                &mut batch,
                device,
                pos,
                session.user,
                event(session, event_type, content),
            );
        }
    }
    match hs.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => {
            // The same request was here at the same time, or the device was signed out.
            let repeated = rows::receivers(&hs.db, [].into_iter(), sender, &txn_key, 0).await?.1;
            if repeated { Ok(()) } else { Err(SendError::SignedOut) }
        }
        other => other.map(drop).map_err(SendError::from),
    }
}

/// The event as the receiving client gets it; the content stays as it was sent.
fn event(session: &Session, event_type: &str, content: &str) -> Bytes {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (sender, event_type) = (quoted(session.user_id.as_str()), quoted(event_type));
    format!(r#"{{"content":{content},"sender":{sender},"type":{event_type}}}"#).into()
}

/// At most `limit` messages for a device in `(since, upto]`, oldest first.
pub async fn waiting(
    hs: &Homeserver,
    device: DeviceNid,
    since: Pos,
    upto: Pos,
    limit: u32,
) -> Result<Waiting, db::Error> {
    if since >= upto {
        return Ok(Waiting { events: Vec::new(), next: since.max(upto), more: false });
    }
    // One more is read than given, to know whether the queue goes on.
    let mut found = rows::waiting(&hs.db, device, since, upto, limit.saturating_add(1)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = match found.last() {
        Some((last, _)) if more => *last,
        None if more => since,
        _ => upto,
    };
    Ok(Waiting { events: found.into_iter().map(|(_, event)| event).collect(), next, more })
}

/// Deletes the messages that the device has, at or before `upto`. Writes only if there are any.
pub async fn acknowledge(hs: &Homeserver, device: DeviceNid, upto: Pos) -> Result<(), SendError> {
    if upto == Pos::ZERO || !rows::any_until(&hs.db, device, upto).await? {
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.exec(&rows::ACKNOWLEDGE, params![device.0, upto]);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Adds to the batch that nothing waits for a device any more. Comes before the device's own row is deleted.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    rows::forget_device(batch, device);
}

#[cfg(test)]
mod tests {
    use base::UserNid;
    use ruma::{owned_device_id, owned_user_id};

    use super::*;

    fn receiver(device: i64, id: &str) -> Receiver {
        Receiver { device: DeviceNid(device), user: UserNid(1), device_id: id.into(), waiting: 0 }
    }

    fn one<'a>(to: &str, content: &'a str) -> (DeviceIdOrAllDevices, &'a str) {
        (to.try_into().unwrap(), content)
    }

    #[test]
    fn a_wildcard_reaches_every_device_that_is_not_named_itself() {
        let devices = [receiver(1, "TABLET"), receiver(2, "PHONE")];
        let messages = [one("*", "all"), one("PHONE", "phone"), one("GONE", "nobody")];
        let delivered = deliveries(&devices, &messages);
        let delivered: Vec<_> =
            delivered.iter().map(|(receiver, content)| (receiver.device.0, *content)).collect();
        assert_eq!(delivered, [(1, "all"), (2, "phone")]);
        assert!(deliveries(&devices, &[one("GONE", "nobody")]).is_empty());
    }

    #[test]
    fn malformed_and_oversized_messages_are_refused() {
        let policy = Policy::default();
        let user = owned_user_id!("@jonas:h");
        let checked = |event_type: &str, txn: &str, content: &str| {
            check(
                &policy,
                event_type,
                txn,
                &Messages::from([(user.clone(), vec![one("*", content)])]),
            )
        };
        assert!(checked("m.room.encrypted", "1", "{}").is_ok());
        let deep = format!("{}{}", "{\"a\":".repeat(101), "}".repeat(101));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_CONTENT_BYTES));
        assert!(matches!(checked("m.test", "1", "7"), Err(SendError::BadContent)));
        assert!(matches!(checked("m.test", "1", &deep), Err(SendError::BadContent)));
        assert!(matches!(checked("m.test", "1", &large), Err(SendError::TooMuch)));
        for (event_type, txn) in
            [("", "1"), ("m.test", ""), ("m.\0", "1"), ("m.test", &"x".repeat(256))]
        {
            assert!(matches!(checked(event_type, txn, "{}"), Err(SendError::BadName)));
        }
    }

    #[test]
    fn keys_and_secrets_in_clear_are_refused_where_encryption_is_required() {
        let strict = Policy::default();
        for refused in ["m.room_key", "m.forwarded_room_key", "m.secret.send"] {
            assert!(!may_be_clear(&strict, refused), "{refused}");
        }
        for admitted in [
            "m.room.encrypted",
            "m.room_key_request",
            "m.room_key.withheld",
            "m.key.verification.start",
        ] {
            assert!(may_be_clear(&strict, admitted), "{admitted}");
        }
        assert!(may_be_clear(
            &Policy { require_encryption: false, ..Policy::default() },
            "m.room_key"
        ));
    }

    #[test]
    fn the_content_stays_as_it_was_sent() {
        let session = Session {
            user: UserNid(1),
            user_id: owned_user_id!("@anna:h"),
            device: DeviceNid(1),
            device_id: owned_device_id!("TABLET"),
        };
        let event = event(&session, "m.\"x\"", r#"{ "b":1.0, "a":"ü" }"#);
        assert_eq!(
            event,
            r#"{"content":{ "b":1.0, "a":"ü" },"sender":"@anna:h","type":"m.\"x\""}"#
        );
    }
}
