//! Pictures within a PDF, without what their own files say beside the pixels. Nothing is decoded: whole segments and boxes
//! are left out, so the pixels are what they were.

/// A JPEG (ITU-T T.81) without all application segments but those that say how its colours are to be read, without
/// comments, and without what follows its end. What was left out is added to `cut`, segment by segment. `None` if its
/// structure cannot be followed.
pub fn jpeg(file: &[u8], cut: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut kept = file.get(..2).filter(|start| *start == [0xFF, 0xD8])?.to_vec();
    let mut at = 2;
    loop {
        if at >= file.len() {
            // Readers take a picture without its end mark.
            return Some(kept);
        }
        let marker = next_marker(file, at)?;
        let kind = file[marker + 1];
        if kind == 0xD9 {
            kept.extend([0xFF, 0xD9]);
            return Some(kept);
        }
        let length = file.get(marker + 2..marker + 4)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let end = marker + 2 + length;
        let segment = file.get(marker..end).filter(|_| length >= 2)?;
        match kind {
            0xE0 if segment[4..].starts_with(b"JFIF\0") && segment.len() >= 18 => {
                // Without its small copy.
                kept.extend([0xFF, 0xE0, 0, 16]);
                kept.extend(&segment[4..16]);
                kept.extend([0, 0]);
            }
            0xEE if segment[4..].starts_with(b"Adobe") => kept.extend(segment),
            0xE0..=0xEF | 0xFE => cut.extend(segment),
            _ => kept.extend(segment),
        }
        at = end;
        if kind == 0xDA {
            let scan_end = end_of_scan(file, end);
            kept.extend(&file[end..scan_end]);
            at = scan_end;
        }
    }
}

/// Where the next marker begins. Fill bytes before it are skipped; `None` at the end, or where something else stands.
fn next_marker(file: &[u8], mut at: usize) -> Option<usize> {
    while file.get(at..at + 2)? == [0xFF, 0xFF] {
        at += 1;
    }
    (file[at] == 0xFF && file[at + 1] != 0).then_some(at)
}

/// Where the coded pixels end: at a marker that is no restart.
fn end_of_scan(file: &[u8], from: usize) -> usize {
    let ends = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    let end = file[from..].windows(2).position(ends);
    end.map_or(file.len(), |end| from + end)
}

/// A JPEG 2000 file (ISO/IEC 15444-1, annex I) without the boxes for texts and other people's data. `None` if it has none,
/// if it is a bare code stream, or if its structure cannot be followed.
pub fn jpeg2000(file: &[u8]) -> Option<Vec<u8>> {
    file.get(4..8).filter(|kind| *kind == b"jP  ")?;
    let (mut kept, mut at, mut left_out) = (Vec::with_capacity(file.len()), 0_usize, false);
    while at < file.len() {
        let head = file.get(at..at + 8)?;
        let length = match u32::from_be_bytes([head[0], head[1], head[2], head[3]]) {
            0 => file.len() - at,
            1 => {
                let long: [u8; 8] = file.get(at + 8..at + 16)?.try_into().ok()?;
                usize::try_from(u64::from_be_bytes(long)).ok()?
            }
            length => usize::try_from(length).ok()?,
        };
        let end = at.checked_add(length).filter(|_| length >= 8)?;
        let whole = file.get(at..end)?;
        match &head[4..8] {
            b"xml " | b"uuid" | b"uinf" | b"jp2i" => left_out = true,
            // It points into the file by offsets.
            b"ftbl" | b"flst" => return None,
            _ => kept.extend(whole),
        }
        at = end;
    }
    left_out.then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[0xFF, kind], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat()
    }

    #[test]
    fn a_jpeg_keeps_its_pixels_and_loses_what_stands_beside_them() {
        let jfif = segment(0xE0, b"JFIF\0\x01\x01\0\0\x48\0\x48\x01\x01abc");
        let without_copy = segment(0xE0, b"JFIF\0\x01\x01\0\0\x48\0\x48\0\0");
        let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01");
        let tables = segment(0xDB, &[7; 65]);
        let scan = [segment(0xDA, &[1, 2, 3]), vec![1, 0xFF, 0, 2, 0xFF, 0xD0, 3]].concat();
        let start = vec![0xFF, 0xD8];
        let file = [
            start.clone(),
            jfif,
            segment(0xE1, b"Exif\0\0secret"),
            adobe.clone(),
            segment(0xFE, b"secret"),
            tables.clone(),
            scan.clone(),
            // Progressive pictures have several scans.
            segment(0xEF, b"secret"),
            scan.clone(),
            vec![0xFF, 0xD9],
            b"secret behind the end".to_vec(),
        ]
        .concat();
        let clean =
            [start, without_copy, adobe, tables, scan.clone(), scan, vec![0xFF, 0xD9]].concat();
        let mut cut = Vec::new();
        assert_eq!(jpeg(&file, &mut cut).expect("a JPEG"), clean);
        assert!(
            cut.starts_with(b"\xFF\xE1") && cut.windows(6).filter(|w| w == b"secret").count() == 3
        );
        assert_eq!(jpeg(&clean, &mut Vec::new()).expect("a JPEG"), clean);
        // What stands between two segments is not known: the picture is not cut off there.
        let stray = [&file[..2], b"stray", &file[2..]].concat();
        assert_eq!(jpeg(&stray, &mut Vec::new()), None);
        // Whatever is cut off or wrong, it ends.
        for end in 0..file.len() {
            jpeg(&file[..end], &mut Vec::new());
            let mut wrong = file.clone();
            wrong[end] ^= 0xFF;
            jpeg(&wrong, &mut Vec::new());
        }
    }

    #[test]
    fn a_jpeg_2000_loses_its_boxes_for_texts() {
        let boxed = |kind: &[u8], body: &[u8]| {
            [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
        };
        let (start, code) = (boxed(b"jP  ", b"\r\n\x87\n"), boxed(b"jp2c", b"pixels"));
        let file = [start.clone(), boxed(b"xml ", b"<x/>"), boxed(b"uuid", &[0; 20]), code.clone()]
            .concat();
        let clean = [start, code].concat();
        assert_eq!(jpeg2000(&file).as_ref(), Some(&clean));
        assert_eq!(jpeg2000(&clean), None);
        for end in 0..file.len() {
            jpeg2000(&file[..end]);
            let mut wrong = file.clone();
            wrong[end] ^= 0xFF;
            jpeg2000(&wrong);
        }
    }
}
