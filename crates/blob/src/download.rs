use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use tokio::task::JoinHandle;

use crate::{CHUNK_BYTES, finished};

/// The bytes of an object, as a stream of pieces. While one is sent, the next is read.
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

fn read_piece(mut file: File, left: u64) -> io::Result<(Bytes, Option<(File, u64)>)> {
    let wanted = left.min(CHUNK_BYTES as u64);
    let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or(CHUNK_BYTES));
    let read = (&mut file).take(wanted).read_to_end(&mut bytes)? as u64;
    if read < wanted {
        // Objects never shrink, so the disk or somebody else did it: the reader must not take this for the end.
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the object is shorter than it was",
        ));
    }
    let rest = left - read;
    Ok((bytes.into(), (rest > 0).then_some((file, rest))))
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
                    self.step =
                        Step::Reading(tokio::task::spawn_blocking(move || read_piece(file, left)));
                }
                Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
            }
            Step::Reading(_) | Step::Done => Poll::Ready(None),
        }
    }
}
