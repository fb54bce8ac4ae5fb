//! A disk that loses power, for tests: SQLite runs on it as on any other, and afterwards every moment of the run can
//! be replayed as the moment at which the power went.
//!
//! [`Disk`] passes everything through to the real file system and keeps a [`Trace`] of what was written and synced.
//! [`Trace::survivors`] computes what a disk may hold after a power cut at one moment: all that was synced, and of the
//! rest, sector by sector, whatever chance leaves.

mod trace;
mod vfs;

use std::path::PathBuf;
use std::sync::Arc;

pub use crate::sqlite::Synchronous;
pub use trace::{Chance, Trace};
pub use vfs::Disk;

use crate::{CommitHook, Db, Migration, OpenError, sqlite};

/// Opens a database on `disk`, with checkpoints after every few pages, so that a short run sees many.
///
/// # Errors
/// As [`Db::open`].
pub async fn open(
    path: PathBuf,
    disk: &'static Disk,
    synchronous: Synchronous,
    migrations: &[Migration],
    hook: Arc<dyn CommitHook>,
) -> Result<Db, OpenError> {
    let options =
        sqlite::Options { path, vfs: Some(disk.name()), synchronous, checkpoint_pages: 40 };
    Db::open_sqlite(options, migrations, hook).await
}
