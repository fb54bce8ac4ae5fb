//! Taking contacts over from elsewhere (I.d): what a source holds, what of it is there already, what cannot be read. Nothing comes into
//! the book before the person has seen that and agreed.

use std::{collections::HashMap, time::Duration};

use matrix_sdk::sleep::sleep;

use super::{Contact, ContactError, Contacts, Phone, checked, csv, new_id, text, vcard};
use crate::people;

/// What a source holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Contacts, in the order of the source.
    pub drafts: Vec<Draft>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Headings of a table that the book has no place for.
    pub left_out: Vec<String>,
}

/// A contact of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// In which line of the file it begins, from 1.
    pub line: usize,
    /// What it says.
    pub contact: Contact,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// In which line of the file, from 1.
    pub line: usize,
    /// Why.
    pub why: Why,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no business card in it.
    NoCard,
    /// The line of a card is none.
    NoLine,
    /// A card does not end.
    Unfinished,
    /// Its letters are of a kind that is not known here.
    Letters,
    /// There is neither a name nor a number.
    Nameless,
    /// The first line of a table does not say what its columns are.
    NoHeadings,
    /// A row has more cells than there are headings.
    TooManyCells,
    /// A quotation mark is not closed.
    OpenQuote,
    /// What should be a Matrix ID is none.
    NoMatrixId,
    /// A text or the list of numbers is too long for the book.
    TooLong,
}

impl Reading {
    /// Takes a contact if it can be one, and says why not otherwise.
    pub(super) fn take(&mut self, mut draft: Draft) {
        let why = match checked(&draft.contact) {
            Ok(contact) => {
                draft.contact = contact;
                return self.drafts.push(draft);
            }
            Err(ContactError::Nameless | ContactError::Full) => Why::Nameless,
            Err(ContactError::NoMatrixId) => Why::NoMatrixId,
            Err(ContactError::TooLong) => Why::TooLong,
        };
        self.unread.push(Unread { line: draft.line, why });
    }
}

/// Reads a file: business cards or a table, whatever it is.
pub fn read_file(bytes: &[u8]) -> Reading {
    let start = text::decoded(bytes.get(..4096).unwrap_or(bytes)).to_ascii_uppercase();
    if start.contains("BEGIN:VCARD") { vcard::read(bytes) } else { csv::read(bytes) }
}

/// What would become of a contact of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Lines of the file that say it; more than one where the same person comes several times.
    pub lines: Vec<usize>,
    /// What is in the book now; empty for somebody new.
    seen: Contact,
    /// What would be in the book.
    pub contact: Contact,
    /// Whether it is new.
    pub fate: Fate,
}

/// Whether a contact of a source is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are not in the book.
    New,
    /// They are not in the book, but somebody of another name has the same number or address: a ward's telephone, for example.
    SharesNumber(String),
    /// They are in the book, under this name, and something is added.
    Adds(String),
    /// They are in the book, and nothing is new.
    There,
}

/// Pause between two parts of a long list, so that the screen is drawn meanwhile.
const BREATH: Duration = Duration::from_millis(1);
/// How many are looked at between two pauses.
const AT_ONCE: usize = 200;

impl Contacts {
    /// Says what would become of each. `progress` hears how many were looked at.
    pub async fn offers(&self, drafts: &[Draft], progress: impl Fn(usize)) -> Vec<Offer> {
        let view = self.keeping().view.get();
        let mut known = Known::of(view.contacts.iter().map(|contact| (**contact).clone()));
        for (at, draft) in drafts.iter().enumerate() {
            known.learn(draft);
            if (at + 1) % AT_ONCE == 0 {
                progress(at + 1);
                sleep(BREATH).await;
            }
        }
        progress(drafts.len());
        known.offers()
    }

