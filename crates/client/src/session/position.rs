//! Where the sync goes on after a restart.
//!
//! The SDK notes the position of the room list's sync as soon as it has read an answer, and beside that it puts the answer's
//! messages into the event cache. Whoever closes the app between the two would never see these messages: the server takes
//! the position as a sign that they have arrived, and the cache knows of no gap. So this notes which position has all its
//! messages in the cache, and if that is not the last one, the sync begins anew at the next start: the server then says what
//! is latest in each room.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use matrix_sdk::{Client, sync::RoomUpdates, timeout::timeout};
use matrix_sdk_base::{BaseClient, crypto::CryptoStoreError};
use ruma::{OwnedEventId, OwnedRoomId, UserId};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::core::Core;

/// Under which the position lies whose messages are all in the cache, in the SDK's form.
const SAFE: &str = "konsil.safe_position";
/// No position, in the SDK's form.
const NONE: &[u8] = b"{}";

/// How long nothing may have come before it is looked whether all is in the cache, and between two looks.
const QUIET: Duration = Duration::from_millis(200);
/// So many looks follow an answer in quick succession.
const LOOKS: usize = 50;
/// Then it is looked seldom: an answer without news has a position too.
const SELDOM: Duration = Duration::from_secs(5);

/// Under which the SDK has the position of the room list's sync.
fn key(own_id: &UserId) -> String {
    format!("sliding_sync_store::room-list::{own_id}::instance")
}

/// Before the sync is made: forgets the position if messages before it may be missing.
pub(super) async fn check(base: &BaseClient, own_id: &UserId) -> Result<(), CryptoStoreError> {
    let machine = base.olm_machine().await;
    let Some(machine) = machine.as_ref() else { return Ok(()) };
    let (store, key) = (machine.store(), key(own_id));
    let Some(last) = store.get_custom_value(&key).await? else { return Ok(()) };
    if store.get_custom_value(SAFE).await?.as_ref() != Some(&last) {
        tracing::info!("The app was closed before all was in the cache; the sync begins anew");
        store.set_custom_value(&key, NONE.to_vec()).await?;
    }
    Ok(())
}

/// Runs as long as the session, from before the sync begins.
pub(super) async fn keep(core: Arc<Core>, mut updates: Receiver<RoomUpdates>) {
    let mut latest = BTreeMap::new();
    let mut looks = 0;
    loop {
        let pause = if looks < LOOKS { QUIET } else { SELDOM };
        let waited = timeout(updates.recv(), pause).await;
        match waited {
            Ok(Ok(update)) => note(update, &mut latest),
            // What was skipped is older than what is still to come, and the cache takes all in order.
            Ok(Err(RecvError::Lagged(_))) => {}
            Ok(Err(RecvError::Closed)) => return,
            Err(_) => {
                looks += 1;
                match mark(&core, &updates, &mut latest).await {
                    Ok(true) => looks = LOOKS,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "The position could not be noted"),
                }
                continue;
            }
        }
        looks = 0;
    }
}

/// The last event of each room, which the cache takes last.
fn note(update: RoomUpdates, latest: &mut BTreeMap<OwnedRoomId, OwnedEventId>) {
    let joined = update.joined.into_iter().map(|(room, update)| (room, update.timeline));
    let left = update.left.into_iter().map(|(room, update)| (room, update.timeline));
    for (room, timeline) in joined.chain(left) {
        if let Some(id) = timeline.events.iter().rev().find_map(|event| event.event_id()) {
            latest.insert(room, id.to_owned());
        }
    }
}

/// Marks the position as safe if all that came is in the cache, and nothing has come since the position was read.
async fn mark(
    core: &Core,
    updates: &Receiver<RoomUpdates>,
    latest: &mut BTreeMap<OwnedRoomId, OwnedEventId>,
) -> Result<bool, CryptoStoreError> {
    let machine = core.base.olm_machine().await;
    let Some(machine) = machine.as_ref() else { return Ok(false) };
    let Some(position) = machine.store().get_custom_value(&key(&core.own_id)).await? else {
        return Ok(false);
    };
    // An answer is handed on before its position is noted.
    if !updates.is_empty() || !are_in_cache(&core.client, latest).await {
        return Ok(false);
    }
    if machine.store().get_custom_value(SAFE).await?.as_ref() != Some(&position) {
        machine.store().set_custom_value(SAFE, position).await?;
    }
    Ok(true)
}

async fn are_in_cache(client: &Client, latest: &mut BTreeMap<OwnedRoomId, OwnedEventId>) -> bool {
    while let Some(entry) = latest.first_entry() {
        let Ok(lock) = client.event_cache_store().lock().await else { return false };
        let Some(store) = lock.as_clean() else { return false };
        match store.find_event(entry.key(), entry.get()).await {
            Ok(Some(_)) => drop(entry.remove()),
            _ => return false,
        }
    }
    true
}
