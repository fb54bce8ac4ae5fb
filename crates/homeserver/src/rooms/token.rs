//! Tokens of `/messages` and its kin: a place between two events of a timeline.

use std::{fmt, str::FromStr};

use base::Pos;

/// A place in a timeline: behind the event at this position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineToken(pub Pos);

/// The token is not one of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this server")]
pub struct BadToken;

impl fmt::Display for TimelineToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

impl FromStr for TimelineToken {
    type Err = BadToken;

    /// Takes `t…` as written here, and the `s…` tokens of sync, of which it reads the position alone.
    fn from_str(text: &str) -> Result<Self, BadToken> {
        let number = text.strip_prefix(['t', 's']).ok_or(BadToken)?;
        let number = number.split('_').next().unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadToken);
        }
        let number: u64 = number.parse().map_err(|_| BadToken)?;
        if i64::try_from(number).is_err() {
            return Err(BadToken);
        }
        Ok(Self(Pos::new(number)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_survive_the_wire_and_others_are_refused() {
        let token = TimelineToken(Pos::new(42));
        assert_eq!(token.to_string().parse(), Ok(token));
        assert_eq!("s42_7".parse(), Ok(token));
        for bad in
            ["", "t", "42", "t-1", "t+1", "x42", "t99999999999999999999", "t18446744073709551615"]
        {
            assert_eq!(bad.parse::<TimelineToken>(), Err(BadToken), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn any_text_is_refused_or_a_token_that_survives_the_wire(
            text in prop_oneof![any::<String>(), "[st]?[-+0-9_ ]{0,50}", "t[0-9]{1,20}"],
        ) {
            if let Ok(token) = text.parse::<TimelineToken>() {
                prop_assert!(i64::try_from(token.0.get()).is_ok(), "no column holds it");
                prop_assert_eq!(token.to_string().parse(), Ok(token));
            }
        }
    }
}
