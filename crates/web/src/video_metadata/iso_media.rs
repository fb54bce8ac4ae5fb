//! MP4, MOV, 3GP: boxes within boxes (ISO/IEC 14496-12; QuickTime File Format).

use std::{collections::BTreeSet, ops::Range};

use vocabulary::removal::Metadata;

use super::{Unreadable, wipe};

/// How deep boxes may nest. Real files need six.
const MAX_DEPTH: usize = 12;

/// Boxes that hold what picture and sound are made of, or say how to read them; they stay as they are.
const KEPT: [&[u8; 4]; 20] = [
    b"ftyp", b"styp", b"mdat", b"sidx", b"ssix", b"prft", b"mfra", b"edts", b"vmhd", b"smhd",
    b"nmhd", b"dinf", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"cslg",
];
/// Samples' properties, fragments and QuickTime's own: just as needed.
const KEPT_TOO: [&[u8; 4]; 22] = [
    b"stz2", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"stsh", b"stps", b"mvex",
    b"mehd", b"trex", b"mfhd", b"tfhd", b"tfdt", b"trun", b"padb", b"gmhd", b"clef", b"tapt",
    b"wide", b"iods",
];

/// A box: its type, where it lies, and where its content does.
struct Found {
    kind: [u8; 4],
    whole: Range<usize>,
    content: Range<usize>,
}

/// What was come across.
struct Seen<'a> {
    found: &'a mut BTreeSet<Metadata>,
    /// A track that is neither picture nor sound was taken out.
    dropped_track: bool,
    /// There are samples in fragments, too.
    fragments: bool,
}

/// Cleans the whole file.
pub(super) fn clean(file: &mut [u8], found: &mut BTreeSet<Metadata>) -> Result<(), Unreadable> {
    let mut seen = Seen { found, dropped_track: false, fragments: false };
    boxes(file, 0..file.len(), &mut seen, 0)?;
    // Then a part of the track that was taken out would be left in them. No camera writes this.
    if seen.dropped_track && seen.fragments { Err(Unreadable) } else { Ok(()) }
}

fn boxes(
    file: &mut [u8],
    within: Range<usize>,
    seen: &mut Seen<'_>,
    depth: usize,
) -> Result<(), Unreadable> {
    if depth > MAX_DEPTH {
        return Err(Unreadable);
    }
    let mut at = within.start;
    while at < within.end {
        // QuickTime ends some lists of boxes with four zero bytes.
        if within.end - at < 8 {
            file[at..within.end].fill(0);
            return Ok(());
        }
        let this = read(file, at, within.end)?;
        at = this.whole.end;
        one(file, &this, seen, depth)?;
    }
    Ok(())
}

fn one(file: &mut [u8], this: &Found, seen: &mut Seen<'_>, depth: usize) -> Result<(), Unreadable> {
    seen.fragments |= this.kind == *b"moof";
    match &this.kind {
        b"moov" | b"mdia" | b"minf" | b"stbl" | b"moof" | b"traf" => {
            boxes(file, this.content.clone(), seen, depth + 1)
        }
        b"trak" if is_picture_or_sound(file, this)? => {
            boxes(file, this.content.clone(), seen, depth + 1)
        }
        // A track of positions, of texts, of time codes: its samples lie among the others'.
        b"trak" => {
            for sample in samples(file, this)? {
                wipe(file.get_mut(sample).ok_or(Unreadable)?, seen.found);
            }
            drop_box(file, this, seen.found);
            seen.dropped_track = true;
            Ok(())
        }
        b"mvhd" | b"tkhd" | b"mdhd" => times(file, this, seen.found),
        b"hdlr" => {
            // Version, flags, two types and three reserved fields; what follows is a name for people.
            let name = this.content.start + 24..this.content.end;
            file.get_mut(name).ok_or(Unreadable)?.fill(0);
            Ok(())
        }
        b"stsd" => descriptions(file, this),
        kind if KEPT.contains(&kind) || KEPT_TOO.contains(&kind) => Ok(()),
        // Points from track to track; the one it points to may be gone.
        b"tref" => {
            drop_box(file, this, &mut BTreeSet::new());
            Ok(())
        }
        // Whatever else there is only describes, or nobody here knows what it says.
        _ => {
            drop_box(file, this, seen.found);
            Ok(())
        }
    }
}

/// Makes a box filler of the same length.
fn drop_box(file: &mut [u8], this: &Found, found: &mut BTreeSet<Metadata>) {
    wipe(&mut file[this.content.clone()], found);
    file[this.whole.start + 4..this.whole.start + 8].copy_from_slice(b"free");
}

