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

use base::{DeviceNid, Pos, Timestamp, UserNid};
use bytes::Bytes;
use db::{Batch, CommitError, params};
use parking_lot::Mutex;
use ruma::{OwnedDeviceId, OwnedUserId, UserId, to_device::DeviceIdOrAllDevices};
use serde_json::value::RawValue;
use store::{Touched, to_device as rows};

use crate::{Homeserver, Policy, Session, devices, nesting};

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

/// Most bytes of messages in one answer, unless a single one is larger.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Most devices of which is remembered what waits for them.
const REMEMBERED: usize = 100_000;

/// How long a request that is repeated is recognised.
const TRANSACTION_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests before this moment are recognised no longer.
pub(crate) fn forgotten(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(u64::try_from(TRANSACTION_LIFE.as_millis()).unwrap_or(u64::MAX)))
}

/// The messages of one request: for each user the devices and the content for them, as it was received.
pub type Messages<'a> = BTreeMap<OwnedUserId, MessagesOfUser<'a>>;

/// Those for the devices of one user.
pub type MessagesOfUser<'a> = BTreeMap<DeviceIdOrAllDevices, &'a RawValue>;

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

/// Up to which position it is known that nothing waits for a device: nearly always the last one, so that sync need not
/// ask the database whether there is anything to give or to delete.
#[derive(Debug, Default)]
pub struct EmptyQueues(Mutex<HashMap<DeviceNid, Pos>>);

impl EmptyQueues {
    fn upto(&self, device: DeviceNid) -> Pos {
        self.0.lock().get(&device).copied().unwrap_or(Pos::ZERO)
    }

    /// Nothing waits in `(from, upto]`.
    fn extend(&self, device: DeviceNid, from: Pos, upto: Pos) {
        let mut known = self.0.lock();
        if known.len() >= REMEMBERED && !known.contains_key(&device) {
            known.clear();
        }
        let empty = known.entry(device).or_insert(Pos::ZERO);
        if *empty >= from {
            *empty = upto.max(*empty);
        }
    }
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
    if messages.values().map(BTreeMap::len).sum::<usize>() > MAX_MESSAGES {
        return Err(SendError::TooMuch);
    }
    for content in messages.values().flat_map(BTreeMap::values) {
        let content = content.get();
        if content.len() > MAX_CONTENT_BYTES {
            return Err(SendError::TooMuch);
        }
        if !content.starts_with('{') || nesting::deeper_than(content.as_bytes(), MAX_DEPTH) {
            return Err(SendError::BadContent);
        }
    }
    Ok(())
}

/// Which device gets which content. Unknown devices get nothing; a device that is named gets its own instead of the wildcard's.
fn deliveries<'a>(
    devices: &[(DeviceNid, OwnedDeviceId)],
    messages: &MessagesOfUser<'a>,
) -> Vec<(DeviceNid, &'a str)> {
    let mut for_all = None;
    let mut named = HashMap::with_capacity(messages.len());
    for (to, content) in messages {
        match to {
            DeviceIdOrAllDevices::AllDevices => for_all = Some(content.get()),
            DeviceIdOrAllDevices::DeviceId(device_id) => {
                named.insert(device_id.as_str(), content.get());
            }
        }
    }
    let content_for =
        |device_id: &OwnedDeviceId| named.get(device_id.as_str()).copied().or(for_all);
    devices.iter().filter_map(|(nid, id)| Some((*nid, content_for(id)?))).collect()
}

/// How many messages of one sender wait for one device, at most: counted in the table once, and again when it may be too many.
#[derive(Debug, Default)]
pub struct QueueLengths(Mutex<HashMap<(UserNid, DeviceNid), u32>>);

impl QueueLengths {
    /// Those of the devices for which too many may wait.
    fn in_doubt(&self, sender: UserNid, devices: &[DeviceNid]) -> Vec<DeviceNid> {
        let known = self.0.lock();
        let is_short = |device: &DeviceNid| {
            known.get(&(sender, *device)).is_some_and(|count| *count < MAX_WAITING)
        };
        devices.iter().copied().filter(|device| !is_short(device)).collect()
    }

    fn counted(&self, sender: UserNid, device: DeviceNid, count: u32) {
        let mut known = self.0.lock();
        if known.len() >= REMEMBERED && !known.contains_key(&(sender, device)) {
            known.clear();
        }
        known.insert((sender, device), count);
    }

