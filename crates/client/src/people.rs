//! People: who somebody is, as it stands in the header, above the composer and in the directory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use eyeball::SharedObservable;
use matrix_sdk::Client;
use ruma::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ids::PersonId, kept, session::core::Core, trouble::Trouble};

/// A person of the hospital's directory, or somebody met in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who it is.
    pub id: PersonId,
    /// Name to show. Falls back to the first part of the identifier.
    pub name: String,
    /// What they are ("Oberärztin"), if the directory says so.
    pub role: Option<String>,
    /// Where they work ("Kardiologie"), if the directory says so.
    pub department: Option<String>,
    /// Telephone number, if the directory says so.
    pub phone: Option<String>,
}

impl Person {
    /// Somebody of whom only the identifier is known yet.
    pub fn unknown(id: PersonId) -> Self {
        let name = local_part(id.as_str()).to_owned();
        Self { id, name, role: None, department: None, phone: None }
    }

    /// One or two letters for the avatar; see [`initials`].
    pub fn initials(&self) -> String {
        initials(&self.name)
    }

    /// Role and department in one line, as far as they are known.
    pub fn position(&self) -> Option<String> {
        match (&self.role, &self.department) {
            (Some(role), Some(department)) => Some(format!("{role} · {department}")),
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }

    /// A number from 0 to 7 for the avatar's colour, always the same for the same person.
    pub fn tint(&self) -> u8 {
        tint(self.id.as_str())
    }
}

/// What is known of people: from the directory, kept on this device so that names and roles are there without network.
#[derive(Default)]
pub(crate) struct People {
    known: Mutex<BTreeMap<String, Profile>>,
    /// Those we have asked for since the start, so that each is asked for once.
    asked: Mutex<BTreeSet<String>>,
    /// Counted up when somebody became known or changed.
    pub changed: SharedObservable<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub name: Option<String>,
    pub role: Option<String>,
    pub department: Option<String>,
    pub phone: Option<String>,
}

impl Profile {
    /// From a profile, or from a result of a search, both of which have the fields side by side.
    pub fn from_fields<'a>(field: impl Fn(&str) -> Option<&'a Value>, name_field: &str) -> Self {
        let text = |key| {
            field(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            name: text(name_field),
            role: text(vocabulary::profile::ROLE),
            department: text(vocabulary::profile::DEPARTMENT),
            phone: text(vocabulary::profile::PHONE),
        }
    }

    pub fn person(self, id: &str, fallback_name: Option<&str>) -> Person {
        let name = self
            .name
            .or(fallback_name.map(str::to_owned))
            .unwrap_or_else(|| local_part(id).to_owned());
        Person {
            id: PersonId::new(id),
            name,
            role: self.role,
            department: self.department,
            phone: self.phone,
        }
    }
}

const KEPT_AS: &str = "konsil.people";

impl People {
    pub async fn load(&self, client: &Client) {
        let kept: BTreeMap<String, Profile> = kept::read(client, KEPT_AS).await.unwrap_or_default();
        *self.known.lock().expect("no panic while held") = kept;
    }

    /// The person as known now. Somebody unknown is looked up in the background; [`Self::changed`] tells the result.
    pub fn person(&self, core: &Arc<Core>, id: &UserId, fallback_name: Option<&str>) -> Person {
        self.ask_once(core, id);
        match self.known.lock().expect("no panic while held").get(id.as_str()) {
            Some(profile) => profile.clone().person(id.as_str(), fallback_name),
            None => Person {
                name: fallback_name.unwrap_or_else(|| local_part(id.as_str())).to_owned(),
                ..Person::unknown(PersonId::new(id))
            },
        }
    }

    /// Everybody met so far.
    pub fn all(&self) -> Vec<Person> {
        let known = self.known.lock().expect("no panic while held");
        known.iter().map(|(id, profile)| profile.clone().person(id, None)).collect()
    }

    /// Asks the server for somebody's profile and keeps it.
    pub async fn fetch(&self, client: &Client, id: &UserId) -> Result<Person, Trouble> {
        let response = client
            .account()
            .fetch_user_profile_of(id)
            .await
            .map_err(|error| Trouble::of(&error))?;
        let profile = Profile::from_fields(|key| response.get(key), "displayname");
        self.learn(client, [(id.to_string(), profile.clone())]).await;
        Ok(profile.person(id.as_str(), None))
    }

    /// Keeps what was found out about people.
    pub async fn learn(&self, client: &Client, found: impl IntoIterator<Item = (String, Profile)>) {
        let snapshot = {
            let mut known = self.known.lock().expect("no panic while held");
            let mut news = false;
            for (id, profile) in found {
                news |= known.insert(id, profile.clone()).as_ref() != Some(&profile);
            }
            if !news {
                return;
            }
            known.clone()
        };
        kept::write(client, KEPT_AS, &snapshot).await;
        self.changed.update(|n| *n += 1);
    }

    /// After a time without connection: those that could not be asked for are asked for again.
    pub fn refresh(&self, core: &Arc<Core>) {
        let asked = std::mem::take(&mut *self.asked.lock().expect("no panic while held"));
        for id in asked {
            if let Ok(id) = UserId::parse(&id) {
                self.ask_once(core, &id);
            }
        }
    }

    fn ask_once(&self, core: &Arc<Core>, id: &UserId) {
        if !self.asked.lock().expect("no panic while held").insert(id.to_string()) {
            return;
        }
        let (core, id) = (core.clone(), id.to_owned());
        core.clone().spawn(async move {
            if let Err(trouble) = core.people.fetch(&core.client, &id).await {
                tracing::debug!(trouble = trouble.code(), "A profile could not be fetched");
            }
            if id == core.own_id {
                let person = core.people.person(&core, &id, None);
                core.me.update(|me| me.person = person);
            }
        });
    }
}

/// A number from 0 to 7, always the same for the same text.
pub fn tint(text: &str) -> u8 {
    // FNV-1a: a hash that stays the same on every platform and in every version, unlike std's.
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash % 8) as u8
}

