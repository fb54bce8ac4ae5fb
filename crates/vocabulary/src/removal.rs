//! What was taken out of a picture, a video or a document before it was sent, and what had to stay: kinds, counts and areas,
//! never content.
//!
//! The report is a field of the message's content, beside the file's own fields, so it travels encrypted with it. Other
//! clients ignore it.

use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{Error, StrDeserializer},
    },
};

/// Field of a message with a picture, a video or a document.
pub const REMOVAL_REPORT: &str = "de.konsil.removal_report";

/// The report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalReport {
    /// The picture's file was made anew from its pixels, so that nothing of the original file's other data is in it.
    pub drawn_anew: bool,
    /// What was done to the pixels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edits>,
    /// What the original file carried beside its pixels and the sent one does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Metadata>,
    /// Why the file was sent as it is, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_it_is: Option<AsItIs>,
    /// What the sent file still carries beside its pages, as far as it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Metadata>,
    /// How many files are attached to the document. They were sent with it, as they are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attached_files: u32,
}

/// Why a document was sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsItIs {
    /// It is signed, and a signature is valid only for the bytes that it was made for.
    Signed,
    /// It is encrypted: only a password opens it, or it must not be changed.
    Protected,
    /// It could not be read.
    Unreadable,
    /// It is larger than a phone's memory allows.
    TooLarge,
    /// It took too long.
    TooLong,
    /// Something a later version says.
    #[serde(other)]
    Other,
}

impl AsItIs {
    /// The reason with this name, as it stands in the report.
    pub fn named(name: &str) -> Self {
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        Self::deserialize(name).unwrap_or(Self::Other)
    }
}

/// All edits of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    /// The kind.
    pub kind: EditKind,
    /// How often.
    pub count: u32,
    /// How many pixels were covered or cut away, where that is what the edit does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pixels: u32,
}

/// What can be done to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// Painted over in black.
    Blackened,
    /// Replaced by coarse squares with noise.
    Pixelated,
    /// Cut to a part.
    Cropped,
    /// Turned by a quarter.
    Turned,
    /// An arrow painted onto it.
    Arrow,
    /// Words written onto it.
    Text,
    /// Something a later version does.
    #[serde(other)]
    Other,
}

/// What a file can carry beside its pixels or pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// Device, time and settings of the camera.
    Exif,
    /// Where it was taken.
    Place,
    /// A small copy of the original picture.
    Thumbnail,
    /// XMP: editing history, names, descriptions.
    Xmp,
    /// IPTC: captions, authors, places.
    Iptc,
    /// Comments and texts.
    Text,
    /// A date and time.
    Time,
    /// A colour profile, which can name the device.
    ColourProfile,
    /// Author, title, program and dates of a document.
    DocumentInfo,
    /// Earlier versions of a document, and parts of it that are no longer shown.
    Revisions,
    /// What programs keep for themselves in a document.
    ApplicationData,
    /// Who wrote the notes in a document, and when.
    AnnotationAuthors,
    /// A number by which a file and its versions are known again.
    Identifier,
    /// Something a later version knows.
    #[serde(other)]
    Other,
}

impl Metadata {
    /// The kind with this name, as it stands in the report.
    pub fn named(name: &str) -> Self {
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        Self::deserialize(name).unwrap_or(Self::Other)
    }
}

impl RemovalReport {
    /// Adds edits to what was done before.
    pub fn add(&mut self, kind: EditKind, pixels: u32) {
        match self.edits.iter_mut().find(|edits| edits.kind == kind) {
            Some(edits) => {
                edits.count = edits.count.saturating_add(1);
                edits.pixels = edits.pixels.saturating_add(pixels);
            }
            None => self.edits.push(Edits { kind, count: 1, pixels }),
        }
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_counts_and_reads_what_later_versions_add() {
        let mut report = RemovalReport { drawn_anew: true, ..RemovalReport::default() };
        report.add(EditKind::Blackened, 100);
        report.add(EditKind::Turned, 0);
        report.add(EditKind::Blackened, 50);
        report.metadata = vec![Metadata::Exif, Metadata::Place];
        let json = serde_json::to_string(&report).expect("a report is JSON");
        assert_eq!(
            json,
            r#"{"drawn_anew":true,"edits":[{"kind":"blackened","count":2,"pixels":150},{"kind":"turned","count":1}],"metadata":["exif","place"]}"#
        );
        assert_eq!(serde_json::from_str::<RemovalReport>(&json).expect("it is read"), report);
        let later = r#"{"drawn_anew":true,"edits":[{"kind":"blurred","count":1}],"metadata":["c2pa"],"signed":{}}"#;
        let later: RemovalReport = serde_json::from_str(later).expect("it is read");
        assert_eq!(later.edits[0].kind, EditKind::Other);
        assert_eq!(later.metadata, [Metadata::Other]);
    }

    #[test]
    fn the_report_of_a_document_says_what_stays_in_it() {
        let report = RemovalReport {
            as_it_is: Some(AsItIs::Signed),
            kept: vec![Metadata::DocumentInfo],
            attached_files: 2,
            ..RemovalReport::default()
        };
        let json = serde_json::to_string(&report).expect("a report is JSON");
        assert_eq!(
            json,
            r#"{"drawn_anew":false,"as_it_is":"signed","kept":["document_info"],"attached_files":2}"#
        );
        assert_eq!(serde_json::from_str::<RemovalReport>(&json).expect("it is read"), report);
        assert_eq!(AsItIs::named("too_large"), AsItIs::TooLarge);
        assert_eq!(AsItIs::named("later"), AsItIs::Other);
        assert_eq!(Metadata::named("annotation_authors"), Metadata::AnnotationAuthors);
    }
}
