use std::{
    fs::File,
    io::{self, Write},
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::{runtime::Handle, task::JoinHandle};

use crate::{CHUNK_BYTES, Directory, Error, ObjectName, Synced, finished};

/// So much is written before the disk is asked to begin with it. A large file is then on the disk soon after its last byte has
/// come, and not first as long as the disk takes for all of it.
const FLUSHED_BYTES: usize = 512 * 1024;

/// A finished object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: ObjectName,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// An object that is being written.
///
/// While one piece is written on a thread for the disk and hashed on another, the next is gathered; a slow sender holds no thread. The hash may
/// lag behind: it is ready when the disk has the bytes.
#[derive(Debug)]
pub struct Upload {
    directory: Arc<Directory>,
    name: ObjectName,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    size_bytes: u64,
    written: Step,
    hashed: Option<JoinHandle<Sha256>>,
    /// Bytes that the disk was not asked for yet.
    unflushed_bytes: usize,
    flushing: Option<JoinHandle<io::Result<()>>>,
    /// Whether there is a file of ours to delete if the upload is given up.
    created: Arc<AtomicBool>,
    finished: bool,
}

#[derive(Debug)]
enum Step {
    Unwritten,
    Writing(JoinHandle<io::Result<Writer>>),
    /// The last step failed, or its writer is in use.
    Failed,
}

#[derive(Debug)]
struct Writer {
    file: Arc<File>,
    /// The directory is made durable while the content still comes in: its entry is there from the first piece on.
    entry: JoinHandle<io::Result<()>>,
}

impl Writer {
    fn create(
        directory: &Arc<Directory>,
        name: &ObjectName,
        created: &AtomicBool,
    ) -> io::Result<Self> {
        let file = Arc::new(directory.create(name)?);
        created.store(true, Ordering::SeqCst);
        let (directory, name) = (directory.clone(), name.clone());
        let entry = Handle::current().spawn_blocking(move || directory.sync_shard(&name));
        Ok(Self { file, entry })
    }

    fn write(&self, pieces: &[Bytes]) -> io::Result<()> {
        for piece in pieces {
            (&*self.file).write_all(piece)?;
        }
        Ok(())
    }
}

impl Upload {
    pub(crate) fn begin(directory: Arc<Directory>, name: ObjectName) -> Self {
        Self {
            directory,
            name,
            gathered: Vec::new(),
            gathered_bytes: 0,
            size_bytes: 0,
            written: Step::Unwritten,
            hashed: None,
            unflushed_bytes: 0,
            flushing: None,
            created: Arc::default(),
            finished: false,
        }
    }

    /// Bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Adds bytes. Waits while the disk is slower than the sender.
    ///
    /// # Errors
    /// [`Error::Storage`]; the upload is then lost.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size_bytes += bytes.len() as u64;
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes >= CHUNK_BYTES {
            let written = self.write_gathered(false).await?;
            self.hash_too(written).await?;
        }
        Ok(())
    }

    /// Writes what is left, and waits until object and directory are on the disk.
    ///
    /// # Errors
    /// [`Error::Storage`]: nothing was stored.
    pub async fn finish(mut self) -> Result<Stored, Error> {
        let last = self.write_gathered(true).await?;
        // What is left is hashed while the disk is at work.
        self.hash_too(last).await?;
        let sha256 = self.hash().await?.finalize().into();
        let Writer { entry, .. } = self.writer().await?.ok_or_else(lost)?;
        if let Some(flushing) = self.flushing.take() {
            finished(flushing.await)?;
        }
        finished(entry.await)?;
        self.finished = true;
        Ok(Stored { name: self.name.clone(), size_bytes: self.size_bytes, sha256 })
    }

    /// Has what was gathered written, once what came before it is, and waits for the disk with the last of it. Gives it back, for the hash.
    async fn write_gathered(&mut self, and_sync: bool) -> Result<Vec<Bytes>, Error> {
        let pieces = mem::take(&mut self.gathered);
        self.unflushed_bytes += mem::take(&mut self.gathered_bytes);
        let writer = self.writer().await?;
        if let Some(writer) = &writer
            && !and_sync
        {
            self.flush_early(&writer.file).await?;
        }
        let (directory, name, created) =
            (self.directory.clone(), self.name.clone(), self.created.clone());
        let written = pieces.clone();
        self.written = Step::Writing(tokio::task::spawn_blocking(move || {
            let writer = match writer {
                Some(writer) => writer,
                None => Writer::create(&directory, &name, &created)?,
            };
            writer.write(&written)?;
            if and_sync {
                directory.sync(&writer.file, Synced::Content)?;
            }
            Ok(writer)
        }));
        Ok(pieces)
    }

    /// Has the pieces hashed, once those before them are.
    async fn hash_too(&mut self, pieces: Vec<Bytes>) -> Result<(), Error> {
        let mut hash = self.hash().await?;
        self.hashed = Some(tokio::task::spawn_blocking(move || {
            pieces.iter().for_each(|piece| hash.update(piece));
            hash
        }));
        Ok(())
    }

    /// The hash of what was written so far.
    async fn hash(&mut self) -> Result<Sha256, Error> {
        match self.hashed.take() {
            None => Ok(Sha256::new()),
            Some(hashed) => Ok(finished(hashed.await.map(Ok))?),
        }
    }

    /// Has the disk begin with what was written, unless that is little or the disk is still busy with what came before.
    async fn flush_early(&mut self, file: &Arc<File>) -> Result<(), Error> {
        if self.unflushed_bytes < FLUSHED_BYTES {
            return Ok(());
        }
        // The kernel tells of a failure once, so none may be overlooked.
        match self.flushing.take_if(|flushing| flushing.is_finished()) {
            Some(done) => finished(done.await)?,
            None if self.flushing.is_some() => return Ok(()),
            None => {}
        }
        self.unflushed_bytes = 0;
        let (directory, file) = (self.directory.clone(), file.clone());
        self.flushing =
            Some(tokio::task::spawn_blocking(move || directory.sync(&file, Synced::Content)));
        Ok(())
    }

    /// Takes the writer after its last step, `None` before the first.
    async fn writer(&mut self) -> Result<Option<Writer>, Error> {
        match &mut self.written {
            // Awaited in place: if this future is dropped meanwhile, the step is still known and what it wrote is deleted.
            Step::Writing(step) => {
                let done = finished(step.await);
                self.written = Step::Failed;
                Ok(Some(done.map_err(Error::Storage)?))
            }
            Step::Unwritten => Ok(None),
            Step::Failed => Err(lost()),
        }
    }
}

fn lost() -> Error {
    Error::Storage(io::Error::other("an earlier write of this upload failed"))
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let step = mem::replace(&mut self.written, Step::Failed);
        if matches!(step, Step::Unwritten) {
            return;
        }
        let (directory, name, created) =
            (self.directory.clone(), self.name.clone(), self.created.clone());
        // Without a runtime the process is about to end; the sweep finds the rest.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Step::Writing(step) = step {
                    let _ = step.await;
                }
                if created.load(Ordering::SeqCst) {
                    // What cannot be deleted now is found by the sweep.
                    let _ = crate::blocking(move || directory.remove(&name)).await;
                }
            });
        }
    }
}
