//! ZIP archives that are read piece by piece, so that memory does not grow with them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    ops::Range,
};

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, Crc32, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive,
    ZipArchiveEntryWayfinder, ZipLocator,
};

use crate::large::Source;

/// Bytes that are read at a time.
const PIECE_BYTES: u64 = 256 * 1024;
/// A list of files that is longer than this belongs to no chat.
const MAX_DIRECTORY_BYTES: u64 = 64 * 1024 * 1024;

/// Why an archive, or a file in it, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is no ZIP archive, or is cut off.
    #[error("no archive")]
    NotAnArchive,
    /// A file in it is not what the archive says.
    #[error("damaged")]
    Damaged,
    /// Packed or encrypted in a way that is not known here.
    #[error("packed in an unknown way")]
    Unsupported,
    /// The file is larger than is taken.
    #[error("too large")]
    TooLarge,
    /// The archive itself cannot be read any more.
    #[error("gone")]
    Gone,
}

/// A file in an archive.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path within the archive.
    pub path: String,
    /// Its size once unpacked, as the archive says; more never comes out.
    pub size_bytes: u64,
    method: CompressionMethod,
    is_encrypted: bool,
    crc32: u32,
    place: ZipArchiveEntryWayfinder,
}

impl Entry {
    /// Its name without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// An archive whose list of files was read.
pub struct Archive<S> {
    source: S,
    zip: ZipArchive<Pieces>,
    entries: Vec<Entry>,
}

/// What was read so far. The library asks for bytes and cannot wait: what is missing is noted, fetched, and the library asks again.
#[derive(Default)]
struct Pieces {
    read: RefCell<BTreeMap<u64, Vec<u8>>>,
    missing: Cell<Option<u64>>,
}

impl ReaderAt for Pieces {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.read.borrow();
        let piece = read.range(..=offset).next_back();
        let there = piece.and_then(|(start, bytes)| {
            bytes.get(usize::try_from(offset - start).ok()?..).filter(|bytes| !bytes.is_empty())
        });
        let Some(bytes) = there else {
            self.missing.set(Some(offset));
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }
}

impl Pieces {
    async fn fetch(&self, source: &impl Source, range: Range<u64>) -> Result<(), ArchiveError> {
        let range = range.start..range.end.min(source.size_bytes());
        let bytes = read(source, range.clone()).await?;
        self.read.borrow_mut().insert(range.start, bytes);
        Ok(())
    }

    /// Fetches what the library has missed last; an error of another kind is the archive's.
    async fn fetch_missing(&self, source: &impl Source) -> Result<(), ArchiveError> {
        let missing = self.missing.take().filter(|missing| *missing < source.size_bytes());
        let start = missing.ok_or(ArchiveError::NotAnArchive)?;
        // It searches from the end towards the beginning: pieces begin where their neighbours end.
        let start = start / PIECE_BYTES * PIECE_BYTES;
        self.fetch(source, start..start + PIECE_BYTES).await
    }
}

async fn read(source: &impl Source, range: Range<u64>) -> Result<Vec<u8>, ArchiveError> {
    let len = range.end - range.start;
    let bytes = source.read(range).await.ok_or(ArchiveError::Gone)?;
    if bytes.len() as u64 == len { Ok(bytes) } else { Err(ArchiveError::Gone) }
}

impl<S: Source> Archive<S> {
    /// Reads the list of files.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`] also for one that is cut off.
    pub async fn open(source: S) -> Result<Self, ArchiveError> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let mut pieces = Pieces::default();
        let zip = loop {
            let end = source.size_bytes();
            match ZipLocator::new().locate_in_reader(pieces, &mut buffer, end) {
                Ok(zip) => break zip,
                Err((back, _)) => {
                    back.fetch_missing(&source).await?;
                    pieces = back;
                }
            }
        };
        let directory = zip.directory_offset()..zip.eocd_offset();
        if directory.end.saturating_sub(directory.start) > MAX_DIRECTORY_BYTES {
            return Err(ArchiveError::TooLarge);
        }
        if directory.start > source.size_bytes() {
            return Err(ArchiveError::NotAnArchive);
        }
        zip.get_ref().read.borrow_mut().clear();
        zip.get_ref().fetch(&source, directory.start..source.size_bytes()).await?;
        let mut entries = Vec::new();
        let mut listed = zip.entries(&mut buffer);
        while let Some(entry) = listed.next_entry().map_err(|_| ArchiveError::NotAnArchive)? {
            if entry.is_dir() {
                continue;
            }
            entries.push(Entry {
                path: String::from_utf8_lossy(entry.file_path().as_bytes()).replace('\\', "/"),
                size_bytes: entry.uncompressed_size_hint(),
                method: entry.compression_method(),
                is_encrypted: entry.flags().is_encrypted(),
                crc32: entry.crc32(),
                place: entry.wayfinder(),
            });
        }
        zip.get_ref().read.borrow_mut().clear();
        Ok(Self { source, zip, entries })
    }

