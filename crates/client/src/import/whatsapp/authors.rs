//! Who has written a message.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::{
    marks::{is_mark, is_space, plain},
    words,
};

/// The authors whose names have a colon.
pub(super) struct Authors<'a> {
    /// What is before the colon.
    with_colon: HashSet<Cow<'a, str>>,
}

impl<'a> Authors<'a> {
    /// How often a name has to occur before its colon is taken for a part of it.
    const OFTEN: usize = 5;

    /// Finds them: what seems to be of `Station 3` always goes on with `Anna:` or `Jonas:`, and so it is of `Station 3: Anna`
    /// or `Station 3: Jonas`.
    pub(super) fn of(messages: impl Iterator<Item = &'a str>) -> Self {
        let mut seen: HashMap<Cow<str>, Option<Names>> = HashMap::new();
        for message in messages {
            let Some((author, text)) = split_author(message) else { continue };
            let entry = seen.entry(author).or_insert_with(|| Some(Default::default()));
            let Some((names, count)) = entry else { continue };
            match split_author(text) {
                Some((name, _)) => {
                    names.insert(name);
                    *count += 1;
                }
                None => *entry = None,
            }
        }
        let is_often = |(names, count): Names| count >= names.len() * Self::OFTEN;
        seen.retain(|_, names| names.take().is_some_and(is_often));
        Self { with_colon: seen.into_keys().collect() }
    }

    /// Author and text. `None`: it is a line of the system.
    pub(super) fn split<'b>(&self, text: &'b str) -> Option<(Cow<'b, str>, &'b str)> {
        let (author, text) = split_author(text)?;
        if !self.with_colon.contains(&author) {
            return Some((author, text));
        }
        let (name, text) = split_author(text)?;
        Some((format!("{author}: {name}").into(), text))
    }
}

/// What follows a name's colon, and how often the name occurs.
type Names<'a> = (HashSet<Cow<'a, str>>, usize);

/// Divides author and text at the first colon with a blank after it, or at the line's end.
fn split_author(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let line = text.split('\n').next().unwrap_or_default().trim_end();
    let is_end = |at: usize| {
        let rest = line[at + 1..].trim_start_matches(is_mark);
        rest.is_empty() || rest.starts_with(is_space)
    };
    let (at, _) = line.match_indices(':').find(|(at, _)| is_end(*at))?;
    let author = plain(&line[..at]);
    if author.is_empty() || words::names_group(&author) {
        return None;
    }
    let rest = &text[at + 1..];
    Some((author, rest.strip_prefix(is_space).unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(messages: &[&str], text: &str) -> Option<(String, String)> {
        let authors = Authors::of(messages.iter().copied());
        let (author, text) = authors.split(text)?;
        Some((author.into_owned(), text.to_owned()))
    }

    fn pair(author: &str, text: &str) -> Option<(String, String)> {
        Some((author.to_owned(), text.to_owned()))
    }

    #[test]
    fn an_author_ends_at_the_first_colon_with_a_blank() {
        assert_eq!(said(&[], "Anna: um 9:00: OP"), pair("Anna", "um 9:00: OP"));
        assert_eq!(said(&[], "+49 151 23456789: ja"), pair("+49 151 23456789", "ja"));
        assert_eq!(said(&[], "\u{202a}~ Anna\u{202c}: \u{200e}x"), pair("~ Anna", "\u{200e}x"));
        assert_eq!(said(&[], "Labor 1:1: ja"), pair("Labor 1:1", "ja"));
        assert_eq!(said(&[], "Anna:"), pair("Anna", ""));
        assert_eq!(said(&[], "Anna: \r\nja: nein"), pair("Anna", "\r\nja: nein"));
    }

    #[test]
    fn a_line_of_the_system_has_no_author() {
        assert_eq!(said(&[], "Anna hat dich hinzugefügt\nGrund: keiner"), None);
        assert_eq!(said(&[], "Anna hat die Gruppe „Station 3: Nord“ erstellt"), None);
        assert_eq!(said(&[], ": "), None);
    }

    #[test]
    fn names_have_a_colon_if_they_have_it_often() {
        let (anna, jonas) = ("Station 3: Anna: Info: OP", "Station 3: Jonas: ja");
        let often = [[anna; 5], [jonas; 5]].concat();
        assert_eq!(said(&often, anna), pair("Station 3: Anna", "Info: OP"));
        assert_eq!(said(&often, jonas), pair("Station 3: Jonas", "ja"));
        assert_eq!(said(&[anna, jonas], anna), pair("Station 3", "Anna: Info: OP"));
        let other = [&often[..], &["Station 3: Guten Tag"]].concat();
        assert_eq!(said(&other, anna), pair("Station 3", "Anna: Info: OP"));
    }
}