    /// Takes over what was agreed to: all of it or, where the book is full, nothing.
    pub async fn take(&self, offers: &[Offer]) -> Result<usize, ContactError> {
        let offers = offers.iter().filter(|offer| offer.fate != Fate::There);
        let all = offers.map(|offer| {
            let id = Some(offer.seen.id.clone()).filter(|id| !id.is_empty());
            Ok((id.unwrap_or_else(new_id), offer.seen.clone(), checked(&offer.contact)?))
        });
        let all: Vec<_> = all.collect::<Result<_, ContactError>>()?;
        self.put(&all).await?;
        Ok(all.len())
    }
}

/// Everybody known so far, to be found again by Matrix ID, number or address, and, for those who have none of these, by name.
struct Known {
    targets: Vec<Target>,
    by_matrix: HashMap<String, usize>,
    by_address: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, usize>,
}

struct Target {
    seen: Contact,
    now: Contact,
    lines: Vec<usize>,
    shares: Option<String>,
}

impl Known {
    fn of(contacts: impl Iterator<Item = Contact>) -> Self {
        let (targets, by_matrix, by_address, by_name) = Default::default();
        let mut known = Self { targets, by_matrix, by_address, by_name };
        for contact in contacts {
            let target =
                Target { now: contact.clone(), seen: contact, lines: Vec::new(), shares: None };
            known.targets.push(target);
            known.enter(known.targets.len() - 1);
        }
        known
    }

    fn enter(&mut self, at: usize) {
        let contact = &self.targets[at].now;
        if let Some(person) = &contact.matrix {
            self.by_matrix.insert(person.to_string(), at);
        }
        self.by_name.entry(text::folded(&contact.name)).or_insert(at);
        for address in addresses(contact) {
            let there = self.by_address.entry(address).or_default();
            if !there.contains(&at) {
                there.push(at);
            }
        }
    }

    fn learn(&mut self, draft: &Draft) {
        let contact = &draft.contact;
        let by_matrix = contact.matrix.as_ref().and_then(|id| self.by_matrix.get(id.as_str()));
        let with_address: Vec<usize> = addresses(contact)
            .iter()
            .filter_map(|address| self.by_address.get(address))
            .flatten()
            .copied()
            .collect();
        let is_same = |at: &&usize| are_one(&self.targets[**at].now, contact);
        let found = by_matrix.or_else(|| with_address.iter().find(is_same)).copied();
        let is_a_name_alone = contact.matrix.is_none() && addresses(contact).is_empty();
        let found = found.or_else(|| {
            let by_name = self.by_name.get(&text::folded(&contact.name));
            by_name.copied().filter(|_| is_a_name_alone)
        });
        let at = match found {
            Some(at) => {
                let target = &mut self.targets[at];
                target.now = joined(&target.now, contact);
                at
            }
            None => {
                let shares = with_address.first().map(|at| &self.targets[*at].now);
                let shares = shares.map(|other| other.shown_name().to_owned());
                let now = contact.clone();
                let target = Target { seen: Contact::default(), now, lines: Vec::new(), shares };
                self.targets.push(target);
                self.targets.len() - 1
            }
        };
        self.targets[at].lines.push(draft.line);
        self.enter(at);
    }

    fn offers(self) -> Vec<Offer> {
        let mut touched: Vec<Target> =
            self.targets.into_iter().filter(|target| !target.lines.is_empty()).collect();
        touched.sort_by_key(|target| target.lines.first().copied());
        let offer = |target: Target| Offer {
            fate: match target.shares {
                _ if target.now == target.seen => Fate::There,
                _ if !target.seen.id.is_empty() => Fate::Adds(target.seen.shown_name().to_owned()),
                Some(other) => Fate::SharesNumber(other),
                None => Fate::New,
            },
            lines: target.lines,
            seen: target.seen,
            contact: target.now,
        };
        touched.into_iter().map(offer).collect()
    }
}

/// Numbers and mail addresses, as they are compared.
fn addresses(contact: &Contact) -> Vec<String> {
    let phones = contact.phones.iter().map(|phone| text::dialled(&phone.number));
    let mails = contact.mails.iter().map(|mail| mail.trim().to_lowercase());
    phones.chain(mails).filter(|address| !address.is_empty()).collect()
}

