//! Reading electronic business cards: vCard 4.0 ([RFC 6350](https://www.rfc-editor.org/rfc/rfc6350)), 3.0
//! ([RFC 2426](https://www.rfc-editor.org/rfc/rfc2426)) as phones export it, and 2.1 as old ones did (quoted-printable included).
//!
//! Read generously, told exactly: what a card says and the book has no place for (pictures, birthdays, keys) is left out; a line that is
//! none is named with its number; a card with nothing to find somebody by is none.

use std::collections::BTreeMap;

use super::{
    Contact, Origin, Phone, PhoneKind, code,
    import::{Draft, Reading, Unread, Why},
    text,
};

/// Reads all cards of a file.
pub(super) fn read(bytes: &[u8]) -> Reading {
    let text = text::decoded(bytes);
    let mut reading = Reading::default();
    let mut card: Option<Card> = None;
    // Cards inside of cards (2.1's AGENT): how deep.
    let mut inside = 0;
    for line in unfolded(&text) {
        if line.text.trim().is_empty() {
            continue;
        }
        let Some(property) = Property::read(&line.text) else {
            let why = if card.is_some() { Why::NoLine } else { Why::NoCard };
            // A file that is something else is told of once.
            let again = why == Why::NoCard && reading.unread.iter().any(|it| it.why == why);
            if !again {
                reading.unread.push(Unread { line: line.number, why });
            }
            continue;
        };
        let is_card = property.value.trim().eq_ignore_ascii_case("vcard");
        match (property.name.as_str(), &mut card) {
            ("BEGIN", Some(_)) if is_card => inside += 1,
            ("BEGIN", None) if is_card => card = Some(Card::begun(line.number)),
            ("END", Some(_)) if is_card && inside > 0 => inside -= 1,
            ("END", Some(_)) if is_card => {
                if let Some(card) = card.take() {
                    card.ends(&mut reading);
                }
            }
            (_, Some(card)) if inside == 0 => {
                if let Err(why) = card.take(property) {
                    reading.unread.push(Unread { line: line.number, why });
                }
            }
            _ => {}
        }
    }
    if let Some(card) = card {
        reading.unread.push(Unread { line: card.line, why: Why::Unfinished });
    }
    reading
}

/// A line with its number in the file, from 1.
struct Line {
    number: usize,
    text: String,
}

/// The lines of a file, those put together that were folded (RFC 6350, section 3.2, and 2.1's soft breaks).
fn unfolded(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut is_soft = false;
    for (at, raw) in text.split('\n').enumerate() {
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        match lines.last_mut() {
            Some(last) if is_soft => {
                last.text.pop();
                last.text.push_str(raw.trim_start());
            }
            Some(last) if raw.starts_with([' ', '\t']) => last.text.push_str(&raw[1..]),
            _ => lines.push(Line { number: at + 1, text: raw.to_owned() }),
        }
        let last = lines.last().map(|line| line.text.as_str()).unwrap_or_default();
        let head = last.split(':').next().unwrap_or_default();
        is_soft = last.ends_with('=') && head.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
    }
    lines
}

/// `[group.]NAME;PARAMETER=value:value`
struct Property {
    name: String,
    parameters: Vec<(String, String)>,
    value: String,
}