    /// One more waits, as far as it is known how many did.
    fn one_more(&self, sender: UserNid, devices: &[DeviceNid]) {
        let mut known = self.0.lock();
        for device in devices {
            if let Some(count) = known.get_mut(&(sender, *device)) {
                *count = count.saturating_add(1);
            }
        }
    }
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
    let users: Vec<&UserId> = messages.keys().map(|user| &**user).collect();
    let known = devices::of_users(hs, &users).await?;
    let mut receivers = Vec::new();
    for (known, messages) in known.iter().zip(messages.values()) {
        let Some((user, devices)) = known else { continue };
        let deliveries = deliveries(devices, messages).into_iter();
        receivers.extend(deliveries.map(|(device, content)| (*user, device, content)));
    }
    if receivers.len() > MAX_MESSAGES {
        return Err(SendError::TooMuch);
    }
    let mut batch = Batch::new();
    let now = hs.clock.now();
    let claim = params![session.device.0, txn_key.as_str(), now.0];
    batch.expect_one(&rows::CLAIM_TRANSACTION, claim);
    batch.exec(&rows::DROP_TRANSACTIONS_BEFORE, params![session.device.0, forgotten(now).0]);
    let devices: Vec<DeviceNid> = receivers.iter().map(|(_, device, _)| *device).collect();
    make_room(hs, session.user, &devices, &mut batch).await?;
    let behind_content = behind_content(session, event_type);
    let events = events(receivers.iter().map(|(_, _, content)| *content), &behind_content);
    for (&(user, device, _), event) in receivers.iter().zip(events) {
        let pos = batch.change(Touched::ToDevice { user, device }.into());
        rows::enqueue(&mut batch, device, pos, session.user, event);
    }
    match hs.db.commit(batch).await {
        // The same request was here before, or the device was signed out.
        Err(CommitError::Conflict { .. }) => {
            let repeated = rows::was_sent(&hs.db, session.device, &txn_key).await?;
            if repeated { Ok(()) } else { Err(SendError::SignedOut) }
        }
        other => {
            other?;
            hs.queue_lengths.one_more(session.user, &devices);
            Ok(())
        }
    }
}

/// Adds to the batch that the sender's oldest message goes wherever too many of them wait.
async fn make_room(
    hs: &Homeserver,
    sender: UserNid,
    devices: &[DeviceNid],
    batch: &mut Batch,
) -> Result<(), db::Error> {
    let in_doubt = hs.queue_lengths.in_doubt(sender, devices);
    let counts = rows::counts(&hs.db, sender, in_doubt.iter().copied(), MAX_WAITING).await?;
    for (device, count) in in_doubt.into_iter().zip(counts) {
        hs.queue_lengths.counted(sender, device, count);
        if count >= MAX_WAITING {
            batch.exec(&rows::DROP_OLDEST, params![device.0, sender.0, MAX_WAITING - 1]);
        }
    }
    Ok(())
}

/// What follows the content in the event as the receiving client gets it.
fn behind_content(session: &Session, event_type: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (sender, event_type) = (quoted(session.user_id.as_str()), quoted(event_type));
    format!(r#","sender":{sender},"type":{event_type}}}"#)
}

/// The events as the receiving clients get them; each content stays as it was sent. One allocation for all of them.
fn events<'a>(
    contents: impl Iterator<Item = &'a str> + Clone,
    behind_content: &str,
) -> impl Iterator<Item = Bytes> {
    const BEFORE_CONTENT: &str = r#"{"content":"#;
    let around = BEFORE_CONTENT.len() + behind_content.len();
    let lengths: Vec<usize> = contents.clone().map(|content| around + content.len()).collect();
    let mut all = Vec::with_capacity(lengths.iter().sum());
    for content in contents {
        for part in [BEFORE_CONTENT, content, behind_content] {
            all.extend_from_slice(part.as_bytes());
        }
    }
    let mut all = Bytes::from(all);
    lengths.into_iter().map(move |length| all.split_to(length))
}

/// At most `limit` messages for a device in `(since, upto]`, oldest first. `quiet_after`: the feed knows of none behind it.
pub async fn waiting(
    hs: &Homeserver,
    device: DeviceNid,
    since: Pos,
    upto: Pos,
    limit: u32,
    quiet_after: Option<Pos>,
) -> Result<Waiting, db::Error> {
    if let Some(quiet_after) = quiet_after {
        hs.empty_queues.extend(device, quiet_after, upto);
    }
    if since >= upto || hs.empty_queues.upto(device) >= upto {
        return Ok(Waiting { events: Vec::new(), next: since.max(upto), more: false });
    }
    // One more is read than given, to know whether the queue goes on.
    let mut found = rows::waiting(&hs.db, device, since, upto, limit.saturating_add(1)).await?;
    if found.is_empty() {
        hs.empty_queues.extend(device, since, upto);
    }
    let fitting = fitting(found.iter().map(|(_, event)| event.len())).min(limit as usize);
    let more = found.len() > fitting;
    found.truncate(fitting);
    let next = match found.last() {
        Some((last, _)) if more => *last,
        None if more => since,
        _ => upto,
    };
    Ok(Waiting { events: found.into_iter().map(|(_, event)| event).collect(), next, more })
}

