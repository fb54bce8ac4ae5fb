//! The app's words, in German and English.
//!
//! Every text is a function of [`Lang`], so a text without one of the languages, or with a wrong argument, does not
//! compile. German is written first; English follows it. Plain words, no technical terms (docs: `design.md`, "Words").

/// Defines texts without arguments as methods of [`Lang`], and the table that the tests walk through.
macro_rules! words {
    ($($name:ident: $de:literal, $en:literal;)+) => {
        impl $crate::i18n::Lang {
            $(
                #[doc = $de]
                pub fn $name(self) -> &'static str {
                    match self {
                        Self::De => $de,
                        Self::En => $en,
                    }
                }
            )+
        }

        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $de, $en)),+];
    };
}

mod backup_texts;
mod chat_import_texts;
mod contact_texts;
mod crash_texts;
mod document_texts;
mod emoji_names;
mod export_texts;
mod finding_texts;
mod invitation;
mod key_file_texts;
mod link_texts;
mod list_texts;
mod lock_texts;
mod notifications;
mod system;
mod texts;
mod update_texts;

pub use emoji_names::emoji_name;
pub use system::SystemText;

/// A language of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// German, the language of the hospitals.
    #[default]
    De,
    /// English.
    En,
}

impl Lang {
    /// The language for a tag such as `de-AT`: German for German, English for all others.
    pub fn for_tag(tag: &str) -> Self {
        let is_german = tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("de"));
        if is_german { Self::De } else { Self::En }
    }

    /// The tag for `<html lang>`, which screen readers choose their voice by.
    pub fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }

    /// A file's size for people: `840 B`, `12 KB`, `3,4 MB`. Units are powers of ten, as operating systems show them.
    pub fn size(self, bytes: u64) -> String {
        let (unit, name) = match bytes {
            0..1_000 => return format!("{bytes} B"),
            1_000..1_000_000 => (1_000, "KB"),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            _ => (1_000_000_000, "GB"),
        };
        let tenths = (u128::from(bytes) * 10 / unit) as u64;
        if tenths >= 100 || unit == 1_000 {
            return format!("{} {name}", tenths.div_ceil(10));
        }
        let point = if self == Self::De { ',' } else { '.' };
        format!("{}{point}{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        texts::ALL
            .iter()
            .chain(notifications::ALL)
            .chain(invitation::ALL)
            .chain(lock_texts::ALL)
            .chain(export_texts::ALL)
            .chain(key_file_texts::ALL)
            .chain(finding_texts::ALL)
            .chain(list_texts::ALL)
            .chain(link_texts::ALL)
            .chain(contact_texts::ALL)
            .chain(backup_texts::ALL)
            .chain(chat_import_texts::ALL)
            .chain(update_texts::ALL)
            .chain(crash_texts::ALL)
            .chain(document_texts::ALL)
    }

    #[test]
    fn every_text_says_something_in_both_languages() {
        for (name, de, en) in all() {
            for text in [de, en] {
                assert!(!text.trim().is_empty(), "{name} is empty");
                assert_eq!(text.trim(), *text, "{name} has spaces at its edge");
            }
        }
    }

    /// Texts that were forgotten in translation are usually the same in both languages.
    #[test]
    fn only_names_and_shared_words_are_the_same_in_both_languages() {
        let shared = [
            "app_name", "chats", "chat", "video", "emoji", "details", "german", "english",
            "system", "key_alt",
        ];
        for (name, de, en) in all() {
            assert!(de != en || shared.contains(name), "{name}: {de:?} in both");
        }
    }

    #[test]
    fn no_text_uses_words_that_only_engineers_know() {
        let banned = [
            "cross",
            "verifizier",
            "verify",
            "session",
            "sitzung",
            "token",
            "server-key",
            "megolm",
            "olm",
            "matrix",
            "sync",
            "event",
            "device id",
            "homeserver",
            "client",
        ];
        for (name, de, en) in all() {
            for text in [de, en] {
                let lower = text.to_lowercase();
                for word in banned {
                    assert!(!lower.contains(word), "{name} says {word:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_language_tag_chooses_german_only_for_german() {
        for (tag, lang) in [
            ("de", Lang::De),
            ("de-AT", Lang::De),
            ("DE", Lang::De),
            ("en-GB", Lang::En),
            ("fr", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::for_tag(tag), lang, "{tag}");
        }
    }

    #[test]
    fn sizes_are_short_and_in_the_language_of_the_reader() {
        for (bytes, de, en) in [
            (0, "0 B", "0 B"),
            (999, "999 B", "999 B"),
            (1_000, "1 KB", "1 KB"),
            (12_400, "13 KB", "13 KB"),
            (3_400_000, "3,4 MB", "3.4 MB"),
            (12_000_000, "12 MB", "12 MB"),
            (1_500_000_000, "1,5 GB", "1.5 GB"),
        ] {
            assert_eq!(Lang::De.size(bytes), de);
            assert_eq!(Lang::En.size(bytes), en);
        }
    }

    #[test]
    fn counts_are_singular_only_for_one() {
        for lang in [Lang::De, Lang::En] {
            assert_ne!(lang.unread_messages(1), lang.unread_messages(2).replace('2', "1"));
            assert_ne!(lang.members(1), lang.members(3).replace('3', "1"));
            assert_ne!(lang.try_again_in(1), lang.try_again_in(5).replace('5', "1"));
        }
    }
}
