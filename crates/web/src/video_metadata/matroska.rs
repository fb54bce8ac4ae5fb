//! WebM and Matroska: elements within elements (RFC 8794, RFC 9559).

use std::{collections::BTreeSet, ops::Range};

use vocabulary::removal::Metadata;

use super::{Unreadable, wipe};

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK: u32 = 0xAE;
const CLUSTER: u32 = 0x1F43_B675;
const CHAPTERS: u32 = 0x1043_A770;
const TAGS: u32 = 0x1254_C367;
const ATTACHMENTS: u32 = 0x1941_A469;
const DATE: u32 = 0x4461;
const WRITING_APP: u32 = 0x5741;
const MUXING_APP: u32 = 0x4D80;
/// Title, names and numbers of files and of files before and behind.
const DESCRIPTIONS: [u32; 7] = [0x7BA9, 0x7384, 0x73A4, 0x3C_B923, 0x3C_83AB, 0x3E_B923, 0x3E_83BB];
const TRACK_NAME: u32 = 0x536E;
/// A checksum over what it lies in, which will not be right any more.
const CHECKSUM: u32 = 0xBF;
const VOID: u8 = 0xEC;

/// An element; a length that is not known reaches to the end of what it lies in.
struct Found {
    id: u32,
    whole: Range<usize>,
    content: Range<usize>,
    sized: bool,
}

/// Cleans the whole file.
pub(super) fn clean(file: &mut [u8], found: &mut BTreeSet<Metadata>) -> Result<(), Unreadable> {
    let mut at = 0;
    while at < file.len() {
        let this = read(file, at, file.len())?;
        at = this.whole.end;
        if this.id == SEGMENT {
            segment(file, this.content, found)?;
        }
    }
    Ok(())
}

fn segment(
    file: &mut [u8],
    within: Range<usize>,
    found: &mut BTreeSet<Metadata>,
) -> Result<(), Unreadable> {
    let mut at = within.start;
    while at < within.end {
        let this = read(file, at, within.end)?;
        match this.id {
            // Written while it was recorded: its length is not known, its content is walked through like the rest.
            CLUSTER if !this.sized => {
                at = this.content.start;
                continue;
            }
            _ if !this.sized => return Err(Unreadable),
            INFO => children(file, this.content, found, info)?,
            TRACKS => children(file, this.content, found, tracks)?,
            TAGS | ATTACHMENTS | CHAPTERS => void(file, &this, found),
            // Places of pictures and sound; and, in a cluster of unknown length, these themselves.
            _ => {}
        }
        at = this.whole.end;
    }
    Ok(())
}

type Step = fn(&mut [u8], &Found, &mut BTreeSet<Metadata>) -> Result<(), Unreadable>;

fn children(
    file: &mut [u8],
    within: Range<usize>,
    found: &mut BTreeSet<Metadata>,
    step: Step,
) -> Result<(), Unreadable> {
    let mut at = within.start;
    while at < within.end {
        let this = read(file, at, within.end)?;
        if !this.sized {
            return Err(Unreadable);
        }
        match this.id {
            CHECKSUM => void(file, &this, &mut BTreeSet::new()),
            _ => step(file, &this, found)?,
        }
        at = this.whole.end;
    }
    Ok(())
}

fn info(file: &mut [u8], this: &Found, found: &mut BTreeSet<Metadata>) -> Result<(), Unreadable> {
    match this.id {
        DATE => {
            found.insert(Metadata::Time);
            void(file, this, &mut BTreeSet::new());
        }
        // Must be there, may be empty: zeros end a string.
        WRITING_APP | MUXING_APP => file[this.content.clone()].fill(0),
        id if DESCRIPTIONS.contains(&id) => {
            found.insert(Metadata::Text);
            void(file, this, &mut BTreeSet::new());
        }
        _ => {}
    }
    Ok(())
}

fn tracks(file: &mut [u8], this: &Found, found: &mut BTreeSet<Metadata>) -> Result<(), Unreadable> {
    let name: Step = |file, this, found| {
        if this.id == TRACK_NAME {
            found.insert(Metadata::Text);
            void(file, this, &mut BTreeSet::new());
        }
        Ok(())
    };
    match this.id {
        TRACK => children(file, this.content.clone(), found, name),
        _ => Ok(()),
    }
}

/// Makes an element filler of the same length: `Void` with a length of as many bytes as leave no rest.
fn void(file: &mut [u8], this: &Found, found: &mut BTreeSet<Metadata>) {
    wipe(&mut file[this.content.clone()], found);
    let whole = &mut file[this.whole.clone()];
    whole.fill(0);
    whole[0] = VOID;
    let length = whole.len();
    if length - 2 < 0x7F {
        whole[1] = 0x80 | (length - 2) as u8;
    } else {
        // Eight bytes of length, of which the first is the mark.
        let rest = (length - 9) as u64;
        whole[1..9].copy_from_slice(&(rest | 1 << 56).to_be_bytes());
    }
}

