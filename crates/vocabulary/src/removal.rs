//! What was taken out of a picture before it was sent: kinds, counts and areas, never content.
//!
//! The report is a field of the message's content, beside the picture's own fields, so it travels encrypted with it. Other
//! clients ignore it.

use serde::{Deserialize, Serialize};

/// Field of a message with a picture.
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

/// What a picture's file can carry beside its pixels.
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
    /// Something a later version knows.
    #[serde(other)]
    Other,
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
}
