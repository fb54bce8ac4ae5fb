//! What a PIN or passphrase has to be.

/// Why a PIN is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than the hospital asks for.
    TooShort,
    /// Among the first that anybody would try.
    Obvious,
}

/// What is wrong with a PIN, if anything. `min_length` is the hospital's, in characters.
pub fn weakness(pin: &str, min_length: u32) -> Option<Weakness> {
    let characters: Vec<char> = pin.chars().collect();
    if characters.len() < min_length as usize {
        return Some(Weakness::TooShort);
    }
    (is_repeated(&characters) || is_sequence(&characters) || is_common(pin))
        .then_some(Weakness::Obvious)
}

/// `000000`, `121212`, `123123`.
fn is_repeated(characters: &[char]) -> bool {
    (1..=3).any(|length| {
        characters.len() >= 2 * length
            && characters.iter().zip(&characters[length..]).all(|(one, next)| one == next)
    })
}

/// `123456`, `987654`, `890123`, `abcdef`.
fn is_sequence(characters: &[char]) -> bool {
    let code = |c: char| u32::from(c.to_ascii_lowercase());
    let step = |one: u32, next: u32, by: i64| {
        let plain = i64::from(next) - i64::from(one) == by;
        let around = match (char::from_u32(one), char::from_u32(next)) {
            (Some('9'), Some('0')) => by == 1,
            (Some('0'), Some('9')) => by == -1,
            _ => false,
        };
        plain || around
    };
    let all = |by| characters.windows(2).all(|pair| step(code(pair[0]), code(pair[1]), by));
    characters.len() > 1 && (all(1) || all(-1))
}

/// What stands at the top of every list of leaked PINs and passwords.
fn is_common(pin: &str) -> bool {
    const COMMON: [&str; 14] = [
        "password",
        "passwort",
        "kennwort",
        "geheim",
        "konsil",
        "klinik",
        "krankenhaus",
        "hospital",
        "qwertz",
        "qwerty",
        "112233",
        "147258",
        "159753",
        "789456",
    ];
    let pin = pin.to_lowercase();
    let bare = pin.trim_matches(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation());
    COMMON.iter().any(|common| pin == *common || (!bare.is_empty() && bare == *common))
}

/// Whether it consists of digits, for the keyboard of a phone.
pub(super) fn is_digits(pin: &str) -> bool {
    pin.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_would_try_first_is_refused() {
        for pin in [
            "000000",
            "123456",
            "654321",
            "890123",
            "210987",
            "121212",
            "123123",
            "abcdef",
            "aaaaaa",
            "112233",
            "Passwort",
            "passwort1",
            "Konsil123!",
            "147258",
        ] {
            assert_eq!(weakness(pin, 6), Some(Weakness::Obvious), "{pin}");
        }
    }

    #[test]
    fn what_is_long_enough_and_not_obvious_is_taken() {
        for pin in ["482913", "190275", "Vier Füße im Flur", "110911", "1234567a", "🐘🐁🐘🐈🐘🐕"]
        {
            assert_eq!(weakness(pin, 6), None, "{pin}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(weakness("48291", 6), Some(Weakness::TooShort));
        assert_eq!(weakness("Füße!", 6), Some(Weakness::TooShort));
        assert_eq!(weakness("482913", 8), Some(Weakness::TooShort));
        assert_eq!(weakness("", 4), Some(Weakness::TooShort));
        assert_eq!(weakness("4829", 4), None);
    }
}
