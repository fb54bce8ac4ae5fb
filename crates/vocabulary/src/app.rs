//! How Konsil's own app says which version it is, and how the server says that it takes none so old (I.q).

use std::{fmt, num::ParseIntError, str::FromStr};

/// The header in which the app says its version, in every request: `konsil-app-version: 0.3.1`. No other Matrix client sends it.
pub const VERSION_HEADER: &str = "konsil-app-version";

/// `errcode` of the answer to an app that is too old. Its status is 503: what an app does after that is to keep what it has and to try again
/// later, whatever its age; after a 4xx it would give up what waits in its queue.
pub const TOO_OLD: &str = "DE.KONSIL.CLIENT_TOO_OLD";

/// A version of the app, `major.minor.patch`. A later one is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion(pub u32, pub u32, pub u32);

/// A text is not a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoVersion;

impl fmt::Display for NoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version has three numbers: 0.3.1")
    }
}

impl std::error::Error for NoVersion {}

impl From<ParseIntError> for NoVersion {
    fn from(_: ParseIntError) -> Self {
        Self
    }
}

impl FromStr for AppVersion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let is_plain = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('.').filter(is_plain).collect();
        match parts.as_slice() {
            [major, minor, patch] if text.split('.').count() == 3 => {
                Ok(Self(major.parse()?, minor.parse()?, patch.parse()?))
            }
            _ => Err(NoVersion),
        }
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text: &str| text.parse::<AppVersion>();
        assert!(version("0.10.0").unwrap() > version("0.9.12").unwrap());
        assert!(version("1.0.0").unwrap() > version("0.99.99").unwrap());
        assert_eq!(version("0.3.1").map(|it| it.to_string()), Ok("0.3.1".to_owned()));
        for none in
            ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "1..3", "+1.2.3", "1.2.99999999999"]
        {
            assert_eq!(version(none), Err(NoVersion), "{none}");
        }
    }
}
