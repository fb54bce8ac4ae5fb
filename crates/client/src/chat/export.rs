//! The signed export of a chat: see [`vocabulary::export`].

use std::collections::BTreeMap;

use matrix_sdk::deserialized_responses::{
    TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState,
};
use ruma::{MilliSecondsSinceUnixEpoch, OwnedUserId, api::client::keys::get_keys, serde::Raw};
use serde::Deserialize;
use serde_json::{Value, json};
use vocabulary::export::{
    Entry, EntryState, Export, FORMAT, Header, Seal, Signer, canonical, chained,
};

use super::{
    ActionError, Chat, FindingKind, Open, ScrollBack, actions::failed, completeness::findings_in,
    missing_keys,
};
use crate::{
    sequence::{self, sha256},
    trouble::Trouble,
};

/// A chat that was exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The document, to be kept as a file.
    pub json: String,
    /// What it is of.
    pub header: Header,
    /// What is in it.
    pub entries: Vec<Entry>,
    /// The hash that stands for all of it.
    pub last: String,
}

impl Chat {
    /// Exports the chat from its beginning and signs it with this device's key. `progress` hears how many events were loaded. Needs the
    /// network; dropped, it stops.
    ///
    /// # Errors
    /// [`ActionError::NoConnection`] also where the beginning could not be reached: half a chat is not exported.
    pub async fn export(&self, progress: impl Fn(usize)) -> Result<Exported, ActionError> {
        let open = &self.inner.open;
        let (cache, _keeps_it) = open.room.event_cache().await.map_err(failed)?;
        loop {
            progress(cache.events().await.map_err(failed)?.len());
            match open.scroll_back.get() {
                ScrollBack::Beginning => break,
                ScrollBack::Loading => {
                    open.scroll_back.subscribe().next().await;
                }
                ScrollBack::More | ScrollBack::Failed => {
                    self.load_older().await;
                    if open.scroll_back.get() == ScrollBack::Failed {
                        return Err(ActionError::NoConnection);
                    }
                }
            }
        }
        missing_keys::ask_once(open).await;
        let events = cache.events().await.map_err(failed)?;
        let mut entries: Vec<Entry> = events.iter().filter_map(entry).collect();
        let header = header(open, &events);
        let header_value = serde_json::to_value(&header).map_err(failed)?;
        let (values, last) = chained(&header_value, &mut entries, sha256)
            .ok_or_else(|| ActionError::Failed("canonical JSON".into()))?;
        let count = entries.len() as u64;
        let seal = sealed(open, Seal { count, last, signatures: BTreeMap::new() }).await?;
        let last = seal.last.clone();
        let signer = signer(open).await?;
        let export =
            Export { format: FORMAT.into(), header: header_value, entries: values, seal, signer };
        let json = serde_json::to_string_pretty(&export).map_err(failed)?;
        Ok(Exported { json, header, entries, last })
    }
}

fn header(open: &Open, events: &[TimelineEvent]) -> Header {
    let header = open.header.get();
    let member = |it: &super::Member| (it.person.id.to_string(), it.person.name.clone());
    let mut missing = BTreeMap::new();
    // Looked at anew: what the open chat shows lags behind what was just loaded.
    for finding in findings_in(events, &open.core.own_id) {
        if let FindingKind::Missing(count) = finding.kind() {
            *missing.entry(finding.sender().to_string()).or_default() += count;
        }
    }
    Header {
        room_id: open.room.room_id().to_string(),
        title: header.title,
        exported_by: open.core.own_id.to_string(),
        device_id: open.core.me.get().device.to_string(),
        exported_at_ms: MilliSecondsSinceUnixEpoch::now().get().into(),
        members: header.members.iter().filter(|it| !it.invited).map(member).collect(),
        missing,
    }
}

