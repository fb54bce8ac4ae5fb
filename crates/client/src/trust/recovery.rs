//! Identity, key backup and recovery key.

use std::sync::Arc;

use matrix_sdk::encryption::{
    recovery::{RecoveryError, RecoveryState},
    secret_storage::SecretStorageError,
};
use ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier};
use serde::{Deserialize, Serialize};

use super::{DeviceTrust, OwnDevice, RecoveryKey, Trust, TrustError};
use crate::{ids::DeviceId, kept, session::core::Core, trouble::Trouble};

const KEPT_AS: &str = "konsil.recovery_key";

/// The recovery key stays in the encrypted store, so that its owner can print it later. The store holds all the secrets
/// that it opens anyway.
#[derive(Serialize, Deserialize)]
struct KeptKey {
    key: String,
    /// Its owner has said that it is written down or printed.
    confirmed: bool,
}

impl Trust {
    fn core(&self) -> &Arc<Core> {
        &self.session.inner.core
    }

    /// The owner has written the key down or printed it.
    pub async fn recovery_key_kept(&self) {
        let core = self.core();
        if let Some(kept) = kept::read::<KeptKey>(&core.client, KEPT_AS).await {
            kept::write(&core.client, KEPT_AS, &KeptKey { confirmed: true, ..kept }).await;
        }
        core.trust.new_key.set(None);
    }

    /// The recovery key to show it once more, as far as this device knows it.
    pub async fn recovery_key(&self) -> Result<RecoveryKey, TrustError> {
        let kept: Option<KeptKey> = kept::read(&self.core().client, KEPT_AS).await;
        kept.map(|kept| RecoveryKey(kept.key)).ok_or(TrustError::NotAvailableHere)
    }

    /// Whether what was typed is the account's recovery key, to test the printed one.
    pub async fn check_recovery_key(&self, typed: &str) -> Result<(), TrustError> {
        let storage = self.core().client.encryption().secret_storage();
        storage
            .open_secret_store(typed.trim())
            .await
            .map(drop)
            .map_err(|error| storage_error(&error))
    }

    /// Makes identity, key backup and recovery key. Only needed if the first login was interrupted; does nothing where all of it
    /// is there.
    pub async fn set_up(&self, password: Option<&str>) -> Result<(), TrustError> {
        let core = self.core();
        // The first login does it in the background, and the app offers it as long as it is not done: a second recovery key
        // would make the first one worthless that somebody has written down.
        let _turn = core.trust.set_up.lock().await;
        make_identity(core, password).await?;
        let recovery = core.client.encryption().recovery();
        if recovery.state() == RecoveryState::Enabled {
            return Ok(());
        }
        let key = match recovery.enable().await {
            // The backup was made, and then something interrupted us: only the recovery key is missing.
            Err(RecoveryError::BackupExistsOnServer)
                if core.client.encryption().backups().are_enabled().await =>
            {
                recovery.reset_key().await
            }
            other => other,
        }
        .map_err(|error| recovery_error(&error))?;
        kept::write(&core.client, KEPT_AS, &KeptKey { key: key.clone(), confirmed: false }).await;
        core.trust.new_key.set(Some(RecoveryKey(key)));
        Ok(())
    }

    /// Confirms this device and gets the old messages back.
    pub async fn recover(&self, typed: &str) -> Result<(), TrustError> {
        let core = self.core();
        let typed = typed.trim();
        core.client
            .encryption()
            .recovery()
            .recover(typed)
            .await
            .map_err(|error| recovery_error(&error))?;
        kept::write(&core.client, KEPT_AS, &KeptKey { key: typed.to_owned(), confirmed: true })
            .await;
        Ok(())
    }

