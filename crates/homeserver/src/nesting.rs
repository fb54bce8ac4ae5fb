//! How deep JSON nests. What is taken as raw JSON (events, account data, to-device messages) is kept and handed on as it
//! came: serde stops at 128 levels, but only where it builds values, so raw JSON would fail whoever reads it later.

use memchr::memchr2;

/// Whether arrays and objects lie more than `levels` deep in each other. Need not be JSON; brackets inside strings do not count.
///
/// Most of a message is one long string of ciphertext, which is skipped as fast as memory is read.
pub fn deeper_than(json: &[u8], levels: usize) -> bool {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => at = end_of_string(json, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth > levels {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the string ends whose content begins at `at`.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if json[at] == b'"' {
            return at;
        }
        // Whatever is escaped does not end the string.
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_and_width_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!deeper_than(nested(100).as_bytes(), 100));
        assert!(deeper_than(nested(101).as_bytes(), 100));
        assert!(deeper_than("{\"a\":".repeat(101).as_bytes(), 100));
        assert!(!deeper_than(format!("[{}]", "[],".repeat(1_000)).as_bytes(), 100));
        assert!(deeper_than("[".repeat(100_000).as_bytes(), 50));
        assert!(!deeper_than(b"7", 0) && !deeper_than(b"", 0));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!deeper_than(br#"{"a":[1,{"b":"]]]][[[[\"{{{"}]}"#, 3));
        assert!(deeper_than(br#"{"a":[1,{"b":1}]}"#, 2));
        assert!(!deeper_than(format!("\"{}\"", "[".repeat(1_000)).as_bytes(), 100));
        assert!(!deeper_than(format!("[\"\\\"{}\"]", "[".repeat(1_000)).as_bytes(), 100));
        assert!(deeper_than(format!("[\"\\\\\"{}", "[".repeat(1_000)).as_bytes(), 100));
        for open in ["\"", "\"\\", "\"a\\\"", "[\"\\\\"] {
            assert!(!deeper_than(open.as_bytes(), 1), "a string without end: {open}");
        }
    }
}