    /// The files in it, in the archive's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Reads a file that is no larger than `max_bytes`.
    ///
    /// # Errors
    /// [`ArchiveError::TooLarge`] before anything of it is read.
    pub async fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Vec<u8>, ArchiveError> {
        if entry.size_bytes > max_bytes {
            return Err(ArchiveError::TooLarge);
        }
        let mut unpacking = self.unpack(entry).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = unpacking.next().await? {
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    /// Begins to unpack a file, piece by piece.
    pub async fn unpack(&self, entry: &Entry) -> Result<Unpacking<'_, S>, ArchiveError> {
        if entry.is_encrypted {
            return Err(ArchiveError::Unsupported);
        }
        let inflate = match entry.method {
            CompressionMethod::STORE => None,
            CompressionMethod::DEFLATE => Some(Decompress::new(false)),
            _ => return Err(ArchiveError::Unsupported),
        };
        let range = loop {
            match self.zip.get_entry(entry.place) {
                Ok(found) => break found.compressed_data_range(),
                Err(_) => {
                    let pieces = self.zip.get_ref();
                    let fetched = pieces.fetch_missing(&self.source).await;
                    fetched.map_err(|error| match error {
                        ArchiveError::NotAnArchive => ArchiveError::Damaged,
                        other => other,
                    })?;
                }
            }
        };
        self.zip.get_ref().read.borrow_mut().clear();
        if range.0 > range.1 || range.1 > self.source.size_bytes() {
            return Err(ArchiveError::Damaged);
        }
        Ok(Unpacking {
            archive: self,
            inflate,
            packed: range.0..range.1,
            waiting: Vec::new(),
            left_bytes: entry.size_bytes,
            is_at_end: false,
            sum: Crc32::new(),
            crc32: entry.crc32,
        })
    }
}

/// A file on its way out of an archive.
pub struct Unpacking<'a, S> {
    archive: &'a Archive<S>,
    inflate: Option<Decompress>,
    /// What of it is still to be read.
    packed: Range<u64>,
    /// What was read and is still to be unpacked.
    waiting: Vec<u8>,
    left_bytes: u64,
    is_at_end: bool,
    sum: Crc32,
    crc32: u32,
}

