//! What a QR code says of a person, and one's own code.
//!
//! Konsil's own code is the Matrix URI of the person ([appendices, "URIs"](https://spec.matrix.org/v1.19/appendices/#uris)) with the action
//! "chat", so that every Matrix client can do something with it. It says who somebody is and nothing else; name and role come from the
//! hospital once it is read, so that no code can make somebody of anybody (M.6).

use ruma::{MatrixToUri, MatrixUri, UserId, matrix_uri::MatrixId};

use super::{
    Contact, Origin, Phone, PhoneKind,
    import::{Draft, Reading},
    vcard,
};
use crate::ids::PersonId;

/// What a code or a link is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Somebody in Konsil or another Matrix server.
    Person(PersonId),
    /// A business card, as telephones show them.
    Card(Reading),
    /// The code by which a new device is signed in: nobody's contact.
    Device,
    /// Something else.
    Other,
}

/// Finds out what a code says.
pub fn read(text: &str) -> Code {
    let text = text.trim();
    if let Some(person) = person_in(text) {
        return Code::Person(person);
    }
    if text.contains("#/link/") {
        return Code::Device;
    }
    let head: String = text.chars().take(16).collect::<String>().to_ascii_uppercase();
    let reading = if head.starts_with("BEGIN:VCARD") {
        vcard::read(text.as_bytes())
    } else if head.starts_with("MECARD:") {
        mecard(&text[7..])
    } else {
        return Code::Other;
    };
    if reading.drafts.is_empty() { Code::Other } else { Code::Card(from_code(reading)) }
}

fn from_code(mut reading: Reading) -> Reading {
    reading.drafts.iter_mut().for_each(|draft| draft.contact.origin = Origin::Qr);
    reading
}

/// What one's own code says; `None` for what is no Matrix ID.
pub fn own(person: &PersonId) -> Option<String> {
    let id = UserId::parse(person.as_str()).ok()?;
    Some(id.matrix_uri(true).to_string())
}

/// Whom a Matrix ID, a Matrix URI or a link of matrix.to names.
pub fn person_in(text: &str) -> Option<PersonId> {
    let text = text.trim();
    let id = if text.starts_with('@') {
        UserId::parse(text).ok()?
    } else if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("matrix:")) {
        let uri = MatrixUri::parse(&format!("matrix:{}", &text[7..])).ok()?;
        let MatrixId::User(id) = uri.id() else { return None };
        id.clone()
    } else if text.starts_with("https://matrix.to/#/") {
        let uri = MatrixToUri::parse(text).ok()?;
        let MatrixId::User(id) = uri.id() else { return None };
        id.clone()
    } else {
        return None;
    };
    Some(PersonId::new(&id))
}

/// The cards of Japanese telephones, which Android shows too: `N:Holm,Petra;TEL:…;;`
fn mecard(text: &str) -> Reading {
    let mut contact = Contact::default();
    let mut fields = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => fields.last_mut().into_iter().for_each(|it| it.extend(letters.next())),
            ';' => fields.push(String::new()),
            letter => fields.last_mut().into_iter().for_each(|it| it.push(letter)),
        }
    }
    for field in &fields {
        let Some((name, value)) = field.split_once(':') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_uppercase().as_str() {
            "N" => {
                contact.name = match value.split_once(',') {
                    Some((family, given)) => format!("{} {}", given.trim(), family.trim()),
                    None => value.to_owned(),
                };
            }
            "TEL" => {
                contact.phones.push(Phone { kind: PhoneKind::Other, number: value.to_owned() });
            }
            "EMAIL" => contact.mails.push(value.to_owned()),
            "ORG" => contact.hospital = value.to_owned(),
            "NOTE" => contact.note = value.to_owned(),
            _ => {}
        }
    }
    let mut reading = Reading::default();
    reading.take(Draft { line: 1, contact });
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    const PETRA: &str = "@petra.holm:klinikum.example";

    #[test]
    fn ones_own_code_is_read_again_by_everybody() {
        for id in [PETRA, "@a=b/c_d-e:klinikum.example:8448", "@x:[::1]:8008"] {
            let code = own(&PersonId::new(id)).expect("a code");
            assert!(code.starts_with("matrix:u/") && code.ends_with("?action=chat"), "{code}");
            assert_eq!(read(&code), Code::Person(PersonId::new(id)));
        }
        assert_eq!(
            own(&PersonId::new(PETRA)).as_deref(),
            Some("matrix:u/petra.holm:klinikum.example?action=chat")
        );
        assert_eq!(own(&PersonId::new("petra")), None);
    }

    #[test]
    fn a_person_is_told_from_a_device_a_card_and_the_rest() {
        let petra = Code::Person(PersonId::new(PETRA));
        for text in [
            " matrix:u/petra.holm:klinikum.example\n",
            "MATRIX:u/petra.holm:klinikum.example?action=chat&via=klinikum.example",
            "https://matrix.to/#/@petra.holm:klinikum.example",
            "https://matrix.to/#/%40petra.holm%3Aklinikum.example",
            PETRA,
        ] {
            assert_eq!(read(text), petra, "{text}");
        }
        assert_eq!(read("https://chat.klinikum.example/#/link/abc.DEF"), Code::Device);
        for text in [
            "",
            "WIFI:S:Gast;;",
            "matrix:r/station3:klinikum.example",
            "matrix:u/",
            "matrix:",
            "https://example.org/@petra",
            "BEGIN:VCARD\nEND:VCARD",
            "mät",
        ] {
            assert_eq!(read(text), Code::Other, "{text}");
        }
    }

    #[test]
    fn cards_in_a_code_are_read() {
        for text in [
            "BEGIN:VCARD\nVERSION:3.0\nFN:Petra Holm\nTEL:4711\nEND:VCARD",
            "MECARD:N:Holm,Petra;TEL:4711;;",
        ] {
            let Code::Card(reading) = read(text) else { panic!("{text}") };
            let contact = &reading.drafts[0].contact;
            assert_eq!((&*contact.name, &*contact.phones[0].number), ("Petra Holm", "4711"));
            assert_eq!(contact.origin, Origin::Qr);
        }
    }
}