/// One or two letters for an avatar: first and last name, without titles ("Dr. Anna Meyer" gives "AM").
pub fn initials(name: &str) -> String {
    let is_title = |word: &&str| {
        !word.ends_with('.') && !matches!(*word, "Pfleger" | "Schwester" | "Dr" | "Prof")
    };
    let mut words: Vec<&str> = name.split_whitespace().filter(is_title).collect();
    if words.is_empty() {
        words = name.split_whitespace().collect();
    }
    let first = |word: &&str| word.chars().find(|c| c.is_alphanumeric());
    let letters: String = match words.as_slice() {
        [] => String::new(),
        [only] => first(only).into_iter().collect(),
        [start, .., end] => first(start).into_iter().chain(first(end)).collect(),
    };
    letters.to_uppercase()
}

/// Whether two names could be taken for each other: the same family name, or one that differs in a letter or two, with a
/// first name that begins alike. Titles do not count.
pub fn is_similar(one: &str, other: &str) -> bool {
    let (one, other) = (parts(one), parts(other));
    let (Some((first, family)), Some((other_first, other_family))) = (one, other) else {
        return false;
    };
    let sounds_alike = spoken(&family) == spoken(&other_family);
    let apart = letters_apart(&family, &other_family);
    let close = apart <= 1 && family.chars().count().min(other_family.chars().count()) >= 4;
    let begins_alike = first.chars().next() == other_first.chars().next();
    (sounds_alike || close) && (begins_alike || first == other_first)
        || family == other_family && letters_apart(&first, &other_first) <= 2
}

/// First and family name, in lower case.
fn parts(name: &str) -> Option<(String, String)> {
    let words: Vec<String> = name
        .split_whitespace()
        .filter(|word| !word.ends_with('.') && !matches!(*word, "Dr" | "Prof"))
        .map(str::to_lowercase)
        .collect();
    match words.as_slice() {
        [] => None,
        [only] => Some((String::new(), only.clone())),
        [first, .., family] => Some((first.clone(), family.clone())),
    }
}

/// German names that are written differently and sound alike: Meyer, Maier, Mayr; Schmidt, Schmitt.
fn spoken(name: &str) -> String {
    let mut spoken = name.replace("ai", "ei").replace("ay", "ei").replace("ey", "ei");
    for (written, heard) in [("dt", "t"), ("tt", "t"), ("ph", "f"), ("th", "t"), ("ck", "k")] {
        spoken = spoken.replace(written, heard);
    }
    let spoken = spoken.replace("ier", "ir").replace("er", "r");
    spoken.replace("eir", "ir")
}

/// How many letters have to be changed, added or left out (Levenshtein).
fn letters_apart(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, other) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[place + 1];
            row[place + 1] = change.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

pub(crate) fn local_part(user_id: &str) -> &str {
    let without_sigil = user_id.strip_prefix('@').unwrap_or(user_id);
    without_sigil.split(':').next().unwrap_or(without_sigil)
}

/// Whether what was typed names this user: the whole identifier, or its first part.
pub(crate) fn is_same(user_id: &str, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    typed == user_id || typed.trim_start_matches('@') == local_part(user_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_leave_titles_out() {
        for (name, expected) in [
            ("Dr. Anna Meyer", "AM"),
            ("Prof. Dr. med. Karl-Heinz von Aue", "KA"),
            ("Pfleger Jonas Weber", "JW"),
            ("Özlem Şahin", "ÖŞ"),
            ("anna", "A"),
            ("Dr.", "D"),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_could_be_taken_for_each_other_are_similar() {
        for (one, other, expected) in [
            ("Dr. Anna Meyer", "Dr. Anna Maier", true),
            ("Dr. Anna Meyer", "Annika Mayr", true),
            ("Jonas Weber", "Jonas Webber", true),
            ("Jonas Weber", "Jona Weber", true),
            ("Lena Schmidt", "Lara Schmitt", true),
            ("Dr. Anna Meyer", "Jonas Weber", false),
            ("Dr. Anna Meyer", "Dr. Petra Holm", false),
            ("Anna Meyer", "Karl-Heinz Maier", false),
            ("Anna Roth", "Anna Both", true),
            ("Ina Ott", "Ina Utz", false),
            ("", "Anna Meyer", false),
        ] {
            assert_eq!(is_similar(one, other), expected, "{one} and {other}");
            assert_eq!(is_similar(other, one), expected, "{other} and {one}");
        }
    }

    #[test]
    fn somebody_unknown_is_called_by_the_first_part_of_the_identifier() {
        assert_eq!(
            Person::unknown(PersonId::new("@anna.meyer:klinikum.example")).name,
            "anna.meyer"
        );
    }

    #[test]
    fn the_tint_depends_on_the_text_alone() {
        assert_eq!(tint("@anna:klinikum.example"), tint("@anna:klinikum.example"));
        assert!((0..100).map(|n| tint(&n.to_string())).any(|t| t != tint("0")));
        assert!((0..100).all(|n| tint(&n.to_string()) < 8));
    }

    #[test]
    fn a_device_is_kept_for_its_owner_however_the_name_is_typed() {
        let anna = "@anna.meyer:klinikum.example";
        for typed in ["anna.meyer", " Anna.Meyer ", "@anna.meyer", anna] {
            assert!(is_same(anna, typed), "{typed}");
        }
        for typed in ["anna", "jonas", "@anna.meyer:reha.example", ""] {
            assert!(!is_same(anna, typed), "{typed}");
        }
    }
}
