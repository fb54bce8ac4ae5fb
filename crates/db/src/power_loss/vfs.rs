//! The virtual file system between SQLite and the real one (<https://www.sqlite.org/vfs.html>).
#![allow(
    unsafe_code,
    reason = "SQLite's VFS is a table of C functions; this module is compiled for tests alone"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

use super::trace::{Event, Trace};

/// A disk that keeps a trace, and that can be told to fail.
pub struct Disk {
    name: &'static str,
    trace: Mutex<Trace>,
    syncs_fail: AtomicBool,
    full: AtomicBool,
    /// SQLite's own VFS, which does the work.
    real: *mut ffi::sqlite3_vfs,
}

// SAFETY: `real` points to SQLite's static unix VFS, whose functions may be called from any thread; all else is
// synchronised.
unsafe impl Send for Disk {}
// SAFETY: as above.
unsafe impl Sync for Disk {}

/// An open file: SQLite sees `base`; the real file lies behind this header, in memory that SQLite allocated.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    disk: *const Disk,
    /// Owned; null for a temporary file, which nobody expects to survive.
    name: *mut String,
    /// The unix VFS syncs the directory with the first sync of a journal or log that it may have made.
    syncs_directory: bool,
}

impl Disk {
    /// Registers a disk under `name`, for the rest of the process.
    ///
    /// # Panics
    /// If SQLite cannot be initialised.
    pub fn register(name: &'static str) -> &'static Self {
        // SAFETY: a null name asks for the default VFS, which is static.
        let real = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
        assert!(!real.is_null(), "SQLite has a default VFS");
        let disk: &'static Self = Box::leak(Box::new(Self {
            name,
            trace: Mutex::default(),
            syncs_fail: AtomicBool::new(false),
            full: AtomicBool::new(false),
            real,
        }));
        let c_name = CString::new(name).expect("the name has no NUL");
        // SAFETY: `real` is valid; the copy gets its own name, size, state and the two functions that differ. The unix
        // VFS's other functions do not look at the VFS they are called with. Everything is leaked, so it outlives
        // every connection.
        unsafe {
            let mut vfs = *real;
            vfs.pNext = std::ptr::null_mut();
            vfs.zName = c_name.into_raw();
            vfs.szOsFile += size_of::<File>() as c_int;
            vfs.pAppData = std::ptr::from_ref(disk).cast_mut().cast();
            vfs.xOpen = Some(open);
            vfs.xDelete = Some(delete);
            let result = ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 0);
            assert_eq!(result, ffi::SQLITE_OK, "SQLite takes the VFS");
        }
        disk
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Notes in the trace that from now on `mark` must survive.
    pub fn mark(&self, mark: u64) {
        self.record(Event::Mark(mark));
    }

    /// What happened so far.
    pub fn trace(&self) -> Trace {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on every fsync fails, as on a dying disk.
    pub fn fail_syncs(&self, fail: bool) {
        self.syncs_fail.store(fail, Ordering::SeqCst);
    }

    /// From now on every write finds the disk full.
    pub fn fill(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    fn record(&self, event: Event) {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
    }

    fn moment(&self) -> usize {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).events.len()
    }
}

/// The file name without its directory.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn file_name(path: *const c_char) -> Option<String> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, so a C string by the caller's promise.
    let path = unsafe { CStr::from_ptr(path) }.to_string_lossy();
    path.rsplit('/').next().map(str::to_owned)
}

/// # Safety
/// `file` was opened by [`open`]: the real file lies behind the header.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite allocated `szOsFile` bytes, which has room for both; the header's size keeps the alignment of 8.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// Calls a method of the real file.
macro_rules! pass {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite calls a file's methods only between its open and its close; the real file's methods were
        // set by its own successful open, and the unix VFS has all that are asked for here.
        unsafe {
            let real = real($file);
            (*(*real).pMethods).$method.expect("the unix VFS has every method")(real $(, $argument)*)
        }
    }};
}

