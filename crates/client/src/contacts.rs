//! The person's own address book (I.c, I.d): apart from the phone's, and closed to the server.
//!
//! It lies in this device's encrypted store and, for the person's other devices, in account data at the server, closed by a key that
//! only confirmed devices of the person have (module `sealing`). It is there without network; what is changed meanwhile goes out later, and
//! what two devices change at once is merged line by line (module `book`).
//!
//! What somebody calls a person here stands in the address book alone. Over a chat stand the name and the role that the hospital vouches
//! for (M.6): otherwise a contact could pass for somebody else.

use std::{collections::BTreeMap, sync::Arc};

use ruma::MilliSecondsSinceUnixEpoch;

use crate::{Live, Session, ids::PersonId, people, people::Person};

mod book;
pub mod code;
mod csv;
pub mod import;
mod keeping;
mod sealing;
mod text;
mod vcard;

pub(crate) use keeping::{Keeping, handle_events, keep};

use book::{Book, Writer};

/// Most contacts of a book. What is closed has to fit into what a server takes.
pub const MAX_CONTACTS: usize = 4_000;
/// Longest note, in characters; other lines are shorter.
pub const MAX_NOTE: usize = 2_000;
/// Longest name, role or number, in characters.
pub const MAX_LINE: usize = 200;
/// Most numbers, and most mail addresses, of a contact.
pub const MAX_NUMBERS: usize = 20;

/// Somebody in the address book, as the person calls them. Texts that are not known are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Stable key; empty for one that is not kept yet.
    pub id: String,
    /// Name as the person calls them.
    pub name: String,
    /// What they are ("Oberärztin").
    pub role: String,
    /// Where they work in the house.
    pub department: String,
    /// In which house.
    pub hospital: String,
    /// Telephone numbers and extensions.
    pub phones: Vec<Phone>,
    /// Mail addresses.
    pub mails: Vec<String>,
    /// Who they are in Konsil, where they are.
    pub matrix: Option<PersonId>,
    /// What is to be remembered.
    pub note: String,
    /// How they came into the book.
    pub origin: Origin,
    /// Whether they stand on top.
    pub favourite: bool,
    /// What another device has given at the same time, and what is therefore open. Written without it, the choice is made.
    pub also: Vec<Also>,
}

/// What a line might say as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// Which line: `name`, `role`, `department`, `hospital`, `matrix` or `note`.
    pub line: &'static str,
    /// What it might say.
    pub value: String,
}

/// How a contact came into the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Typed in.
    #[default]
    ByHand,
    /// From the members of a chat.
    Group,
    /// From the hospital's directory.
    Directory,
    /// From an electronic business card.
    VCard,
    /// From a table.
    Csv,
    /// From a QR code.
    Qr,
}

/// A number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phone {
    /// Where it rings.
    pub kind: PhoneKind,
    /// As it is written.
    pub number: String,
}

/// Where a number rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhoneKind {
    /// At work.
    #[default]
    Work,
    /// Inside the house.
    Extension,
    /// Mobile.
    Mobile,
    /// At home.
    Home,
    /// A fax.
    Fax,
    /// Not said.
    Other,
}

impl PhoneKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Work, Self::Extension, Self::Mobile, Self::Home, Self::Fax, Self::Other];

    /// As it is written down.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Extension => "extension",
            Self::Mobile => "mobile",
            Self::Home => "home",
            Self::Fax => "fax",
            Self::Other => "other",
        }
    }

    /// From [`name`](Self::name).
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or(Self::Other)
    }
}

impl Phone {
    fn written(&self) -> String {
        format!("{} {}", self.kind.name(), self.number)
    }

    fn read(written: &str) -> Option<Self> {
        let (kind, number) = written.split_once(' ')?;
        Some(Self { kind: PhoneKind::named(kind), number: number.to_owned() })
    }

    /// What a telephone dials: digits, `+`, `*` and `#`.
    pub fn dialled(&self) -> String {
        let is_dialled = |c: &char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | ',');
        self.number.chars().filter(is_dialled).collect()
    }
}

