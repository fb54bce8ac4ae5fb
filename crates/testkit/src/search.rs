//! Looks for something secret in every byte that a server or a browser left on disk.
//!
//! A plain `grep` finds too little: texts lie as UTF-16 or base64, LevelDB and Blink compress with snappy, caches keep
//! bodies as Brotli or gzip, SQLite spreads long values over pages. So each file is searched raw, and then again
//! in everything that can be unpacked from it, level by level.

mod leveldb;
mod snappy;
mod sqlite;
mod streams;

use std::fmt;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use memchr::memmem::Finder;

/// Compressed values inside compressed blocks inside a table are three.
const DEEPEST: usize = 4;
/// Length of the pieces by which binary content is recognised.
const WINDOW_BYTES: usize = 24;

/// What is looked for, in all forms in which it may be written.
#[derive(Clone, Debug)]
pub struct Needle {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// A text: as UTF-8, UTF-16 in both orders, base64 at each of the three alignments, and hex.
    pub fn text(text: &str) -> Self {
        assert!(text.len() >= 12, "a shorter marker is found by chance");
        let mut forms = vec![
            ("UTF-8", text.as_bytes().to_vec()),
            ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("hex", text.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        ];
        forms.extend((0..3).map(|offset| ("base64", base64_inside(text.as_bytes(), offset))));
        Self { name: text.to_owned(), forms }
    }

    /// A key or another secret value: its bytes, as base64 at each of the three alignments, as hex, and as a list of numbers in JSON.
    pub fn secret(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 12, "a shorter one is found by chance");
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let hex = bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
        let mut forms = vec![
            ("bytes", bytes.to_vec()),
            ("hex", hex),
            ("numbers", numbers.join(",").into_bytes()),
        ];
        forms.extend((0..3).map(|offset| ("base64", base64_inside(bytes, offset))));
        Self { name: name.to_owned(), forms }
    }

    /// A file's content, recognised by pieces from all over it, so that a part of the file is found too.
    pub fn content(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 40 * WINDOW_BYTES, "too little content to recognise");
        // The first and last bytes are the format's, not the file's.
        let inner = &bytes[bytes.len() / 10..bytes.len() - bytes.len() / 10];
        let step = inner.len() / 16;
        let pieces = (0..16).map(|piece| inner[piece * step..][..WINDOW_BYTES].to_vec());
        // A run of equal bytes stands in any file.
        let telling = pieces.filter(|piece| piece.windows(2).any(|pair| pair[0] != pair[1]));
        Self { name: name.to_owned(), forms: telling.map(|piece| ("bytes", piece)).collect() }
    }
}

/// One place where a needle was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub needle: String,
    pub encoding: &'static str,
    pub file: PathBuf,
    /// How the bytes had to be unpacked, outermost first; empty if they stand in the file as they are.
    pub unpacked: Vec<&'static str>,
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needle, encoding, file, unpacked } = self;
        write!(out, "{needle} as {encoding} in {}", file.display())?;
        unpacked.iter().try_for_each(|layer| write!(out, " > {layer}"))
    }
}

/// Everything found in the files below `root` (or in the file `root`), each combination once per file.
pub fn search(root: &Path, needles: &[Needle]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut searched = 0;
    for file in files(root) {
        // A browser that is just being closed removes files while they are looked at.
        let Ok(bytes) = std::fs::read(&file) else { continue };
        searched += 1;
        let mut scan = Scan { needles, file: &file, found: Vec::new() };
        scan.file_name();
        scan.buffer(&bytes, &mut Vec::new());
        sqlite::cells(&file, &bytes, |cell| scan.buffer(cell, &mut vec!["SQLite cell"]));
        found.append(&mut scan.found);
    }
    assert!(searched > 0, "nothing to search in {}", root.display());
    found
}

struct Scan<'a> {
    needles: &'a [Needle],
    file: &'a Path,
    found: Vec<Found>,
}

