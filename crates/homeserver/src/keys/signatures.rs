//! `/keys/signatures/upload`: verifications become visible to those whom they concern.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload>

use std::collections::BTreeMap;

use db::{Batch, params};
use ruma::OwnedUserId;
use store::{
    Touched, accounts,
    keys::{self as rows, KeysOfUser},
};

use super::json::Signed;
use crate::{Homeserver, Session};

/// Most keys that are signed by one request.
const MAX_KEYS: usize = 1_000;

/// The largest signed object, in bytes.
const MAX_KEY_BYTES: usize = 32 * 1024;

/// Why no signature was processed.
#[derive(Debug, thiserror::Error)]
pub enum SignaturesError {
    /// Too many signed keys at once.
    #[error("too many keys")]
    TooMany,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// The storage failed.
    #[error(transparent)]
    Commit(#[from] db::CommitError),
}

/// Why a single signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFailure {
    /// The object is malformed or too large.
    #[error("the signed object is malformed")]
    Malformed,
    /// There is no such key, or none that this user may sign.
    #[error("the key is not known")]
    UnknownKey,
    /// The object is not the key that the server holds, or the signature is wrong or missing.
    #[error("the signature is not valid for the key that the server holds")]
    Invalid,
}

/// Failures by user and key.
pub type Failures = BTreeMap<OwnedUserId, BTreeMap<String, SignatureFailure>>;

/// A verified signature: the key that signed, and the signature.
type Verified = (String, String);

fn stored(json: &[u8]) -> Option<Signed> {
    Signed::parse(std::str::from_utf8(json).ok()?)
}

fn cross_signing_key<'a>(
    keys: &'a KeysOfUser,
    usage: &str,
) -> Option<&'a rows::CrossSigningKeyRow> {
    keys.cross_signing.iter().find(|row| row.usage == usage)
}

/// Checks the signatures of `signer` on a key of `owner`; gives those that are new to the server.
///
/// Who may sign what: the self-signing key the user's devices, a device the user's master key, the user-signing key the
/// master keys of others.
fn check(
    signer: (&str, &KeysOfUser),
    owner: (&str, &KeysOfUser),
    key: &str,
    json: &str,
) -> Result<Vec<Verified>, SignatureFailure> {
    if json.len() > MAX_KEY_BYTES {
        return Err(SignatureFailure::Malformed);
    }
    let uploaded = Signed::parse(json).ok_or(SignatureFailure::Malformed)?;
    let is_own = signer.0 == owner.0;
    let device = owner.1.devices.iter().find(|row| is_own && row.device_id.as_str() == key);
    let master = cross_signing_key(owner.1, "master").filter(|row| row.public_key == key);
    // The names and values of the keys that may sign.
    let (held, may_sign): (_, Vec<(String, String)>) = if let Some(device) = device {
        let self_signing = cross_signing_key(owner.1, "self_signing");
        (
            &device.json,
            self_signing
                .map(|row| (row.public_key.clone(), row.public_key.clone()))
                .into_iter()
                .collect(),
        )
    } else if let (Some(master), true) = (master, is_own) {
        let devices = owner.1.devices.iter().filter_map(|row| {
            let id = row.device_id.to_string();
            let public_key =
                stored(&row.json)?.text_in("keys", &format!("ed25519:{id}"))?.to_owned();
            Some((id, public_key))
        });
        (&master.json, devices.collect())
    } else if let Some(master) = master {
        let user_signing = cross_signing_key(signer.1, "user_signing");
        (
            &master.json,
            user_signing
                .map(|row| (row.public_key.clone(), row.public_key.clone()))
                .into_iter()
                .collect(),
        )
    } else {
        return Err(SignatureFailure::UnknownKey);
    };
    if !stored(held).is_some_and(|held| held.says_the_same_as(&uploaded)) {
        return Err(SignatureFailure::Invalid);
    }
    let mut verified = Vec::new();
    for (key_id, signature) in uploaded.signatures_by(signer.0) {
        let public_key = key_id
            .strip_prefix("ed25519:")
            .and_then(|name| may_sign.iter().find(|(may, _)| may == name))
            .map(|(_, public_key)| public_key);
        // Others may stand there too: clients send back what they had read.
        let Some(public_key) = public_key else { continue };
        if !uploaded.verifies(public_key, signature) {
            return Err(SignatureFailure::Invalid);
        }
        verified.push((key_id.to_owned(), signature.to_owned()));
    }
    if verified.is_empty() {
        return Err(SignatureFailure::Invalid);
    }
    let is_known = |(key_id, signature): &Verified| {
        owner.1.signatures.iter().any(|row| {
            row.target_key == key
                && row.signer.as_str() == signer.0
                && row.key_id == *key_id
                && row.signature == *signature
        })
    };
    verified.retain(|signature| !is_known(signature));
    Ok(verified)
}

