//! Signed JSON as it comes from clients: compared in its canonical form, checked, and served with other signatures.
//!
//! <https://spec.matrix.org/v1.19/appendices/#signing-json>

use std::collections::BTreeMap;

use ruma::{
    CanonicalJsonObject, CanonicalJsonValue, SigningKeyAlgorithm,
    serde::Base64,
    signatures::{to_canonical_json_string_for_signing, verify_canonical_json_bytes},
};
use serde_json::value::{RawValue, to_raw_value};
use sha2::{Digest, Sha256};

/// SHA-256 of the canonical form, by which a repeated upload is recognised. `None` if the JSON has none.
pub(super) fn canonical_digest(json: &str) -> Option<[u8; 32]> {
    let value: CanonicalJsonValue = serde_json::from_str(json).ok()?;
    Some(Sha256::digest(value.to_string().as_bytes()).into())
}

/// A signed object.
#[derive(Debug)]
pub(super) struct Signed {
    object: CanonicalJsonObject,
    body: String,
}

impl Signed {
    /// Reads an object. `None` if it has no canonical form: it is no object, nests too deep, or holds a fraction.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let object: CanonicalJsonObject = serde_json::from_str(json).ok()?;
        let body = to_canonical_json_string_for_signing(&object).ok()?;
        Some(Self { object, body })
    }

    /// Whether both say the same, whoever signed them.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        self.body == other.body
    }

    /// A text in an object of the object.
    pub(super) fn text_in(&self, object: &str, field: &str) -> Option<&str> {
        self.object.get(object)?.as_object()?.get(field)?.as_str()
    }

    /// The signatures of one signer: key id and signature.
    pub(super) fn signatures_by(&self, signer: &str) -> impl Iterator<Item = (&str, &str)> {
        let of_signer = self
            .object
            .get("signatures")
            .and_then(CanonicalJsonValue::as_object)
            .and_then(|signatures| signatures.get(signer))
            .and_then(CanonicalJsonValue::as_object);
        of_signer
            .into_iter()
            .flatten()
            .filter_map(|(key_id, signature)| Some((key_id.as_str(), signature.as_str()?)))
    }

    /// Whether `signature` is one of `public_key` on this object. Both are base64.
    pub(super) fn verifies(&self, public_key: &str, signature: &str) -> bool {
        let (Ok(public_key), Ok(signature)) = (
            Base64::<ruma::serde::base64::Standard>::parse(public_key),
            Base64::<ruma::serde::base64::Standard>::parse(signature),
        ) else {
            return false;
        };
        verify_canonical_json_bytes(
            &SigningKeyAlgorithm::Ed25519,
            public_key.as_bytes(),
            signature.as_bytes(),
            self.body.as_bytes(),
        )
        .is_ok()
    }

    /// Whether `signer` signed the object with the ed25519 key of this name and value.
    pub(super) fn is_signed_by(&self, signer: &str, key_name: &str, public_key: &str) -> bool {
        let key_id = format!("ed25519:{key_name}");
        self.signatures_by(signer)
            .any(|(id, signature)| id == key_id && self.verifies(public_key, signature))
    }
}

/// A signature that is kept apart from the object that it signs.
pub(super) struct Apart<'a> {
    pub(super) signer: &'a str,
    pub(super) key_id: &'a str,
    pub(super) signature: &'a str,
}

/// The object with the signatures that its reader may see, and with what the server adds. The rest stays as uploaded.
///
/// # Errors
/// If the stored JSON is no object.
pub(super) fn served<'a>(
    json: &[u8],
    is_visible: impl Fn(&str) -> bool,
    apart: impl Iterator<Item = Apart<'a>>,
    display_name: Option<&str>,
) -> serde_json::Result<Box<RawValue>> {
    let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(json)?;
    let mut signatures: BTreeMap<String, BTreeMap<String, String>> =
        match object.remove("signatures") {
            Some(raw) => serde_json::from_str(raw.get())?,
            None => BTreeMap::new(),
        };
    signatures.retain(|signer, _| is_visible(signer));
    for Apart { signer, key_id, signature } in apart {
        signatures
            .entry(signer.to_owned())
            .or_default()
            .insert(key_id.to_owned(), signature.to_owned());
    }
    if !signatures.is_empty() {
        object.insert("signatures".to_owned(), to_raw_value(&signatures)?);
    }
    object.remove("unsigned");
    if let Some(name) = display_name {
        object.insert(
            "unsigned".to_owned(),
            to_raw_value(&serde_json::json!({ "device_display_name": name }))?,
        );
    }
    to_raw_value(&object)
}

/// Who signed an object, according to itself.
///
/// # Errors
/// If the stored JSON is no object, or its signatures are none.
pub(super) fn signers(json: &[u8]) -> serde_json::Result<impl Iterator<Item = String>> {
    #[derive(serde::Deserialize)]
    struct Signatures {
        #[serde(default)]
        signatures: BTreeMap<String, serde::de::IgnoredAny>,
    }
    Ok(serde_json::from_slice::<Signatures>(json)?.signatures.into_keys())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_fields_and_the_signatures_do_not_tell_two_objects_apart() {
        let one =
            Signed::parse(r#"{"b":2,"a":{"y":1,"x":2},"signatures":{"@a:b":{"ed25519:1":"x"}}}"#)
                .unwrap();
        let two = Signed::parse(r#"{ "a" : {"x":2,"y":1}, "unsigned": {"z": 1}, "b":2 }"#).unwrap();
        assert!(one.says_the_same_as(&two));
        assert!(!one.says_the_same_as(&Signed::parse(r#"{"a":{"x":2,"y":1},"b":3}"#).unwrap()));
        assert_eq!(canonical_digest(r#"{"b":2,"a":1}"#), canonical_digest(r#"{ "a": 1, "b": 2 }"#));
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        for bad in ["[]", "7", r#"{"a":1.5}"#, r#"{"a":99999999999999999999}"#, deep.as_str()] {
            assert!(Signed::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_signature_holds_for_this_object_and_this_key_alone() {
        // The example of the specification: appendices, "Signing JSON", test vectors.
        let public_key = "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI";
        let json = r#"{"two":"Two","one":1,"signatures":{"domain":{"ed25519:1":
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw"}}}"#;
        let signed = Signed::parse(json).unwrap();
        assert!(signed.is_signed_by("domain", "1", public_key));
        assert!(!signed.is_signed_by("domain", "2", public_key));
        assert!(!signed.is_signed_by("other", "1", public_key));
        assert!(!signed.is_signed_by("domain", "1", "A3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI"));
        let other = Signed::parse(&json.replace("Two", "Drei")).unwrap();
        assert!(!other.is_signed_by("domain", "1", public_key));
    }

    #[test]
    fn served_keys_carry_the_visible_signatures_and_the_rest_as_uploaded() {
        let json = br#"{"user_id":"@a:x","n":1.50,"signatures":{"@a:x":{"ed25519:D":"s1"},"@spy:x":{"ed25519:Z":"s2"}},"unsigned":{"age":1}}"#;
        let apart = [Apart { signer: "@a:x", key_id: "ed25519:SSK", signature: "s3" }];
        let served =
            served(json, |signer| signer == "@a:x", apart.into_iter(), Some("Tablet \"3\""))
                .unwrap();
        assert_eq!(
            served.get(),
            r#"{"n":1.50,"signatures":{"@a:x":{"ed25519:D":"s1","ed25519:SSK":"s3"}},"unsigned":{"device_display_name":"Tablet \"3\""},"user_id":"@a:x"}"#
        );
    }
}
