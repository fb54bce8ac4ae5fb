//! Where the file lies: whether its file system can be trusted, and whether another process has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The log's own header, and a page with the header of its frame. <https://sqlite.org/fileformat2.html#the_write_ahead_log>
const LOG_HEADER_BYTES: u64 = 32;
const LOG_PAGE_BYTES: u64 = 24 + 4096;

/// Holds the file for this process; released when dropped, and by the operating system when the process dies.
pub(super) struct Lock {
    _file: File,
}

/// Makes the file (readable by its owner alone) if it is absent, and locks it against other processes.
///
/// The lock lies on a file of its own, because closing any handle to the database file would drop SQLite's own locks.
pub(super) fn claim(path: &Path) -> Result<Lock, OpenError> {
    let error = |error: std::io::Error| OpenError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let private = |path: &Path| {
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
    };
    let directory =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = directory.canonicalize().map_err(error)?;
    if let Some(kind) = network_file_system(&directory) {
        return Err(OpenError::NetworkFileSystem { path: path.display().to_string(), kind });
    }
    let file = private(&lock_path(path)).map_err(error)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::InUse { path: path.display().to_string() });
        }
        Err(TryLockError::Error(cause)) => return Err(error(cause)),
    }
    if !path.exists() {
        private(path).map_err(error)?;
        keep_entries(&directory);
    }
    Ok(Lock { _file: file })
}

/// Makes the write-ahead log as large as it becomes between two checkpoints: where the file need not grow, a commit's sync
/// costs a tenth (ADR 8). To be called when the tables are there, since SQLite deletes the log of a database that is still empty,
/// and before anybody else writes.
///
/// SQLite takes what lies behind the last valid frame for the rest of an older log, so zeros say nothing to it.
pub(super) fn prepare_log(path: &Path, pages: u32) {
    if let Err(error) = fill_log(&log_path(path), pages) {
        // The log grows by itself then.
        tracing::debug!(%error, "The write-ahead log could not be made in advance");
    }
}

fn fill_log(path: &Path, pages: u32) -> std::io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    let wanted = LOG_HEADER_BYTES + u64::from(pages) * LOG_PAGE_BYTES;
    let mut file =
        OpenOptions::new().create(true).append(true).truncate(false).mode(0o600).open(path)?;
    let before = file.metadata()?.len();
    let mut missing = wanted.saturating_sub(before);
    while missing > 0 {
        let part = missing.min(ZEROS.len() as u64);
        let zeros = &ZEROS[..usize::try_from(part).unwrap_or(ZEROS.len())];
        if let Err(error) = file.write_all(zeros) {
            // A disk that is nearly full is needed for other things.
            return file.set_len(before).and(Err(error));
        }
        missing -= part;
    }
    Ok(())
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Syncs the directory and those above it: SQLite syncs the one in which its log lies, but a new folder's own entry
/// lies in its parent, and with it everything that is acknowledged later.
fn keep_entries(directory: &Path) {
    for directory in directory.ancestors() {
        // Folders that belong to others may be closed to us; they were there before us.
        if let Ok(handle) = File::open(directory)
            && let Err(error) = handle.sync_all()
        {
            tracing::debug!(%error, "A directory could not be synced");
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}

/// The kind of network file system that `directory` lies on, if so. Known only on Linux.
fn network_file_system(directory: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_mount(&mounts, directory).map(str::to_owned)
}

/// Looks `directory` up in the text of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
fn network_mount<'m>(mounts: &'m str, directory: &Path) -> Option<&'m str> {
    const NETWORK: [&str; 16] = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "ceph", "lustre", "gfs2",
        "ocfs2", "gpfs", "beegfs", "9p", "virtiofs",
    ];
    const NETWORK_FUSE: [&str; 5] =
        ["fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs"];
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (mount, system) = line.split_once(" - ")?;
        let point = unescape(mount.split(' ').nth(4)?);
        let kind = system.split(' ').next()?;
        // A later mount on the same point covers the earlier one.
        let depth = Path::new(&point).components().count();
        if directory.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind).filter(|kind| NETWORK.contains(kind) || NETWORK_FUSE.contains(kind))
}

/// Mount points write space, tab, newline and backslash as octal.
fn unescape(point: &str) -> String {
    point.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:50 / /srv rw - nfs4 files:/export rw
41 40 254:1 / /srv/local\\040disk rw - xfs /dev/vdb rw
42 22 0:51 / /mnt/cloud rw master:1 - fuse.sshfs host: rw
43 22 0:52 / /data rw - cifs //files/data rw
44 22 254:2 / /data rw - ext4 /dev/vdc rw
";

    #[test]
    fn a_directory_is_judged_by_the_deepest_and_latest_mount_above_it() {
        let kind = |path: &str| network_mount(MOUNTS, Path::new(path));
        assert_eq!(kind("/srv/konsil"), Some("nfs4"));
        assert_eq!(kind("/srv/local disk/konsil"), None);
        assert_eq!(kind("/mnt/cloud"), Some("fuse.sshfs"));
        assert_eq!(kind("/data/konsil"), None, "the local disk is mounted over the share");
        assert_eq!(kind("/srvother"), None, "a common prefix of names is no parent");
    }

    #[test]
    fn the_log_of_a_database_is_made_in_advance_and_keeps_what_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant.db");
        std::fs::write(log_path(&path), "frames").unwrap();
        prepare_log(&path, 10);
        let log = std::fs::read(log_path(&path)).unwrap();
        assert_eq!(log.len(), 32 + 10 * 4120);
        assert!(log.starts_with(b"frames") && log[6..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_second_claim_is_refused_until_the_first_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant.db");
        let first = claim(&path).unwrap();
        assert!(matches!(claim(&path), Err(OpenError::InUse { .. })));
        drop(first);
        assert!(claim(&path).is_ok());
    }
}
