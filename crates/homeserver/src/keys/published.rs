//! The public keys of people as others get them, in memory: whoever writes to a ward asks for the keys of all of it.
//!
//! What is kept is forgotten when the log says that a user's devices or keys changed, before whoever changed them is
//! answered. Nearly everybody gets the same of a user, so that it is written once; only who has signed somebody's key
//! gets that signature as well.

use std::{collections::BTreeSet, sync::Arc};

use ruma::{DeviceId, OwnedDeviceId, UserId};
use serde_json::value::RawValue;
use store::keys::{self as rows, CrossSigningKeyRow, DeviceKeysRow, KeysOfUser, SignatureRow};

use super::json::{Apart, served, signers};
use crate::{
    Homeserver, accounts,
    of_users::{Lookup, OfUsers},
};

/// The keys of users that were asked for lately.
pub type PublishedKeys = OfUsers<Arc<Published>, 5_000>;

/// The public keys of a user.
#[derive(Debug)]
pub struct Published {
    keys: KeysOfUser,
    /// Devices and cross-signing keys as those get them who signed none of it, in the order of the rows.
    devices: Vec<Box<RawValue>>,
    cross_signing: Vec<Box<RawValue>>,
    /// The others who signed something.
    signers: BTreeSet<String>,
}

impl Published {
    pub(super) fn new(owner: &UserId, keys: KeysOfUser) -> Result<Self, db::Error> {
        let mut signers_of_all: BTreeSet<String> =
            keys.signatures.iter().map(|row| row.signer.to_string()).collect();
        let jsons = keys.devices.iter().map(|row| &row.json);
        for json in jsons.chain(keys.cross_signing.iter().map(|row| &row.json)) {
            signers_of_all.extend(signers(json).map_err(|_| db::Error::corrupt("keys.json"))?);
        }
        signers_of_all.remove(owner.as_str());
        let mut published = Self {
            devices: Vec::with_capacity(keys.devices.len()),
            cross_signing: Vec::with_capacity(keys.cross_signing.len()),
            signers: signers_of_all,
            keys,
        };
        for row in &published.keys.devices {
            published.devices.push(published.device(owner, owner, row)?);
        }
        for row in &published.keys.cross_signing {
            published.cross_signing.push(published.cross_signing_key(owner, owner, row)?);
        }
        Ok(published)
    }

    /// The devices as `reader` gets them.
    pub fn devices(
        &self,
        owner: &UserId,
        reader: &UserId,
        wanted: impl Fn(&DeviceId) -> bool,
    ) -> Result<Vec<(OwnedDeviceId, Box<RawValue>)>, db::Error> {
        let rows = self.keys.devices.iter().zip(&self.devices);
        rows.filter(|(row, _)| wanted(&row.device_id))
            .map(|(row, for_all)| {
                let json = if self.signers.contains(reader.as_str()) {
                    self.device(owner, reader, row)?
                } else {
                    for_all.clone()
                };
                Ok((row.device_id.clone(), json))
            })
            .collect()
    }

    /// The cross-signing keys as `reader` gets them, with what they are for.
    pub fn cross_signing(
        &self,
        owner: &UserId,
        reader: &UserId,
    ) -> Result<Vec<(&str, Box<RawValue>)>, db::Error> {
        let rows = self.keys.cross_signing.iter().zip(&self.cross_signing);
        rows.map(|(row, for_all)| {
            let json = if self.signers.contains(reader.as_str()) {
                self.cross_signing_key(owner, reader, row)?
            } else {
                for_all.clone()
            };
            Ok((row.usage.as_str(), json))
        })
        .collect()
    }

    fn device(
        &self,
        owner: &UserId,
        reader: &UserId,
        row: &DeviceKeysRow,
    ) -> Result<Box<RawValue>, db::Error> {
        let apart = self.apart(owner, reader, row.device_id.as_str());
        let name = row.display_name.as_deref();
        served(&row.json, |signer| is_visible(signer, owner, reader), apart, name)
            .map_err(|_| db::Error::corrupt("device_keys.json"))
    }

    fn cross_signing_key(
        &self,
        owner: &UserId,
        reader: &UserId,
        row: &CrossSigningKeyRow,
    ) -> Result<Box<RawValue>, db::Error> {
        let apart = self.apart(owner, reader, &row.public_key);
        served(&row.json, |signer| is_visible(signer, owner, reader), apart, None)
            .map_err(|_| db::Error::corrupt("cross_signing_keys.json"))
    }

    /// The signatures on a key that were uploaded apart from it and that `reader` may see.
    fn apart<'a>(
        &'a self,
        owner: &'a UserId,
        reader: &'a UserId,
        target: &'a str,
    ) -> impl Iterator<Item = Apart<'a>> {
        let on_target = self.keys.signatures.iter().filter(move |row| row.target_key == target);
        on_target.filter(|row| is_visible(row.signer.as_str(), owner, reader)).map(
            |SignatureRow { signer, key_id, signature, .. }| Apart {
                signer: signer.as_str(),
                key_id,
                signature,
            },
        )
    }
}

/// Who verified whom is nobody's business but theirs.
fn is_visible(signer: &str, owner: &UserId, reader: &UserId) -> bool {
    signer == owner.as_str() || signer == reader.as_str()
}

/// The public keys of users, in the order of the question; `None` for who is not known here.
pub async fn published<'a>(
    hs: &Homeserver,
    users: impl Iterator<Item = &'a UserId>,
) -> Result<Vec<Option<Arc<Published>>>, db::Error> {
    let users: Vec<&UserId> = users.collect();
    let nids = accounts::known_nids(hs, &users).await?;
    let memory = &hs.feeds.memory.published_keys;
    let Lookup { mut found, missing, version } = memory.look_up(&nids);
    let read = rows::published(&hs.db, missing.iter().map(|(_, nid)| *nid)).await?;
    for ((index, nid), keys) in missing.into_iter().zip(read) {
        let keys = Arc::new(Published::new(users[index], keys)?);
        memory.keep(version, nid, keys.clone());
        found[index] = Some(keys);
    }
    Ok(found)
}
