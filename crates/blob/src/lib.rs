#![doc = include_str!("../README.md")]

mod append;
mod download;
mod name;
mod upload;

use std::{
    fs, io,
    ops::Range,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use sha2::{Digest, Sha256};
use tokio::sync::watch;

pub use append::Append;
pub use download::Download;
pub use name::{InvalidName, ObjectName};
pub use upload::{Stored, Upload};

/// Bytes that one step writes or reads: what an upload or a download holds in memory is a small multiple of it.
const CHUNK_BYTES: usize = 256 * 1024;

/// Why an object could not be written, read or deleted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no object of this name.
    #[error("the object is not there")]
    NotFound,
    /// The storage refused: disk full, no permission, an I/O error.
    #[error("the media storage failed: {0}")]
    Storage(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::NotFound } else { Self::Storage(error) }
    }
}

/// The objects of one hospital. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Blobs {
    directory: Arc<Directory>,
}

/// What a listing says of an object.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: ObjectName,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written to.
    pub modified: SystemTime,
}

#[derive(Debug)]
struct Directory {
    root: PathBuf,
    /// A sync has failed.
    failed: watch::Sender<bool>,
}

impl Directory {
    /// Waits until the disk holds what was written to a file or directory.
    ///
    /// If that fails once, nothing is promised any more: the kernel reports a lost write to one caller alone, so the next
    /// sync could succeed over the loss of somebody else's entry. A full disk loses nothing that was there.
    fn sync(&self, file: &fs::File, what: Synced) -> io::Result<()> {
        self.check()?;
        let synced = match what {
            Synced::Content => file.sync_data(),
            Synced::Entries => file.sync_all(),
        };
        let passing = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        synced.inspect_err(|error| {
            if !passing.contains(&error.kind()) {
                self.failed.send_replace(true);
            }
        })
    }

    fn check(&self) -> io::Result<()> {
        if *self.failed.borrow() {
            return Err(io::Error::other("a sync has failed, and nothing more is stored"));
        }
        Ok(())
    }

    /// The directory that holds an object: one of 256, so that none grows too large.
    fn shard(&self, name: &ObjectName) -> PathBuf {
        self.root.join(name.shard())
    }

    fn path(&self, name: &ObjectName) -> PathBuf {
        self.shard(name).join(name.as_str())
    }

    fn create(&self, name: &ObjectName) -> io::Result<fs::File> {
        self.check()?;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(name))
    }

    /// Gives the bytes of an object a second name. The two share their place on the disk, which is free once both are gone.
    fn copy(&self, from: &ObjectName, to: &ObjectName) -> io::Result<()> {
        self.check()?;
        let source = fs::File::open(self.path(from))?;
        // The names share their time too, and what is old and has no row yet would be taken for left over. So it is young
        // before there is a second name.
        let linked = source
            .set_modified(SystemTime::now())
            .and_then(|()| fs::hard_link(self.path(from), self.path(to)));
        match linked {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists
                ) =>
            {
                self.copy_bytes(source, to)?;
            }
            linked => linked?,
        }
        self.sync_shard(to)
    }

    /// For file systems without hard links, shards that lie on several, and objects that have as many names as can be.
    fn copy_bytes(&self, mut source: fs::File, to: &ObjectName) -> io::Result<()> {
        let mut copy = self.create(to)?;
        let copied =
            io::copy(&mut source, &mut copy).and_then(|_| self.sync(&copy, Synced::Content));
        copied.inspect_err(|_| {
            // What cannot be deleted now is found by the sweep.
            let _ = self.remove(to);
        })
    }

    fn open_to_write(&self, name: &ObjectName) -> io::Result<fs::File> {
        self.check()?;
        fs::OpenOptions::new().write(true).open(self.path(name))
    }

    fn remove(&self, name: &ObjectName) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync_shard(&self, name: &ObjectName) -> io::Result<()> {
        self.sync(&fs::File::open(self.shard(name))?, Synced::Entries)
    }

    fn list(&self, shard: u8) -> io::Result<Vec<Listed>> {
        let mut objects = Vec::new();
        for entry in fs::read_dir(self.root.join(format!("{shard:02x}")))? {
            let entry = entry?;
            // What is not named like an object was not put here by us, and is left alone.
            let Some(name) =
                entry.file_name().to_str().and_then(|name| ObjectName::parse(name).ok())
            else {
                continue;
            };
            let metadata = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                metadata => metadata?,
            };
            objects.push(Listed {
                name,
                size_bytes: metadata.len(),
                modified: metadata.modified()?,
            });
        }
        Ok(objects)
    }
}