/// How many messages of these sizes go into one answer: one at least, or the queue would stand still.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fits = |size: &usize| {
        bytes += size;
        bytes <= MAX_ANSWER_BYTES
    };
    sizes.take_while(fits).count().max(1)
}

/// Deletes the messages that the device has, at or before `upto`. Writes only if there are any.
pub async fn acknowledge(hs: &Homeserver, device: DeviceNid, upto: Pos) -> Result<(), SendError> {
    if hs.empty_queues.upto(device) >= upto {
        return Ok(());
    }
    if rows::any_until(&hs.db, device, upto).await? {
        let mut batch = Batch::new();
        batch.exec(&rows::ACKNOWLEDGE, params![device.0, upto]);
        hs.db.commit(batch).await?;
    }
    // A token may be from the future, of a database that was restored: nothing is known of what comes until there.
    let known = upto.min(hs.feeds.published());
    hs.empty_queues.extend(device, Pos::ZERO, known);
    Ok(())
}

/// Adds to the batch that nothing waits for a device any more. Comes before the device's own row is deleted.
pub fn forget_device(batch: &mut Batch, device: DeviceNid) {
    rows::forget_device(batch, device);
}

#[cfg(test)]
mod tests {
    use ruma::{owned_device_id, owned_user_id};

    use super::*;

    fn to<'a>(messages: &[(&str, &'a str)]) -> MessagesOfUser<'a> {
        let raw = |content: &'a str| serde_json::from_str::<&'a RawValue>(content).unwrap();
        messages.iter().map(|(to, content)| ((*to).try_into().unwrap(), raw(content))).collect()
    }

    #[test]
    fn a_queue_is_counted_once_and_again_when_it_may_be_too_long() {
        let (lengths, sender, device) = (QueueLengths::default(), UserNid(1), DeviceNid(2));
        assert_eq!(lengths.in_doubt(sender, &[device]), [device], "not counted yet");
        lengths.counted(sender, device, MAX_WAITING - 2);
        lengths.one_more(sender, &[device, DeviceNid(3)]);
        assert!(lengths.in_doubt(sender, &[device]).is_empty());
        lengths.one_more(sender, &[device]);
        assert_eq!(lengths.in_doubt(sender, &[device, DeviceNid(3)]), [device, DeviceNid(3)]);
        assert_eq!(lengths.in_doubt(UserNid(9), &[device]), [device], "of another sender");
    }

    #[test]
    fn a_queue_is_empty_up_to_where_it_was_looked_at_without_a_gap() {
        let (queues, device, pos) = (EmptyQueues::default(), DeviceNid(1), Pos::new);
        queues.extend(device, pos(5), pos(9));
        assert_eq!(queues.upto(device), Pos::ZERO, "nobody looked before 5");
        queues.extend(device, pos(0), pos(5));
        queues.extend(device, pos(5), pos(9));
        queues.extend(device, pos(7), pos(8));
        assert_eq!(queues.upto(device), pos(9));
        assert_eq!(queues.upto(DeviceNid(2)), Pos::ZERO);
    }

    #[test]
    fn a_wildcard_reaches_every_device_that_is_not_named_itself() {
        let devices: [(DeviceNid, OwnedDeviceId); 2] =
            [(DeviceNid(1), "TABLET".into()), (DeviceNid(2), "PHONE".into())];
        let messages = to(&[("*", "1"), ("PHONE", "2"), ("GONE", "3")]);
        let delivered = deliveries(&devices, &messages);
        assert_eq!(delivered, [(DeviceNid(1), "1"), (DeviceNid(2), "2")]);
        assert!(deliveries(&devices, &to(&[("GONE", "3")])).is_empty());
    }

    #[test]
    fn an_answer_has_a_bounded_size_and_one_message_at_least() {
        assert_eq!(fitting([1; 7].into_iter()), 7);
        assert_eq!(fitting([MAX_ANSWER_BYTES - 1, 1, 1].into_iter()), 2);
        assert_eq!(fitting([MAX_ANSWER_BYTES + 1, 1].into_iter()), 1);
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
                &Messages::from([(user.clone(), to(&[("*", content)]))]),
            )
        };
        assert!(checked("m.room.encrypted", "1", "{}").is_ok());
        let deep = format!("{}1{}", "{\"a\":".repeat(101), "}".repeat(101));
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
            appservice: None,
            suspended: false,
        };
        let behind_content = behind_content(&session, "m.\"x\"");
        let contents = [r#"{ "b":1.0, "a":"ü" }"#, "{}"];
        let events: Vec<Bytes> = events(contents.into_iter(), &behind_content).collect();
        let behind = r#","sender":"@anna:h","type":"m.\"x\""}"#;
        assert_eq!(
            events,
            contents.map(|content| [r#"{"content":"#, content, behind].concat().into_bytes())
        );
    }
}
