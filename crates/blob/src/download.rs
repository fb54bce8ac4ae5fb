use std::{
    fs::File,
    io::{self, ErrorKind, IoSliceMut, Read, Seek, SeekFrom},
    ops::Range,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use rustix::io::{ReadWriteFlags, preadv2};
use tokio::task::JoinHandle;

use crate::{CHUNK_BYTES, finished};

/// The bytes of an object, as a stream of pieces. The next is read before one is sent if the operating system has it in memory, else
/// meanwhile, on a thread for the disk.
#[derive(Debug)]
pub struct Download {
    size_bytes: u64,
    length: u64,
    step: Step,
}

/// The file and the number of bytes that are still to be read from it; `None` at the end.
type Rest = Option<(File, u64)>;

#[derive(Debug)]
enum Step {
    /// This piece is there; the file follows if more is to come.
    Ready(Bytes, Rest),
    Reading(JoinHandle<io::Result<(Bytes, Rest)>>),
    Done,
}

impl Download {
    pub(crate) async fn begin(path: PathBuf, range: Range<u64>) -> io::Result<Self> {
        crate::blocking(move || {
            let mut file = File::open(path)?;
            let size_bytes = file.metadata()?.len();
            let end = range.end.min(size_bytes);
            let start = range.start.min(end);
            if start > 0 {
                file.seek(SeekFrom::Start(start))?;
            }
            let length = end - start;
            let (bytes, rest) = read_piece(file, length)?;
            Ok(Self { size_bytes, length, step: Step::Ready(bytes, rest) })
        })
        .await
    }

    /// The size of the whole object.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// How many bytes the stream gives in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The rest as one piece. For objects whose size is known to be small.
    ///
    /// # Errors
    /// I/O errors of the storage.
    pub async fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        use futures_util::StreamExt;
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        while let Some(piece) = self.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(bytes)
    }
}

/// How large the next piece is.
fn piece_bytes(left: u64) -> usize {
    usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES)
}

/// What of the next piece lies in memory, without waiting for the disk: handing the file to another thread and back costs more than this copy.
fn read_at_once(file: &File, left: u64) -> Option<Bytes> {
    const FROM_WHERE_IT_STANDS: u64 = u64::MAX;
    let mut bytes = vec![0; piece_bytes(left)];
    let room = &mut [IoSliceMut::new(&mut bytes)];
    // A file system that does not know what it has in memory refuses; then the thread for the disk reads.
    let read = preadv2(file, room, FROM_WHERE_IT_STANDS, ReadWriteFlags::NOWAIT).ok()?;
    bytes.truncate(read);
    // Nothing at all is the end of a file that has become shorter; that thread says so.
    (read > 0).then(|| bytes.into())
}

fn rest_after(piece: &Bytes, file: File, left: u64) -> Rest {
    let rest = left - piece.len() as u64;
    (rest > 0).then_some((file, rest))
}

fn read_piece(mut file: File, left: u64) -> io::Result<(Bytes, Rest)> {
    // In one call: `read_to_end` would begin with 8 KiB and double.
    let mut bytes = vec![0; piece_bytes(left)];
    // Objects never shrink, so the disk or somebody else did it: the reader must not take this for the end.
    let too_short = |error: io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "the object is shorter than it was")
        }
        _ => error,
    };
    file.read_exact(&mut bytes).map_err(too_short)?;
    let bytes = bytes.into();
    let rest = rest_after(&bytes, file, left);
    Ok((bytes, rest))
}

impl Stream for Download {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Step::Reading(reading) = &mut self.step {
            let joined = std::task::ready!(Pin::new(reading).poll(context));
            match finished(joined) {
                Ok((bytes, rest)) => self.step = Step::Ready(bytes, rest),
                Err(error) => {
                    self.step = Step::Done;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Ready(bytes, rest) => {
                if let Some((file, left)) = rest {
                    self.step = match read_at_once(&file, left) {
                        Some(next) => {
                            let rest = rest_after(&next, file, left);
                            Step::Ready(next, rest)
                        }
                        None => Step::Reading(tokio::task::spawn_blocking(move || {
                            read_piece(file, left)
                        })),
                    };
                }
                Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
            }
            Step::Reading(_) | Step::Done => Poll::Ready(None),
        }
    }
}