/// Stores the valid signatures and says which were not.
pub async fn upload_signatures(
    hs: &Homeserver,
    session: &Session,
    signed: &BTreeMap<OwnedUserId, Vec<(&str, &str)>>,
) -> Result<Failures, SignaturesError> {
    if signed.values().map(Vec::len).sum::<usize>() > MAX_KEYS {
        return Err(SignaturesError::TooMany);
    }
    let owners: Vec<_> = signed.keys().collect();
    let users = owners.iter().map(|user| &***user).chain([&*session.user_id]);
    let mut keys = rows::keys_of_users(&hs.db, users, session.user).await?;
    let own = keys.pop().expect("one answer for each user");
    let signer = (session.user_id.as_str(), &own);

    let mut failures = Failures::new();
    let mut batch = Batch::new();
    for (owner, keys) in owners.into_iter().zip(&keys) {
        let mut accepted = Vec::new();
        for (key, json) in &signed[owner] {
            match check(signer, (owner.as_str(), keys), key, json) {
                Ok(signatures) => {
                    accepted.extend(signatures.into_iter().map(|signature| (*key, signature)))
                }
                Err(failure) => {
                    failures.entry(owner.clone()).or_default().insert((*key).to_owned(), failure);
                }
            }
        }
        if accepted.is_empty() {
            continue;
        }
        let Some(target) = accounts::user_nid(&hs.db, owner).await? else { continue };
        let pos = if target == session.user {
            rows::touch_device_list(&mut batch, target)
        } else {
            batch.change(Touched::Signed { user: session.user, target }.into())
        };
        for (key, (key_id, signature)) in accepted {
            batch.exec(
                &rows::ADD_SIGNATURE,
                params![target.0, key, session.user.0, key_id, signature, pos],
            );
        }
    }
    if !batch.is_empty() {
        hs.db.commit(batch).await?;
    }
    Ok(failures)
}

#[cfg(test)]
mod tests {
    use ruma::{
        serde::{Base64, base64::Standard},
        signatures::{Ed25519KeyPair, sign_json},
    };
    use serde_json::{Value, json};

    use super::*;

    struct Pair(Ed25519KeyPair, String);

    /// A key pair that signs under its public key's name, or under `name`.
    fn pair(name: Option<&str>) -> Pair {
        let document = Ed25519KeyPair::generate();
        let public = Base64::<Standard, _>::new(
            Ed25519KeyPair::from_der(&document, "x".to_owned()).unwrap().public_key().to_vec(),
        )
        .encode();
        Pair(
            Ed25519KeyPair::from_der(&document, name.unwrap_or(&public).to_owned()).unwrap(),
            public,
        )
    }

    fn signed(json: &Value, user: &str, by: &Pair) -> String {
        let mut object = serde_json::from_value(json.clone()).unwrap();
        sign_json(user, &by.0, &mut object).unwrap();
        serde_json::to_string(&object).unwrap()
    }

    struct Person {
        id: &'static str,
        device: Pair,
        master: Pair,
        self_signing: Pair,
        user_signing: Pair,
    }

    impl Person {
        fn new(id: &'static str) -> Self {
            let cross = || pair(None);
            Self {
                id,
                device: pair(Some("TABLET")),
                master: cross(),
                self_signing: cross(),
                user_signing: cross(),
            }
        }

        fn device_json(&self) -> Value {
            json!({ "user_id": self.id, "device_id": "TABLET", "keys": { "ed25519:TABLET": self.device.1 } })
        }

