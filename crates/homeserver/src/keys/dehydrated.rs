//! A device that stands in while its owner is signed in nowhere: others encrypt to it, and the next device that the person
//! signs in on takes its messages over. Its private keys lie here encrypted by the client.
//!
//! <https://github.com/matrix-org/matrix-spec-proposals/pull/3814>

use base::{DeviceNid, Pos};
use bytes::Bytes;
use db::{Batch, params};
use ruma::{DeviceId, OwnedDeviceId};
use store::{accounts, keys as rows};

use super::upload::{KeyUpload, Standing, UploadError, add_upload};
use crate::{
    Homeserver, Session,
    accounts::{forget_device, is_device_id},
    to_device,
};

/// The largest encrypted device, in bytes of JSON.
const MAX_DATA_BYTES: usize = 64 * 1024;

/// Most messages in one answer.
const MAX_MESSAGES: u32 = 100;

/// Why a dehydrated device was not kept or read.
#[derive(Debug, thiserror::Error)]
pub enum DehydratedError {
    /// The user has none, or none of this id.
    #[error("there is no such dehydrated device")]
    Unknown,
    /// The id is empty or too long, or an ordinary device has it.
    #[error("the device id cannot be taken")]
    BadDeviceId,
    /// The encrypted device is too large.
    #[error("the device is too large")]
    TooLarge,
    /// The place in the queue is none that this server gave out.
    #[error("the token is not valid")]
    BadToken,
    /// The keys were not accepted.
    #[error(transparent)]
    Keys(#[from] UploadError),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Keeps a dehydrated device with its public keys, in place of the one that there was.
pub async fn put(
    hs: &Homeserver,
    session: &Session,
    device_id: &DeviceId,
    display_name: Option<&str>,
    data: &str,
    upload: &KeyUpload<'_>,
) -> Result<(), DehydratedError> {
    if !is_device_id(device_id) {
        return Err(DehydratedError::BadDeviceId);
    }
    if data.len() > MAX_DATA_BYTES {
        return Err(DehydratedError::TooLarge);
    }
    let user = session.user;
    let before = rows::dehydrated(&hs.db, user).await?;
    let taken = accounts::device(&hs.db, user, device_id).await?;
    if taken.is_some_and(|taken| before.as_ref().is_none_or(|row| row.device != taken.device)) {
        return Err(DehydratedError::BadDeviceId);
    }
    let device = DeviceNid(hs.db.nids().next().await?);
    let of_device = Session { device, device_id: device_id.to_owned(), ..session.clone() };
    let mut batch = Batch::new();
    if let Some(before) = &before {
        forget_device(&mut batch, user, before.device);
    }
    let created = i64::from(hs.clock.now());
    let row = params![device.0, user.0, device_id.as_str(), display_name, created];
    batch.exec(&accounts::INSERT_DEVICE, row);
    rows::insert_dehydrated(&mut batch, user, device, data);
    add_upload(hs, &of_device, upload, &mut batch, Standing::New).await?;
    hs.db.commit(batch).await?;
    hs.supplies.forget(before.map(|row| row.device));
    Ok(())
}

/// The user's dehydrated device: its id, and what is needed to take it over.
pub async fn get(
    hs: &Homeserver,
    session: &Session,
) -> Result<(OwnedDeviceId, Bytes), DehydratedError> {
    let row = rows::dehydrated(&hs.db, session.user).await?.ok_or(DehydratedError::Unknown)?;
    Ok((row.device_id, row.data))
}

/// Deletes the user's dehydrated device with what waits for it.
pub async fn delete(hs: &Homeserver, session: &Session) -> Result<OwnedDeviceId, DehydratedError> {
    let row = rows::dehydrated(&hs.db, session.user).await?.ok_or(DehydratedError::Unknown)?;
    let mut batch = Batch::new();
    forget_device(&mut batch, session.user, row.device);
    hs.db.commit(batch).await?;
    hs.supplies.forget([row.device]);
    Ok(row.device_id)
}

/// What waits for the user's dehydrated device behind a place in its queue, and the next place. Nothing is deleted: a client
/// that breaks off begins anew, and deletes the device when it has everything.
pub async fn events(
    hs: &Homeserver,
    session: &Session,
    device_id: &DeviceId,
    from: Option<&str>,
) -> Result<(Vec<Bytes>, String), DehydratedError> {
    let row = rows::dehydrated(&hs.db, session.user).await?;
    let row = row.filter(|row| row.device_id == device_id).ok_or(DehydratedError::Unknown)?;
    let since = match from {
        Some(from) => Pos::new(from.parse().map_err(|_| DehydratedError::BadToken)?),
        None => Pos::ZERO,
    };
    let waiting =
        to_device::waiting(hs, row.device, since, hs.db.pos(), MAX_MESSAGES, None).await?;
    Ok((waiting.events, waiting.next.get().to_string()))
}
