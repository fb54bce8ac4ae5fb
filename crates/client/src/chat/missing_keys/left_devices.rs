//! Whose device it was that has left its account before its owner was known here: somebody writes for the first time, from a computer
//! of the ward, and signs out there. The key of such a message came together with the device's own keys, signed by its owner
//! (`sender_device_keys`, Client-Server API, `m.olm.v1.curve25519-aes-sha2`), and the SDK keeps them beside the key; but it looks at that
//! signature once more only when the server names the device, and the server no longer does.

use std::collections::BTreeMap;

use matrix_sdk::executor::spawn;
use matrix_sdk_base::crypto::{
    CryptoStoreError, OlmMachine, olm::SenderData, types::DeviceKeys as KnownKeys,
};
use ruma::{RoomId, TransactionId, UserId, api::client::keys::get_keys, serde::Raw};

use super::Missing;
use crate::session::core::Core;

/// Has the SDK look at the signatures of the devices that wrote with these sessions and are no longer there.
pub(super) async fn confirm(
    core: &Core,
    room: &RoomId,
    sessions: &Missing,
) -> Result<(), matrix_sdk::Error> {
    let machine = core.base.olm_machine().await;
    let machine = machine.as_ref().ok_or(matrix_sdk::Error::NoOlmMachine)?;
    let mut left = BTreeMap::<&UserId, Vec<KnownKeys>>::new();
    for (session, writer) in sessions {
        let Some(writer) = writer else { continue };
        if let Some(keys) = of_a_device_that_left(machine, room, session, writer).await? {
            left.entry(writer).or_default().push(keys);
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    let mut request = get_keys::v3::Request::new();
    request.device_keys = left.keys().map(|user| ((*user).to_owned(), Vec::new())).collect();
    let there = core.client.send(request).await?;
    let mut with_left = there.clone();
    let mut any = false;
    for (user, devices) in left {
        // Of whom nothing was said, because their server is away, is not to lose the devices that are known.
        let Some(devices_there) = with_left.device_keys.get_mut(user) else { continue };
        for keys in devices {
            let raw = Raw::new(&keys).map_err(matrix_sdk::Error::SerdeJson)?;
            devices_there.entry(keys.device_id).or_insert(raw.cast_unchecked());
            any = true;
        }
    }
    if !any {
        return Ok(());
    }
    // Everything is checked as if the server still named them, and is kept with the sessions. Then they are gone again: nothing is
    // encrypted for a device that has left. Whatever happens in between, and also if the chat is closed.
    let machine = machine.clone();
    let both = spawn(async move {
        let first = machine.mark_request_as_sent(&TransactionId::new(), &with_left).await;
        let second = machine.mark_request_as_sent(&TransactionId::new(), &there).await;
        first.and(second)
    });
    match both.await {
        Ok(done) => Ok(done?),
        // The page is going.
        Err(_) => Ok(()),
    }
}

/// The keys of the device that wrote with this session, if the session is nobody's yet and the device is not known.
async fn of_a_device_that_left(
    machine: &OlmMachine,
    room: &RoomId,
    session: &str,
    writer: &UserId,
) -> Result<Option<KnownKeys>, CryptoStoreError> {
    let Some(session) = machine.store().get_inbound_group_session(room, session).await? else {
        return Ok(None);
    };
    let SenderData::DeviceInfo { device_keys: keys, .. } = session.sender_data else {
        return Ok(None);
    };
    if keys.user_id != writer {
        return Ok(None);
    }
    let is_there = machine.get_device(writer, &keys.device_id, None).await?.is_some();
    Ok((!is_there).then_some(keys))
}
