//! Where this device and account stand, kept up to date.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use eyeball::SharedObservable;
use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::{
    encryption::{VerificationState, backups::BackupState, recovery::RecoveryState},
    timeout::timeout,
};

use ruma::OwnedEventId;

use super::{
    DeviceTrust, Recovery, RecoveryKey, TrustView, Verification, recovery, verification::Flow,
};
use crate::session::core::Core;

#[derive(Default)]
pub(crate) struct TrustState {
    pub view: SharedObservable<TrustView>,
    pub new_key: SharedObservable<Option<RecoveryKey>>,
    pub verification: SharedObservable<Option<Verification>>,
    /// Held by whoever makes identity, key backup and recovery key.
    pub(super) set_up: tokio::sync::Mutex<()>,
    pub(super) flow: std::sync::Mutex<Option<Flow>>,
    /// Questions in rooms that were looked at.
    pub(super) requests_seen: std::sync::Mutex<BTreeSet<OwnedEventId>>,
    /// Counted up when keys were backed up or have come.
    backed_up: SharedObservable<u64>,
}

impl TrustState {
    /// Ends a comparison under way: it holds the session that it belongs to.
    pub fn close(&self) {
        drop(self.flow.lock().expect("no panic while held").take());
    }
}

/// Runs as long as the session.
pub(crate) async fn keep_view(core: Arc<Core>) {
    recovery::load_new_key(&core).await;
    let encryption = core.client.encryption();
    let mut device = encryption.verification_state();
    let recovery = encryption.recovery();
    let recovery_changes = recovery.state_stream();
    let backups = encryption.backups();
    let backup_changes = backups.state_stream();
    pin_mut!(recovery_changes);
    pin_mut!(backup_changes);
    let mut verification = core.trust.verification.subscribe();
    let mut backed_up = core.trust.backed_up.subscribe();
    let mut had_backup = backups.state() == BackupState::Enabled;
    loop {
        let has_backup = backups.state() == BackupState::Enabled;
        if has_backup && !had_backup {
            // Recovery key or comparison has just given us the backup: old messages become readable.
            core.spawn(recovery::fetch_all_keys(core.clone()));
        }
        had_backup = has_backup;
        let keys_to_back_up = if has_backup { keys_to_back_up(&core).await } else { 0 };
        core.trust.view.set_if_not_eq(TrustView {
            this_device: device_trust(device.get()),
            recovery: recovery_state(recovery.state(), device.get()),
            keys_to_back_up,
            verification: core.trust.verification.get(),
        });
        select! {
            _ = device.next().fuse() => {}
            _ = recovery_changes.next().fuse() => {}
            _ = backup_changes.next().fuse() => {}
            _ = verification.next().fuse() => {}
            _ = backed_up.next().fuse() => {}
        }
    }
}

fn device_trust(state: VerificationState) -> DeviceTrust {
    match state {
        VerificationState::Unknown => DeviceTrust::Unknown,
        VerificationState::Verified => DeviceTrust::Confirmed,
        VerificationState::Unverified => DeviceTrust::NotConfirmed,
    }
}

fn recovery_state(recovery: RecoveryState, device: VerificationState) -> Recovery {
    match recovery {
        RecoveryState::Unknown => Recovery::Unknown,
        RecoveryState::Enabled => Recovery::Ready,
        RecoveryState::Incomplete => Recovery::NeedsKey,
        // A device that was just confirmed may hear of the secret storage a moment later.
        RecoveryState::Disabled if device == VerificationState::Unverified => Recovery::NeedsKey,
        RecoveryState::Disabled => Recovery::NotSetUp,
    }
}

async fn keys_to_back_up(core: &Core) -> usize {
    let machine = core.base.olm_machine().await;
    let Some(machine) = machine.as_ref() else { return 0 };
    match machine.backup_machine().room_key_counts().await {
        Ok(counts) => counts.total.saturating_sub(counts.backed_up),
        Err(_) => 0,
    }
}

/// Has the keys that are not in the backup yet uploaded now instead of with the next answer of the sync.
pub(crate) fn back_up_soon(core: &Core) {
    let client = core.client.clone();
    let backed_up = core.trust.backed_up.clone();
    core.spawn(async move {
        let _ = client.encryption().backups().wait_for_steady_state().await;
        backed_up.update(|n| *n += 1);
    });
}

/// Waits for the keys on their way. Whether all of them are safe, so that logging out loses nothing.
pub(crate) async fn all_keys_backed_up(core: &Core) -> bool {
    const PATIENCE: Duration = Duration::from_secs(20);
    let backups = core.client.encryption().backups();
    if backups.state() == BackupState::Enabled {
        let uploaded = timeout(async { backups.wait_for_steady_state().await }, PATIENCE).await;
        return matches!(uploaded, Ok(Ok(()))) && keys_to_back_up(core).await == 0;
    }
    let machine = core.base.olm_machine().await;
    let Some(machine) = machine.as_ref() else { return true };
    // Without a backup nothing may be there that could be lost.
    machine.backup_machine().room_key_counts().await.is_ok_and(|counts| counts.total == 0)
}
