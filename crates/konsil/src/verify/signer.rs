//! Whose signature an export has, as its own keys say: the seal is signed by a device, the device by its owner's self-signing key, and
//! that by the master key, which is who the owner is (client-server API, "Cross-signing").

use std::collections::BTreeMap;

use ruma::{
    CanonicalJsonObject, CanonicalJsonValue,
    serde::Base64,
    signatures::{PublicKeyMap, verify_json},
};
use serde_json::Value;
use vocabulary::export::Export;

use super::{Fault, key_of};

/// Who has signed.
pub struct Signed {
    pub user_id: String,
    pub device_id: String,
    pub device_key: String,
    pub master_key: String,
}

/// Follows the signatures from the seal to the master key.
pub fn of(export: &Export) -> Result<Signed, Fault> {
    let signer = &export.signer;
    let text = |value: &Value, field: &str| -> Option<String> {
        Some(value.get(field)?.as_str()?.to_owned())
    };
    let malformed = || Fault::NotSigned("the keys of the signer are malformed");
    let user_id = text(&signer.device_keys, "user_id").ok_or_else(malformed)?;
    let device_id = text(&signer.device_keys, "device_id").ok_or_else(malformed)?;
    let device_key_id = format!("ed25519:{device_id}");
    let device_key = key_of(&signer.device_keys, &device_key_id).ok_or_else(malformed)?;
    let (self_signing_id, self_signing_key) =
        cross_signing_key(&signer.self_signing_key, "self_signing", &user_id)
            .ok_or_else(malformed)?;
    let (master_id, master_key) =
        cross_signing_key(&signer.master_key, "master", &user_id).ok_or_else(malformed)?;

    let seal = export.seal.to_signed_object().ok_or_else(malformed)?;
    let steps = [
        (seal, device_key_id, &device_key, "the seal is not signed by the device"),
        (
            object(&signer.device_keys).ok_or_else(malformed)?,
            self_signing_id,
            &self_signing_key,
            "the device is not its owner's",
        ),
        (
            object(&signer.self_signing_key).ok_or_else(malformed)?,
            master_id,
            &master_key,
            "the self-signing key is not its owner's",
        ),
    ];
    for (object, key_id, key, why) in steps {
        if !is_signed(&object, &user_id, &key_id, key) {
            return Err(Fault::NotSigned(why));
        }
    }
    let header = &export.header;
    let is_named = text(header, "exported_by").as_ref() == Some(&user_id)
        && text(header, "device_id").as_ref() == Some(&device_id);
    if !is_named {
        return Err(Fault::NotSigned("the header names somebody else"));
    }
    let (device_key, master_key) = (unpadded(&device_key), unpadded(&master_key));
    Ok(Signed { user_id, device_id, device_key, master_key })
}

/// Name and value of a key that is the user's and for this use.
fn cross_signing_key(keys: &Value, usage: &str, user_id: &str) -> Option<(String, Base64)> {
    let is_theirs = keys.get("user_id")?.as_str()? == user_id;
    let is_for_this = keys.get("usage")?.as_array()?.iter().any(|it| it == usage);
    let (key_id, _) = keys.get("keys")?.as_object()?.iter().next()?;
    let key = key_of(keys, key_id)?;
    (is_theirs && is_for_this).then(|| (key_id.clone(), key))
}

/// By this key and no other: a signature that somebody else has added as well proves nothing.
fn is_signed(object: &CanonicalJsonObject, user_id: &str, key_id: &str, key: &Base64) -> bool {
    let keys = BTreeMap::from([(key_id.to_owned(), key.clone())]);
    let keys: PublicKeyMap = BTreeMap::from([(user_id.to_owned(), keys)]);
    let has_it = matches!(
        object.get("signatures"),
        Some(CanonicalJsonValue::Object(by)) if matches!(
            by.get(user_id),
            Some(CanonicalJsonValue::Object(by)) if by.contains_key(key_id)
        )
    );
    has_it && verify_json(&keys, object).is_ok()
}

fn object(value: &Value) -> Option<CanonicalJsonObject> {
    match value.clone().try_into().ok()? {
        CanonicalJsonValue::Object(object) => Some(object),
        _ => None,
    }
}

fn unpadded(key: &Base64) -> String {
    key.encode().trim_end_matches('=').to_owned()
}