/// The disk of a file, and its name unless it is temporary.
///
/// # Safety
/// `file` was opened by [`open`] and is not closed.
unsafe fn header<'f>(file: *mut ffi::sqlite3_file) -> (&'f Disk, Option<&'f String>, &'f mut bool) {
    // SAFETY: `open` filled the header; disks are leaked; SQLite uses a file from one thread at a time.
    unsafe {
        let file = &mut *file.cast::<File>();
        (&*file.disk, file.name.as_ref(), &mut file.syncs_directory)
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the VFS that `register` made, and memory for `szOsFile` bytes.
    unsafe {
        let disk = (*vfs).pAppData.cast::<Disk>();
        let header = file.cast::<File>();
        (*header).base.pMethods = std::ptr::null();
        let result = (*(*disk).real).xOpen.expect("the unix VFS opens")(
            (*disk).real,
            path,
            real(file),
            flags,
            flags_out,
        );
        if result != ffi::SQLITE_OK {
            return result;
        }
        (*header).disk = disk;
        (*header).name =
            file_name(path).map_or(std::ptr::null_mut(), |name| Box::into_raw(Box::new(name)));
        let journals =
            ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
        (*header).syncs_directory = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & journals != 0;
        (*header).base.pMethods = &METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    sync_directory: c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the VFS that `register` made, and a C string.
    unsafe {
        let disk = &*(*vfs).pAppData.cast::<Disk>();
        let result = (*disk.real).xDelete.expect("the unix VFS deletes")(disk.real, path, 0);
        if let (ffi::SQLITE_OK, Some(file)) = (result, file_name(path)) {
            disk.record(Event::Delete { file, directory: sync_directory != 0 });
        }
        result
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // 2: with shared memory, without memory-mapped reading, which would go past us.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let result = pass!(file.xClose());
    // SAFETY: the name was made by `Box::into_raw` in `open`, and SQLite closes a file once.
    unsafe {
        let header = file.cast::<File>();
        if !(*header).name.is_null() {
            drop(Box::from_raw((*header).name));
            (*header).name = std::ptr::null_mut();
        }
    }
    result
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    length: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite gives an open file and `length` readable bytes.
    let (disk, name, bytes) = unsafe {
        let (disk, name, _) = header(file);
        (disk, name, std::slice::from_raw_parts(data.cast::<u8>(), length as usize))
    };
    if let Some(name) = name {
        if disk.full.load(Ordering::SeqCst) {
            return ffi::SQLITE_FULL;
        }
        disk.record(Event::Write {
            file: name.clone(),
            offset: offset as usize,
            data: bytes.to_vec(),
        });
    }
    pass!(file.xWrite(data, length, offset))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    if let (disk, Some(name), _) = unsafe { header(file) } {
        disk.record(Event::Truncate { file: name.clone(), size: size as usize });
    }
    pass!(file.xTruncate(size))
}

/// Does not sync the real file, which outlives the test in any case.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    if let (disk, Some(name), syncs_directory) = unsafe { header(file) } {
        if disk.syncs_fail.load(Ordering::SeqCst) {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        let directory = std::mem::replace(syncs_directory, false);
        disk.record(Event::Sync { file: name.clone(), begun: disk.moment(), directory });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    offset: i64,
) -> c_int {
    pass!(file.xRead(into, length, offset))
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    pass!(file.xFileSize(size))
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file.xLock(level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file.xUnlock(level))
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    reserved: *mut c_int,
) -> c_int {
    pass!(file.xCheckReservedLock(reserved))
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(file.xFileControl(operation, argument))
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file.xSectorSize())
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    address: *mut *mut c_void,
) -> c_int {
    pass!(file.xShmMap(region, size, extend, address))
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(file.xShmLock(offset, count, flags))
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    pass!(file.xShmBarrier());
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file.xShmUnmap(delete))
}
