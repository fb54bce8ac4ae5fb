//! Messages that cannot be read yet although they could be a moment later: their sender's device was still putting the keys
//! into the backup when this one asked, or a key came before it was known whose it is. The SDK asks for neither again soon, and of some
//! keys it never finds out by itself whose they are ([`left_devices`]) or that they were good once ([`restored_keys`]).

mod left_devices;
mod restored_keys;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::{
    encryption::backups::BackupState, event_cache::DecryptionRetryRequest, sleep::sleep,
    timeout::timeout,
};
use matrix_sdk_base::crypto::types::events::UtdCause;
use matrix_sdk_ui::{
    eyeball_im::Vector,
    timeline::{EncryptedMessage, MsgLikeKind, Timeline, TimelineItem, TimelineItemContent},
};
use ruma::OwnedUserId;

use super::Open;

/// The pauses between the tries; what still cannot be read after them is tried again when the chat is opened again.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// How long an export waits for what cannot be read.
const MOMENT: Duration = Duration::from_secs(5);

/// The sessions whose keys are not here or not trusted yet, and who wrote with them, where it may be for want of their devices.
type Missing = BTreeMap<String, Option<OwnedUserId>>;

/// Runs as long as the chat is open. What can be decrypted then changes the timeline by itself.
pub(super) async fn keep_asking(open: Arc<Open>) {
    let mut timelines = open.timeline.subscribe();
    loop {
        let asking = keep_asking_for(&open, timelines.get()).fuse();
        pin_mut!(asking);
        select! {
            () = asking => return,
            changed = timelines.next().fuse() => if changed.is_none() {
                return;
            },
        }
    }
}

/// The same for what one timeline shows.
async fn keep_asking_for(open: &Open, timeline: Arc<Timeline>) {
    let (mut items, changes) = timeline.subscribe().await;
    drop(timeline);
    let states = open.core.client.encryption().backups().state_stream();
    pin_mut!(changes, states);
    let mut asked_for = Missing::new();
    let mut tries = 0;
    loop {
        let missing = missing(&items);
        if !is_covered(&missing, &asked_for) {
            tries = 0;
        }
        asked_for.clone_from(&missing);
        let pause = PAUSES.get(tries).filter(|_| !missing.is_empty());
        let due = async {
            match pause {
                Some(&pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        pin_mut!(due);
        // Changes of the timeline do not begin the pause anew: a busy chat would never get to asking.
        let is_due = loop {
            select! {
                () = due.as_mut().fuse() => break true,
                diffs = changes.next().fuse() => {
                    let Some(diffs) = diffs else { return };
                    for diff in diffs {
                        diff.apply(&mut items);
                    }
                    if pause.is_none() || !is_covered(&self::missing(&items), &asked_for) {
                        break false;
                    }
                }
                state = states.next().fuse() => {
                    if state.is_none() {
                        return;
                    }
                    tries = 0;
                    break false;
                }
            }
        };
        if is_due {
            tries += 1;
            ask(open, self::missing(&items)).await;
        }
    }
}

/// Asks once, and waits a moment for what comes of it: for whoever takes the whole chat along.
pub(super) async fn ask_once(open: &Open) {
    let (mut items, changes) = open.timeline().subscribe().await;
    let asked_for = missing(&items);
    if asked_for.is_empty() {
        return;
    }
    ask(open, asked_for).await;
    let all_read = async {
        pin_mut!(changes);
        while !missing(&items).is_empty() {
            let Some(diffs) = changes.next().await else { return };
            for diff in diffs {
                diff.apply(&mut items);
            }
        }
    };
    // What stays closed is exported as such.
    let _ = timeout(all_read, MOMENT).await;
}

/// Asks whose devices these are and, where there is a backup, for their keys; then tries to decrypt once more.
async fn ask(open: &Open, missing: Missing) {
    let encryption = open.core.client.encryption();
    // A key counts only once its device is known to be confirmed, and the SDK asks about the devices of people met just
    // now together with its next question for to-device messages: up to half a minute later.
    for writer in missing.values().flatten().collect::<BTreeSet<&OwnedUserId>>() {
        if encryption.request_user_identity(writer).await.is_err() {
            tracing::debug!("The devices of a sender could not be asked for");
        }
    }
    if left_devices::confirm(&open.core, open.room.room_id(), &missing).await.is_err() {
        tracing::debug!("Whose the devices were that have left is not known yet");
    }
    if restored_keys::allow(&open.core, open.room.room_id(), &missing).await.is_err() {
        tracing::debug!("Restored keys could not be looked at");
    }
    let backups = encryption.backups();
    if backups.state() == BackupState::Enabled {
        for session in missing.keys() {
            if backups.download_room_key(open.room.room_id(), session).await.is_err() {
                tracing::debug!("The backup does not have the key of a message yet");
            }
        }
    }
    open.core.client.event_cache().request_decryption(DecryptionRetryRequest {
        room_id: open.room.room_id().to_owned(),
        utd_session_ids: missing.into_keys().collect(),
        refresh_info_session_ids: BTreeSet::new(),
    });
}

fn is_covered(missing: &Missing, asked_for: &Missing) -> bool {
    missing.keys().all(|session| asked_for.contains_key(session))
}

fn missing(items: &Vector<Arc<TimelineItem>>) -> Missing {
    let mut missing = Missing::new();
    for (session, writer) in items.iter().filter_map(|item| unreadable(item)) {
        let known = missing.entry(session).or_default();
        *known = known.take().or(writer);
    }
    missing
}

/// The session of a message that cannot be decrypted, and its sender if knowing their devices may help.
fn unreadable(item: &TimelineItem) -> Option<(String, Option<OwnedUserId>)> {
    let event = item.as_event()?;
    let TimelineItemContent::MsgLike(content) = event.content() else { return None };
    let MsgLikeKind::UnableToDecrypt(EncryptedMessage::MegolmV1AesSha2 {
        session_id, cause, ..
    }) = &content.kind
    else {
        return None;
    };
    let writer = may_be_for_want_of_devices(*cause).then(|| event.sender().to_owned());
    Some((session_id.clone(), writer))
}

/// Whether it may be that only the sender's devices are not known yet. What was written before this device was there waits
/// for the backup alone, and what its sender withheld for nothing that we could ask.
fn may_be_for_want_of_devices(cause: UtdCause) -> bool {
    matches!(cause, UtdCause::Unknown | UtdCause::UnsignedDevice | UtdCause::UnknownDevice)
}
