//! Deflate (zlib, gzip, raw) and Brotli, decoded as far as they go.

use std::io::Read;

/// More than any stream of a test; a chance hit must not fill the memory.
const LARGEST_BYTES: u64 = 64 << 20;
/// A chance hit decodes to a few bytes before it fails.
const SMALLEST_BYTES: usize = 16;
/// First bytes of an entry of Chromium's disk cache (`net/disk_cache/simple/simple_entry_format.h`).
const CACHE_ENTRY: [u8; 8] = 0xfcfb_6d1b_a772_5c30_u64.to_le_bytes();
/// Size of its header, which the key and then the body follow.
const CACHE_HEADER_BYTES: usize = 24;

/// Streams without a mark of their own, tried where a file or a cached body begins.
pub(super) fn whole_file(bytes: &[u8], parts: &mut Vec<(&'static str, Vec<u8>)>) {
    let body = cached_body(bytes).unwrap_or(bytes);
    keep("deflate", flate2::read::DeflateDecoder::new(body), parts);
    keep("Brotli", brotli::Decompressor::new(body, 4096), parts);
}

/// Streams that can be told by their first bytes, wherever they begin.
pub(super) fn inside(bytes: &[u8], parts: &mut Vec<(&'static str, Vec<u8>)>) {
    for (at, window) in bytes.windows(3).enumerate() {
        match window {
            [0x1F, 0x8B, 0x08] => keep("gzip", flate2::read::GzDecoder::new(&bytes[at..]), parts),
            // RFC 1950: deflate with a window of 32 KiB, the two bytes a multiple of 31.
            [0x78, flags, _] if (0x7800 + u16::from(*flags)) % 31 == 0 && flags & 0x20 == 0 => {
                keep("zlib", flate2::read::ZlibDecoder::new(&bytes[at..]), parts);
            }
            _ => {}
        }
    }
}

fn cached_body(bytes: &[u8]) -> Option<&[u8]> {
    let header =
        bytes.get(..CACHE_HEADER_BYTES).filter(|header| header.starts_with(&CACHE_ENTRY))?;
    let key_length = u32::from_le_bytes(header[12..16].try_into().ok()?);
    bytes.get(CACHE_HEADER_BYTES + usize::try_from(key_length).ok()?..)
}

fn keep(name: &'static str, decoder: impl Read, parts: &mut Vec<(&'static str, Vec<u8>)>) {
    let mut out = Vec::new();
    // An error ends the stream; what came before it is searched all the same.
    let _ = decoder.take(LARGEST_BYTES).read_to_end(&mut out);
    if out.len() >= SMALLEST_BYTES {
        parts.push((name, out));
    }
}