fn read(file: &[u8], at: usize, end: usize) -> Result<Found, Unreadable> {
    let kind = bytes(file, at + 4)?;
    let (head, length) = match u32::from_be_bytes(bytes(file, at)?) {
        0 => (8, end - at),
        1 => {
            let length = u64::from_be_bytes(bytes(file, at + 8)?);
            (16, usize::try_from(length).map_err(|_| Unreadable)?)
        }
        length => (8, length as usize),
    };
    let stop = at.checked_add(length).filter(|stop| *stop <= end).ok_or(Unreadable)?;
    if length < head {
        return Err(Unreadable);
    }
    Ok(Found { kind, whole: at..stop, content: at + head..stop })
}

/// The first box of this kind directly within.
fn child(file: &[u8], parent: &Found, kind: &[u8; 4]) -> Result<Option<Found>, Unreadable> {
    let mut at = parent.content.start;
    while at + 8 <= parent.content.end {
        let this = read(file, at, parent.content.end)?;
        if this.kind == *kind {
            return Ok(Some(this));
        }
        at = this.whole.end;
    }
    Ok(None)
}

fn is_picture_or_sound(file: &[u8], track: &Found) -> Result<bool, Unreadable> {
    let media = child(file, track, b"mdia")?.ok_or(Unreadable)?;
    let handler = child(file, &media, b"hdlr")?.ok_or(Unreadable)?;
    let kind: [u8; 4] = bytes(file, handler.content.start + 8)?;
    Ok(matches!(&kind, b"vide" | b"soun"))
}

/// Where a track's samples lie: chunks begin at `stco`, hold as many samples as `stsc` says, of the sizes in `stsz`.
fn samples(file: &[u8], track: &Found) -> Result<Vec<Range<usize>>, Unreadable> {
    let table =
        [b"mdia", b"minf", b"stbl"].into_iter().try_fold(None::<Found>, |above, kind| {
            let parent = above.as_ref().unwrap_or(track);
            child(file, parent, kind)?.map(Some).ok_or(Unreadable)
        })?;
    let table = table.ok_or(Unreadable)?;
    let four = |at: usize| Ok(u32::from_be_bytes(bytes(file, at)?) as usize);
    let list = |kind: &[u8; 4]| child(file, &table, kind);
    let (sizes, runs) = match (list(b"stsz")?, list(b"stsc")?) {
        (Some(sizes), Some(runs)) => (sizes.content.start, runs.content.start),
        // In a compact form that no camera writes for such tracks.
        _ if list(b"stz2")?.is_some() => return Err(Unreadable),
        _ => return Ok(Vec::new()),
    };
    let (offsets, wide) = match (list(b"stco")?, list(b"co64")?) {
        (Some(offsets), _) => (offsets.content.start, false),
        (None, Some(offsets)) => (offsets.content.start, true),
        (None, None) => return Ok(Vec::new()),
    };
    let (same_size, count) = (four(sizes + 4)?, four(sizes + 8)?);
    let (chunks, run_count) = (four(offsets + 4)?, four(runs + 4)?);
    let mut found = Vec::new();
    let (mut sample, mut run) = (0_usize, 0_usize);
    for chunk in 1..=chunks {
        while run + 1 < run_count && four(runs + 8 + (run + 1) * 12)? <= chunk {
            run += 1;
        }
        let in_chunk = if run_count == 0 { 0 } else { four(runs + 8 + run * 12 + 4)? };
        let mut at = if wide {
            let offset = u64::from_be_bytes(bytes(file, offsets + 8 + (chunk - 1) * 8)?);
            usize::try_from(offset).map_err(|_| Unreadable)?
        } else {
            four(offsets + 8 + (chunk - 1) * 4)?
        };
        for _ in 0..in_chunk.min(count.saturating_sub(sample)) {
            let size = if same_size > 0 { same_size } else { four(sizes + 12 + sample * 4)? };
            let end = at.checked_add(size).ok_or(Unreadable)?;
            if found.len() > file.len() {
                return Err(Unreadable);
            }
            found.push(at..end);
            (at, sample) = (end, sample + 1);
        }
    }
    Ok(found)
}

/// When it was made and changed: two fields of four bytes, or of eight in version 1.
fn times(file: &mut [u8], this: &Found, found: &mut BTreeSet<Metadata>) -> Result<(), Unreadable> {
    let start = this.content.start;
    let wide = *file.get(start).ok_or(Unreadable)? == 1;
    let end = start + if wide { 20 } else { 12 };
    if end > this.content.end {
        return Err(Unreadable);
    }
    let fields = &mut file[start + 4..end];
    if fields.iter().any(|byte| *byte != 0) {
        found.insert(Metadata::Time);
        fields.fill(0);
    }
    Ok(())
}

