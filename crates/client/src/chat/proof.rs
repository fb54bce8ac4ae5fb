//! What shows that a message is the one that its sender's device has sent.

use matrix_sdk::deserialized_responses::{TimelineEvent, VerificationLevel, VerificationState};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Chat;
use crate::{ids::MessageId, sequence};

/// The facts of a message that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The event's ID: its reference hash, which every server that has it can compute (server-server API, "Reference hashes").
    pub event_id: String,
    /// SHA-256 of the decrypted content, as the sender's next message names it; hexadecimal.
    pub sha256: Option<String>,
    /// Its number among those that the device has sent here; only from devices that count.
    pub number: Option<u64>,
    /// The device whose key decrypted it.
    pub device: Option<String>,
    /// How far that device is known to be the sender's.
    pub trust: DeviceProof,
}

/// How far a device is known to be its owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceProof {
    /// Its owner has confirmed it, and we have compared the owner's identity ourselves.
    Compared,
    /// Its owner has confirmed it.
    Confirmed,
    /// Neither.
    NotConfirmed,
}

impl Chat {
    /// What can be said of a message; `None` as long as it waits.
    pub async fn proof(&self, message: &MessageId) -> Option<Proof> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(borrow)]
            content: &'a RawValue,
        }
        let event_id = message.event_id()?;
        let (cache, _keeps_it) = self.inner.open.room.event_cache().await.ok()?;
        let events = cache.events().await.ok()?;
        let is_it = |event: &&TimelineEvent| event.event_id().is_some_and(|id| id == event_id);
        let event = events.iter().rev().find(is_it)?;
        let content = serde_json::from_str::<Event<'_>>(event.raw().json().get()).ok()?.content;
        let info = event.encryption_info();
        let trust = match info.map(|info| &info.verification_state) {
            Some(VerificationState::Verified) => DeviceProof::Compared,
            Some(VerificationState::Unverified(VerificationLevel::UnverifiedIdentity)) => {
                DeviceProof::Confirmed
            }
            _ => DeviceProof::NotConfirmed,
        };
        Some(Proof {
            event_id: event_id.to_owned(),
            sha256: info.and_then(|_| sequence::hash(content.get())),
            number: info
                .and_then(|_| sequence::of_content(content.get()))
                .map(|sequence| sequence.number),
            device: info.and_then(|info| info.sender_device.as_ref()).map(ToString::to_string),
            trust,
        })
    }
}
