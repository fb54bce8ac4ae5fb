//! Canonical JSON, made once at the edge.
//!
//! Spec: <https://spec.matrix.org/latest/appendices/#canonical-json>.

use std::{borrow::Cow, fmt};

use ruma::{CanonicalJsonObject, serde::Raw};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::{RawValue, to_raw_value};

use crate::Refused;

/// The largest integer in canonical JSON; the smallest is its negative.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// An event's `content`: a JSON object, checked and in canonical form.
///
/// Parsing is the only way to get one, so what holds a `Content` needs no further check.
#[derive(Clone)]
pub struct Content(Box<RawValue>);

impl Content {
    /// Checks a JSON object and brings it into canonical form.
    ///
    /// # Errors
    ///
    /// [`Refused::BadJson`] if it is no JSON object, or holds what canonical JSON cannot: fractions
    /// or exponents, integers beyond ±(2^53 − 1), a key twice in one object, a lone surrogate, more
    /// than 127 levels.
    pub fn from_json(json: &[u8]) -> Result<Self, Refused> {
        let node: Node<'_> = serde_json::from_slice(json).map_err(bad_json)?;
        Self::from_node(&node)
    }

    /// Turns a value of our own (a ruma content type, `serde_json::Value`) into content.
    ///
    /// # Errors
    ///
    /// As [`Content::from_json`].
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Refused> {
        let json = serde_json::to_vec(value).map_err(bad_json)?;
        Self::from_json(&json)
    }

    /// The content `{}`.
    pub fn empty() -> Self {
        Self(to_raw_value(&serde_json::Map::new()).expect("an empty object is JSON"))
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Refused> {
        if !matches!(node, Node::Object(_)) {
            return Err(Refused::BadJson("expected an object".to_owned()));
        }
        to_raw_value(node).map(Self).map_err(bad_json)
    }

    /// Trusts that `canonical` serialises to canonical JSON.
    pub(crate) fn from_canonical(canonical: &CanonicalJsonObject) -> Self {
        Self(to_raw_value(canonical).expect("canonical JSON is JSON"))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The canonical text, as serde_json passes it on unread.
    pub fn raw(&self) -> &RawValue {
        &self.0
    }

    /// Reads the content as a typed value.
    ///
    /// # Errors
    ///
    /// [`Refused::BadJson`] if it has not that form.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Refused> {
        serde_json::from_str(self.as_str()).map_err(bad_json)
    }

    pub(crate) fn object(&self) -> CanonicalJsonObject {
        serde_json::from_str(self.as_str()).expect("content is a canonical object")
    }

    pub(crate) fn into_raw(self) -> Box<RawValue> {
        self.0
    }
}

impl<T> TryFrom<&Raw<T>> for Content {
    type Error = Refused;

    fn try_from(raw: &Raw<T>) -> Result<Self, Refused> {
        Self::from_json(raw.json().get().as_bytes())
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Content {}

// What people write must never reach a log by `{:?}`.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content([{} bytes])", self.as_str().len())
    }
}

fn bad_json(error: serde_json::Error) -> Refused {
    Refused::BadJson(error.to_string())
}

/// Brings any JSON value into canonical form.
///
/// # Errors
///
/// As [`Content::from_json`].
pub fn canonical_json(json: &[u8]) -> Result<String, Refused> {
    let node: Node<'_> = serde_json::from_slice(json).map_err(bad_json)?;
    serde_json::to_string(&node).map_err(bad_json)
}

/// A parsed value that borrows every string that needs no unescaping.
enum Node<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// Sorted by key, no key twice. The order of UTF-8 bytes is the order of code points.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of canonical JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        if (-MAX_INTEGER..=MAX_INTEGER).contains(&value) {
            Ok(Node::Integer(value))
        } else {
            Err(E::custom("an integer is beyond ±(2^53 − 1)"))
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom("a number has a fraction, an exponent or a negative zero"))
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Node::String(Cow::Borrowed(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Node::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Node::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            members.push((key, value));
        }
        members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(de::Error::custom("an object has the same key twice"));
        }
        Ok(Node::Object(members))
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