fn read(file: &[u8], at: usize, end: usize) -> Result<Found, Unreadable> {
    let (id, id_bytes) = number(file, at, 4, false)?;
    let (length, length_bytes) = number(file, at + id_bytes, 8, true)?;
    let start = at + id_bytes + length_bytes;
    let sized = length != (1 << (7 * length_bytes)) - 1;
    let stop = if sized {
        let length = usize::try_from(length).map_err(|_| Unreadable)?;
        start.checked_add(length).filter(|stop| *stop <= end).ok_or(Unreadable)?
    } else {
        end
    };
    let id = u32::try_from(id).map_err(|_| Unreadable)?;
    if start > end {
        return Err(Unreadable);
    }
    Ok(Found { id, whole: at..stop, content: start..stop, sized })
}

/// A number whose first set bit says how many bytes it has, and that count. An id keeps this bit, a length does not.
fn number(
    file: &[u8],
    at: usize,
    most: usize,
    is_length: bool,
) -> Result<(u64, usize), Unreadable> {
    let first = *file.get(at).ok_or(Unreadable)?;
    let bytes = first.leading_zeros() as usize + 1;
    let all = file.get(at..at + bytes).filter(|_| bytes <= most).ok_or(Unreadable)?;
    let number = all.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Ok((if is_length { number & !(1 << (7 * bytes)) } else { number }, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u32 | 1 << 28).to_be_bytes();
        [id, &length, content].concat()
    }

    fn file(cluster: Vec<u8>) -> Vec<u8> {
        let info = [
            element(&[0x44, 0x61], &[3; 8]),
            element(&[0x57, 0x41], b"Phone of Meyer"),
            element(&[0x7B, 0xA9], b"Zimmer 4"),
        ]
        .concat();
        let track = element(&[0x53, 0x6E], b"Camera of Meyer");
        let tag = [b"LOCATION +48.1370+011.5750/".to_vec(), vec![0; 300]].concat();
        let segment = [
            element(&[0x15, 0x49, 0xA9, 0x66], &info),
            element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track)),
            cluster,
            element(&[0x12, 0x54, 0xC3, 0x67], &tag),
        ]
        .concat();
        let head = element(&[0x1A, 0x45, 0xDF, 0xA3], b"");
        // As a recorder writes it: a segment without a length.
        [head, vec![0x18, 0x53, 0x80, 0x67, 0xFF], segment].concat()
    }

    #[test]
    fn what_describes_is_gone_and_the_pictures_stay_where_they_were() {
        let blocks = [element(&[0xE7], &[0; 4]), element(&[0xA3], b"PIXEL")].concat();
        let sized = element(&[0x1F, 0x43, 0xB6, 0x75], &blocks);
        let unsized_one = [&[0x1F, 0x43, 0xB6, 0x75, 0xFF][..], &blocks].concat();
        for cluster in [sized, unsized_one] {
            let before = file(cluster);
            let mut after = before.clone();
            let mut found = BTreeSet::new();
            clean(&mut after, &mut found).unwrap();
            assert_eq!(after.len(), before.len());
            let has = |sign: &[u8]| after.windows(sign.len()).any(|window| window == sign);
            for gone in [&b"Meyer"[..], b"Zimmer", b"+48", &[3; 8]] {
                assert!(!has(gone), "{gone:?}");
            }
            assert!(has(b"PIXEL"));
            assert_eq!(found, BTreeSet::from([Metadata::Place, Metadata::Text, Metadata::Time]));
            let mut again = after.clone();
            clean(&mut again, &mut BTreeSet::new()).unwrap();
            assert_eq!(again, after, "filler is an element like others");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_and_never_read_beyond_its_end() {
        let whole = file(element(&[0x1F, 0x43, 0xB6, 0x75], b""));
        for end in 0..whole.len() {
            let _ = clean(&mut whole[..end].to_vec(), &mut BTreeSet::new());
            let mut wrong = whole.clone();
            wrong[end] ^= 0xFF;
            let _ = clean(&mut wrong, &mut BTreeSet::new());
        }
        assert_eq!(clean(&mut [0x18, 0x53], &mut BTreeSet::new()), Err(Unreadable));
        assert_eq!(clean(&mut [0xEC, 0xBF, 0, 0], &mut BTreeSet::new()), Err(Unreadable));
    }
}
