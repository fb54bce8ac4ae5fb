//! Reading tables: CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)) as Excel, Outlook and the lists of wards have it.
//!
//! Commas, semicolons or tabs; headings in German or English in any order; letters as [`text::decoded`] finds them.

use super::{
    Contact, Origin, Phone, PhoneKind, code,
    import::{Draft, Reading, Unread, Why},
    text,
};

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Title,
    Given,
    Middle,
    Family,
    Role,
    Department,
    Hospital,
    Number(PhoneKind),
    Mail,
    Matrix,
    Note,
}

/// The headings by which a column is known, folded and without anything but letters and digits.
#[rustfmt::skip]
const HEADINGS: &[(Column, &[&str])] = &[
    (Column::Name, &["name", "vollstandigername", "anzeigename", "fullname", "displayname", "kontakt", "contact", "person", "fileas"]),
    (Column::Title, &["titel", "anrede", "akademischertitel", "title", "prefix", "nameprefix"]),
    (Column::Given, &["vorname", "firstname", "givenname", "rufname"]),
    (Column::Middle, &["weiterevornamen", "zweitervorname", "middlename", "additionalname"]),
    (Column::Family, &["nachname", "familienname", "zuname", "lastname", "familyname", "surname"]),
    (Column::Role, &["rolle", "funktion", "position", "beruf", "dienstbezeichnung", "role", "jobtitle", "occupation", "organization1title"]),
    (Column::Department, &["abteilung", "station", "bereich", "fachbereich", "klinik", "department", "ward", "unit", "organization1department"]),
    (Column::Hospital, &["krankenhaus", "haus", "klinikum", "einrichtung", "firma", "unternehmen", "organisation", "hospital", "company", "organization", "organizationname", "organization1name"]),
    (Column::Number(PhoneKind::Work), &["telefon", "tel", "telefonnummer", "nummer", "rufnummer", "festnetz", "telefondienstlich", "telefongeschaftlich", "phone", "phonenumber", "telephone", "businessphone", "workphone", "phone1value"]),
    (Column::Number(PhoneKind::Extension), &["durchwahl", "nebenstelle", "intern", "dect", "haustelefon", "extension", "ext"]),
    (Column::Number(PhoneKind::Mobile), &["mobil", "handy", "mobiltelefon", "mobilnummer", "handynummer", "diensthandy", "mobile", "mobilephone", "cell", "cellphone", "phone2value"]),
    (Column::Number(PhoneKind::Home), &["privat", "telefonprivat", "home", "homephone"]),
    (Column::Number(PhoneKind::Fax), &["fax", "telefax", "faxdienstlich", "faxgeschaftlich", "faxnumber", "businessfax"]),
    (Column::Mail, &["email", "mail", "emailadresse", "mailadresse", "emaildienstlich", "emailaddress", "email1value", "emailgeschaftlich"]),
    (Column::Matrix, &["matrix", "matrixid", "konsil", "mxid", "benutzerkennung"]),
    (Column::Note, &["notiz", "notizen", "bemerkung", "bemerkungen", "hinweis", "kommentar", "note", "notes", "comment", "remarks"]),
];

fn column(heading: &str) -> Option<Column> {
    let heading: String =
        text::folded(heading).chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let found = HEADINGS.iter().find(|(_, names)| names.contains(&heading.as_str()));
    found.map(|(column, _)| *column)
}

/// Reads a table.
pub(super) fn read(bytes: &[u8]) -> Reading {
    let text = text::decoded(bytes);
    let (mut text, mut first_line, mut separator) = (text.as_str(), 1, None);
    // Excel's own first line.
    if let Some(rest) = text.strip_prefix("sep=") {
        separator = rest.chars().next();
        text = rest.split_once('\n').map_or("", |(_, rest)| rest);
        first_line = 2;
    }
    let separator = separator.unwrap_or_else(|| separator_of(text));
    let mut reading = Reading::default();
    let mut rows = rows(text, separator, first_line).into_iter();
    let headings = rows.by_ref().find(|row| !row.is_empty());
    let Some(headings) = headings else {
        reading.unread.push(Unread { line: first_line, why: Why::NoHeadings });
        return reading;
    };
    let columns: Vec<Option<Column>> = headings.cells.iter().map(|it| column(it)).collect();
    let names_somebody = |column: &Column| {
        use Column::{Family, Given, Mail, Matrix, Name, Number};
        matches!(column, Name | Given | Family | Matrix | Mail | Number(_))
    };
    if !columns.iter().flatten().any(names_somebody) {
        reading.unread.push(Unread { line: headings.line, why: Why::NoHeadings });
        return reading;
    }
    let unknown = headings.cells.iter().zip(&columns).filter(|(_, column)| column.is_none());
    let unknown = unknown.map(|(heading, _)| heading.trim().to_owned());
    reading.left_out = unknown.filter(|heading| !heading.is_empty()).collect();
    for row in rows {
        if row.is_empty() {
            continue;
        }
        if row.is_open {
            reading.unread.push(Unread { line: row.line, why: Why::OpenQuote });
            continue;
        }
        let surplus = row.cells.get(columns.len()..).unwrap_or_default();
        if surplus.iter().any(|cell| !cell.trim().is_empty()) {
            reading.unread.push(Unread { line: row.line, why: Why::TooManyCells });
            continue;
        }
        match contact(&columns, &row.cells) {
            Ok(contact) => reading.take(Draft { line: row.line, contact }),
            Err(why) => reading.unread.push(Unread { line: row.line, why }),
        }
    }
    reading
}

