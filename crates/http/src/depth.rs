//! How deep JSON may be nested.
//!
//! What a handler takes as raw JSON (events, account data, to-device messages) is kept and handed on as it came. serde
//! stops at 128 levels, but only where it builds values: raw JSON would pass at any depth and fail whoever reads it later.

/// Deepest nesting of a request body. Events of real clients stay below ten.
const MAX_DEPTH: u32 = 100;

/// Whether a body is nested deeper than anybody needs. It need not be JSON: brackets inside strings do not count.
pub fn is_too_deep(body: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_and_width_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(100).as_bytes()));
        assert!(is_too_deep(nested(101).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(101).as_bytes()));
        assert!(!is_too_deep(format!("[{}]", "[],".repeat(1000)).as_bytes()));
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!is_too_deep(format!("\"{}\"", "[".repeat(1000)).as_bytes()));
        assert!(!is_too_deep(format!("[\"\\\"{}\"]", "[".repeat(1000)).as_bytes()));
        assert!(is_too_deep(format!("[\"\\\\\"{}", "[".repeat(1000)).as_bytes()));
    }
}
