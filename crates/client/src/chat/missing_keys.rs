//! Messages that cannot be read yet although their keys may come into the backup a moment later: the sender's device was still
//! uploading them when this one asked. The SDK asks once and then not for a day.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::{encryption::backups::BackupState, sleep::sleep};
use matrix_sdk_ui::{
    eyeball_im::Vector,
    timeline::{EncryptedMessage, MsgLikeKind, TimelineItem, TimelineItemContent},
};

use super::Open;

/// The pauses between the questions; whoever still lacks a key after them gets it when the chat is opened again.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// Runs as long as the chat is open. A key that comes makes the timeline decrypt by itself.
pub(super) async fn keep_asking(open: Arc<Open>) {
    let (mut items, changes) = open.timeline.subscribe().await;
    let backups = open.core.client.encryption().backups();
    let states = backups.state_stream();
    pin_mut!(changes, states);
    let mut asked_for = BTreeSet::new();
    let mut tries = 0;
    loop {
        let missing = missing(&items);
        if !missing.is_subset(&asked_for) {
            tries = 0;
        }
        asked_for.clone_from(&missing);
        let has_backup = backups.state() == BackupState::Enabled;
        let pause = PAUSES.get(tries).filter(|_| has_backup && !missing.is_empty());
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
                    if pause.is_none() || !self::missing(&items).is_subset(&asked_for) {
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
        if !is_due {
            continue;
        }
        tries += 1;
        for session in self::missing(&items) {
            if backups.download_room_key(open.room.room_id(), &session).await.is_err() {
                tracing::debug!("The backup does not have the key of a message yet");
            }
        }
    }
}

/// The sessions whose keys are not here.
fn missing(items: &Vector<Arc<TimelineItem>>) -> BTreeSet<String> {
    items.iter().filter_map(|item| session_without_key(item)).collect()
}

fn session_without_key(item: &TimelineItem) -> Option<String> {
    let TimelineItemContent::MsgLike(content) = item.as_event()?.content() else { return None };
    let MsgLikeKind::UnableToDecrypt(EncryptedMessage::MegolmV1AesSha2 { session_id, .. }) =
        &content.kind
    else {
        return None;
    };
    Some(session_id.clone())
}
