//! JSON that may be wrong: a tree whose leaves can be any text at all, and ways to damage it.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

/// JSON, or something that only looks like it.
#[derive(Clone, Debug)]
pub enum Json {
    /// Written as it stands: a number too large, half a character, a bracket that never closes.
    Raw(String),
    Array(Vec<Json>),
    /// Keys may come twice.
    Object(Vec<(String, Json)>),
}

/// What happens to one node of a tree.
#[derive(Clone, Debug)]
pub enum Damage {
    Replace(Json),
    Wrap,
    Remove,
    AddKey(String, Json),
    Twice,
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(key, value)| (key.clone(), value.into())).collect(),
            ),
            leaf => Self::Raw(leaf.to_string()),
        }
    }
}

impl Json {
    /// The text.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (at, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    fn count(&self) -> usize {
        1 + match self {
            Self::Raw(_) => 0,
            Self::Array(items) => items.iter().map(Self::count).sum(),
            Self::Object(fields) => fields.iter().map(|(_, value)| value.count()).sum(),
        }
    }

    /// Damages the node with this number, counted from the root and beginning again behind the last.
    pub fn damage(&mut self, number: usize, damage: &Damage) {
        let mut left = number % self.count();
        self.damage_nth(&mut left, damage);
    }

    /// Whether the node was in this branch.
    fn damage_nth(&mut self, left: &mut usize, damage: &Damage) -> bool {
        if *left == 0 {
            self.suffer(damage);
            return true;
        }
        *left -= 1;
        match self {
            Self::Raw(_) => false,
            Self::Array(items) => items.iter_mut().any(|item| item.damage_nth(left, damage)),
            Self::Object(fields) => {
                fields.iter_mut().any(|(_, value)| value.damage_nth(left, damage))
            }
        }
    }

    fn suffer(&mut self, damage: &Damage) {
        match (damage, &mut *self) {
            (Damage::Replace(other), _) => *self = other.clone(),
            (Damage::Wrap, _) => *self = Self::Array(vec![self.clone()]),
            (Damage::Remove, Self::Object(fields)) => drop(fields.pop()),
            (Damage::Remove, Self::Array(items)) => drop(items.pop()),
            (Damage::Remove, Self::Raw(_)) => *self = Self::Raw("null".into()),
            (Damage::AddKey(key, value), Self::Object(fields)) => {
                fields.push((key.clone(), value.clone()))
            }
            (Damage::AddKey(key, value), _) => {
                *self = Self::Object(vec![(key.clone(), value.clone())])
            }
            (Damage::Twice, Self::Object(fields)) => fields.extend(fields.first().cloned()),
            (Damage::Twice, Self::Array(items)) => items.extend(items.clone()),
            (Damage::Twice, Self::Raw(text)) => *text = text.repeat(2),
        }
    }
}

fn deep(open: &str, close: &str, depth: usize) -> String {
    format!("{}{}", open.repeat(depth), close.repeat(depth))
}

/// Leaves that hurt. The first is what shrinking ends with.
fn leaves() -> Vec<String> {
    let words = [
        "null",
        "true",
        "0",
        "-1",
        "1",
        "1.5",
        "-0.0",
        "1e5",
        "0.1e-7",
        "1e308",
        "1e999",
        "-1e999",
        "9007199254740991",
        "9007199254740993",
        "-9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "123456789012345678901234567890",
        "{}",
        "[]",
        "[[]]",
        "[null]",
        "{\"\":{}}",
        "\"\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00x\"",
        "\"\\ud800\\ud800\"",
        "\"\\uFFFF\"",
        "\"\\u202e\"",
        "\"\\n\"",
        "\"ß𝔘é\"",
        "\"\\x\"",
        "\"",
        "'x'",
        "NaN",
        "Infinity",
        "tru",
        "[",
        "{",
        "}",
        "\"@x:y\"",
        "\"!x:y\"",
        "\"$x\"",
        "\"#x:y\"",
        "\"@\\u0000:y\"",
        "\"@:\"",
        "\"mxc://\"",
        "\"-\"",
        "\"1\"",
        "\"join\"",
        "\"m.room.member\"",
        "\"ed25519:\"",
        "\"ed25519:AAAA\"",
        "\"AAAA\"",
        "\"%00\"",
        "\"../..\"",
        "\"{\"",
        "\"*\"",
        "\"**********\"",
    ];
    let mut leaves: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    leaves.extend([
        deep("[", "]", 100),
        deep("[", "]", 140),
        deep("{\"a\":", "}", 60).replace(":}", ":0}"),
        deep("[", "]", 20_000),
        format!("{}0{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)),
        "[".repeat(100_000),
        format!("\"{}\"", "x".repeat(256)),
        format!("\"@{}:y\"", "x".repeat(300)),
        format!("\"{}\"", "x".repeat(70_000)),
        format!("[{}0]", "0,".repeat(20_000)),
        format!(
            "{{{}\"z\":0}}",
            (0..2_000).map(|key| format!("\"k{key}\":0,")).collect::<String>()
        ),
        "9".repeat(5_000),
        format!("1e-{}", "9".repeat(300)),
    ]);
    leaves
}

/// Any JSON, and near misses.
pub fn json() -> impl Strategy<Value = Json> {
    let leaf = select(leaves()).prop_map(Json::Raw);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::Array),
            vec((key(), inner), 0..4).prop_map(Json::Object),
        ]
    })
}

/// Names of fields, those that the server reads among them.
pub fn key() -> impl Strategy<Value = String> {
    let known = [
        "a",
        "",
        "type",
        "content",
        "user_id",
        "room_id",
        "event_id",
        "auth",
        "algorithm",
        "signatures",
        "keys",
        "membership",
        "users",
        "unsigned",
        "state_key",
        "m.relates_to",
        "rel_type",
        "limit",
        "filter",
        "timeline",
        "lists",
        "ranges",
        "extensions",
        "room_version",
        "@x:y",
        "$x",
        "ed25519:A",
        "\0",
        "a.b",
        "__proto__",
        "invite",
        "initial_state",
        "creation_content",
        "power_level_content_override",
    ];
    prop_oneof![4 => select(known.map(str::to_owned).to_vec()), 1 => ".{0,12}"]
}

/// Ways to damage a tree.
pub fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => json().prop_map(Damage::Replace),
        1 => Just(Damage::Wrap),
        2 => Just(Damage::Remove),
        3 => (key(), json()).prop_map(|(key, value)| Damage::AddKey(key, value)),
        1 => Just(Damage::Twice),
    ]
}
