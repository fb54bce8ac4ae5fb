//! People: who somebody is, as it stands in the header, above the composer and in the directory.

use crate::ids::PersonId;

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

pub(crate) fn local_part(user_id: &str) -> &str {
    let without_sigil = user_id.strip_prefix('@').unwrap_or(user_id);
    without_sigil.split(':').next().unwrap_or(without_sigil)
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
}
