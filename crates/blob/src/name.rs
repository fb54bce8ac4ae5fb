use std::fmt;

/// The name of an object: 40 lower-case hexadecimal digits, drawn at random.
///
/// It says nothing about the content, and nobody outside sees it: the wire knows media ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

/// The text is not the name of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an object name has 40 lower-case hexadecimal digits")]
pub struct InvalidName;

const DIGITS: usize = 40;

impl ObjectName {
    /// The name made of 20 random bytes.
    pub fn from_random(bytes: [u8; DIGITS / 2]) -> Self {
        Self(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidName`] for whatever could be a path to somewhere else.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let is_name = text.len() == DIGITS
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first byte as two digits: the directory that the object lies in.
    pub(crate) fn shard(&self) -> &str {
        &self.0[..2]
    }
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_being_written_down() {
        let name = ObjectName::from_random([0xa7; 20]);
        assert_eq!(name.as_str(), "a7".repeat(20));
        assert_eq!(ObjectName::parse(name.as_str()), Ok(name));
    }

    #[test]
    fn a_path_is_no_name() {
        for text in [
            "",
            "../../etc/passwd",
            "/etc/passwd",
            &"a/".repeat(20),
            &"A7".repeat(20),
            &"a".repeat(41),
            &"ä".repeat(20),
        ] {
            assert_eq!(ObjectName::parse(text), Err(InvalidName), "{text}");
        }
    }
}
