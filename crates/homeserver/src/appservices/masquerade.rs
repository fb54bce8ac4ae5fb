//! A service acts as one of its users. <https://spec.matrix.org/v1.19/application-service-api/#identity-assertion>

use std::sync::Arc;

use base::DeviceNid;
use db::{Batch, params};
use ruma::{OwnedDeviceId, UserId};
use store::accounts as rows;

use super::Appservice;
use crate::{Homeserver, Session};

/// Why a service cannot act as somebody.
#[derive(Debug, thiserror::Error)]
pub enum MasqueradeError {
    /// The user is not the service's.
    #[error("the user does not belong to the application service")]
    NotItsUser,
    /// The service has not made the user.
    #[error("the user has not been registered")]
    Unregistered,
    /// The account is closed.
    #[error("the account is closed")]
    Deactivated,
    /// The user has no such device.
    #[error("the device is not known")]
    UnknownDevice,
    /// Reading failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// The session of a service's request.
pub async fn session(
    hs: &Homeserver,
    service: &Arc<Appservice>,
    user: Option<&str>,
    device: Option<&str>,
) -> Result<Session, MasqueradeError> {
    let user_id = match user {
        Some(user) => UserId::parse(user).map_err(|_| MasqueradeError::NotItsUser)?,
        None => service.sender.clone(),
    };
    if !service.is_its_user(&user_id) {
        return Err(MasqueradeError::NotItsUser);
    }
    let account = rows::account(&hs.db, &user_id).await?.ok_or(MasqueradeError::Unregistered)?;
    if account.deactivated {
        return Err(MasqueradeError::Deactivated);
    }
    let user = account.user;
    let (device, device_id) = match device.filter(|device| !device.is_empty()) {
        Some(id) => {
            let id: OwnedDeviceId = id.into();
            let device = rows::device(&hs.db, user, &id).await?;
            (device.ok_or(MasqueradeError::UnknownDevice)?.device, id)
        }
        None => (nameless_device(hs, user).await?, "".into()),
    };
    Ok(Session {
        user,
        user_id,
        device,
        device_id,
        appservice: Some(service.clone()),
        suspended: false,
    })
}

/// The place for what a user sends without a device, such as transaction ids. Nobody sees it among the user's devices.
async fn nameless_device(
    hs: &Homeserver,
    user: base::UserNid,
) -> Result<DeviceNid, MasqueradeError> {
    let nameless: OwnedDeviceId = "".into();
    loop {
        if let Some(device) = rows::device(&hs.db, user, &nameless).await? {
            return Ok(device.device);
        }
        let nid = hs.db.nids().next().await?;
        let mut batch = Batch::new();
        let created = i64::from(hs.clock.now());
        batch.exec(&rows::ENSURE_NAMELESS_DEVICE, params![nid, user.0, created]);
        hs.db.commit(batch).await?;
    }
}