impl Contact {
    /// From somebody whom the directory or a chat knows.
    pub fn of(person: &Person, origin: Origin, own_id: &PersonId) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let server =
            |id: &PersonId| id.as_str().split_once(':').map(|(_, server)| server.to_owned());
        let elsewhere = server(&person.id).filter(|theirs| server(own_id).as_ref() != Some(theirs));
        let phone = person.phone.clone();
        Self {
            name: person.name.clone(),
            role: text(&person.role),
            department: text(&person.department),
            hospital: elsewhere.unwrap_or_default(),
            phones: phone
                .map(|number| Phone { kind: PhoneKind::Work, number })
                .into_iter()
                .collect(),
            matrix: Some(person.id.clone()),
            origin,
            ..Self::default()
        }
    }

    /// Name to show: a contact may have nothing but a number.
    pub fn shown_name(&self) -> &str {
        let other = || self.phones.first().map(|phone| phone.number.as_str());
        let named = Some(self.name.as_str()).filter(|name| !name.is_empty()).or_else(other);
        let named = named.or_else(|| self.mails.first().map(String::as_str));
        named.or_else(|| self.matrix.as_ref().map(PersonId::as_str)).unwrap_or("–")
    }

    /// Role and department in one line.
    pub fn position(&self) -> Option<String> {
        let parts = [&self.role, &self.department, &self.hospital];
        let parts: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    /// One or two letters for the avatar.
    pub fn initials(&self) -> String {
        people::initials(self.shown_name())
    }

    /// A number from 0 to 7 for the avatar's colour: that of the person, where they are in Konsil.
    pub fn tint(&self) -> u8 {
        people::tint(self.matrix.as_ref().map_or(self.name.as_str(), PersonId::as_str))
    }

    /// Under which letter they stand: by family name, as on a ward's list.
    pub fn letter(&self) -> char {
        let first = sort_key(self.shown_name()).chars().next();
        first.filter(|c| c.is_alphabetic()).and_then(|c| c.to_uppercase().next()).unwrap_or('#')
    }

    /// Whether anything of it contains every word that is typed.
    pub fn matches(&self, typed: &str) -> bool {
        let phones: String = self.phones.iter().map(Phone::dialled).collect::<Vec<_>>().join(" ");
        let matrix = self.matrix.as_ref().map(PersonId::as_str).unwrap_or_default();
        let all = [
            self.name.as_str(),
            &self.role,
            &self.department,
            &self.hospital,
            &self.note,
            &phones,
            &self.mails.join(" "),
            matrix,
        ]
        .join("\n");
        let all = text::folded(&all);
        let typed = text::folded(typed);
        let mut words =
            typed.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
        words.all(|word| all.contains(word))
    }
}

/// By family name, then the others; without titles; umlauts as their vowels (DIN 5007-1).
fn sort_key(name: &str) -> String {
    let is_title = |word: &&str| word.ends_with('.') || matches!(*word, "Dr" | "Prof");
    let mut words: Vec<&str> = name.split_whitespace().filter(|word| !is_title(word)).collect();
    if words.is_empty() {
        words = name.split_whitespace().collect();
    }
    let family = words.pop().filter(|word| word.starts_with(char::is_alphabetic));
    match family {
        Some(family) => text::folded(&format!("{family} {}", words.join(" "))),
        None => text::folded(name),
    }
}

/// The book as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookView {
    /// Everybody, by family name.
    pub contacts: Arc<Vec<Arc<Contact>>>,
    /// Whether this device has ever seen what the server has. Before, nothing can be said of an empty book.
    pub is_known: bool,
    /// Something was changed here that the person's other devices cannot see yet.
    pub is_waiting: bool,
    /// This device is not confirmed: it can neither read what others of the person's devices keep, nor give them anything.
    pub needs_confirming: bool,
    /// Something at the server cannot be read, because it is damaged. What this device has is put in its place.
    pub is_mended: bool,
}