    /// Our devices.
    pub async fn devices(&self) -> Result<Vec<OwnDevice>, TrustError> {
        let core = self.core();
        let found =
            core.client.encryption().get_user_devices(&core.own_id).await.map_err(|e| of(&e))?;
        let this = core.client.device_id();
        let mut devices: Vec<OwnDevice> = found
            .devices()
            .map(|device| OwnDevice {
                id: DeviceId::new(device.device_id()),
                name: device.display_name().map(str::to_owned),
                confirmed: device.is_cross_signed_by_owner(),
                is_this: Some(device.device_id()) == this,
            })
            .collect();
        devices.sort_by_key(|device| (!device.is_this, device.name.clone(), device.id.clone()));
        Ok(devices)
    }
}

pub(super) async fn load_new_key(core: &Core) {
    let kept: Option<KeptKey> = kept::read(&core.client, KEPT_AS).await;
    if let Some(KeptKey { key, confirmed: false }) = kept {
        core.trust.new_key.set(Some(RecoveryKey(key)));
    }
}

/// Makes the account's identity (cross-signing) if it has none. Tells whether it was made now; then the recovery key has
/// to follow.
pub(crate) async fn make_identity(core: &Core, password: Option<&str>) -> Result<bool, TrustError> {
    let encryption = core.client.encryption();
    encryption.wait_for_e2ee_initialization_tasks().await;
    if encryption.request_user_identity(&core.own_id).await.map_err(|e| of(&e))?.is_some() {
        let is_ours = core.trust.view.get().this_device == DeviceTrust::Confirmed
            || encryption.cross_signing_status().await.is_some_and(|status| status.is_complete());
        return if is_ours || password.is_some() {
            Ok(false)
        } else {
            Err(TrustError::NotAvailableHere)
        };
    }
    let Err(error) = encryption.bootstrap_cross_signing(None).await else { return Ok(true) };
    let Some(challenge) = error.as_uiaa_response() else { return Err(of(&error)) };
    let password = password.ok_or(TrustError::PasswordNeeded)?;
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(core.own_id.to_string()));
    let mut answer = Password::new(user, password.to_owned());
    answer.session = challenge.session.clone();
    encryption
        .bootstrap_cross_signing(Some(AuthData::Password(answer)))
        .await
        .map_err(|error| of(&error))?;
    Ok(true)
}

/// Fetches the keys of all rooms from the backup, so that the history is readable at once. Later ones are fetched when a
/// message cannot be decrypted.
pub(crate) async fn fetch_all_keys(core: Arc<Core>) {
    let backups = core.client.encryption().backups();
    for room in core.client.joined_rooms() {
        if backups.download_room_keys_for_room(room.room_id()).await.is_err() {
            tracing::debug!(room.id = %room.room_id(), "The backup has no keys for this room yet");
        }
    }
}

fn recovery_error(error: &RecoveryError) -> TrustError {
    match error {
        RecoveryError::BackupExistsOnServer => TrustError::NotAvailableHere,
        RecoveryError::Sdk(error) => of(error),
        RecoveryError::SecretStorage(error) => storage_error(error),
    }
}

fn storage_error(error: &SecretStorageError) -> TrustError {
    use matrix_sdk_base::crypto::secret_storage::DecodeError;
    match error {
        SecretStorageError::Sdk(error) => of(error),
        SecretStorageError::SecretStorageKey(DecodeError::Mac(_))
        | SecretStorageError::Decryption(_) => TrustError::WrongKey,
        SecretStorageError::SecretStorageKey(_) => TrustError::MalformedKey,
        SecretStorageError::MissingKeyInfo { .. } => TrustError::NotAvailableHere,
        SecretStorageError::ImportError { .. }
        | SecretStorageError::InconsistentBackupDecryptionKey
        | SecretStorageError::MissingOrInvalidBackupDecryptionKey => TrustError::WrongKey,
        other => TrustError::Failed(crate::trouble::kind_of(other)),
    }
}

pub(super) fn of(error: &matrix_sdk::Error) -> TrustError {
    match Trouble::of(error) {
        Trouble::NoConnection => TrustError::NoConnection,
        other => TrustError::Failed(other.code()),
    }
}
