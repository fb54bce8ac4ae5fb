//! JSON that its grammar allows and most readers refuse: half of a character (`\ud83d` without its other half), a number
//! beyond all floats (`1e999`), nesting without end. What is taken as raw JSON is handed on as it came, so one such message would bar
//! whoever gets it from reading anything of their sync.

use std::fmt;

use memchr::memchr2;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Whether this is grammatical JSON that most readers refuse. What is no JSON at all is left to who reads it.
pub(crate) fn is_readable_by_few(json: &[u8]) -> bool {
    // What is not UTF-8 is no JSON.
    may_be(json)
        && str::from_utf8(json).is_ok_and(|json| {
            serde_json::from_str::<Read>(json).is_err()
                && serde_json::from_str::<IgnoredAny>(json).is_ok()
        })
}

/// Whether there is anything in it that few can read: an escape, a number with an exponent or of very many digits, deep nesting. In
/// most bodies there is nothing, and this is seen as fast as memory is read: what is sent to two hundred devices is strings without escapes.
fn may_be(json: &[u8]) -> bool {
    /// The largest float has 309 digits.
    const DIGITS: usize = 300;
    /// serde_json reads 127 levels.
    const LEVELS: usize = 100;
    let (mut depth, mut digits, mut at) = (0_usize, 0_usize, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => match memchr2(b'"', b'\\', &json[at + 1..]) {
                Some(length) if json[at + 1 + length] == b'"' => at += 1 + length,
                Some(_) => return true,
                // It is not closed, and so no JSON.
                None => return false,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'e' | b'E' if digits > 0 => return true,
            _ => {}
        }
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if depth > LEVELS || digits > DIGITS {
            return true;
        }
        at += 1;
    }
    false
}

/// Reads all there is and keeps nothing. [`IgnoredAny`] does not look into strings and numbers.
struct Read;

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Read {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self, A::Error> {
        while sequence.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_most_readers_refuse_is_found_wherever_it_stands() {
        for few in [
            r#""\ud83d""#,
            r#""\uDE00""#,
            r#""\ud83dx\ude00""#,
            r#""\ud83d\ud83d\ude00""#,
            r#"{"\ud83d":1}"#,
            r#"["\\\ud83d"]"#,
            r#"{"a":[1e999]}"#,
            "-1e400",
        ] {
            assert!(is_readable_by_few(few.as_bytes()), "{few}");
        }
        assert!(!is_readable_by_few("[".repeat(1_000).as_bytes()), "no JSON: not closed");
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        assert!(is_readable_by_few(deep.as_bytes()));
        for all in [
            r#""\ud83d\ude00""#,
            r#""\\ud83d""#,
            r#"{"a":[true,null,-1,1e300,18446744073709551616,"\u00e4\n"]}"#,
            r#""\u12"#,
            "{",
            "",
        ] {
            assert!(!is_readable_by_few(all.as_bytes()), "{all}");
        }
        assert!(!is_readable_by_few(b"\"\xff\""), "no text");
        assert!(is_readable_by_few(format!("[1{}]", "0".repeat(400)).as_bytes()));
        assert!(!is_readable_by_few(format!("[1{}]", "0".repeat(305)).as_bytes()));
    }

    /// Values that everybody reads, and such as few do.
    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            r#"true|null|-?[1-9][0-9]{0,3}|"[a-zäE]{0,4}"|"\\u(d83d|0041)""#,
            "[1-9](\\.[0-9])?[eE][+-]?[1-9][0-9]{0,3}",
            "[1-9][0-9]{290,320}",
            (90..140_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
        ]
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn a_look_overlooks_nothing(values in prop::collection::vec(value(), 0..4)) {
            let json = format!("{{\"a\":[{}]}}", values.join(", "));
            let fails = serde_json::from_str::<Read>(&json).is_err()
                && serde_json::from_str::<IgnoredAny>(&json).is_ok();
            prop_assert!(!fails || may_be(json.as_bytes()), "{}", json);
        }

        #[test]
        fn what_passes_is_read_by_whoever_reads_json_at_all(
            text in r#"(\\u(d83d|D83D|de00|DE00|0041)|\\\\|\\"|[a-z😀]){0,8}"#,
            number in "-?[1-9][0-9]{0,4}(\\.[0-9]{1,3})?([eE][-+]?[0-9]{1,4})?",
        ) {
            let json = format!("{{\"a\":[\"{text}\",{number}]}}");
            let read = serde_json::from_str::<Value>(&json);
            prop_assert_eq!(is_readable_by_few(json.as_bytes()), read.is_err(), "{}", json);
        }
    }
}