/// Why something was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// There is neither a name nor a number nor anything else to find them by.
    #[error("a contact needs a name or a number")]
    Nameless,
    /// A Matrix ID is none.
    #[error("this is no address in Konsil")]
    NoMatrixId,
    /// The book is full.
    #[error("the book is full")]
    Full,
    /// A line is too long.
    #[error("a line is too long")]
    TooLong,
}

/// Handle of a session; clone it freely.
#[derive(Clone)]
pub struct Contacts {
    pub(crate) session: Session,
}

impl Contacts {
    fn keeping(&self) -> &Keeping {
        &self.session.inner.core.contacts
    }

    /// The book.
    pub fn view(&self) -> Live<BookView> {
        Live::of(&self.keeping().view)
    }

    /// One of them, as it is now.
    pub fn get(&self, id: &str) -> Option<Contact> {
        self.keeping().with(|book| book.get(id).and_then(|entry| entry.contact(id)))
    }

    /// Who has this Matrix ID.
    pub fn of_person(&self, person: &PersonId) -> Option<Contact> {
        let is_theirs = |contact: &Contact| contact.matrix.as_ref() == Some(person);
        let view = self.keeping().view.get();
        view.contacts.iter().find(|contact| is_theirs(contact)).map(|found| (**found).clone())
    }

    /// Keeps a new contact, or what was changed in one since `seen`. Returns its key.
    pub async fn keep(&self, seen: &Contact, new: &Contact) -> Result<String, ContactError> {
        let new = checked(new)?;
        let id = if seen.id.is_empty() { new_id() } else { seen.id.clone() };
        self.put(&[(id.clone(), seen.clone(), new)]).await?;
        Ok(id)
    }

    /// Puts somebody on top, or no longer.
    pub async fn favour(&self, id: &str, favourite: bool) {
        if let Some(seen) = self.get(id) {
            let new = Contact { favourite, ..seen.clone() };
            // Nothing of it is longer than before.
            let _ = self.put(&[(id.to_owned(), seen, new)]).await;
        }
    }

    /// Deletes a contact, here and on the person's other devices.
    pub async fn delete(&self, id: &str) {
        let delete = |book: &mut Book| book.get_mut(id).into_iter().for_each(book::Entry::delete);
        self.shrink(delete, [id]).await;
    }

    /// Deletes all contacts, here and on the person's other devices.
    pub async fn delete_all(&self) {
        let ids: Vec<String> = self.keeping().with(|book| {
            let there = book.iter().filter(|(_, entry)| entry.is_there());
            there.map(|(id, _)| id.clone()).collect()
        });
        let ids = ids.iter().map(String::as_str);
        self.shrink(|book| book.values_mut().for_each(book::Entry::delete), ids).await;
    }

    /// Several at once, or none: key, what was seen, and what is to be there.
    async fn put(&self, all: &[(String, Contact, Contact)]) -> Result<(), ContactError> {
        let new = all.iter().filter(|(_, seen, _)| seen.id.is_empty()).count();
        if self.keeping().view.get().contacts.len() + new > MAX_CONTACTS {
            return Err(ContactError::Full);
        }
        let core = &self.session.inner.core;
        let device = core.client.device_id().map(ToString::to_string).unwrap_or_default();
        let by = Writer { device: &device, now_ms: MilliSecondsSinceUnixEpoch::now().get().into() };
        let write = |book: &mut Book| {
            for (id, seen, new) in all {
                book.entry(id.clone()).or_default().write(seen, new, by);
            }
        };
        let ids = all.iter().map(|(id, ..)| id.as_str());
        self.keeping().change(core, write, ids).await
    }

    /// A change after which there is less.
    async fn shrink<'a>(
        &self,
        change: impl FnOnce(&mut Book),
        ids: impl IntoIterator<Item = &'a str>,
    ) {
        let changed = self.keeping().change(&self.session.inner.core, change, ids).await;
        debug_assert_eq!(changed, Ok(()), "what has become smaller still fits");
    }
}

