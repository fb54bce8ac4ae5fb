//! The devices of a user, as the user sees and manages them.

use std::sync::Arc;

use base::{DeviceNid, UserNid};
use db::{Batch, params};
use ruma::{DeviceId, OwnedDeviceId, UserId};
use store::accounts::{self as rows, Device};

use crate::{
    Homeserver, Session, accounts, keys,
    of_users::{Lookup, OfUsers},
};

/// A user's devices, oldest first.
pub type Devices = Arc<[(DeviceNid, OwnedDeviceId)]>;

/// The devices of users to whom something was sent lately.
pub type DevicesOfUsers = OfUsers<Devices, 20_000>;

/// The devices of users, in the order of the question; `None` for who is not known here.
pub async fn of_users(
    hs: &Homeserver,
    users: &[&UserId],
) -> Result<Vec<Option<(UserNid, Devices)>>, db::Error> {
    let nids = accounts::known_nids(hs, users).await?;
    let memory = &hs.feeds.memory.devices;
    let Lookup { mut found, missing, version } = memory.look_up(&nids);
    let read = rows::device_ids(&hs.db, missing.iter().map(|(_, nid)| *nid)).await?;
    for ((index, nid), devices) in missing.into_iter().zip(read) {
        let devices: Devices = devices.into();
        memory.keep(version, nid, devices.clone());
        found[index] = Some(devices);
    }
    Ok(nids.into_iter().zip(found).map(|(nid, devices)| nid.zip(devices)).collect())
}

/// The longest name of a device, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Why a device could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The user has no such device.
    #[error("the device is not known")]
    Unknown,
    /// The name is too long, or has a NUL, which no database takes as text.
    #[error("the name is too long or has a NUL")]
    BadName,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Whether a device may be called this.
pub fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && !name.contains('\0')
}

/// All devices of the user, oldest first.
pub async fn all(hs: &Homeserver, session: &Session) -> Result<Vec<Device>, DeviceError> {
    Ok(rows::devices(&hs.db, session.user).await?)
}

/// All devices of somebody, for who may ask: none of a user who is not known.
pub async fn of_user(hs: &Homeserver, user: &UserId) -> Result<Vec<Device>, DeviceError> {
    match accounts::user_nid(hs, user).await {
        Ok(Some(user)) => Ok(rows::devices(&hs.db, user).await?),
        Ok(None) | Err(_) => Ok(Vec::new()),
    }
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
    if !is_name(name) {
        return Err(DeviceError::BadName);
    }
    let mut batch = Batch::new();
    batch.exec(&rows::RENAME_DEVICE, params![device.device.0, name]);
    keys::touch_device_list(&mut batch, session.user);
    hs.db.commit(batch).await?;
    Ok(())
}

/// Makes a device for a user of an application service, or gives it another name. True if it is new.
///
/// <https://spec.matrix.org/v1.19/application-service-api/#creating-devices>
pub async fn make(
    hs: &Homeserver,
    session: &Session,
    device_id: &DeviceId,
    name: Option<&str>,
) -> Result<bool, DeviceError> {
    match rename(hs, session, device_id, name).await {
        Err(DeviceError::Unknown) if accounts::is_device_id(device_id) => {}
        renamed => return renamed.map(|()| false),
    }
    if name.is_some_and(|name| !is_name(name)) {
        return Err(DeviceError::BadName);
    }
    let nid = hs.db.nids().next().await?;
    let created = i64::from(hs.clock.now());
    let mut batch = Batch::new();
    let row = params![nid, session.user.0, device_id.as_str(), name, created];
    batch.exec(&rows::INSERT_DEVICE, row);
    keys::touch_device_list(&mut batch, session.user);
    hs.db.commit(batch).await?;
    Ok(true)
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