/// Whether two with the same number are one person. On a ward many have the same telephone: only a name that fits makes them one, and
/// never where both are somebody else in Konsil.
fn are_one(known: &Contact, other: &Contact) -> bool {
    if known.matrix.is_some() && other.matrix.is_some() {
        return known.matrix == other.matrix;
    }
    let (one, two) = (text::folded(&known.name), text::folded(&other.name));
    one.is_empty() || two.is_empty() || words_of(&one) == words_of(&two) || fits(known, other)
}

/// The words of a name without titles, in any order: "Holm, Petra" is Petra Holm.
fn words_of(folded: &str) -> Vec<&str> {
    let words = folded.split(|c: char| c.is_whitespace() || c == ',');
    let is_title = |word: &&str| word.ends_with('.') || matches!(*word, "" | "dr" | "prof");
    let mut words: Vec<&str> = words.filter(|word| !is_title(word)).collect();
    words.sort_unstable();
    words
}

/// One of them has no first name, or they sound alike.
fn fits(known: &Contact, other: &Contact) -> bool {
    let (one, two) = (text::folded(&known.name), text::folded(&other.name));
    let (one, two) = (words_of(&one), words_of(&two));
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    let is_part = !short.is_empty() && short.iter().all(|word| long.contains(word));
    is_part || people::is_similar(&known.name, &other.name)
}

