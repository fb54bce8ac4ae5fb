//! The number and the hash of a message, from its content.

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use vocabulary::{
    export::canonical,
    sequence::{SEQUENCE, Sequence},
};

/// Where a message stands, if its content says so.
pub(crate) fn of_content(content: &str) -> Option<Sequence> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(rename = "de.konsil.sequence")]
        sequence: Option<Sequence>,
    }
    // A cheap look first: most of what passes by has none.
    let content: Content =
        content.contains(SEQUENCE).then(|| serde_json::from_str(content).ok()).flatten()?;
    content.sequence
}

/// SHA-256 of a content without its relation, which the SDK moves about, in hexadecimal. `None` for what canonical JSON cannot say.
pub(crate) fn hash(content: &str) -> Option<String> {
    let mut content: Map<String, Value> = serde_json::from_str(content).ok()?;
    content.remove("m.relates_to");
    Some(sha256(&canonical(&Value::Object(content))?))
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_what_is_said_and_not_on_how_it_is_written() {
        let hash_of = |content: &str| hash(content).expect("a hash");
        let one = hash_of(r#"{"msgtype":"m.text","body":"Ibu 600"}"#);
        assert_eq!(one, hash_of(r#"{ "body": "Ibu 600", "msgtype": "m.text" }"#));
        assert_eq!(one, hash_of(r#"{"body":"Ibu 600","msgtype":"m.text","m.relates_to":{}}"#));
        assert_ne!(one, hash_of(r#"{"body":"Ibu 800","msgtype":"m.text"}"#));
        // By coreutils: printf '{"body":"Ibu 600","msgtype":"m.text"}' | sha256sum
        assert_eq!(one, "a4cccf4d4a457ada27b456cb2cb9bc654267edaead01f4abdbe577264897c447");
        assert_eq!(hash(r#"{"body":1.5}"#), None);
    }

    #[test]
    fn a_number_is_read_from_a_content_and_what_is_malformed_is_none() {
        let content = r#"{"body":"a","de.konsil.sequence":{"chain":"c","number":7,"void":[5]}}"#;
        let sequence = of_content(content).expect("a number");
        assert_eq!((sequence.number, sequence.chain.as_str()), (7, "c"));
        assert_eq!(sequence.void.into_iter().collect::<Vec<_>>(), [5]);
        assert_eq!(of_content(r#"{"de.konsil.sequence":{"chain":"c","number":-1}}"#), None);
        assert_eq!(of_content(r#"{"body":"de.konsil.sequence"}"#), None);
    }
}
