//! Words for what the address book reports.

use client::contacts::{
    ContactError, Origin, PhoneKind,
    import::{Fate, Why},
};

use crate::i18n::Lang;

impl Lang {
    /// Where a number rings.
    pub fn phone_kind(self, kind: PhoneKind) -> &'static str {
        match (self, kind) {
            (Self::De, PhoneKind::Work) => "Dienstlich",
            (Self::De, PhoneKind::Extension) => "Durchwahl",
            (Self::De, PhoneKind::Mobile) => "Mobil",
            (Self::De, PhoneKind::Home) => "Privat",
            (Self::De, PhoneKind::Fax) => "Telefax",
            (Self::De, PhoneKind::Other) => "Andere",
            (Self::En, PhoneKind::Work) => "Work",
            (Self::En, PhoneKind::Extension) => "Extension",
            (Self::En, PhoneKind::Mobile) => "Mobile",
            (Self::En, PhoneKind::Home) => "Home",
            (Self::En, PhoneKind::Fax) => "Fax",
            (Self::En, PhoneKind::Other) => "Other",
        }
    }

    /// How a contact came into the book.
    pub fn contact_origin(self, origin: Origin) -> &'static str {
        match (self, origin) {
            (Self::De, Origin::ByHand) => "selbst angelegt",
            (Self::De, Origin::Group) => "aus einem Chat",
            (Self::De, Origin::Directory) => "aus dem Verzeichnis",
            (Self::De, Origin::VCard) => "aus einer Visitenkarte",
            (Self::De, Origin::Csv) => "aus einer Tabelle",
            (Self::De, Origin::Qr) => "aus einem QR-Code",
            (Self::En, Origin::ByHand) => "added by hand",
            (Self::En, Origin::Group) => "from a chat",
            (Self::En, Origin::Directory) => "from the directory",
            (Self::En, Origin::VCard) => "from a business card",
            (Self::En, Origin::Csv) => "from a table",
            (Self::En, Origin::Qr) => "from a QR code",
        }
    }

    /// The name of a line that two devices have written at once.
    pub fn contact_line(self, line: &str) -> &'static str {
        match line {
            "name" => self.contact_name(),
            "role" => self.contact_role(),
            "department" => self.contact_department(),
            "hospital" => self.contact_hospital(),
            "matrix" => self.contact_address(),
            _ => self.contact_note(),
        }
    }

    /// Why a contact was not kept.
    pub fn contact_problem(self, error: ContactError) -> &'static str {
        match error {
            ContactError::Nameless => self.contact_nameless(),
            ContactError::NoMatrixId => self.contact_bad_address(),
            ContactError::Full => self.contact_full(),
            ContactError::TooLong => self.contact_too_long(),
        }
    }

    /// What would become of a contact of a source.
    pub fn import_fate(self, fate: &Fate) -> String {
        match (self, fate) {
            (Self::De, Fate::New) => "Neu".into(),
            (Self::De, Fate::SharesNumber(other)) => format!("Neu, gleiche Nummer wie {other}"),
            (Self::De, Fate::Adds(known)) => format!("Ergänzt {known}"),
            (Self::De, Fate::There) => "Schon da".into(),
            (Self::En, Fate::New) => "New".into(),
            (Self::En, Fate::SharesNumber(other)) => format!("New, same number as {other}"),
            (Self::En, Fate::Adds(known)) => format!("Adds to {known}"),
            (Self::En, Fate::There) => "Already there".into(),
        }
    }

    /// Why something could not be read.
    pub fn import_why(self, why: Why) -> &'static str {
        match (self, why) {
            (Self::De, Why::NoCard) => "Keine Visitenkarte",
            (Self::De, Why::NoLine) => "Diese Zeile ist unverständlich",
            (Self::De, Why::Unfinished) => "Die Visitenkarte hört mittendrin auf",
            (Self::De, Why::Letters) => "Die Schriftzeichen sind hier nicht bekannt",
            (Self::De, Why::Nameless) => "Weder Name noch Nummer",
            (Self::De, Why::NoHeadings) => {
                "Die erste Zeile nennt keine Überschriften wie Name oder Telefon"
            }
            (Self::De, Why::TooManyCells) => "Mehr Spalten als Überschriften",
            (Self::De, Why::OpenQuote) => "Ein Anführungszeichen ist nicht geschlossen",
            (Self::De, Why::NoMatrixId) => "Die Konsil-Adresse stimmt nicht",
            (Self::De, Why::TooLong) => "Ein Text ist zu lang, oder es sind zu viele Nummern",
            (Self::En, Why::NoCard) => "No business card",
            (Self::En, Why::NoLine) => "This line cannot be understood",
            (Self::En, Why::Unfinished) => "The business card ends in the middle",
            (Self::En, Why::Letters) => "Its letters are not known here",
            (Self::En, Why::Nameless) => "Neither name nor number",
            (Self::En, Why::NoHeadings) => "The first line has no headings such as name or phone",
            (Self::En, Why::TooManyCells) => "More columns than headings",
            (Self::En, Why::OpenQuote) => "A quotation mark is not closed",
            (Self::En, Why::NoMatrixId) => "The Konsil address is wrong",
            (Self::En, Why::TooLong) => "A text is too long, or there are too many numbers",
        }
    }

    /// A line of a file that could not be read.
    pub fn import_line(self, line: usize, why: Why) -> String {
        let why = self.import_why(why);
        match self {
            Self::De => format!("Zeile {line}: {why}"),
            Self::En => format!("Line {line}: {why}"),
        }
    }
}