impl Scan<'_> {
    fn file_name(&mut self) {
        let name = self.file.as_os_str().as_encoded_bytes().to_vec();
        self.look(&name, &["file name"]);
    }

    fn buffer(&mut self, bytes: &[u8], unpacked: &mut Vec<&'static str>) {
        self.look(bytes, unpacked);
        if unpacked.len() == DEEPEST {
            return;
        }
        let mut parts: Vec<(&'static str, Vec<u8>)> = Vec::new();
        if unpacked.is_empty() {
            leveldb::unpack(self.file, bytes, &mut parts);
            streams::whole_file(bytes, &mut parts);
        }
        streams::inside(bytes, &mut parts);
        snappy::blink_values(bytes, &mut parts);
        for (layer, part) in parts {
            unpacked.push(layer);
            self.buffer(&part, unpacked);
            unpacked.pop();
        }
    }

    fn look(&mut self, bytes: &[u8], unpacked: &[&'static str]) {
        for needle in self.needles {
            for (encoding, form) in &needle.forms {
                if Finder::new(form).find(bytes).is_some() {
                    let found = Found {
                        needle: needle.name.clone(),
                        encoding,
                        file: self.file.to_owned(),
                        unpacked: unpacked.to_vec(),
                    };
                    if !self.found.contains(&found) {
                        self.found.push(found);
                    }
                }
            }
        }
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_dir() {
            let Ok(entries) = path.read_dir() else { continue };
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else if metadata.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The characters of `bytes` in base64 that do not depend on their neighbours, `offset` bytes after a group's start.
fn base64_inside(bytes: &[u8], offset: usize) -> Vec<u8> {
    let aligned = &bytes[(3 - offset) % 3..];
    BASE64_STANDARD.encode(&aligned[..aligned.len() / 3 * 3]).into_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    const MARKER: &str = "Zwerchfellhochstand-4711";

    /// Writes one file and searches it; the result as `encoding > layers`.
    fn found(name: &str, bytes: &[u8]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), bytes).unwrap();
        let hits = search(directory.path(), &[Needle::text(MARKER)]);
        hits.iter()
            .map(|hit| [&[hit.encoding], hit.unpacked.as_slice()].concat().join(" > "))
            .collect()
    }

    fn text() -> Vec<u8> {
        format!("{}{MARKER}{}", "before ".repeat(50), " after".repeat(50)).into_bytes()
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert!(found("file", "Zwerchfellhochstand-4712".repeat(100).as_bytes()).is_empty());
    }

    #[test]
    fn plain_texts_are_found_in_each_encoding() {
        assert_eq!(found("file", &text()), ["UTF-8"]);
        let wide: Vec<u8> = MARKER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found("file", &wide), ["UTF-16LE"]);
        let wide: Vec<u8> = MARKER.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(found("file", &wide), ["UTF-16BE"]);
        assert_eq!(found(MARKER, b"x"), ["UTF-8 > file name"]);
    }

    #[test]
    fn base64_is_found_at_each_alignment() {
        // "…", "x…" and "xy…", encoded by coreutils' base64.
        for encoded in [
            "WndlcmNoZmVsbGhvY2hzdGFuZC00NzEx",
            "eFp3ZXJjaGZlbGxob2Noc3RhbmQtNDcxMQ==",
            "eHlad2VyY2hmZWxsaG9jaHN0YW5kLTQ3MTE=",
        ] {
            assert_eq!(found("file", encoded.as_bytes()), ["base64"], "{encoded}");
        }
    }

    #[test]
    fn compressed_streams_are_found_in_the_middle_of_a_file() {
        let level = flate2::Compression::default();
        let mut gzip = flate2::write::GzEncoder::new(b"head".to_vec(), level);
        gzip.write_all(&text()).unwrap();
        assert_eq!(
            found("file", &[&gzip.finish().unwrap(), &b"tail"[..]].concat()),
            ["UTF-8 > gzip"]
        );
        let mut zlib = flate2::write::ZlibEncoder::new(b"head".to_vec(), level);
        zlib.write_all(&text()).unwrap();
        assert_eq!(found("file", &zlib.finish().unwrap()), ["UTF-8 > zlib"]);
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), level);
        raw.write_all(&text()).unwrap();
        assert_eq!(found("file", &raw.finish().unwrap()), ["UTF-8 > deflate"]);
    }

    fn brotli() -> Vec<u8> {
        let mut out = Vec::new();
        brotli::BrotliCompress(&mut text().as_slice(), &mut out, &Default::default()).unwrap();
        out
    }

    #[test]
    fn brotli_is_found_alone_and_in_the_browsers_cache() {
        assert_eq!(found("file", &brotli()), ["UTF-8 > Brotli"]);
        let key = b"1/0/https://klinikum.test/x";
        let mut entry = 0xfcfb_6d1b_a772_5c30_u64.to_le_bytes().to_vec();
        entry.extend(5_u32.to_le_bytes());
        entry.extend((key.len() as u32).to_le_bytes());
        entry.extend([0; 8]);
        entry.extend(key);
        entry.extend(brotli());
        entry.extend([0xAA; 48]);
        assert_eq!(found("0123456789abcdef_0", &entry), ["UTF-8 > Brotli"]);
    }

    #[test]
    fn values_that_blink_compresses_are_found() {
        let mut value = vec![1, 2, 3, 0xFF, 0x11, 0x02];
        value.extend(snap::raw::Encoder::new().compress_vec(&text().repeat(4)).unwrap());
        value.extend(b"something behind it");
        assert_eq!(found("blob", &value), ["UTF-8", "UTF-8 > snappy value"]);
    }

    #[test]
    fn a_piece_of_a_file_is_recognised_by_its_content() {
        let bytes: Vec<u8> =
            (0..20_000_u32).flat_map(|number| (number * number).to_le_bytes()).collect();
        let needle = Needle::content("picture", &bytes);
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("half"), &bytes[..bytes.len() / 2]).unwrap();
        assert!(!search(directory.path(), std::slice::from_ref(&needle)).is_empty());
        fs::write(directory.path().join("half"), vec![7; 5000]).unwrap();
        assert!(search(directory.path(), &[needle]).is_empty());
    }
}
