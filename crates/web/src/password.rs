//! How good a password is that somebody chooses, in the words of the rules: long enough, and not what anybody would try first.

/// Shortest password that the server takes, in characters.
pub const MIN_CHARS: usize = 8;

/// What is to be said of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Nothing is there yet.
    Empty,
    /// So many characters are missing.
    TooShort(usize),
    /// It is what others would try: few different characters, a row of the keyboard, the own name.
    Guessable,
    /// It will do.
    Fair,
    /// It is good.
    Strong,
}

impl Strength {
    /// Whether it is taken.
    pub fn is_enough(self) -> bool {
        matches!(self, Self::Fair | Self::Strong)
    }
}

/// Words that everybody tries, apart from the person's own.
const COMMON: &[&str] = &[
    "passwort",
    "password",
    "geheim",
    "secret",
    "hallo",
    "hello",
    "willkommen",
    "welcome",
    "konsil",
    "klinik",
    "klinikum",
    "krankenhaus",
    "hospital",
    "admin",
    "sommer",
    "winter",
    "fruehling",
    "frühling",
    "herbst",
    "summer",
    "iloveyou",
    "schatz",
];

/// Neighbours on keyboards and in alphabets.
const ROWS: &[&str] = &[
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertzuiopü",
    "qwertyuiop",
    "asdfghjklöä",
    "yxcvbnm",
    "zxcvbnm",
];

/// How many characters have to be left over when everything is taken away that can be guessed.
const OWN_CHARS: usize = 5;

/// Judges a password; `personal` are the person's names and the hospital's.
pub fn strength(password: &str, personal: &[&str]) -> Strength {
    let chars = password.chars().count();
    if chars == 0 {
        return Strength::Empty;
    }
    if chars < MIN_CHARS {
        return Strength::TooShort(MIN_CHARS - chars);
    }
    let lower = password.to_lowercase();
    let different = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    if different < OWN_CHARS || left_over(&lower, personal) < OWN_CHARS {
        return Strength::Guessable;
    }
    if chars >= 14 { Strength::Strong } else { Strength::Fair }
}

/// How many characters remain without known words, rows and the digits of a year at the end.
fn left_over(lower: &str, personal: &[&str]) -> usize {
    let mut rest = lower.to_owned();
    let own: Vec<String> = personal
        .iter()
        .flat_map(|name| name.split(|letter: char| !letter.is_alphanumeric()))
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_lowercase)
        .collect();
    for word in COMMON.iter().copied().chain(own.iter().map(String::as_str)) {
        rest = rest.replace(word, "");
    }
    rest = without_rows(&rest);
    let end =
        rest.trim_end_matches(|letter: char| letter.is_ascii_digit() || "!.?".contains(letter));
    // A sentence may well end in a year: only a short rest is worthless.
    if rest.len() - end.len() <= 5 { end.chars().count() } else { rest.chars().count() }
}

/// Takes away runs of four and more neighbours, forwards and backwards.
fn without_rows(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let follows = |row: &str, one: char, other: char| {
        let row: Vec<char> = row.chars().collect();
        row.windows(2).any(|pair| pair == [one, other] || pair == [other, one])
    };
    let mut kept = String::new();
    let mut at = 0;
    while at < letters.len() {
        let run = ROWS
            .iter()
            .map(|row| {
                letters[at..].windows(2).take_while(|pair| follows(row, pair[0], pair[1])).count()
                    + 1
            })
            .max()
            .unwrap_or(1);
        if run >= 4 {
            at += run;
        } else {
            kept.push(letters[at]);
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENA: &[&str] = &["Dr. Lena Vogt", "lena.vogt", "Klinikum Musterstadt"];

    #[test]
    fn what_is_missing_is_counted_in_characters() {
        assert_eq!(strength("", LENA), Strength::Empty);
        assert_eq!(strength("äöü", LENA), Strength::TooShort(5));
        assert_eq!(strength("hx7dkw2", LENA), Strength::TooShort(1));
    }

    #[test]
    fn what_others_would_try_first_is_not_enough() {
        for password in [
            "12345678",
            "87654321",
            "abcdefgh",
            "qwertzui",
            "Qwertz123",
            "aaaaaaaa",
            "abababab",
            "Passwort1",
            "Passwort2026!",
            "lenavogt",
            "Lena.Vogt",
            "VogtLena1",
            "Musterstadt1",
            "Klinikum2026",
            "Konsil123",
            "Sommer2026!",
            "11111111111111111",
        ] {
            assert_eq!(strength(password, LENA), Strength::Guessable, "{password}");
        }
    }

    #[test]
    fn what_is_long_and_own_is_enough() {
        for password in ["hx7dkw2p", "Kastanie!", "rot-Ampel4"] {
            assert_eq!(strength(password, LENA), Strength::Fair, "{password}");
        }
        for password in ["Kastanie am Bahnhof", "drei Äpfel, kein Wurm", "Lena isst gern Pflaumen"]
        {
            assert_eq!(strength(password, LENA), Strength::Strong, "{password}");
        }
    }

    #[test]
    fn the_same_password_is_weaker_for_whom_it_names() {
        assert!(strength("Kastanie", &[]).is_enough());
        assert!(!strength("Kastanie", &["Uwe Kastanie"]).is_enough());
    }
}
