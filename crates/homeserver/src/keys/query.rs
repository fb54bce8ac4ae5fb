//! `/keys/query`: the public keys of people and their devices, with the signatures that the asking user may see.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery>

use std::collections::{BTreeMap, BTreeSet};

use ruma::{
    DeviceId, OwnedDeviceId, OwnedServerName, OwnedUserId,
    encryption::{CrossSigningKey, DeviceKeys},
    serde::Raw,
};

use super::published::{Published, published};
use crate::{Homeserver, Session};

/// Most users of one question. Clients ask for 250 at a time.
const MAX_USERS: usize = 2_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Too many users at once.
    #[error("too many users")]
    TooMany,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
}

/// The public keys of people.
#[derive(Debug, Default)]
pub struct QueriedKeys {
    /// Every local user who was asked for is named, also without a device.
    pub device_keys: BTreeMap<OwnedUserId, BTreeMap<OwnedDeviceId, Raw<DeviceKeys>>>,
    /// Master keys.
    pub master_keys: BTreeMap<OwnedUserId, Raw<CrossSigningKey>>,
    /// Self-signing keys.
    pub self_signing_keys: BTreeMap<OwnedUserId, Raw<CrossSigningKey>>,
    /// The asking user's own user-signing key.
    pub user_signing_keys: BTreeMap<OwnedUserId, Raw<CrossSigningKey>>,
    /// Servers that could not be asked.
    pub unreachable: BTreeSet<OwnedServerName>,
}

/// Reads keys. An empty list of devices means all of them; unknown devices are left out.
pub async fn query(
    hs: &Homeserver,
    session: &Session,
    wanted: &BTreeMap<OwnedUserId, Vec<OwnedDeviceId>>,
) -> Result<QueriedKeys, QueryError> {
    if wanted.len() > MAX_USERS {
        return Err(QueryError::TooMany);
    }
    let mut answer = QueriedKeys::default();
    let is_local = |user: &OwnedUserId| user.server_name() == hs.server_name;
    let local: Vec<_> = wanted.iter().filter(|(user, _)| is_local(user)).collect();
    answer.unreachable = wanted
        .keys()
        .filter(|user| !is_local(user))
        .map(|user| user.server_name().to_owned())
        .collect();
    let found = published(hs, local.iter().map(|(user, _)| &***user)).await?;
    for ((user, devices), keys) in local.into_iter().zip(found) {
        match keys {
            Some(keys) => add(&mut answer, session, user, devices, &keys)?,
            None => drop(answer.device_keys.insert(user.clone(), BTreeMap::new())),
        }
    }
    Ok(answer)
}

fn add(
    answer: &mut QueriedKeys,
    session: &Session,
    owner: &OwnedUserId,
    wanted: &[OwnedDeviceId],
    keys: &Published,
) -> Result<(), db::Error> {
    let is_wanted =
        |device: &DeviceId| wanted.is_empty() || wanted.iter().any(|wanted| wanted == device);
    let devices = keys.devices(owner, &session.user_id, is_wanted)?.into_iter();
    let devices = devices.map(|(device_id, json)| (device_id, Raw::from_json(json)));
    answer.device_keys.insert(owner.clone(), devices.collect());
    for (usage, json) in keys.cross_signing(owner, &session.user_id)? {
        let kind = match usage {
            "master" => &mut answer.master_keys,
            "self_signing" => &mut answer.self_signing_keys,
            "user_signing" if *owner == session.user_id => &mut answer.user_signing_keys,
            _ => continue,
        };
        kind.insert(owner.clone(), Raw::from_json(json));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base::{DeviceNid, UserNid};
    use ruma::{owned_device_id, owned_user_id};
    use serde_json::{Value, json};
    use store::keys::{CrossSigningKeyRow, DeviceKeysRow, KeysOfUser, SignatureRow};

    use super::*;

    fn session(user_id: OwnedUserId) -> Session {
        Session {
            user: UserNid(1),
            user_id,
            device: DeviceNid(2),
            device_id: owned_device_id!("READER"),
            appservice: None,
            suspended: false,
        }
    }

    fn row(usage: &str) -> CrossSigningKeyRow {
        let json = json!({ "usage": [usage], "signatures": { "@anna:h": { "ed25519:D": "own" }, "@eva:h": { "ed25519:U": "hers" } } });
        CrossSigningKeyRow {
            usage: usage.to_owned(),
            public_key: usage.to_owned(),
            json: json.to_string().into(),
        }
    }

    fn keys() -> KeysOfUser {
        let device = |id: &str| DeviceKeysRow {
            device_id: id.into(),
            display_name: None,
            json: "{}".into(),
        };
        let signature = |signer: OwnedUserId| SignatureRow {
            target_key: "master".to_owned(),
            signer,
            key_id: "ed25519:U".to_owned(),
            signature: "s".to_owned(),
        };
        let (jonas, mara) = (owned_user_id!("@jonas:h"), owned_user_id!("@mara:h"));
        KeysOfUser {
            devices: vec![device("TABLET"), device("PHONE")],
            cross_signing: vec![row("master"), row("self_signing"), row("user_signing")],
            signatures: vec![signature(jonas), signature(mara)],
        }
    }

    fn asked_by(reader: OwnedUserId, devices: &[OwnedDeviceId]) -> QueriedKeys {
        let mut answer = QueriedKeys::default();
        let owner = owned_user_id!("@anna:h");
        let keys = Published::new(&owner, keys()).unwrap();
        add(&mut answer, &session(reader), &owner, devices, &keys).unwrap();
        answer
    }

    #[test]
    fn only_the_owner_sees_the_user_signing_key() {
        assert_eq!(asked_by(owned_user_id!("@anna:h"), &[]).user_signing_keys.len(), 1);
        let others = asked_by(owned_user_id!("@jonas:h"), &[]);
        assert!(others.user_signing_keys.is_empty());
        assert_eq!((others.master_keys.len(), others.self_signing_keys.len()), (1, 1));
    }

    #[test]
    fn signatures_of_third_parties_are_not_shown() {
        let answer = asked_by(owned_user_id!("@jonas:h"), &[]);
        let master: Value =
            answer.master_keys.values().next().unwrap().deserialize_as_unchecked().unwrap();
        assert_eq!(
            master["signatures"],
            json!({ "@anna:h": { "ed25519:D": "own" }, "@jonas:h": { "ed25519:U": "s" } })
        );
    }

    #[test]
    fn who_signed_nothing_sees_the_signatures_of_the_owner_alone() {
        let answer = asked_by(owned_user_id!("@otto:h"), &[]);
        let master: Value =
            answer.master_keys.values().next().unwrap().deserialize_as_unchecked().unwrap();
        assert_eq!(master["signatures"], json!({ "@anna:h": { "ed25519:D": "own" } }));
    }

    #[test]
    fn the_devices_that_are_named_and_no_others_are_given() {
        let owner = owned_user_id!("@anna:h");
        let one = asked_by(owner.clone(), &[owned_device_id!("PHONE"), owned_device_id!("GONE")]);
        assert_eq!(one.device_keys[&owner].keys().collect::<Vec<_>>(), ["PHONE"]);
        assert_eq!(asked_by(owner.clone(), &[]).device_keys[&owner].len(), 2);
    }
}
