//! Tokens of `/v3/sync`: how far a device has come.

use std::{fmt, str::FromStr};

use base::Pos;

use crate::{presence::PresenceSeq, typing::TypingSeq};

/// How far a device has come: `s<position>_<typing>_<to-device>`, and `_<presence>` where there is any; opaque to clients.
///
/// Typing is in no log and has a sequence of its own; messages to devices are given in parts, so that their place may lie
/// behind the position of the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncToken {
    /// Position in the change log.
    pub pos: Pos,
    /// Place in the sequence of typing changes.
    pub typing: TypingSeq,
    /// Position of the last message to the device.
    pub to_device: Pos,
    /// Place in the sequence of presence changes.
    pub presence: PresenceSeq,
}

/// The token is not one of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this server")]
pub struct BadSyncToken;

impl fmt::Display for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}_{}_{}", self.pos, self.typing.0, self.to_device)?;
        match self.presence {
            PresenceSeq(0) => Ok(()),
            PresenceSeq(presence) => write!(f, "_{presence}"),
        }
    }
}

fn number(text: &str) -> Result<u64, BadSyncToken> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadSyncToken);
    }
    // What does not fit a column cannot come from here.
    text.parse::<i64>().map(i64::cast_unsigned).map_err(|_| BadSyncToken)
}

impl FromStr for SyncToken {
    type Err = BadSyncToken;

    fn from_str(text: &str) -> Result<Self, BadSyncToken> {
        let mut parts = text.strip_prefix('s').ok_or(BadSyncToken)?.split('_').map(number);
        let mut next = || parts.next().ok_or(BadSyncToken)?;
        let (pos, typing, to_device) = (next()?, next()?, next()?);
        let token = Self {
            pos: Pos::new(pos),
            typing: TypingSeq(typing),
            to_device: Pos::new(to_device),
            presence: PresenceSeq(parts.next().transpose()?.unwrap_or_default()),
        };
        if parts.next().is_some() { Err(BadSyncToken) } else { Ok(token) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rooms::TimelineToken;

    fn token() -> SyncToken {
        SyncToken {
            pos: Pos::new(42),
            typing: TypingSeq(7),
            to_device: Pos::new(41),
            presence: PresenceSeq(0),
        }
    }

    #[test]
    fn tokens_survive_the_wire() {
        let token = token();
        assert_eq!(token.to_string(), "s42_7_41");
        assert_eq!(token.to_string().parse(), Ok(token));
        let token = SyncToken { presence: PresenceSeq(9), ..token };
        assert_eq!(token.to_string(), "s42_7_41_9");
        assert_eq!(token.to_string().parse(), Ok(token));
    }

    #[test]
    fn a_page_of_messages_begins_at_a_sync_token() {
        assert_eq!(token().to_string().parse(), Ok(TimelineToken(Pos::new(42))));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let too_large = format!("s{}_0_0", u64::MAX);
        for bad in [
            "",
            "s",
            "s1",
            "s1_2",
            "s1_2_3_4_5",
            "s1_2_3_",
            "s1_2_",
            "t1",
            "1_2_3",
            "s-1_0_0",
            "s+1_0_0",
            "s1_0_0 ",
            &too_large,
        ] {
            assert_eq!(bad.parse::<SyncToken>(), Err(BadSyncToken), "{bad}");
        }
    }

    /// Any text, and such as looks like a token.
    fn token_like() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[st]?[-+0-9_ ]{0,50}",
            "s[0-9]{1,20}_[0-9]{1,20}_[0-9]{1,20}(_[0-9]{1,20})?",
        ]
    }

    proptest! {
        #![proptest_config(testkit::fuzz::config())]

        #[test]
        fn any_text_is_refused_or_a_token_that_survives_the_wire(text in token_like()) {
            if let Ok(token) = text.parse::<SyncToken>() {
                prop_assert!(i64::try_from(token.pos.get()).is_ok(), "no column holds it");
                prop_assert_eq!(token.to_string().parse(), Ok(token));
                prop_assert_eq!(text.parse(), Ok(TimelineToken(token.pos)));
            }
        }
    }
}
