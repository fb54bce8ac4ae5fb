//! Takes out of a video's file what it carries beside picture and sound: place, time, device, names, texts.
//!
//! The file is neither decoded nor written anew: what only describes is overwritten with zeros where it lies and becomes
//! filler of the same length, so that no offset in the file changes and memory holds the file once. What the pictures
//! show and what is said stays, of course, and so do notes that an encoder left inside its own stream.

use std::collections::BTreeSet;

use vocabulary::removal::Metadata;

mod iso_media;
mod matroska;

/// Formats whose files can be cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// MP4, MOV and 3GP: ISO/IEC 14496-12 and its ancestor QuickTime.
    IsoMedia,
    /// WebM and Matroska: RFC 9559.
    Matroska,
}

/// The file is not built as its format demands, so nobody can say what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Container {
    /// What the first bytes say, whatever the file's name is. Sixteen are enough.
    pub fn of(start: &[u8]) -> Option<Self> {
        const PICTURES: [&[u8]; 7] =
            [b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis"];
        match start.get(4..8) {
            Some(b"ftyp") => (!PICTURES.contains(&start.get(8..12)?)).then_some(Self::IsoMedia),
            // QuickTime's files of old begin without saying what they are.
            Some(b"moov" | b"mdat" | b"wide") => Some(Self::IsoMedia),
            _ => start.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]).then_some(Self::Matroska),
        }
    }

    /// Content type of a video in it.
    pub fn mime(self) -> &'static str {
        match self {
            Self::IsoMedia => "video/mp4",
            Self::Matroska => "video/webm",
        }
    }

    /// Ending of its files' names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::IsoMedia => "mp4",
            Self::Matroska => "webm",
        }
    }

    /// Cleans the file in place and says what it carried. After an error the file must not be sent.
    pub fn clean(self, file: &mut [u8]) -> Result<Vec<Metadata>, Unreadable> {
        let mut found = BTreeSet::new();
        match self {
            Self::IsoMedia => iso_media::clean(file, &mut found)?,
            Self::Matroska => matroska::clean(file, &mut found)?,
        }
        Ok(found.into_iter().collect())
    }
}

/// Overwrites what describes, having looked at what it is about.
fn wipe(bytes: &mut [u8], found: &mut BTreeSet<Metadata>) {
    let kinds = kinds(bytes);
    if bytes.iter().any(|byte| *byte != 0) && kinds.is_empty() {
        found.insert(Metadata::Other);
    }
    found.extend(kinds);
    bytes.fill(0);
}

/// What the words in it are about, as the common keys name it.
fn kinds(bytes: &[u8]) -> BTreeSet<Metadata> {
    const SIGNS: [(&[u8], Metadata); 19] = [
        (b"\xA9xyz", Metadata::Place),
        (b"loci", Metadata::Place),
        (b"location", Metadata::Place),
        (b"LOCATION", Metadata::Place),
        (b"\xA9mak", Metadata::Exif),
        (b"\xA9mod", Metadata::Exif),
        (b"\xA9swr", Metadata::Exif),
        (b"quicktime.make", Metadata::Exif),
        (b"quicktime.model", Metadata::Exif),
        (b"quicktime.software", Metadata::Exif),
        (b"android.manufacturer", Metadata::Exif),
        (b"android.model", Metadata::Exif),
        (b"\xA9day", Metadata::Time),
        (b"creationdate", Metadata::Time),
        (b"\xA9nam", Metadata::Text),
        (b"\xA9cmt", Metadata::Text),
        (b"TITLE", Metadata::Text),
        (b"COMMENT", Metadata::Text),
        (b"<x:xmpmeta", Metadata::Xmp),
    ];
    let has = |sign: &[u8]| bytes.windows(sign.len()).any(|window| window == sign);
    SIGNS.iter().filter(|(sign, _)| has(sign)).map(|(_, kind)| *kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_is_known_by_its_first_bytes() {
        assert_eq!(Container::of(b"\0\0\0\x18ftypisom\0\0\0\0"), Some(Container::IsoMedia));
        assert_eq!(Container::of(b"\0\0\0\x14ftypqt  \0\0\0\0"), Some(Container::IsoMedia));
        assert_eq!(Container::of(b"\0\0\0\x08wide\0\0\0\0mdat"), Some(Container::IsoMedia));
        assert_eq!(Container::of(b"\x1A\x45\xDF\xA3\x9F"), Some(Container::Matroska));
        for other in [&b"\0\0\0\x18ftypheic"[..], b"%PDF-1.7", b"\xFF\xD8\xFF\xE0", b""] {
            assert_eq!(Container::of(other), None);
        }
    }
}
