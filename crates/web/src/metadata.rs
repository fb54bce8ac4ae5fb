//! What a picture's file carries beside its pixels, to be able to say what was taken out. Taking it out is the browser's
//! drawing it anew; nothing here is trusted to find everything.

use std::collections::BTreeSet;

use vocabulary::removal::Metadata;

/// Whether the first bytes are those of a picture, whatever its name says.
pub fn is_picture(start: &[u8]) -> bool {
    let brand = start.get(8..12).unwrap_or_default();
    let heif = start.get(4..8) == Some(b"ftyp")
        && matches!(brand, b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis");
    heif || start.starts_with(&[0xFF, 0xD8, 0xFF])
        || start.starts_with(PNG)
        || start.starts_with(b"GIF8")
        || start.starts_with(b"II*\0")
        || start.starts_with(b"MM\0*")
        || (start.starts_with(b"RIFF") && brand == b"WEBP")
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What is found in a JPEG, PNG or WebP; of other kinds only that there was something else.
pub fn kinds(file: &[u8]) -> Vec<Metadata> {
    let mut found = BTreeSet::new();
    // Stops at the first thing that is not as it should be; what was found till then stays.
    let _ = if file.starts_with(&[0xFF, 0xD8]) {
        jpeg(file, &mut found)
    } else if file.starts_with(PNG) {
        png(file, &mut found)
    } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        webp(file, &mut found)
    } else {
        found.insert(Metadata::Other);
        None
    };
    found.into_iter().collect()
}

fn jpeg(file: &[u8], found: &mut BTreeSet<Metadata>) -> Option<()> {
    let mut at = 2;
    loop {
        let [0xFF, kind] = *file.get(at..at + 2)? else { return None };
        if matches!(kind, 0xDA | 0xD9) {
            return Some(());
        }
        let length = usize::from(u16::from_be_bytes(file.get(at + 2..at + 4)?.try_into().ok()?));
        let body = file.get(at + 4..at + 2 + length)?;
        match kind {
            0xE1 if body.starts_with(b"Exif\0\0") => exif(&body[6..], found),
            0xE1 => drop(found.insert(Metadata::Xmp)),
            0xE2 if body.starts_with(b"ICC_PROFILE") => drop(found.insert(Metadata::ColourProfile)),
            0xED => drop(found.insert(Metadata::Iptc)),
            0xFE => drop(found.insert(Metadata::Text)),
            // JFIF itself and Adobe's colour transform say only how to read the pixels.
            0xE0 | 0xEE => {}
            0xE2..=0xEF => drop(found.insert(Metadata::Other)),
            _ => {}
        }
        at += 2 + length;
    }
}

fn png(file: &[u8], found: &mut BTreeSet<Metadata>) -> Option<()> {
    let mut at = PNG.len();
    loop {
        let length =
            usize::try_from(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let kind = file.get(at + 4..at + 8)?;
        let body = file.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"IEND" => return Some(()),
            b"eXIf" => exif(body, found),
            b"iTXt" if body.starts_with(b"XML:com.adobe.xmp") => drop(found.insert(Metadata::Xmp)),
            b"tEXt" | b"zTXt" | b"iTXt" => drop(found.insert(Metadata::Text)),
            b"tIME" => drop(found.insert(Metadata::Time)),
            b"iCCP" => drop(found.insert(Metadata::ColourProfile)),
            _ => {}
        }
        at += 12 + length;
    }
}

fn webp(file: &[u8], found: &mut BTreeSet<Metadata>) -> Option<()> {
    let mut at = 12_usize;
    loop {
        let kind = file.get(at..at + 4)?;
        let length = u32::from_le_bytes(file.get(at + 4..at + 8)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        let body = file.get(at + 8..(at + 8).checked_add(length)?)?;
        match kind {
            b"EXIF" => exif(body.strip_prefix(b"Exif\0\0").unwrap_or(body), found),
            b"XMP " => drop(found.insert(Metadata::Xmp)),
            b"ICCP" => drop(found.insert(Metadata::ColourProfile)),
            _ => {}
        }
        at = (at + 8).checked_add(length + length % 2)?;
    }
}

fn exif(tiff: &[u8], found: &mut BTreeSet<Metadata>) {
    found.insert(Metadata::Exif);
    let _ = directories(tiff, found);
}

/// The first directory points to the place, the second one to the small copy.
fn directories(tiff: &[u8], found: &mut BTreeSet<Metadata>) -> Option<()> {
    const PLACE: u16 = 0x8825;
    const SMALL_COPY: [u16; 2] = [0x0201, 0x0111];
    let little = match tiff.get(0..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let two = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let four = |at: usize| {
        let bytes: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let number = if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(number).ok()
    };
    let mut directory = four(4)?;
    for second in [false, true] {
        if directory == 0 {
            return Some(());
        }
        let count = usize::from(two(directory)?);
        for entry in 0..count {
            let tag = two(directory + 2 + entry * 12)?;
            match tag {
                PLACE => drop(found.insert(Metadata::Place)),
                tag if second && SMALL_COPY.contains(&tag) => {
                    found.insert(Metadata::Thumbnail);
                }
                _ => {}
            }
        }
        directory = four(directory + 2 + count * 12)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16 + 2).to_be_bytes();
        [&[0xFF, kind], &length[..], body].concat()
    }

    /// A first directory with a place, a second one with a small copy.
    fn tiff() -> Vec<u8> {
        let entry = |tag: u16| [&tag.to_be_bytes()[..], &[0, 4, 0, 0, 0, 1, 0, 0, 0, 0]].concat();
        let head = [&b"MM\0*"[..], &8_u32.to_be_bytes()].concat();
        let first = [&1_u16.to_be_bytes()[..], &entry(0x8825), &26_u32.to_be_bytes()].concat();
        let second = [&1_u16.to_be_bytes()[..], &entry(0x0201), &0_u32.to_be_bytes()].concat();
        [head, first, second].concat()
    }

    #[test]
    fn what_a_jpeg_carries_is_named() {
        let exif = [&b"Exif\0\0"[..], &tiff()].concat();
        let file = [
            vec![0xFF, 0xD8],
            segment(0xE0, b"JFIF\0"),
            segment(0xE1, &exif),
            segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"),
            segment(0xED, b"Photoshop 3.0\0"),
            segment(0xFE, b"Zimmer 4"),
            vec![0xFF, 0xDA],
        ]
        .concat();
        let expected = [
            Metadata::Exif,
            Metadata::Place,
            Metadata::Thumbnail,
            Metadata::Xmp,
            Metadata::Iptc,
            Metadata::Text,
        ];
        assert_eq!(kinds(&file), expected);
        assert_eq!(
            kinds(&[&[0xFF, 0xD8][..], &segment(0xE0, b"JFIF\0"), &[0xFF, 0xD9]].concat()),
            []
        );
        // Whatever is cut off or wrong, it ends.
        for end in 0..file.len() {
            kinds(&file[..end]);
            let mut wrong = file.clone();
            wrong[end] ^= 0xFF;
            kinds(&wrong);
        }
    }

    #[test]
    fn what_a_png_and_a_webp_carry_is_named() {
        let chunk = |kind: &[u8], body: &[u8]| {
            [&(body.len() as u32).to_be_bytes()[..], kind, body, &[0; 4]].concat()
        };
        let file = [
            PNG.to_vec(),
            chunk(b"IHDR", &[0; 13]),
            chunk(b"tEXt", b"Author\0Meyer"),
            chunk(b"eXIf", &tiff()),
            chunk(b"tIME", &[0; 7]),
            chunk(b"IEND", &[]),
        ]
        .concat();
        let expected =
            [Metadata::Exif, Metadata::Place, Metadata::Thumbnail, Metadata::Text, Metadata::Time];
        assert_eq!(kinds(&file), expected);
        let chunk = |kind: &[u8], body: &[u8]| {
            let pad = vec![0; body.len() % 2];
            [kind, &(body.len() as u32).to_le_bytes()[..], body, &pad].concat()
        };
        let file = [&b"RIFF\0\0\0\0WEBP"[..], &chunk(b"VP8 ", b"abc"), &chunk(b"XMP ", b"<x/>")];
        assert_eq!(kinds(&file.concat()), [Metadata::Xmp]);
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        assert!(is_picture(&[0xFF, 0xD8, 0xFF, 0xE0]));
        assert!(is_picture(PNG));
        assert!(is_picture(b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(is_picture(b"\0\0\0\x18ftypheic"));
        assert!(is_picture(b"II*\0"));
        assert!(!is_picture(b"%PDF-1.7"));
        assert!(!is_picture(b"\0\0\0\x18ftypisom"));
        assert!(!is_picture(b""));
    }
}