fn contact(columns: &[Option<Column>], cells: &[String]) -> Result<Contact, Why> {
    let mut contact = Contact { origin: Origin::Csv, ..Contact::default() };
    let (mut title, mut given, mut middle, mut family) = <(&str, &str, &str, &str)>::default();
    for (column, cell) in columns.iter().zip(cells) {
        let (Some(column), cell) = (column, cell.trim()) else { continue };
        if cell.is_empty() {
            continue;
        }
        match column {
            Column::Name => contact.name = cell.to_owned(),
            Column::Title => title = cell,
            Column::Given => given = cell,
            Column::Middle => middle = cell,
            Column::Family => family = cell,
            Column::Role => contact.role = cell.to_owned(),
            Column::Department => contact.department = cell.to_owned(),
            Column::Hospital => contact.hospital = cell.to_owned(),
            // Several numbers in one cell, as lists of wards have them.
            Column::Number(kind) => {
                let numbers = cell.split([';', '\n']).map(str::trim).filter(|it| !it.is_empty());
                let phone = |number: &str| Phone { kind: *kind, number: number.to_owned() };
                contact.phones.extend(numbers.map(phone));
            }
            Column::Mail => {
                let mails = cell.split([';', ',', '\n']).map(str::trim);
                contact.mails.extend(mails.filter(|it| !it.is_empty()).map(str::to_owned));
            }
            Column::Matrix => {
                let person = code::person_in(cell).ok_or(Why::NoMatrixId)?;
                contact.matrix = Some(person);
            }
            Column::Note => contact.note = cell.to_owned(),
        }
    }
    let parts = [title, given, middle, family];
    let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    // A title alone is no name, and a whole name may stand in the column of the family name.
    if contact.name.is_empty() && parts != [title] {
        contact.name = parts.join(" ");
    } else if !title.is_empty() && !contact.name.is_empty() && !contact.name.contains(title) {
        contact.name = format!("{title} {}", contact.name);
    }
    Ok(contact)
}

/// What separates the cells: whatever the first line has most of.
fn separator_of(text: &str) -> char {
    let mut counts = [(';', 0), (',', 0), ('\t', 0)];
    let mut in_quotes = false;
    for letter in text.chars() {
        in_quotes ^= letter == '"';
        if letter == '\n' && !in_quotes {
            break;
        }
        for (separator, count) in &mut counts {
            *count += usize::from(letter == *separator && !in_quotes);
        }
    }
    // The first of equal ones: Excel in German writes semicolons.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(';', |(separator, _)| separator)
}

