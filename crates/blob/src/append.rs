use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    mem,
    sync::Arc,
};

use bytes::Bytes;

use crate::{CHUNK_BYTES, Directory, Error, ObjectName, Synced, blocking};

/// An object that comes in several requests: bytes are added at its end, and [`Append::keep`] makes them durable.
///
/// What was written and not kept may be there afterwards or not. Whoever goes on says how much was kept, and what lies behind it
/// is cut off.
#[derive(Debug)]
pub struct Append {
    directory: Arc<Directory>,
    file: Arc<File>,
    size_bytes: u64,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
}

impl Append {
    pub(crate) fn open(
        directory: Arc<Directory>,
        name: &ObjectName,
        size_bytes: u64,
    ) -> io::Result<Self> {
        let mut file = directory.open_to_write(name)?;
        if file.metadata()?.len() < size_bytes {
            // Filling up with zeros would make a whole of what is none.
            return Err(io::Error::other("the object is shorter than it was"));
        }
        file.set_len(size_bytes)?;
        file.seek(SeekFrom::Start(size_bytes))?;
        let file = Arc::new(file);
        Ok(Self { directory, file, size_bytes, gathered: Vec::new(), gathered_bytes: 0 })
    }

    /// Bytes so far, those that are not kept yet among them.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Adds bytes. Waits while the disk is slower than the sender.
    ///
    /// # Errors
    /// [`Error::Storage`]: nothing more can be added.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.size_bytes += bytes.len() as u64;
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes >= CHUNK_BYTES { self.write_gathered().await } else { Ok(()) }
    }

    /// Waits until the disk has all that was written, and says how much that is.
    ///
    /// # Errors
    /// [`Error::Storage`]: only what was kept before is there for certain.
    pub async fn keep(mut self) -> Result<u64, Error> {
        self.write_gathered().await?;
        let (directory, file) = (self.directory.clone(), self.file.clone());
        blocking(move || directory.sync(&file, Synced::Content)).await.map_err(Error::Storage)?;
        Ok(self.size_bytes)
    }

    async fn write_gathered(&mut self) -> Result<(), Error> {
        self.gathered_bytes = 0;
        let (pieces, file) = (mem::take(&mut self.gathered), self.file.clone());
        blocking(move || pieces.iter().try_for_each(|piece| (&*file).write_all(piece)))
            .await
            .map_err(Error::Storage)
    }
}
