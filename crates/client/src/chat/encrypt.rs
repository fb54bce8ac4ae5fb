//! Encrypting an event by hand.
//!
//! The SDK sends `m.reaction` in clear even in encrypted rooms, and copies an encrypted event's relation beside the
//! ciphertext. The server must learn neither the emoji nor what it belongs to, so reactions go through here: the key is
//! shared as the SDK does it, and the relation stays inside.

use std::ops::Deref;

use matrix_sdk::{Room, RoomMemberships};
use matrix_sdk_base::crypto::{OlmMachine, types::requests::AnyOutgoingRequest};
use ruma::{
    api::client::{keys::get_keys, to_device::send_event_to_device},
    events::AnyMessageLikeEventContent,
    serde::Raw,
};
use serde_json::{Map, Value};

use crate::session::core::Core;

/// Encrypts `content` for everybody in the room. The result is the content of an `m.room.encrypted` event without any
/// clear relation.
pub(super) async fn encrypt(
    core: &Core,
    room: &Room,
    event_type: &str,
    content: &Raw<AnyMessageLikeEventContent>,
) -> Result<Raw<AnyMessageLikeEventContent>, matrix_sdk::Error> {
    let machine = core.base.olm_machine().await;
    let machine = machine.as_ref().ok_or(matrix_sdk::Error::NoOlmMachine)?;
    share_key(core, room, machine).await?;
    let encrypted = machine.encrypt_room_event_raw(room.room_id(), event_type, content).await?;
    Ok(without_relation(encrypted.content.json().get()))
}

/// The SDK's `ensure_room_encryption_ready`, which is private, with the same steps.
async fn share_key(
    core: &Core,
    room: &Room,
    machine: &OlmMachine,
) -> Result<(), matrix_sdk::Error> {
    if !room.are_members_synced() {
        room.sync_members().await?;
    }
    let members =
        core.client.state_store().get_user_ids(room.room_id(), RoomMemberships::ACTIVE).await?;
    let tracked = machine.store().load_tracked_users().await?;
    let is_known =
        |user: &ruma::OwnedUserId| tracked.iter().any(|it| it.user_id == *user && !it.dirty);
    let unknown = members.iter().filter(|user| !is_known(user)).map(Deref::deref);
    let (id, query) = machine.query_keys_for_users(unknown);
    if !query.device_keys.is_empty() {
        let mut request = get_keys::v3::Request::new();
        request.device_keys = query.device_keys;
        let response = core.client.send(request).await?;
        machine.mark_request_as_sent(&id, &response).await?;
    }
    if let Some((id, claim)) =
        machine.get_missing_sessions(members.iter().map(Deref::deref)).await?
    {
        let response = core.client.send(claim).await?;
        machine.mark_request_as_sent(&id, &response).await?;
    }
    for request in core.base.share_room_key(room.room_id()).await? {
        let messages = request.messages.clone();
        let to_device = send_event_to_device::v3::Request::new_raw(
            request.event_type.clone(),
            request.txn_id.clone(),
            messages,
        );
        let response = match core.client.send(to_device).await {
            Ok(response) => response,
            Err(error) => {
                // A half-shared key would make messages that some cannot read.
                machine.discard_room_key(room.room_id()).await?;
                return Err(error.into());
            }
        };
        machine.mark_request_as_sent(&request.txn_id, &response).await?;
    }
    Ok(())
}

/// Asks the server about everybody whose devices are not known or have changed. The SDK does so between two answers of its sync, which
/// may be half a minute away when members have come by another way, and lets each message wait for it for five seconds.
pub(super) async fn ask_for_devices(core: &Core) -> Result<(), matrix_sdk::Error> {
    let machine = core.base.olm_machine().await;
    let machine = machine.as_ref().ok_or(matrix_sdk::Error::NoOlmMachine)?;
    for outgoing in machine.outgoing_requests().await.map_err(matrix_sdk::Error::from)? {
        let AnyOutgoingRequest::KeysQuery(query) = outgoing.request() else { continue };
        let mut request = get_keys::v3::Request::new();
        request.device_keys = query.device_keys.clone();
        let response = core.client.send(request).await?;
        machine.mark_request_as_sent(outgoing.request_id(), &response).await?;
    }
    Ok(())
}

fn without_relation(content: &str) -> Raw<AnyMessageLikeEventContent> {
    let mut fields: Map<String, Value> =
        serde_json::from_str(content).expect("encrypted content is an object");
    fields.remove("m.relates_to");
    Raw::new(&fields).expect("JSON serializes").cast_unchecked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_relation_stays_beside_the_ciphertext() {
        let content = r#"{"algorithm":"m.megolm.v1.aes-sha2","ciphertext":"AwgA","session_id":"s",
            "m.relates_to":{"rel_type":"m.annotation","event_id":"$1","key":"👍"}}"#;
        let sent = without_relation(content);
        let sent = sent.json().get();
        assert!(!sent.contains("relates_to") && !sent.contains('👍') && !sent.contains("$1"));
        assert!(sent.contains("AwgA") && sent.contains("m.megolm.v1.aes-sha2"));
    }
}
