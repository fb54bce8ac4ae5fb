//! The hospital's directory of people. <https://spec.matrix.org/v1.19/client-server-api/#user-directory>
//!
//! Everybody with an account here finds everybody else, by name, user id, role or department: that is what a directory in a
//! hospital is for. Case, accents and umlauts do not matter: "Muller" and "mueller" both find Müller.

use db::Error;
use ruma::{OwnedUserId, UserId};
use serde_json::{Map, Value};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{
    Homeserver, Session,
    profiles::{self, DEPARTMENT, DISPLAYNAME, ROLE},
};

/// Most people in one answer.
pub const MAX_RESULTS: usize = 100;
/// Matches among which the best are chosen.
const CANDIDATES: u32 = 1_000;
/// Longest search, in characters; the rest is ignored.
const MAX_TERM_CHARS: usize = 256;

/// A person in the directory.
#[derive(Debug)]
pub struct Person {
    /// Matrix user id.
    pub user_id: OwnedUserId,
    /// The profile.
    pub fields: Map<String, Value>,
}

/// The people who match all words of `term`, best first, without the one who asks; and whether there are more. Without a
/// word: everybody, by name.
pub async fn search(
    hs: &Homeserver,
    session: &Session,
    term: &str,
    limit: usize,
) -> Result<(Vec<Person>, bool), Error> {
    let words = words_of(term);
    let limit = limit.min(MAX_RESULTS);
    let rows = store::profiles::search(&hs.db, session.user, &words, CANDIDATES).await?;
    let mut people = Vec::with_capacity(rows.len());
    for (user_id, fields) in rows {
        people.push(Person { user_id, fields: profiles::fields_of(fields.as_ref())? });
    }
    if let Some(id) = whole_id(term) {
        people.retain(|person| person.user_id == id);
    }
    // Stable: people of one rank stay in the order of the directory.
    people.sort_by_cached_key(|person| rank(person, &words));
    let limited = people.len() > limit;
    people.truncate(limit);
    Ok((people, limited))
}

/// The user id, if the search is a whole one: it finds its owner and nobody whose name is similar.
fn whole_id(term: &str) -> Option<OwnedUserId> {
    UserId::parse(term.trim().to_lowercase()).ok()
}

/// The words of a search, as [`search_text`] writes them.
fn words_of(term: &str) -> Vec<String> {
    let term: String = term
        .chars()
        .filter(|letter| !letter.is_control() || letter.is_whitespace())
        .take(MAX_TERM_CHARS)
        .collect();
    // A whole user id finds its owner, whatever its server is called.
    let term = match term.trim().strip_prefix('@') {
        Some(id) => id.split(':').next().unwrap_or_default(),
        None => term.trim(),
    };
    let mut words: Vec<_> = fold_as_written(term).split_whitespace().map(str::to_owned).collect();
    words.truncate(store::profiles::SEARCH_WORDS);
    words
}

/// 0 if the name starts with the first word, 1 if a word of the name does, 2 for all others.
fn rank(person: &Person, words: &[String]) -> u8 {
    let Some(first) = words.first() else { return 0 };
    let name = person
        .fields
        .get(DISPLAYNAME)
        .and_then(Value::as_str)
        .unwrap_or(person.user_id.localpart());
    let forms = [fold(name), fold_as_written(name)];
    if forms.iter().any(|name| name.starts_with(first)) {
        0
    } else if forms
        .iter()
        .any(|name| name.split([' ', '-', '.']).any(|word| word.starts_with(first)))
    {
        1
    } else {
        2
    }
}

/// What the directory searches of a profile: name, role and department, each once as people without umlauts on their
/// keyboard write it ("mueller") and once without accents ("muller").
pub(crate) fn search_text(fields: &Map<String, Value>) -> String {
    let text = [DISPLAYNAME, ROLE, DEPARTMENT]
        .map(|key| fields.get(key).and_then(Value::as_str).unwrap_or_default());
    let text = text.join(" ");
    let (plain, written) = (fold(&text), fold_as_written(&text));
    let text = if plain == written { plain } else { format!("{plain} {written}") };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower case, without accents: `müller` becomes `muller`.
fn fold(text: &str) -> String {
    let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter) && !letter.is_control());
    letters.flat_map(char::to_lowercase).fold(
        String::with_capacity(text.len()),
        |mut out, letter| {
            match letter {
                'ß' => out.push_str("ss"),
                'æ' => out.push_str("ae"),
                'œ' => out.push_str("oe"),
                'ø' => out.push('o'),
                'ł' => out.push('l'),
                'đ' => out.push('d'),
                'ı' => out.push('i'),
                letter => out.push(letter),
            }
            out
        },
    )
}

/// As [`fold`], but with the German way to write umlauts: `müller` becomes `mueller`.
pub(crate) fn fold_as_written(text: &str) -> String {
    let text = text.nfc().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            'ä' | 'Ä' => out.push_str("ae"),
            'ö' | 'Ö' => out.push_str("oe"),
            'ü' | 'Ü' => out.push_str("ue"),
            letter => out.push(letter),
        }
        out
    });
    fold(&text)
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::json;

    use super::*;

    fn fields(name: &str, role: &str, department: &str) -> Map<String, Value> {
        json!({ DISPLAYNAME: name, ROLE: role, DEPARTMENT: department })
            .as_object()
            .unwrap()
            .clone()
    }

    fn finds(term: &str, fields: &Map<String, Value>) -> bool {
        let text = search_text(fields);
        words_of(term).iter().all(|word| text.contains(word.as_str()))
    }

    #[test]
    fn case_accents_and_umlauts_do_not_matter() {
        let mueller = fields("Dr. Jörg MÜLLER", "Oberarzt", "Neurologie");
        for term in [
            "müller",
            "Muller",
            "mueller",
            "JOERG",
            "jorg",
            "u\u{308}ller",
            "neuro mull",
            "oberarzt Neurologie",
        ] {
            assert!(finds(term, &mueller), "{term}");
        }
        for term in ["miller", "radiologie", "müller radiologie"] {
            assert!(!finds(term, &mueller), "{term}");
        }
        assert!(finds("Müller", &fields("Petra Mueller", "", "")));
        assert!(finds("strasse", &fields("Straße", "", "")));
        assert!(finds("citak", &fields("Ayşe Çıtak", "", "")));
    }

    #[test]
    fn a_whole_user_id_finds_its_owner() {
        assert_eq!(words_of("@anna.meyer:klinikum.test"), ["anna.meyer"]);
        assert_eq!(words_of("  Anna   Meyer "), ["anna", "meyer"]);
        assert!(words_of("\0 \u{7}").is_empty());
    }

    #[test]
    fn a_search_has_a_bounded_number_of_words() {
        assert_eq!(words_of(&"x ".repeat(10_000)).len(), store::profiles::SEARCH_WORDS);
    }

    #[test]
    fn names_that_begin_with_the_word_come_first() {
        let person = |name: &str| Person {
            user_id: user_id!("@x:klinikum.test").to_owned(),
            fields: fields(name, "Meyer-Station", ""),
        };
        let words = words_of("mey");
        assert_eq!(rank(&person("Meyer, Anna"), &words), 0);
        assert_eq!(rank(&person("Anna Meyer"), &words), 1);
        assert_eq!(rank(&person("Anna Schulz-Meyer"), &words), 1);
        assert_eq!(rank(&person("Jonas Weber"), &words), 2);
    }
}
