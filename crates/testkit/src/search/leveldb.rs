//! LevelDB, in which Chromium keeps IndexedDB and web storage: tables of compressed blocks, and logs of fragments.
//! <https://github.com/google/leveldb/blob/main/doc/table_format.md>, `log_format.md`

use std::path::Path;

use super::snappy::{self, Input};

const FOOTER_BYTES: usize = 48;
const TABLE_MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
const LOG_BLOCK_BYTES: usize = 32 * 1024;
const LOG_HEADER_BYTES: usize = 7;

/// Appends the blocks of a table, or the joined records of a log.
pub(super) fn unpack(file: &Path, bytes: &[u8], parts: &mut Vec<(&'static str, Vec<u8>)>) {
    if bytes.ends_with(&TABLE_MAGIC) {
        // A damaged table has been searched raw; what can be read of it is unpacked too.
        let _ = table(bytes, parts);
    } else if file.extension().is_some_and(|extension| extension == "log") {
        parts.push(("LevelDB log", records(bytes)));
    }
}

fn table(bytes: &[u8], parts: &mut Vec<(&'static str, Vec<u8>)>) -> Option<()> {
    let mut footer = Input(&bytes[bytes.len().checked_sub(FOOTER_BYTES)?..]);
    let _metaindex = (footer.varint()?, footer.varint()?);
    let index = block(bytes, footer.varint()?, footer.varint()?)?;
    for handle in values(&index) {
        let mut handle = Input(handle);
        let (Some(offset), Some(size)) = (handle.varint(), handle.varint()) else { continue };
        if let Some(block) = block(bytes, offset, size) {
            // Keys share their beginnings and are cut in the block; values stand whole.
            parts.push(("LevelDB block", block));
        }
    }
    Some(())
}

/// A block's content; behind it stands the byte that says how it is compressed.
fn block(bytes: &[u8], offset: usize, size: usize) -> Option<Vec<u8>> {
    let end = offset.checked_add(size)?;
    let content = bytes.get(offset..end)?;
    match bytes.get(end)? {
        1 => Some(snappy::decode(content)),
        _ => Some(content.to_vec()),
    }
}

/// The values of a block's entries.
fn values(block: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let Some(restarts) = block.len().checked_sub(4).map(|at| &block[at..]) else { return found };
    let restarts = u32::from_le_bytes(restarts.try_into().expect("four bytes")) as usize;
    let Some(end) = restarts.checked_mul(4).and_then(|size| block.len().checked_sub(size + 4))
    else {
        return found;
    };
    let mut entries = Input(&block[..end]);
    while let Some(value) = entry(&mut entries) {
        found.push(value);
    }
    found
}

fn entry<'a>(entries: &mut Input<'a>) -> Option<&'a [u8]> {
    let _shared = entries.varint()?;
    let (key, value) = (entries.varint()?, entries.varint()?);
    entries.take(key)?;
    entries.take(value)
}

/// The payloads of all fragments, joined: a text that runs over a block's border becomes whole.
fn records(bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(bytes.len());
    for block in bytes.chunks(LOG_BLOCK_BYTES) {
        let mut block = Input(block);
        while let Some(header) = block.take(LOG_HEADER_BYTES) {
            let length = usize::from(u16::from_le_bytes([header[4], header[5]]));
            let Some(payload) = block.take(length).filter(|_| header[6] != 0) else { break };
            joined.extend_from_slice(payload);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varint(mut value: usize, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    /// A block with entries that share no key.
    fn encode_block(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in entries {
            varint(0, &mut out);
            varint(key.len(), &mut out);
            varint(value.len(), &mut out);
            out.extend_from_slice(key);
            out.extend_from_slice(value);
        }
        out.extend([0; 4]);
        out.extend(1_u32.to_le_bytes());
        out
    }

    #[test]
    fn a_compressed_block_of_a_table_is_unpacked() {
        let value = b"the value of a key, the value of a key, the value of a key".repeat(20);
        let data =
            snap::raw::Encoder::new().compress_vec(&encode_block(&[(b"key", &value)])).unwrap();
        let mut file = data.clone();
        file.extend([1, 0, 0, 0, 0]);
        let mut handle = Vec::new();
        varint(0, &mut handle);
        varint(data.len(), &mut handle);
        let index = encode_block(&[(b"kez", &handle)]);
        let index_at = file.len();
        file.extend(&index);
        file.extend([0, 0, 0, 0, 0]);
        let mut footer = Vec::new();
        for number in [0, 0, index_at, index.len()] {
            varint(number, &mut footer);
        }
        footer.resize(FOOTER_BYTES - TABLE_MAGIC.len(), 0);
        footer.extend(TABLE_MAGIC);
        file.extend(footer);

        let mut parts = Vec::new();
        unpack(Path::new("000005.ldb"), &file, &mut parts);

        assert_eq!(parts.len(), 1);
        assert!(memchr::memmem::find(&parts[0].1, &value).is_some());
    }

    #[test]
    fn a_record_over_a_blocks_border_becomes_whole() {
        let text: Vec<u8> = (0..40_000_u32).map(|number| (number % 251) as u8).collect();
        let (first, last) = text.split_at(LOG_BLOCK_BYTES - LOG_HEADER_BYTES);
        let mut file = Vec::new();
        for (kind, fragment) in [(2, first), (4, last)] {
            file.extend([0; 4]);
            file.extend((fragment.len() as u16).to_le_bytes());
            file.push(kind);
            file.extend(fragment);
        }
        assert!(memchr::memmem::find(&file, &text).is_none(), "the header stands in between");

        let mut parts = Vec::new();
        unpack(Path::new("000003.log"), &file, &mut parts);

        assert_eq!(parts, [("LevelDB log", text)]);
    }
}
