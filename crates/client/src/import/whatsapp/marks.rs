//! Letters nobody sees: WhatsApp puts them before what it has written itself, and around names.

use std::borrow::Cow;

/// Stands before WhatsApp's own words on iOS (left-to-right mark). Nobody can type it by accident.
pub(super) const OWN_WORDS: char = '\u{200e}';

/// Says only in which direction to write, or that the text begins here.
pub(super) fn is_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Blanks within a line; newer devices write narrow ones before AM and PM.
pub(super) fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\u{a0}' | '\u{202f}')
}

/// The text without marks, without blanks around it, and with one kind of line end.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_matches(|it: char| is_mark(it) || it.is_whitespace());
    // The first bytes of all marks in UTF-8: most texts have none of them.
    if !trimmed.bytes().any(|it| matches!(it, 0xe2 | 0xef | b'\r')) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(trimmed.replace(is_mark, "").replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_and_all_other_letters_stay() {
        assert_eq!(plain("\u{feff} @\u{2068}Anna\u{2069}, \u{200e}ok \r\n"), "@Anna, ok");
        assert_eq!(plain("eins\r\nzwei\rdrei\n\nvier"), "eins\nzwei\ndrei\n\nvier");
        // A family is held together by letters that are no marks.
        for text in ["👨\u{200d}👩\u{200d}👧", "„Süß“ – 5 €", "مرحبا"] {
            assert_eq!(plain(text), text);
        }
    }
}