/// A row with the line in which it begins, from 1.
#[derive(Debug)]
struct Row {
    line: usize,
    cells: Vec<String>,
    /// A quotation mark is not closed.
    is_open: bool,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

fn rows(text: &str, separator: char, first_line: usize) -> Vec<Row> {
    let new = |line| Row { line, cells: vec![String::new()], is_open: false };
    let mut rows = Vec::new();
    let (mut line, mut row) = (first_line, new(first_line));
    let mut in_quotes = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let cell = row.cells.last_mut().expect("a row has a cell");
        match letter {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if in_quotes => in_quotes = false,
            // Inside of a word it is a letter like others: 1" Kanüle.
            '"' if cell.trim().is_empty() => {
                cell.clear();
                in_quotes = true;
            }
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                line += 1;
                if in_quotes {
                    cell.push('\n');
                } else {
                    rows.push(std::mem::replace(&mut row, new(line)));
                }
            }
            letter if letter == separator && !in_quotes => row.cells.push(String::new()),
            letter => cell.push(letter),
        }
    }
    row.is_open = in_quotes;
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::ids::PersonId;

    /// Written by us in the manner of a ward's list from a German Excel.
    const WARD: &str = "Titel;Vorname;Nachname;Funktion;Station;Durchwahl;Handy;E-Mail;Zimmer\r\n\
        Dr.;Petra;Holm;Oberärztin;Kardiologie;4711;0170 1234567;holm@klinik.example;12\r\n\
        ;Jörg;Weiß;Pfleger;\"Station 3; Nord\";\"4712\";;;\r\n;;;;;;;;\r\n";

    #[test]
    fn a_list_of_a_ward_is_read() {
        let reading = read(WARD.as_bytes());
        assert_eq!((reading.unread.len(), &reading.left_out[..]), (0, &["Zimmer".to_owned()][..]));
        let [holm, weiss] = &reading.drafts[..] else { panic!("{reading:?}") };
        assert_eq!((holm.line, weiss.line), (2, 3));
        let (holm, weiss) = (&holm.contact, &weiss.contact);
        assert_eq!((&*holm.name, &*holm.role), ("Dr. Petra Holm", "Oberärztin"));
        let kinds: Vec<_> = holm.phones.iter().map(|it| (it.kind, &*it.number)).collect();
        assert_eq!(kinds, [(PhoneKind::Extension, "4711"), (PhoneKind::Mobile, "0170 1234567")]);
        assert_eq!((&*weiss.name, &*weiss.department), ("Jörg Weiß", "Station 3; Nord"));
    }

    #[test]
    fn it_is_read_the_same_however_excel_has_saved_it() {
        let expected = read(WARD.as_bytes()).drafts;
        let with_mark = format!("\u{feff}{WARD}");
        let latin = |c: char| u8::try_from(u32::from(c)).expect("Latin-1");
        let windows: Vec<u8> = WARD.chars().map(latin).collect();
        let mut utf_16 = vec![0xff, 0xfe];
        let tabs =
            WARD.replace("Station 3; Nord", "Station 3# Nord").replace(';', "\t").replace('#', ";");
        utf_16.extend(tabs.encode_utf16().flat_map(u16::to_le_bytes));
        for bytes in [with_mark.as_bytes(), &windows[..], &utf_16[..]] {
            assert_eq!(read(bytes).drafts, expected);
        }
        let told = read(format!("sep=;\r\n{WARD}").as_bytes());
        assert_eq!(told.drafts.iter().map(|it| it.line).collect::<Vec<_>>(), [3, 4]);
    }

    /// Written by us in the manner of an English Outlook's export.
    #[test]
    fn english_headings_and_commas_are_read() {
        let text = "First Name,Last Name,Company,Department,Job Title,Business Phone,Mobile Phone,E-mail Address,Matrix ID,Notes\n\
            Petra,Holm,Northern Hospital,Cardiology,\"Consultant, senior\",+44 20 1234,,holm@x.example,@petra.holm:klinikum.example,\"Says \"\"hello\"\"\nand goes\"\n";
        let reading = read(text.as_bytes());
        let [draft] = &reading.drafts[..] else { panic!("{reading:?}") };
        let contact = &draft.contact;
        assert_eq!((&*contact.name, &*contact.hospital), ("Petra Holm", "Northern Hospital"));
        assert_eq!(
            (&*contact.role, &*contact.note),
            ("Consultant, senior", "Says \"hello\"\nand goes")
        );
        assert_eq!(contact.matrix, Some(PersonId::new("@petra.holm:klinikum.example")));
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let text = "Name;Telefon;Matrix-ID\nAnna;4711;\nBernd;4712;;zu viel\n;;\nClara;4713;clara\nNotiz\n;;\"offen\nDora;4714;";
        let reading = read(text.as_bytes());
        let names: Vec<&str> = reading.drafts.iter().map(|it| &*it.contact.name).collect();
        assert_eq!(names, ["Anna", "Notiz"]);
        let unread = [(3, Why::TooManyCells), (5, Why::NoMatrixId), (7, Why::OpenQuote)];
        assert_eq!(reading.unread, unread.map(|(line, why)| Unread { line, why }));
        for text in ["", "\n\n", "Zimmer;Bett\n1;2", "BEGIN:VCARD"] {
            assert_eq!(read(text.as_bytes()).unread[0].why, Why::NoHeadings, "{text}");
        }
    }

    #[test]
    fn no_file_brings_the_reader_down() {
        for seed in 0..3_000_u64 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut bytes = WARD.as_bytes().to_vec();
            for _ in 0..random.random_range(1..30) {
                if bytes.is_empty() {
                    break;
                }
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..4) {
                    0 => bytes[at] = random.random(),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"\n\r;,\"\t"[random.random_range(0..6)]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let reading = std::panic::catch_unwind(|| read(&bytes));
            assert!(reading.is_ok(), "seed {seed}");
        }
    }
}