impl Property {
    fn read(line: &str) -> Option<Self> {
        let mut in_quotes = false;
        let ends = line.char_indices().find(|(_, letter)| {
            in_quotes ^= *letter == '"';
            *letter == ':' && !in_quotes
        });
        let (head, value) = (&line[..ends?.0], &line[ends?.0 + 1..]);
        let mut parts = split_outside_quotes(head, ';').into_iter();
        let name = parts.next()?;
        let name = name.rsplit('.').next()?.trim().to_ascii_uppercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let parameter = |part: String| match part.split_once('=') {
            Some((name, value)) => (name.trim().to_ascii_uppercase(), value.replace('"', "")),
            // 2.1 leaves the name out: TEL;CELL:…
            None => {
                let is_encoding = ["QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"]
                    .contains(&part.to_ascii_uppercase().as_str());
                (if is_encoding { "ENCODING" } else { "TYPE" }.to_owned(), part)
            }
        };
        Some(Self { name, parameters: parts.map(parameter).collect(), value: value.to_owned() })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    fn is_of(&self, kind: &str) -> bool {
        let types = self.parameters.iter().filter(|(name, _)| name == "TYPE");
        types.flat_map(|(_, value)| value.split(',')).any(|it| it.trim().eq_ignore_ascii_case(kind))
    }

    /// The value in letters.
    fn decoded(&self) -> Result<String, Why> {
        let is_quoted = self
            .parameter("ENCODING")
            .is_some_and(|it| it.eq_ignore_ascii_case("quoted-printable"));
        if !is_quoted {
            return Ok(self.value.clone());
        }
        let bytes = quoted_printable(&self.value).ok_or(Why::NoLine)?;
        match self.parameter("CHARSET").map(str::to_ascii_lowercase).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii") => match String::from_utf8(bytes) {
                Ok(text) => Ok(text),
                Err(error) => Ok(text::windows_1252(error.as_bytes())),
            },
            Some("iso-8859-1" | "iso-8859-15" | "windows-1252" | "latin1") => {
                Ok(text::windows_1252(&bytes))
            }
            Some(_) => Err(Why::Letters),
        }
    }
}