impl Blobs {
    /// Opens a local directory, and makes it with its 256 subdirectories if it is absent. Only the server's own user may read it.
    ///
    /// # Errors
    /// [`Error::Storage`] if the directory cannot be made or written.
    pub async fn open_directory(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        let directory = blocking(move || {
            make_directory(&root)?;
            for shard in 0..=u8::MAX {
                make_directory(&root.join(format!("{shard:02x}")))?;
            }
            sync_directory(&root)?;
            sync_directory(
                root.parent()
                    .filter(|parent| !parent.as_os_str().is_empty())
                    .unwrap_or(Path::new(".")),
            )?;
            Ok(Directory { root, failed: watch::Sender::new(false) })
        })
        .await?;
        Ok(Self { directory: Arc::new(directory) })
    }

    /// Begins an object. Nothing of it is promised before [`Upload::finish`]; if the upload is dropped before, what was
    /// written is deleted.
    pub fn create(&self, name: ObjectName) -> Upload {
        Upload::begin(self.directory.clone(), name)
    }

    /// Makes an empty object, which [`Blobs::append`] fills. Durable when this returns.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn create_empty(&self, name: &ObjectName) -> Result<(), Error> {
        let (directory, name) = (self.directory.clone(), name.clone());
        blocking(move || {
            directory.create(&name)?;
            directory.sync_shard(&name)
        })
        .await
        .map_err(Error::Storage)
    }

    /// Goes on with an object of which `size_bytes` are kept.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Storage`], also if it is shorter than that.
    pub async fn append(&self, name: &ObjectName, size_bytes: u64) -> Result<Append, Error> {
        let (directory, name) = (self.directory.clone(), name.clone());
        Ok(blocking(move || Append::open(directory, &name, size_bytes)).await?)
    }

    /// Makes the object `to` of the bytes that the finished object `from` has, most often without writing them again. Each is deleted
    /// by itself. Durable when this returns.
    ///
    /// Its [`Listed::modified`] is now, and that of `from` may become so.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no `from`, or [`Error::Storage`], also if there is an object `to`.
    pub async fn copy(&self, from: &ObjectName, to: &ObjectName) -> Result<(), Error> {
        let (directory, from, to) = (self.directory.clone(), from.clone(), to.clone());
        Ok(blocking(move || directory.copy(&from, &to)).await?)
    }

    /// SHA-256 of an object's bytes, read from the disk.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Storage`].
    pub async fn sha256(&self, name: &ObjectName) -> Result<[u8; 32], Error> {
        let path = self.directory.path(name);
        let hashed = blocking(move || {
            let mut file = fs::File::open(path)?;
            let mut hash = Sha256::new();
            let mut bytes = vec![0; CHUNK_BYTES];
            loop {
                match io::Read::read(&mut file, &mut bytes)? {
                    0 => return Ok(hash.finalize().into()),
                    read => hash.update(&bytes[..read]),
                }
            }
        });
        Ok(hashed.await?)
    }

    /// Returns when a sync has failed: from then on nothing is stored, and the process should end.
    pub async fn failed(&self) {
        // The sender lives as long as this handle.
        let _ = self.directory.failed.subscribe().wait_for(|failed| *failed).await;
    }

    /// The size of an object.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Storage`].
    pub async fn size_bytes(&self, name: &ObjectName) -> Result<u64, Error> {
        let path = self.directory.path(name);
        Ok(blocking(move || Ok(fs::metadata(path)?.len())).await?)
    }

    /// Reads the bytes of an object that lie in `range`; what lies behind its end is left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Storage`].
    pub async fn read(&self, name: &ObjectName, range: Range<u64>) -> Result<Download, Error> {
        Ok(Download::begin(self.directory.path(name), range).await?)
    }

    /// Deletes an object; one that is not there is deleted already. Durable when this returns.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn delete(&self, name: &ObjectName) -> Result<(), Error> {
        let (directory, name) = (self.directory.clone(), name.clone());
        blocking(move || {
            directory.remove(&name)?;
            directory.sync_shard(&name)
        })
        .await?;
        Ok(())
    }

    /// The objects whose names begin with the byte `shard`, in no order. All 256 together are all objects, those that are
    /// being uploaded among them.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list(&self, shard: u8) -> Result<Vec<Listed>, Error> {
        let directory = self.directory.clone();
        Ok(blocking(move || directory.list(shard)).await?)
    }
}

/// What a sync is to make durable.
#[derive(Clone, Copy)]
enum Synced {
    /// The bytes of a file.
    Content,
    /// The entries of a directory.
    Entries,
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Runs what waits for the disk on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    finished(tokio::task::spawn_blocking(work).await)
}

fn finished<T>(joined: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    joined.unwrap_or_else(|error| Err(io::Error::other(error)))
}
