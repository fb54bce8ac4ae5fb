//! Snappy's raw format, decoded as far as it goes: what is searched need not be whole.
//! <https://github.com/google/snappy/blob/main/format_description.txt>

use memchr::memmem::find_iter;

/// More than any block or value of a test.
const LARGEST_BYTES: usize = 64 << 20;
/// Blink's mark of a compressed IndexedDB value: version tag, "requires processing", "compressed with snappy".
const BLINK_COMPRESSED: [u8; 3] = [0xFF, 0x11, 0x02];

/// Appends every value that Blink has compressed before handing it to IndexedDB.
pub(super) fn blink_values(bytes: &[u8], parts: &mut Vec<(&'static str, Vec<u8>)>) {
    for at in find_iter(bytes, &BLINK_COMPRESSED) {
        let value = decode(&bytes[at + BLINK_COMPRESSED.len()..]);
        if value.len() > 8 {
            parts.push(("snappy value", value));
        }
    }
}

/// What can be decoded from the beginning of `bytes`; stops at the declared length or at the first nonsense.
pub(super) fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut input = Input(bytes);
    let Some(length) = input.varint().filter(|length| *length <= LARGEST_BYTES) else { return out };
    while out.len() < length && element(&mut input, &mut out).is_some() {}
    out.truncate(length);
    out
}

fn element(input: &mut Input, out: &mut Vec<u8>) -> Option<()> {
    let tag = usize::from(input.byte()?);
    let (offset, length) = match tag & 3 {
        0 => {
            let length = match tag >> 2 {
                short @ 0..60 => short + 1,
                long => input.little_endian(long - 59)? + 1,
            };
            out.extend_from_slice(input.take(length)?);
            return Some(());
        }
        1 => ((tag >> 5) << 8 | usize::from(input.byte()?), (tag >> 2 & 7) + 4),
        2 => (input.little_endian(2)?, (tag >> 2) + 1),
        _ => (input.little_endian(4)?, (tag >> 2) + 1),
    };
    let from = out.len().checked_sub(offset).filter(|_| offset > 0)?;
    // The copy may overlap what it writes: that is how runs are written.
    for at in from..from + length {
        out.push(out[at]);
    }
    Some(())
}

/// Bytes that are taken from the front.
pub(super) struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// LEB128, as protobuf writes it.
    pub fn varint(&mut self) -> Option<usize> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return usize::try_from(value).ok();
            }
        }
        None
    }

    fn little_endian(&mut self, count: usize) -> Option<usize> {
        Some(self.take(count)?.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_snappy_encodes_is_decoded() {
        let text: Vec<u8> =
            (0..50_000_u32).flat_map(|n| format!("{} ", n * n % 997).into_bytes()).collect();
        let encoded = snap::raw::Encoder::new().compress_vec(&text).unwrap();
        assert!(encoded.len() < text.len() / 2, "copies are used");
        assert_eq!(decode(&encoded), text);
    }

    #[test]
    fn a_torn_block_is_decoded_up_to_the_tear() {
        let text = b"one two three four five six seven".repeat(3);
        let encoded = snap::raw::Encoder::new().compress_vec(&text).unwrap();
        let half = decode(&encoded[..encoded.len() - 2]);
        assert!(text.starts_with(&half));
        assert!(half.len() > 10);
    }

    #[test]
    fn nonsense_neither_panics_nor_grows() {
        for seed in 0..2000_u32 {
            let bytes: Vec<u8> = (0..64_u32)
                .map(|at| (seed.wrapping_mul(2_654_435_761) >> (at % 24)) as u8 ^ at as u8)
                .collect();
            assert!(decode(&bytes).len() <= LARGEST_BYTES);
        }
    }
}
