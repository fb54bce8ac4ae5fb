//! The devices of a user, as the user sees and manages them.

use db::{Batch, params};
use ruma::{DeviceId, OwnedDeviceId};
use store::accounts::{self as rows, Device};

use crate::{Homeserver, Session, accounts, keys};

/// The longest name of a device, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Why a device could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The user has no such device.
    #[error("the device is not known")]
    Unknown,
    /// The name is too long.
    #[error("the name is too long")]
    NameTooLong,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// All devices of the user, oldest first.
pub async fn all(hs: &Homeserver, session: &Session) -> Result<Vec<Device>, DeviceError> {
    Ok(rows::devices(&hs.db, session.user).await?)
}

/// One device of the user.
pub async fn get(
    hs: &Homeserver,
    session: &Session,
    device_id: &DeviceId,
) -> Result<Device, DeviceError> {
    rows::device(&hs.db, session.user, device_id).await?.ok_or(DeviceError::Unknown)
}

/// Gives a device of the user another name. Those who share a room with the user see it.
pub async fn rename(
    hs: &Homeserver,
    session: &Session,
    device_id: &DeviceId,
    name: Option<&str>,
) -> Result<(), DeviceError> {
    let device = get(hs, session, device_id).await?;
    let Some(name) = name else { return Ok(()) };
    if name.len() > MAX_NAME_BYTES {
        return Err(DeviceError::NameTooLong);
    }
    let mut batch = Batch::new();
    batch.exec(&rows::RENAME_DEVICE, params![device.device.0, name]);
    keys::touch_device_list(&mut batch, session.user);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Signs devices of the user out. Unknown ones are gone already.
pub async fn delete(
    hs: &Homeserver,
    session: &Session,
    device_ids: &[OwnedDeviceId],
) -> Result<(), DeviceError> {
    for device_id in device_ids {
        if let Some(device) = rows::device(&hs.db, session.user, device_id).await? {
            accounts::sign_out(hs, session.user, device.device).await?;
        }
    }
    Ok(())
}