impl<S: Source> Unpacking<'_, S> {
    /// The next piece; `None` at the end, if all of it is as the archive says.
    ///
    /// # Errors
    /// [`ArchiveError::Damaged`] for what is not: pieces before it are worthless then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ArchiveError> {
        loop {
            if self.is_at_end {
                let is_whole = self.left_bytes == 0 && self.sum.checksum() == self.crc32;
                return if is_whole { Ok(None) } else { Err(ArchiveError::Damaged) };
            }
            if self.waiting.is_empty() {
                let end = self.packed.end.min(self.packed.start + PIECE_BYTES);
                self.waiting = read(&self.archive.source, self.packed.start..end).await?;
                self.packed.start = end;
            }
            let piece = self.unpacked()?;
            // An archive that claims to be smaller than it is would fill the memory.
            self.left_bytes =
                self.left_bytes.checked_sub(piece.len() as u64).ok_or(ArchiveError::Damaged)?;
            self.sum.update(&piece);
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    /// Some of what waits, unpacked.
    fn unpacked(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let was_last = self.packed.is_empty();
        let Some(inflate) = &mut self.inflate else {
            self.is_at_end = was_last;
            return Ok(std::mem::take(&mut self.waiting));
        };
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let mut piece = Vec::with_capacity(PIECE_BYTES as usize);
        let status = inflate.decompress_vec(&self.waiting, &mut piece, FlushDecompress::None);
        let status = status.map_err(|_| ArchiveError::Damaged)?;
        let taken = (inflate.total_in() - before_in) as usize;
        self.waiting.drain(..taken);
        let is_stuck = taken == 0 && inflate.total_out() == before_out;
        if status == Status::StreamEnd {
            self.is_at_end = true;
        } else if is_stuck && was_last {
            return Err(ArchiveError::Damaged);
        }
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, io::Write, pin::pin, task};

    use flate2::{Compression, write::DeflateEncoder};
    use rawzip::ZipArchiveWriter;

    use super::*;

    /// An archive in memory that counts the most that was read at once.
    struct Bytes(Vec<u8>, Cell<u64>);

    impl Source for Bytes {
        fn size_bytes(&self) -> u64 {
            self.0.len() as u64
        }

        async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
            self.1.set(self.1.get().max(range.end - range.start));
            Some(self.0[range.start as usize..range.end as usize].to_vec())
        }
    }

    /// Nothing here ever waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = task::Context::from_waker(task::Waker::noop());
        match pin!(future).poll(&mut context) {
            task::Poll::Ready(value) => value,
            task::Poll::Pending => panic!("it waits"),
        }
    }

    fn zip(files: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut bytes);
        for (name, content, method) in files {
            let (mut entry, config) =
                archive.new_file(*name).compression_method(*method).start().expect("a file");
            let descriptor = if *method == CompressionMethod::DEFLATE {
                let packed = DeflateEncoder::new(&mut entry, Compression::default());
                let mut writer = config.wrap(packed);
                writer.write_all(content).expect("memory");
                let (packed, descriptor) = writer.finish().expect("memory");
                packed.finish().expect("memory");
                descriptor
            } else {
                let mut writer = config.wrap(&mut entry);
                writer.write_all(content).expect("memory");
                writer.finish().expect("memory").1
            };
            entry.finish(descriptor).expect("memory");
        }
        archive.finish().expect("memory");
        bytes
    }

    fn opened(bytes: Vec<u8>) -> Result<Archive<Bytes>, ArchiveError> {
        now(Archive::open(Bytes(bytes, Cell::default())))
    }

    /// Bytes that can hardly be packed.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn files_come_out_as_they_went_in_and_never_whole_in_memory() {
        let (photo, text) = (noise(3_000_000), "Ibu 600\n".repeat(200_000));
        let archive = opened(zip(&[
            ("_chat.txt", text.as_bytes(), CompressionMethod::DEFLATE),
            ("Bilder/Foto.jpg", &photo, CompressionMethod::STORE),
            ("Bilder/Foto2.jpg", &photo, CompressionMethod::DEFLATE),
            ("leer.txt", b"", CompressionMethod::DEFLATE),
        ]))
        .expect("an archive");
        let names: Vec<&str> = archive.entries().iter().map(Entry::name).collect();
        assert_eq!(names, ["_chat.txt", "Foto.jpg", "Foto2.jpg", "leer.txt"]);
        for (entry, content) in
            archive.entries().iter().zip([text.as_bytes(), &photo, &photo, &b""[..]])
        {
            assert_eq!(now(archive.read(entry, 4_000_000)).expect("a file"), content);
            let mut unpacking = now(archive.unpack(entry)).expect("a file");
            while let Some(piece) = now(unpacking.next()).expect("a piece") {
                assert!(piece.len() as u64 <= PIECE_BYTES);
            }
        }
        assert!(archive.source.1.get() <= PIECE_BYTES, "{}", archive.source.1.get());
        let too_large = now(archive.read(&archive.entries()[1], 2_999_999));
        assert_eq!(too_large, Err(ArchiveError::TooLarge));
    }

    #[test]
    fn what_is_no_archive_or_is_cut_off_is_said_to_be_none() {
        let whole = zip(&[("a.txt", b"Befund", CompressionMethod::DEFLATE)]);
        for bytes in [Vec::new(), b"PK".to_vec(), noise(700_000), whole[..whole.len() - 9].to_vec()]
        {
            assert_eq!(opened(bytes).err(), Some(ArchiveError::NotAnArchive));
        }
    }

    #[test]
    fn a_file_that_is_not_what_the_archive_says_is_damaged() {
        let content = noise(700_000);
        for method in [CompressionMethod::STORE, CompressionMethod::DEFLATE] {
            let mut bytes = zip(&[("a.bin", &content, method)]);
            bytes[400_000] ^= 0x55;
            let archive = opened(bytes).expect("its list is whole");
            let read = now(archive.read(&archive.entries()[0], u64::MAX));
            assert_eq!(read, Err(ArchiveError::Damaged), "{method:?}");
        }
    }

    #[test]
    fn a_file_that_claims_to_be_small_does_not_fill_the_memory() {
        let zeros = vec![0; 8_000_000];
        let mut bytes = zip(&[("a.bin", &zeros, CompressionMethod::DEFLATE)]);
        // The size in the list of files stands 24 bytes behind its mark (APPNOTE 4.3.12).
        let mark = bytes.windows(4).rposition(|it| it == b"PK\x01\x02").expect("a list");
        bytes[mark + 24..mark + 28].copy_from_slice(&1000_u32.to_le_bytes());
        let archive = opened(bytes).expect("its list is whole");
        let mut unpacking = now(archive.unpack(&archive.entries()[0])).expect("a file");
        assert_eq!(now(unpacking.next()), Err(ArchiveError::Damaged));
    }

    #[test]
    fn no_archive_however_damaged_makes_it_fail() {
        let whole = zip(&[
            ("a.txt", &noise(3000), CompressionMethod::DEFLATE),
            ("b.txt", b"Befund", CompressionMethod::STORE),
        ]);
        let mut random = 0x2026_1130_u32;
        for _ in 0..3000 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (random >> 8) as usize % bytes.len();
                bytes[at] = random as u8;
            }
            let Ok(archive) = opened(bytes) else { continue };
            for entry in archive.entries() {
                let _ = now(archive.read(entry, 10_000_000));
            }
        }
    }
}