fn split_outside_quotes(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut in_quotes = false;
    for letter in text.chars() {
        in_quotes ^= letter == '"';
        if letter == at && !in_quotes {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

/// RFC 2045, section 6.7.
fn quoted_printable(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        rest = &tail[2..];
    }
    Some(bytes)
}

/// The parts of a value, without the backslashes (RFC 6350, section 3.4).
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let taken = match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => '\n',
                Some(other) => other,
                None => '\\',
            },
            ';' => {
                parts.push(String::new());
                continue;
            }
            other => other,
        };
        if let Some(last) = parts.last_mut() {
            last.push(taken);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// The whole value, where semicolons are letters like others.
fn whole(value: &str) -> String {
    parts(value).join(";")
}

/// A card that is being read.
struct Card {
    line: usize,
    contact: Contact,
    /// Name from its parts, where the card has no other.
    from_parts: String,
    title: String,
    role: String,
    /// How much each name is preferred (4.0 may have several).
    preferred: BTreeMap<&'static str, u32>,
}

impl Card {
    fn begun(line: usize) -> Self {
        let contact = Contact { origin: Origin::VCard, ..Contact::default() };
        let (from_parts, title, role) = Default::default();
        Self { line, contact, from_parts, title, role, preferred: BTreeMap::new() }
    }

    fn take(&mut self, property: Property) -> Result<(), Why> {
        let value = property.decoded()?;
        let contact = &mut self.contact;
        match property.name.as_str() {
            "FN" => {
                let rank = property.parameter("PREF").and_then(|it| it.parse().ok()).unwrap_or(100);
                let before = self.preferred.get("FN").copied().unwrap_or(u32::MAX);
                if rank < before {
                    self.preferred.insert("FN", rank);
                    contact.name = whole(&value);
                }
            }
            "N" => {
                let parts = parts(&value);
                let part = |at: usize| parts.get(at).map(String::as_str).unwrap_or_default();
                // Prefix, given, additional and family name, suffix.
                let order = [part(3), part(1), part(2), part(0), part(4)];
                let words: Vec<&str> = order.into_iter().filter(|it| !it.is_empty()).collect();
                self.from_parts = words.join(" ");
            }
            "TITLE" => self.title = whole(&value),
            "ROLE" => self.role = whole(&value),
            "ORG" => {
                let mut parts = parts(&value).into_iter();
                contact.hospital = parts.next().unwrap_or_default();
                let units: Vec<String> = parts.filter(|it| !it.is_empty()).collect();
                contact.department = units.join(", ");
            }
            "TEL" => {
                let number = number(&whole(&value));
                if !number.is_empty() {
                    let kind = kind(&property, &number);
                    contact.phones.push(Phone { kind, number });
                }
            }
            "EMAIL" => {
                let mail = whole(&value);
                let mail = mail.strip_prefix("mailto:").unwrap_or(&mail).to_owned();
                if !mail.is_empty() {
                    contact.mails.push(mail);
                }
            }
            "NOTE" => {
                if !contact.note.is_empty() {
                    contact.note.push('\n');
                }
                contact.note.push_str(&whole(&value));
            }
            // Where phones and other messengers put a Matrix ID.
            "IMPP" | "URL" | "X-MATRIX" | "X-MATRIX-ID" | "SOCIALPROFILE" | "X-SOCIALPROFILE" => {
                let address = whole(&value);
                let address = address.strip_prefix("x-apple:").unwrap_or(&address);
                if let Some(person) = code::person_in(address) {
                    contact.matrix = Some(person);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ends(mut self, reading: &mut Reading) {
        let contact = &mut self.contact;
        if contact.name.is_empty() {
            contact.name = self.from_parts;
        }
        if contact.name.is_empty() && contact.phones.is_empty() && contact.mails.is_empty() {
            // A card of a house or a ward has its name there.
            contact.name = std::mem::take(&mut contact.hospital);
        }
        contact.role = if self.title.is_empty() { self.role } else { self.title };
        reading.take(Draft { line: self.line, contact: self.contact });
    }
}

/// A number, also where it is written as an address (`tel:+49-511-123;ext=4711`, RFC 3966).
fn number(value: &str) -> String {
    let Some(address) = value.strip_prefix("tel:") else { return value.trim().to_owned() };
    let mut parts = address.split(';');
    let number = parts.next().unwrap_or_default().trim();
    let extension = parts.find_map(|part| part.strip_prefix("ext="));
    match extension {
        Some(extension) => format!("{number}-{extension}"),
        None => number.to_owned(),
    }
}

fn kind(property: &Property, number: &str) -> PhoneKind {
    if property.is_of("fax") {
        PhoneKind::Fax
    } else if property.is_of("cell") || property.is_of("iphone") {
        PhoneKind::Mobile
    } else if property.is_of("home") {
        PhoneKind::Home
    } else if number.chars().filter(char::is_ascii_digit).count() <= 5 {
        PhoneKind::Extension
    } else if property.is_of("work") {
        PhoneKind::Work
    } else {
        PhoneKind::Other
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::ids::PersonId;

    fn only(text: &str) -> Contact {
        let reading = read(text.as_bytes());
        assert_eq!(reading.unread, [], "{text}");
        let [draft] = &reading.drafts[..] else { panic!("{reading:?}") };
        draft.contact.clone()
    }

    /// Written by us by the examples of RFC 6350.
    const VERSION_4: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN;PREF=2:Holm\r\nFN;PREF=1:Dr. Petra Holm\r\n\
        N:Holm;Petra;;Dr.;\r\nTITLE:Oberärztin\r\nROLE:Ärztin\r\nORG:Klinikum Nord;Kardiologie;Herzkatheter\r\n\
        TEL;VALUE=uri;TYPE=\"work,voice\":tel:+49-511-123;ext=4711\r\nTEL;TYPE=cell:+49 170 1234567\r\n\
        item1.EMAIL;TYPE=work:holm@klinik.example\r\nIMPP;PREF=1:matrix:u/petra.holm:klinikum.example\r\n\
        NOTE:Mittwochs im OP\\; sonst\\nStation 3\\, Zimmer 12\\\\13\r\nPHOTO:data:image/png;base64,AAAA\r\n BBBB\r\nEND:VCARD\r\n";

    #[test]
    fn version_4_is_read() {
        let contact = only(VERSION_4);
        assert_eq!(contact.name, "Dr. Petra Holm");
        assert_eq!((&*contact.role, &*contact.hospital), ("Oberärztin", "Klinikum Nord"));
        assert_eq!(contact.department, "Kardiologie, Herzkatheter");
        let numbers =
            [(PhoneKind::Work, "+49-511-123-4711"), (PhoneKind::Mobile, "+49 170 1234567")];
        let numbers = numbers.map(|(kind, number)| Phone { kind, number: number.into() });
        assert_eq!(contact.phones, numbers);
        assert_eq!(contact.mails, ["holm@klinik.example"]);
        assert_eq!(contact.matrix, Some(PersonId::new("@petra.holm:klinikum.example")));
        assert_eq!(contact.note, "Mittwochs im OP; sonst\nStation 3, Zimmer 12\\13");
        assert_eq!(contact.origin, Origin::VCard);
    }

    /// Written by us in the manner of an iPhone's and an Android phone's export.
    #[test]
    fn version_3_as_phones_export_it_is_read() {
        let iphone = "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Apple Inc.//iPhone OS 17.0//EN\nN:Weiß;Jörg;;;\nFN:Jörg Weiß\n\
            ORG:Klinikum Nord;\nTEL;type=CELL;type=VOICE;type=pref:0170 1234567\nitem1.TEL:4712\nitem1.X-ABLabel:Durchwahl\n\
            NOTE:Eine lange Notiz\\, die auf\n  zwei Zeilen steht\nEND:VCARD";
        let contact = only(iphone);
        assert_eq!((&*contact.name, &*contact.hospital), ("Jörg Weiß", "Klinikum Nord"));
        assert_eq!(contact.note, "Eine lange Notiz, die auf zwei Zeilen steht");
        let kinds: Vec<PhoneKind> = contact.phones.iter().map(|phone| phone.kind).collect();
        assert_eq!(kinds, [PhoneKind::Mobile, PhoneKind::Extension]);
        let nameless = only("BEGIN:VCARD\nVERSION:3.0\nN:Weiß;Jörg;Max;Prof.;\nFN:\nEND:VCARD");
        assert_eq!(nameless.name, "Prof. Jörg Max Weiß");
    }

    /// Written by us in the manner of a Nokia's export.
    #[test]
    fn version_2_1_with_quoted_printable_is_read() {
        let text = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;=C3=96zlem\r\n\
            FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=96zlem =\r\nM=C3=BCller\r\nTEL;CELL:01701234567\r\n\
            NOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:T=FCr 3\r\nEND:VCARD\r\n";
        let contact = only(text);
        assert_eq!((&*contact.name, &*contact.note), ("Özlem Müller", "Tür 3"));
        assert_eq!(contact.phones[0].kind, PhoneKind::Mobile);
        let other = text.replace("ISO-8859-1", "KOI8-R");
        let reading = read(other.as_bytes());
        assert_eq!(reading.unread, [Unread { line: 7, why: Why::Letters }]);
        assert_eq!(reading.drafts.len(), 1, "the rest of the card is good");
    }

    #[test]
    fn letters_of_windows_are_read_too() {
        let reading = read(b"BEGIN:VCARD\nVERSION:3.0\nFN:J\xf6rg Wei\xdf\nEND:VCARD");
        assert_eq!(reading.drafts[0].contact.name, "Jörg Weiß");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let text = "BEGIN:VCARD\nVERSION:4.0\nFN:Anna\nkein Feld\nEND:VCARD\n\nBEGIN:VCARD\nVERSION:4.0\nNOTE:x\nEND:VCARD\n\
            BEGIN:VCARD\nFN:Jonas\n";
        let reading = read(text.as_bytes());
        assert_eq!(reading.drafts.len(), 1);
        let unread = [(4, Why::NoLine), (7, Why::Nameless), (11, Why::Unfinished)];
        assert_eq!(reading.unread, unread.map(|(line, why)| Unread { line, why }));
        let other = read(b"<html>\n<body>\nHallo");
        assert_eq!(other.unread, [Unread { line: 1, why: Why::NoCard }]);
    }

    #[test]
    fn a_card_inside_a_card_is_not_taken_for_its_person() {
        let text = "BEGIN:VCARD\nVERSION:2.1\nFN:Chef\nAGENT:\nBEGIN:VCARD\nFN:Vorzimmer\nEND:VCARD\nTEL:4711\nEND:VCARD";
        let contact = only(text);
        assert_eq!((&*contact.name, contact.phones.len()), ("Chef", 1));
    }

    #[test]
    fn no_file_brings_the_reader_down() {
        for seed in 0..3_000_u64 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut bytes = VERSION_4.as_bytes().to_vec();
            for _ in 0..random.random_range(1..30) {
                if bytes.is_empty() {
                    break;
                }
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..4) {
                    0 => bytes[at] = random.random(),
                    1 => drop(bytes.remove(at)),
                    2 => bytes
                        .insert(at, *b"\n\r;:=\\\" ,"[..].get(random.random_range(0..9)).unwrap()),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let reading = std::panic::catch_unwind(|| read(&bytes));
            assert!(reading.is_ok(), "seed {seed}");
        }
    }
}
