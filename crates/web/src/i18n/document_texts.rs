//! The words of what is taken out of documents before they are sent, and of what stays in them.

use vocabulary::removal::AsItIs;

use super::Lang;

words! {
    preparing_pdf: "PDF wird vorbereitet …", "Preparing the PDF …";
    meta_document: "Verfasser, Titel, Programm und Zeiten", "author, title, program and times";
    meta_revisions: "frühere Fassungen und Reste", "earlier versions and leftovers";
    meta_programs: "was Programme für sich ablegen", "what programs keep for themselves";
    meta_notes: "Namen und Zeiten an Anmerkungen", "names and times on notes";
    meta_identifier: "Kennung der Datei", "identifier of the file";
    pictures_unread: "Bilder darin, deren Angaben nicht zu lesen sind", "pictures in it whose data cannot be read";
    goes_signed: "Unterschrieben: Die Datei geht unverändert hinaus, damit die Unterschrift gültig bleibt.", "Signed: the file goes out unchanged, so that the signature stays valid.";
    goes_protected: "Durch ein Passwort oder gegen Änderungen geschützt: Die Datei geht unverändert hinaus.", "Protected by a password or against changes: the file goes out unchanged.";
    goes_unreadable: "Nicht zu lesen: Die Datei geht unverändert hinaus.", "Cannot be read: the file goes out unchanged.";
    goes_too_large: "Größer als 64 MB: Die Datei geht unverändert hinaus.", "Larger than 64 MB: the file goes out unchanged.";
    goes_too_long: "Das Bereinigen dauert zu lange: Die Datei geht unverändert hinaus.", "Cleaning it takes too long: the file goes out unchanged.";
    goes_as_it_is: "Die Datei geht unverändert hinaus.", "The file goes out unchanged.";
    stays_unknown: "Was sie außer ihren Seiten enthält, bleibt darin, etwa Verfasser und frühere Fassungen.", "What it holds beside its pages stays in it, such as its author and earlier versions.";
    went_signed: "Unverändert gesendet, damit die Unterschrift gültig bleibt", "Sent unchanged, so that the signature stays valid";
    went_protected: "Unverändert gesendet, weil die Datei geschützt ist", "Sent unchanged, because the file is protected";
    went_unreadable: "Unverändert gesendet, weil die Datei nicht zu lesen war", "Sent unchanged, because the file could not be read";
    went_too_large: "Unverändert gesendet, weil die Datei zu groß ist", "Sent unchanged, because the file is too large";
    went_too_long: "Unverändert gesendet, weil das Bereinigen zu lange dauerte", "Sent unchanged, because cleaning it took too long";
    went_as_it_is: "Unverändert gesendet", "Sent unchanged";
}

impl Lang {
    /// Before a document is sent as it is: why.
    pub fn goes_because(self, reason: AsItIs) -> &'static str {
        match reason {
            AsItIs::Signed => self.goes_signed(),
            AsItIs::Protected => self.goes_protected(),
            AsItIs::Unreadable => self.goes_unreadable(),
            AsItIs::TooLarge => self.goes_too_large(),
            AsItIs::TooLong => self.goes_too_long(),
            AsItIs::Other => self.goes_as_it_is(),
        }
    }

    /// After a document was sent as it is: why.
    pub fn went_because(self, reason: AsItIs) -> &'static str {
        match reason {
            AsItIs::Signed => self.went_signed(),
            AsItIs::Protected => self.went_protected(),
            AsItIs::Unreadable => self.went_unreadable(),
            AsItIs::TooLarge => self.went_too_large(),
            AsItIs::TooLong => self.went_too_long(),
            AsItIs::Other => self.went_as_it_is(),
        }
    }

    /// What a document still says beside its pages.
    pub fn stays_in(self, what: &str) -> String {
        match self {
            Self::De => format!("Bleibt darin: {what}"),
            Self::En => format!("Stays in it: {what}"),
        }
    }

    /// Before sending: files within a document, by their names.
    pub fn attached_go_along(self, names: &str) -> String {
        match self {
            Self::De => format!("Angehängte Dateien gehen unverändert mit: {names}"),
            Self::En => format!("Attached files go along unchanged: {names}"),
        }
    }

    /// After sending: files within a document.
    pub fn attached_went_along(self, count: u32) -> String {
        match (self, count) {
            (Self::De, 1) => "1 angehängte Datei ging unverändert mit".into(),
            (Self::De, n) => format!("{n} angehängte Dateien gingen unverändert mit"),
            (Self::En, 1) => "1 attached file went along unchanged".into(),
            (Self::En, n) => format!("{n} attached files went along unchanged"),
        }
    }
}