/// What an event becomes; nothing only if it is none.
fn entry(event: &TimelineEvent) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Event {
        event_id: String,
        sender: OwnedUserId,
        origin_server_ts: u64,
        #[serde(rename = "type")]
        kind: String,
        state_key: Option<String>,
        content: Value,
        #[serde(default)]
        unsigned: BTreeMap<String, Value>,
    }
    let read: Event = serde_json::from_str(event.raw().json().get()).ok()?;
    let info = event.encryption_info();
    let is_decrypted = matches!(event.kind, TimelineEventKind::Decrypted(_));
    let is_confirmed = info.is_some_and(|info| {
        matches!(
            info.verification_state,
            VerificationState::Verified
                | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity)
        )
    });
    let state = if read.unsigned.contains_key("redacted_because") {
        EntryState::Deleted
    } else if is_decrypted {
        if is_confirmed { EntryState::Confirmed } else { EntryState::NotConfirmed }
    } else if read.kind == "m.room.encrypted" {
        EntryState::Unreadable
    } else {
        EntryState::Clear
    };
    let whole = read.content.to_string();
    let mut content = read.content;
    without_keys(&mut content);
    if canonical(&content).is_none() {
        // Somebody's numbers with a fraction: as text they can be sealed too.
        content = json!({ "json": content.to_string() });
    }
    Some(Entry {
        number: 0,
        previous: String::new(),
        event_id: read.event_id,
        sender: read.sender.to_string(),
        at_ms: read.origin_server_ts,
        kind: read.kind,
        state_key: read.state_key,
        content,
        state,
        device_id: info.and_then(|info| info.sender_device.as_ref()).map(ToString::to_string),
        sha256: is_decrypted.then(|| sequence::hash(&whole)).flatten(),
    })
}

/// Takes out what opens attachments: whoever reads the export shall not fetch them with it. Their hashes stay.
fn without_keys(content: &mut Value) {
    match content {
        Value::Object(fields) => {
            let is_file = fields.contains_key("hashes") && fields.contains_key("iv");
            if is_file {
                fields.remove("key");
                fields.remove("iv");
            }
            fields.values_mut().for_each(without_keys);
        }
        Value::Array(values) => values.iter_mut().for_each(without_keys),
        _ => {}
    }
}

/// With the signature of this device.
async fn sealed(open: &Open, mut seal: Seal) -> Result<Seal, ActionError> {
    let text = seal.signed_text().ok_or_else(|| ActionError::Failed("canonical JSON".into()))?;
    let machine = open.core.base.olm_machine().await;
    let machine = machine.as_ref().ok_or_else(|| ActionError::Failed("no keys".into()))?;
    let key_id = format!("ed25519:{}", machine.device_id());
    let signatures = serde_json::to_value(machine.sign(&text).await.map_err(failed)?);
    let signatures: BTreeMap<String, BTreeMap<String, String>> =
        signatures.and_then(serde_json::from_value).map_err(failed)?;
    for (user, by_key) in signatures {
        let ours = by_key.into_iter().filter(|(key, _)| *key == key_id);
        seal.signatures.insert(user, ours.collect());
    }
    Ok(seal)
}

/// The public keys that lead from this device to its owner.
async fn signer(open: &Open) -> Result<Signer, ActionError> {
    let own = &open.core.own_id;
    let device = open.core.client.device_id().ok_or(ActionError::NotAllowed)?;
    let mut request = get_keys::v3::Request::new();
    request.device_keys.insert(own.clone(), vec![device.to_owned()]);
    let answer = open.core.client.send(request).await;
    let answer = answer.map_err(|error| match Trouble::of_http(&error) {
        Trouble::NoConnection => ActionError::NoConnection,
        other => ActionError::Failed(other.code()),
    })?;
    let value = |json: Option<&str>| -> Option<Value> {
        let mut value: Value = serde_json::from_str(json?).ok()?;
        // What the server adds, such as the device's name, is no part of what is signed.
        value.as_object_mut()?.remove("unsigned");
        Some(value)
    };
    fn text<T>(raw: &Raw<T>) -> &str {
        raw.json().get()
    }
    let device_keys = answer.device_keys.get(own).and_then(|devices| devices.get(device));
    let keys = (
        value(device_keys.map(text)),
        value(answer.self_signing_keys.get(own).map(text)),
        value(answer.master_keys.get(own).map(text)),
    );
    match keys {
        (Some(device_keys), Some(self_signing_key), Some(master_key)) => {
            Ok(Signer { device_keys, self_signing_key, master_key })
        }
        // A device that its owner has not confirmed signs for nobody.
        _ => Err(ActionError::NotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_attachments_is_left_out_wherever_it_stands() {
        let mut content = json!({
            "body": "Röntgen.jpg",
            "file": { "url": "mxc://a/b", "key": { "k": "secret" }, "iv": "secret", "hashes": { "sha256": "h" } },
            "info": { "thumbnail_file": { "url": "mxc://a/c", "key": { "k": "secret" }, "iv": "secret", "hashes": {} } },
            "m.new_content": { "file": { "key": { "k": "secret" }, "iv": "secret", "hashes": {} } },
            "key": "Schlüssel liegen im Stationszimmer",
        });
        without_keys(&mut content);
        let text = content.to_string();
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("Stationszimmer") && text.contains("mxc://a/c"), "{text}");
    }
}
