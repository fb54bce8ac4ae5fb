//! A disk that fails on command, under the real binary.
//!
//! [`Faults`] is a layer between the process and its files, preloaded by the dynamic linker: it needs no privilege, so it
//! works in every container. [`SmallDisk`] is a real file system that is really full, where mounting is allowed.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::guard::Guard;

const SOURCE: &str = include_str!("faults.c");

/// What the disk does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// All is well.
    Works,
    /// Every write finds it full.
    IsFull,
    /// Every sync fails.
    FailsToSync,
}

/// The switch of one server's disk.
pub struct Faults {
    switch: PathBuf,
    below: String,
}

impl Faults {
    /// For files whose path contains `below`, such as `/media/`, or the name of the database.
    pub fn below(below: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the switch").keep();
        // The guard removes the directory when the test process is gone.
        std::mem::forget(Guard::over(&directory));
        let switch = directory.join("switch");
        std::fs::write(&switch, "-").expect("the switch is written");
        Self { switch, below: below.to_owned() }
    }

    /// For `Settings::environment` of the server that shall meet the faults.
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_str().expect("a temporary path is text").to_owned();
        vec![
            ("LD_PRELOAD".to_owned(), text(library())),
            ("KONSIL_FAULTS".to_owned(), text(&self.switch)),
            ("KONSIL_FAULTS_BELOW".to_owned(), self.below.clone()),
        ]
    }

    /// From now on the disk behaves like this.
    pub fn set(&self, disk: Disk) {
        let letter: &[u8] = match disk {
            Disk::Works => b"-",
            Disk::IsFull => b"F",
            Disk::FailsToSync => b"S",
        };
        // In place: the process has this very file in its memory.
        let file = std::fs::File::options().write(true).open(&self.switch);
        file.and_then(|file| file.write_all_at(letter, 0)).expect("the switch is written");
    }
}

/// The layer, built once per test process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let directory = tempfile::tempdir().expect("a directory for the layer").keep();
        std::mem::forget(Guard::over(&directory));
        let (source, library) = (directory.join("faults.c"), directory.join("libfaults.so"));
        std::fs::write(&source, SOURCE).expect("the source is written");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let built = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()
            .expect("a C compiler starts");
        assert!(built.success(), "the layer of faults does not build");
        library
    })
}

/// A file system of few bytes in memory, mounted for one test.
pub struct SmallDisk {
    path: PathBuf,
    filler: PathBuf,
}

impl SmallDisk {
    /// Mounts one; `None` where that is not allowed.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let path = tempfile::tempdir().expect("a mount point").keep();
        let size = format!("size={megabytes}m,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "konsil-test"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            let _ = std::fs::remove_dir(&path);
            return None;
        }
        let filler = path.join("filler");
        Some(Self { path, filler })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(&self.filler).expect("the filler opens");
        let piece = vec![0x5a; 4096];
        while file.write_all(&piece).is_ok() {}
    }

    /// Gives the space back.
    pub fn make_room(&self) {
        std::fs::remove_file(&self.filler).expect("the filler goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that was just killed may still hold a file.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
    }
}