/// What is known, and what another source adds to it. What the person has written stays as it is.
fn joined(known: &Contact, other: &Contact) -> Contact {
    let mut joined = known.clone();
    for (line, new) in [
        (&mut joined.name, &other.name),
        (&mut joined.role, &other.role),
        (&mut joined.department, &other.department),
        (&mut joined.hospital, &other.hospital),
    ] {
        if line.is_empty() {
            line.clone_from(new);
        }
    }
    let have: Vec<String> = addresses(known);
    let is_new = |address: String| !have.contains(&address);
    let phones = other.phones.iter().filter(|phone| is_new(text::dialled(&phone.number)));
    joined.phones.extend(phones.cloned().collect::<Vec<Phone>>());
    joined.phones.sort();
    joined.phones.dedup();
    let mails = other.mails.iter().filter(|mail| is_new(mail.trim().to_lowercase()));
    joined.mails.extend(mails.cloned().collect::<Vec<String>>());
    joined.mails.sort();
    joined.mails.dedup();
    if joined.matrix.is_none() {
        joined.matrix.clone_from(&other.matrix);
    }
    if !other.note.is_empty() && !joined.note.contains(&other.note) {
        let sep = if joined.note.is_empty() { "" } else { "\n" };
        joined.note = format!("{}{sep}{}", joined.note, other.note);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contacts::{Origin, PhoneKind},
        ids::PersonId,
    };

    fn contact(id: &str, name: &str, number: &str) -> Contact {
        let phone = Phone { kind: PhoneKind::Work, number: number.into() };
        let phones = Some(phone).filter(|phone| !phone.number.is_empty()).into_iter().collect();
        Contact { id: id.into(), name: name.into(), phones, ..Contact::default() }
    }

    fn offers(known: &[Contact], drafts: &[Contact]) -> Vec<Offer> {
        let mut all = Known::of(known.iter().cloned());
        for (at, contact) in drafts.iter().enumerate() {
            all.learn(&Draft { line: at + 1, contact: contact.clone() });
        }
        all.offers()
    }

    fn fate(known: &Contact, draft: &Contact) -> Fate {
        offers(std::slice::from_ref(known), std::slice::from_ref(draft))[0].fate.clone()
    }

    #[test]
    fn the_same_person_is_found_by_matrix_id_then_by_number_or_mail() {
        let mut petra = contact("1", "Petra (Herz)", "+49 511 1234711");
        petra.matrix = Some(PersonId::new("@petra:klinikum.example"));
        let by_id = Contact { matrix: petra.matrix.clone(), ..contact("", "Dr. P. Holm", "") };
        assert_eq!(fate(&petra, &by_id), Fate::There);
        let known = contact("1", "Dr. Petra Holm", "0511 123 4711");
        for name in ["Holm, Petra", "Holm", "", "Petra Hollm"] {
            let draft = Contact { note: "neu".into(), ..contact("", name, "+49 511 1234711") };
            assert_eq!(fate(&known, &draft), Fate::Adds("Dr. Petra Holm".into()), "{name}");
        }
        let mut by_mail = contact("1", "Petra Holm", "");
        by_mail.mails = vec!["Holm@klinik.example".into()];
        let draft =
            Contact { mails: vec!["holm@KLINIK.example".into()], ..contact("", "Petra Holm", "") };
        assert_eq!(fate(&by_mail, &draft), Fate::There);
        assert_eq!(fate(&known, &contact("", "Dr. Petra Holm", "4711")), Fate::New);
    }

    #[test]
    fn two_people_at_one_telephone_stay_two() {
        let petra = contact("1", "Petra Holm", "4711");
        let shares = Fate::SharesNumber("Petra Holm".into());
        assert_eq!(fate(&petra, &contact("", "Jonas Weber", "4711")), shares);
        let (mut one, mut other) = (petra.clone(), contact("", "Petra Holm", "4711"));
        one.matrix = Some(PersonId::new("@petra.holm:klinikum.example"));
        other.matrix = Some(PersonId::new("@petra.holm:reha.example"));
        assert_eq!(fate(&one, &other), shares);
    }

    #[test]
    fn what_the_person_wrote_stays_and_what_is_missing_is_added() {
        let mut known = contact("1", "Petra", "0511 1234711");
        known.role = "Chefin".into();
        known.note = "Mag Tee".into();
        let mut draft = contact("", "Petra Holm", "+495111234711");
        draft.role = "Oberärztin".into();
        draft.department = "Kardiologie".into();
        draft.note = "Zimmer 12".into();
        draft.origin = Origin::Csv;
        draft.phones.push(Phone { kind: PhoneKind::Mobile, number: "0170 1".into() });
        let offers = offers(&[known], &[draft]);
        let merged = &offers[0].contact;
        assert_eq!((&*merged.name, &*merged.role), ("Petra", "Chefin"));
        assert_eq!((&*merged.department, &*merged.note), ("Kardiologie", "Mag Tee\nZimmer 12"));
        let numbers: Vec<&str> = merged.phones.iter().map(|phone| &*phone.number).collect();
        assert_eq!(numbers, ["0511 1234711", "0170 1"]);
        assert_eq!(merged.origin, Origin::ByHand);
    }

    #[test]
    fn whoever_has_nothing_but_a_name_is_found_by_it() {
        let known = contact("1", "Petra Holm", "4711");
        assert_eq!(fate(&known, &contact("", "petra holm", "")), Fate::There);
        assert_eq!(fate(&known, &contact("", "Petra", "")), Fate::New);
        assert_eq!(fate(&known, &contact("", "Petra Holm", "4712")), Fate::New);
    }

    #[test]
    fn somebody_who_comes_twice_is_offered_once() {
        let drafts = [
            contact("", "Petra Holm", "4711"),
            contact("", "Jonas Weber", "4712"),
            Contact { role: "Ärztin".into(), ..contact("", "Holm, Petra", "4711") },
        ];
        let offers = offers(&[], &drafts);
        let lines: Vec<&[usize]> = offers.iter().map(|offer| &offer.lines[..]).collect();
        assert_eq!(lines, [&[1, 3][..], &[2]]);
        assert_eq!(offers[0].contact.role, "Ärztin");
        assert_eq!(offers[0].fate, Fate::New);
    }

    #[test]
    fn a_file_is_read_as_what_it_is() {
        let card = read_file(b"BEGIN:VCARD\nVERSION:4.0\nFN:Anna\nEND:VCARD");
        assert_eq!(card.drafts[0].contact.origin, Origin::VCard);
        let table = read_file("Name;Durchwahl\nAnna;4711".as_bytes());
        assert_eq!(table.drafts[0].contact.origin, Origin::Csv);
    }
}