/// The encoder's name in what describes a picture: 32 bytes behind the fields of a `VisualSampleEntry`.
fn descriptions(file: &mut [u8], this: &Found) -> Result<(), Unreadable> {
    const PICTURES: [&[u8; 4]; 9] =
        [b"avc1", b"avc3", b"hvc1", b"hev1", b"av01", b"vp08", b"vp09", b"mp4v", b"s263"];
    let mut at = this.content.start + 8;
    while at + 8 <= this.content.end {
        let entry = read(file, at, this.content.end)?;
        if PICTURES.contains(&&entry.kind) {
            let name = entry.content.start + 42..entry.content.start + 74;
            if name.end > entry.content.end {
                return Err(Unreadable);
            }
            file[name].fill(0);
        }
        at = entry.whole.end;
    }
    Ok(())
}

fn bytes<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N], Unreadable> {
    let end = at.checked_add(N).ok_or(Unreadable)?;
    file.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    fn track(handler: &[u8; 4], offset: u32, more: &[u8]) -> Vec<u8> {
        let handler = [&[0; 8][..], handler, &[0; 12], b"Phone of Dr. Meyer\0"].concat();
        let header = [&[0; 4][..], &[7; 8], &[0; 12]].concat();
        let sizes = [&[0; 4][..], &6_u32.to_be_bytes(), &2_u32.to_be_bytes()].concat();
        let runs = [0_u32, 1, 1, 2, 1].map(u32::to_be_bytes).concat();
        let offsets = [0_u32, 1, offset].map(u32::to_be_bytes).concat();
        let table =
            [boxed(b"stsz", &sizes), boxed(b"stsc", &runs), boxed(b"stco", &offsets)].concat();
        let media = [
            boxed(b"mdhd", &header),
            boxed(b"hdlr", &handler),
            boxed(b"minf", &boxed(b"stbl", &table)),
        ]
        .concat();
        boxed(b"trak", &[boxed(b"tkhd", &header), boxed(b"mdia", &media), more.to_vec()].concat())
    }

    /// Two samples of a picture, two of positions, and all that a phone writes beside them.
    fn phone_file() -> Vec<u8> {
        let start =
            [boxed(b"ftyp", b"qt  \0\0\0\0"), boxed(b"mdat", b"PIXELPIXEL..48.137+11.57")].concat();
        let place = boxed(b"udta", &boxed(b"\xA9xyz", b"+48.1370+011.5750/"));
        let keys =
            boxed(b"meta", b"com.apple.quicktime.model iPhone com.apple.quicktime.creationdate");
        let movie = [
            boxed(b"mvhd", &[&[0; 4][..], &[9; 8], &[1; 8]].concat()),
            track(b"vide", 24, &boxed(b"tref", b"cdsc")),
            track(b"meta", 36, &[]),
            place,
            keys,
        ]
        .concat();
        [start, boxed(b"moov", &movie), boxed(b"uuid", b"<x:xmpmeta>Station 4</x:xmpmeta>")]
            .concat()
    }

    #[test]
    fn what_describes_is_gone_and_the_pictures_stay_where_they_were() {
        let before = phone_file();
        let mut file = before.clone();
        let mut found = BTreeSet::new();
        clean(&mut file, &mut found).unwrap();
        assert_eq!(file.len(), before.len());
        let has = |sign: &[u8]| file.windows(sign.len()).any(|window| window == sign);
        for gone in [
            &b"48.1"[..],
            b"iPhone",
            b"Meyer",
            b"Station",
            b"\xA9xyz",
            b"meta",
            b"uuid",
            b"tref",
            &[7; 8],
            &[9; 8],
        ] {
            assert!(!has(gone), "{gone:?}");
        }
        assert!(has(b"PIXELPIXEL.."), "the pictures are as they were");
        assert!(has(b"vide") && has(b"stsz"), "and so is what says how to read them");
        let kinds =
            [Metadata::Exif, Metadata::Place, Metadata::Xmp, Metadata::Time, Metadata::Other];
        assert_eq!(found, BTreeSet::from(kinds));
        let cleaned = file.clone();
        let mut again = BTreeSet::new();
        clean(&mut file, &mut again).unwrap();
        assert_eq!((file, again.is_empty()), (cleaned, true), "there is nothing left to clean");
    }

    #[test]
    fn a_damaged_file_is_refused_and_never_read_beyond_its_end() {
        let whole = phone_file();
        for end in 0..whole.len() {
            let _ = clean(&mut whole[..end].to_vec(), &mut BTreeSet::new());
            for flipped in [0xFF, 0x01] {
                let mut wrong = whole.clone();
                wrong[end] ^= flipped;
                let _ = clean(&mut wrong, &mut BTreeSet::new());
            }
        }
        let too_long = [&1_000_u32.to_be_bytes()[..], b"moov", &[0; 20]].concat();
        assert_eq!(clean(&mut too_long.clone(), &mut BTreeSet::new()), Err(Unreadable));
        let deep = (0..40).fold(Vec::new(), |inner, _| boxed(b"moov", &inner));
        assert_eq!(clean(&mut deep.clone(), &mut BTreeSet::new()), Err(Unreadable));
    }
}