/// A key for a new contact. Its first digit says in which drawer it lies.
fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Without spaces around, and within the limits.
fn checked(contact: &Contact) -> Result<Contact, ContactError> {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut checked = Contact {
        name: line(&contact.name),
        role: line(&contact.role),
        department: line(&contact.department),
        hospital: line(&contact.hospital),
        note: contact.note.trim().to_owned(),
        ..contact.clone()
    };
    for phone in &mut checked.phones {
        phone.number = line(&phone.number);
    }
    checked.phones.retain(|phone| !phone.number.is_empty());
    for mail in &mut checked.mails {
        *mail = line(mail);
    }
    checked.mails.retain(|mail| !mail.is_empty());
    let is_long = |text: &str| text.chars().count() > MAX_LINE;
    let lines = [&checked.name, &checked.role, &checked.department, &checked.hospital];
    if lines.into_iter().chain(&checked.mails).any(|text| is_long(text))
        || checked.phones.iter().any(|phone| is_long(&phone.number))
        || checked.note.chars().count() > MAX_NOTE
        || checked.phones.len() > MAX_NUMBERS
        || checked.mails.len() > MAX_NUMBERS
    {
        return Err(ContactError::TooLong);
    }
    if let Some(id) = &checked.matrix
        && ruma::UserId::parse(id.as_str()).is_err()
    {
        return Err(ContactError::NoMatrixId);
    }
    let is_nameless = checked.name.is_empty()
        && checked.phones.is_empty()
        && checked.mails.is_empty()
        && checked.matrix.is_none();
    if is_nameless { Err(ContactError::Nameless) } else { Ok(checked) }
}

/// Everybody in the book as they are shown.
fn shown(book: &Book) -> Vec<Arc<Contact>> {
    let all = book.iter().filter_map(|(id, entry)| entry.contact(id));
    let by_name: BTreeMap<(String, String), Arc<Contact>> = all
        .map(|contact| ((sort_key(contact.shown_name()), contact.id.clone()), Arc::new(contact)))
        .collect();
    by_name.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Contact {
        Contact { name: name.into(), ..Contact::default() }
    }

    #[test]
    fn people_stand_under_their_family_name() {
        for (name, letter) in [
            ("Dr. Anna Meyer", 'M'),
            ("Prof. Dr. med. Özlem Äker", 'A'),
            ("Station 3", 'S'),
            ("4711", '#'),
            ("Zentrale", 'Z'),
            ("", '#'),
        ] {
            assert_eq!(named(name).letter(), letter, "{name}");
        }
    }

    #[test]
    fn whoever_is_typed_is_found_by_name_number_or_place() {
        let contact = Contact {
            department: "Kardiologie".into(),
            phones: vec![Phone { kind: PhoneKind::Work, number: "0511 / 123-47 11".into() }],
            ..named("Dr. Jörg Weiß")
        };
        for typed in ["jorg", "Weiss", "kardio weiß", "1234711", "0511 / 123", ""] {
            assert!(contact.matches(typed), "{typed}");
        }
        for typed in ["Anna", "weiß 4712"] {
            assert!(!contact.matches(typed), "{typed}");
        }
    }

    #[test]
    fn what_nobody_could_find_again_is_not_kept() {
        assert_eq!(checked(&named("  ")), Err(ContactError::Nameless));
        let long = named(&"x".repeat(MAX_LINE + 1));
        assert_eq!(checked(&long), Err(ContactError::TooLong));
        let wrong = Contact { matrix: Some(PersonId::new("anna")), ..named("Anna") };
        assert_eq!(checked(&wrong), Err(ContactError::NoMatrixId));
        let clean = checked(&named("  Dr.  Anna \t Meyer ")).expect("it has a name");
        assert_eq!(clean.name, "Dr. Anna Meyer");
    }

    #[test]
    fn only_what_is_dialled_goes_into_the_telephone() {
        let phone = |number: &str| Phone { kind: PhoneKind::Work, number: number.into() };
        assert_eq!(phone("+49 (511) 123-4711").dialled(), "+495111234711");
        assert_eq!(phone("Pforte: *21#").dialled(), "*21#");
    }
}