        fn master_json(&self) -> Value {
            let id = format!("ed25519:{}", self.master.1);
            json!({ "user_id": self.id, "usage": ["master"], "keys": { id: self.master.1 } })
        }

        fn keys(&self) -> KeysOfUser {
            let row = |usage: &str, pair: &Pair, json: Value| rows::CrossSigningKeyRow {
                usage: usage.to_owned(),
                public_key: pair.1.clone(),
                json: json.to_string().into(),
            };
            KeysOfUser {
                devices: vec![rows::DeviceKeysRow {
                    device_id: "TABLET".into(),
                    display_name: None,
                    json: self.device_json().to_string().into(),
                }],
                cross_signing: vec![
                    row("master", &self.master, self.master_json()),
                    row("self_signing", &self.self_signing, json!({})),
                    row("user_signing", &self.user_signing, json!({})),
                ],
                signatures: vec![],
            }
        }
    }

    #[test]
    fn each_key_may_sign_what_the_specification_says_and_nothing_else() {
        let (anna, jonas) = (Person::new("@anna:h"), Person::new("@jonas:h"));
        let (annas, jonass) = (anna.keys(), jonas.keys());
        let by_anna = |owner: (&str, &KeysOfUser), key: &str, json: &Value, by: &Pair| {
            check((anna.id, &annas), owner, key, &signed(json, anna.id, by))
                .map(|found| found.len())
        };
        let (own, other) = ((anna.id, &annas), (jonas.id, &jonass));
        assert_eq!(by_anna(own, "TABLET", &anna.device_json(), &anna.self_signing), Ok(1));
        assert_eq!(by_anna(own, &anna.master.1, &anna.master_json(), &anna.device), Ok(1));
        assert_eq!(
            by_anna(other, &jonas.master.1, &jonas.master_json(), &anna.user_signing),
            Ok(1)
        );

        let invalid = Err(SignatureFailure::Invalid);
        assert_eq!(by_anna(own, "TABLET", &anna.device_json(), &anna.user_signing), invalid);
        assert_eq!(by_anna(own, &anna.master.1, &anna.master_json(), &anna.self_signing), invalid);
        assert_eq!(
            by_anna(other, &jonas.master.1, &jonas.master_json(), &anna.self_signing),
            invalid
        );
        let unknown = Err(SignatureFailure::UnknownKey);
        assert_eq!(by_anna(other, "TABLET", &jonas.device_json(), &anna.self_signing), unknown);
        assert_eq!(by_anna(own, "PHONE", &anna.device_json(), &anna.self_signing), unknown);
    }

    #[test]
    fn a_signature_on_another_object_or_by_another_key_is_invalid() {
        let anna = Person::new("@anna:h");
        let keys = anna.keys();
        let own = (anna.id, &keys);
        let mut changed = anna.device_json();
        changed["algorithms"] = json!([]);
        let on_another = signed(&changed, anna.id, &anna.self_signing);
        assert_eq!(check(own, own, "TABLET", &on_another), Err(SignatureFailure::Invalid));

        let mut forged = anna.device_json();
        let key_id = format!("ed25519:{}", anna.self_signing.1);
        forged["signatures"] = json!({ anna.id: { key_id: "A".repeat(86) } });
        assert_eq!(check(own, own, "TABLET", &forged.to_string()), Err(SignatureFailure::Invalid));
        assert_eq!(check(own, own, "TABLET", "[1]"), Err(SignatureFailure::Malformed));
    }

    #[test]
    fn a_signature_that_the_server_has_changes_nothing() {
        let anna = Person::new("@anna:h");
        let mut keys = anna.keys();
        let json = signed(&anna.device_json(), anna.id, &anna.self_signing);
        let [(key_id, signature)] =
            &check((anna.id, &keys), (anna.id, &keys), "TABLET", &json).unwrap()[..]
        else {
            panic!("one signature");
        };
        keys.signatures.push(rows::SignatureRow {
            target_key: "TABLET".to_owned(),
            signer: anna.id.try_into().unwrap(),
            key_id: key_id.clone(),
            signature: signature.clone(),
        });
        assert_eq!(check((anna.id, &keys), (anna.id, &keys), "TABLET", &json), Ok(vec![]));
    }
}
